"""Which trials a review judges: all in the round's setting, those of earlier rounds included."""

from dataclasses import dataclass

from app.domain.errors import InvalidDefinition
from app.domain.rounds import RoundDefinition
from app.domain.schedules import Names, resolve
from app.domain.space import Value
from app.policy.facts import RoundFacts, StudyFacts, TrialFacts
from paceline.schedules import Schedule


@dataclass(frozen=True, slots=True)
class Setting:
    """What has to be equal for two trials to be comparable, but for the schedule."""

    max_train_steps: int
    interval_steps: int
    fixed: dict[str, Value]
    tags: dict[str, str]


def setting_of(definition: RoundDefinition) -> Setting:
    """The setting that a round defines."""
    return Setting(
        definition.max_train_steps,
        definition.interval_steps,
        {name: fixed.value for name, fixed in definition.fixed.items()},
        definition.tags,
    )


def trials_of_setting(study: StudyFacts, number: int) -> tuple[TrialFacts, ...]:
    """The round's own trials at its horizon, and those of earlier rounds in the same setting.

    Own trials may carry a point's own schedule: the round gave it to them. An earlier round's trial
    belongs if the round's schedule, resolved with its parameters, equals its own at every step.
    """
    judged = study.round(number)
    own = [t for t in judged.trials if t.max_train_steps == judged.definition.max_train_steps]
    earlier = [
        trial
        for other in study.rounds
        if other.number < number and is_same_setting(other, judged)
        for trial in other.trials
        if has_horizon_and_schedule_of(judged.definition, trial)
    ]
    return (*earlier, *own)


def is_same_setting(one: RoundFacts, other: RoundFacts) -> bool:
    """Whether two rounds share horizon, evaluation grid, fixed values and tags."""
    return setting_of(one.definition) == setting_of(other.definition)


def has_horizon_and_schedule_of(definition: RoundDefinition, trial: TrialFacts) -> bool:
    """Whether the trial could be one of that round: same horizon, same rate at every step."""
    if trial.max_train_steps != definition.max_train_steps or trial.schedule is None:
        return False
    names = Names(definition.parameters, definition.fixed)
    try:
        wanted = resolve(definition.schedule, names, trial.params, trial.max_train_steps)
    except InvalidDefinition:
        return False
    return are_same_schedules(wanted, trial.schedule, trial.max_train_steps)


def are_same_schedules(one: Schedule, other: Schedule, horizon_steps: int) -> bool:
    """Whether both give the same rate at every step, however they are written."""
    if one == other:
        return True
    return one.same_until(other, horizon_steps, horizon_steps) >= horizon_steps
