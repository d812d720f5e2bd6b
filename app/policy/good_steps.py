"""The fastest good step: when, at whatever rate, a result as good as the best was first reached."""

from dataclasses import dataclass

from app.policy.facts import Configuration, ReviewFacts
from app.policy.progress import best_so_far


@dataclass(frozen=True, slots=True)
class FastestGood:
    """The step at which a configuration first came within eps of the best, and which one it was."""

    step: int
    configuration: Configuration


def fastest_good(facts: ReviewFacts) -> FastestGood | None:
    """The earliest of all complete configurations; ties go to the better one. None: nothing ran."""
    if not facts.configurations:
        return None
    limit = facts.configurations[0].best_value + facts.noise.eps
    reached = [
        (step, index)
        for index, configuration in enumerate(facts.configurations)
        if configuration.best_value <= limit
        and (step := best_so_far(configuration).first_at_most(limit)) is not None
    ]
    step, index = min(reached)
    return FastestGood(step, facts.configurations[index])
