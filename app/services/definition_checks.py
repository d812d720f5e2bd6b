"""What a study definition must hold before any rule is asked (contract section 3); pure."""

import re
from collections.abc import Iterator

from app.domain.errors import InvalidDefinition
from app.domain.points import check_point, near_hint
from app.domain.schedules import ScheduleDefinition
from app.domain.space import check_space
from app.domain.studies import MAX_STEPS, SamplerKind, StudyDefinition
from app.policy.catalogue import RULES, known_settings
from app.sampling import adaptive, grid

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,127}")
MAX_TRIALS = 50_000  # of one round
_REFERENCES = (
    "peak",
    "warmup_steps",
    "decay_steps",
    "decay_fraction",
    "final_fraction",
    "power",
    "factor",
)


def check_definition(definition: StudyDefinition) -> None:
    """Raises InvalidDefinition (ExtraMissing for a sampler that is not installed)."""
    for name in _names(definition):
        if not NAME.fullmatch(name):
            raise InvalidDefinition(
                f"{name!r} is no name",
                hint="a name begins with a letter or _ and goes on with letters, digits, _ . -",
            )
    check_space(definition.parameters, definition.fixed)
    check_schedule_names(definition.schedule, {*definition.parameters, *definition.fixed})
    _check_numbers(definition)
    _check_amount(definition)
    for point in definition.points:
        check_point(point, definition.parameters, is_boxed=True)
    check_rule_names(definition)


def check_schedule_names(schedule: ScheduleDefinition, known: set[str]) -> None:
    """Raises InvalidDefinition where the schedule refers to what does not exist."""
    for field in _REFERENCES:
        name = getattr(schedule, field)
        if isinstance(name, str) and name not in known:
            raise InvalidDefinition(
                f"schedule.{field} refers to {name}, which is neither a parameter nor fixed",
                hint=near_hint(name, sorted(known)),
            )


def check_rule_names(definition: StudyDefinition) -> None:
    """Raises InvalidDefinition where `bindings` or `settings` name a rule that does not exist."""
    codes = [rule.code for rule in RULES]
    for code in definition.bindings:
        if code not in codes:
            raise InvalidDefinition(
                f"bindings names {code}, which is no rule", hint=near_hint(code, codes)
            )
    settings = known_settings()
    for name in definition.settings:
        if name not in settings:
            raise InvalidDefinition(
                f"settings names {name}, which is no threshold", hint=near_hint(name, settings)
            )


def check_amounts(seeds: tuple[int, ...], trials: int | None) -> None:
    """Raises InvalidDefinition on repeated seeds or an impossible number of trials."""
    if not seeds or len(set(seeds)) < len(seeds):
        raise InvalidDefinition(
            f"`seeds` lists each seed once and at least one; it is {list(seeds)}"
        )
    if any(not 0 <= abs(seed) <= MAX_STEPS for seed in seeds):
        raise InvalidDefinition(f"a seed lies between -{MAX_STEPS} and {MAX_STEPS}")
    if trials is not None and not 1 <= trials * len(seeds) <= MAX_TRIALS:
        raise InvalidDefinition(
            f"`trials` times the number of seeds lies between 1 and {MAX_TRIALS};"
            f" it is {trials * len(seeds)}"
        )


def _names(definition: StudyDefinition) -> Iterator[str]:
    yield definition.name
    yield from definition.parameters
    yield from definition.fixed
    yield from definition.metric_names


def _check_numbers(definition: StudyDefinition) -> None:
    horizon = definition.max_train_steps
    if isinstance(horizon, int):
        _check_between("max_train_steps", horizon, 1, MAX_STEPS)
    else:
        start_steps, cap_steps = horizon.auto.start_steps, horizon.auto.cap_steps
        _check_between("max_train_steps.auto.start_steps", start_steps, 1, MAX_STEPS)
        _check_between("max_train_steps.auto.cap_steps", cap_steps, start_steps, MAX_STEPS)
    _check_between("production_steps", definition.production_steps, 1, MAX_STEPS)
    _check_between("evaluate_every_steps", definition.evaluate_every_steps, 1, MAX_STEPS)
    _check_between("concurrency", definition.concurrency, 1, MAX_TRIALS)
    _check_between("objective.tolerance", definition.objective.tolerance, 0, None)
    if definition.training_metric is not None:
        _check_between("training_metric.tolerance", definition.training_metric.tolerance, 0, None)
    limits = definition.limits
    _check_between("limits.rounds", limits.rounds, 1, None)
    _check_between("limits.total_steps", limits.total_steps, 0, MAX_STEPS)
    _check_between("limits.gpu_hours", limits.gpu_hours, 0, None)
    _check_between("priority", definition.priority, -(2**31), 2**31 - 1)


def _check_between(name: str, value: float | None, low: float, high: float | None) -> None:
    if value is None or (value >= low and (high is None or value <= high)):
        return
    bounds = f"at least {low}" if high is None else f"between {low} and {high}"
    raise InvalidDefinition(f"{name} must be {bounds}; it is {value}")


def _check_amount(definition: StudyDefinition) -> None:
    sampler = definition.sampler
    check_amounts(definition.seeds, definition.trials)
    if sampler.kind is SamplerKind.GRID:
        grid.size(definition.parameters, sampler.points or {})
    elif definition.trials is None and not definition.points:
        raise InvalidDefinition(
            "nothing says how many trials to run",
            hint="give `trials`, a list of `points`, or `sampler: {kind: grid, points: {...}}`",
        )
    for name in sampler.points or {}:
        if name not in definition.parameters:
            raise InvalidDefinition(
                f"sampler.points names {name}, which is no parameter",
                hint=near_hint(name, definition.parameters),
            )
    adaptive.check_installed(sampler.kind)
