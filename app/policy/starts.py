"""What an attempt-start rule sees: a run about to go on from the checkpoint of another one."""

from dataclasses import dataclass

from paceline.schedules import Schedule


@dataclass(frozen=True, slots=True)
class StartFacts:
    """`before` made the checkpoint at `resume_step`; `after` would go on from it.

    Schedules are in numbers, each for its own horizon in steps; None: custom, without a formula.
    """

    resume_step: int
    before: Schedule | None
    from_steps: int
    after: Schedule | None
    to_steps: int
    trial_id: str | None = None  # whose checkpoint it is
