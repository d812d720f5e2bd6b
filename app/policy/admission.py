"""What an admission rule sees: a study's first round, or a later one, before anything has run."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import wraps

from app.domain.rounds import Point, Purpose, RoundDefinition, evaluation_interval
from app.domain.schedules import RoleReference, ScheduleDefinition
from app.domain.space import Fixed, Parameters, Value
from app.domain.studies import AutoHorizon, SamplerDefinition, StudyDefinition
from app.policy.baseline import before_round
from app.policy.facts import ReviewFacts, RoundFacts, StudyFacts
from app.policy.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class ImportedTrial:
    """A trial that somebody brings along, and the horizon it was trained for."""

    trial_id: str
    max_train_steps: int


@dataclass(frozen=True, slots=True)
class RoundAdmission:
    """A round about to be opened. `max_train_steps` is None while probe rounds must find it."""

    purpose: Purpose
    max_train_steps: int | None
    interval_steps: int | None
    parameters: Parameters
    fixed: Fixed
    schedule: ScheduleDefinition
    sampler: SamplerDefinition
    trials: int | None
    points: tuple[Point, ...]
    study: StudyFacts  # as it was before this round
    settings: dict[str, float] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    imported: tuple[ImportedTrial, ...] = ()
    has_run: bool = False  # an audited round: its points are what its sampler picked

    @property
    def earlier(self) -> tuple[RoundFacts, ...]:
        """The study's rounds so far."""
        return self.study.rounds

    def setting(self, name: str, default: float) -> float:
        """The study's threshold of that name, or the rule's own default."""
        return self.settings.get(name, default)


def admission_of_study(
    definition: StudyDefinition, predecessor: StudyFacts | None = None
) -> RoundAdmission:
    """A study as its first round; `predecessor`: where its horizon may come from."""
    horizon = definition.max_train_steps
    steps = None if isinstance(horizon, AutoHorizon) else horizon
    every = definition.evaluate_every_steps
    return RoundAdmission(
        purpose=Purpose.TUNE if steps else Purpose.PROBE,
        max_train_steps=steps,
        interval_steps=evaluation_interval(every, steps) if steps else None,
        parameters=definition.parameters,
        fixed=definition.fixed,
        schedule=definition.schedule,
        sampler=definition.sampler,
        trials=definition.trials,
        points=tuple(Point(params) for params in definition.points),
        settings=definition.settings,
        tags=definition.tags,
        study=StudyFacts(definition, (), predecessor=predecessor),
    )


def admission_of_round(
    study: StudyFacts, definition: RoundDefinition, imported: Iterable[ImportedTrial] = ()
) -> RoundAdmission:
    """A round of a study that exists; `imported`: trials somebody wants to add to it."""
    return RoundAdmission(
        purpose=definition.purpose,
        max_train_steps=definition.max_train_steps,
        interval_steps=definition.interval_steps,
        parameters=definition.parameters,
        fixed=definition.fixed,
        schedule=definition.schedule,
        sampler=definition.sampler,
        trials=definition.trials,
        points=definition.points,
        settings=study.definition.settings,
        tags=definition.tags,
        study=study,
        imported=tuple(imported),
    )


def at_review(
    check: Callable[[RoundAdmission], Verdict],
) -> Callable[[ReviewFacts], Verdict]:
    """An admission check asked again at the round's review, where its answer decides what follows:
    the rounds before it are known, waivers and bindings are those of now."""

    @wraps(check)
    def review(facts: ReviewFacts) -> Verdict:
        known = before_round(facts.study, facts.round.number)
        return check(admission_of_round(known, facts.round.definition))

    return review


def longest_warmup(facts: RoundAdmission) -> int:
    """The longest warmup, in steps, that a point of the round can have; 0 without one."""
    own = {i: p.schedule.warmup_steps for i, p in enumerate(facts.points) if p.schedule}
    given = [number for number in own.values() if number is not None]
    others = tuple(p for i, p in enumerate(facts.points) if own.get(i) is None)
    longest = [_largest(facts, number) for number in given]
    if others or facts.trials is not None or not facts.points:
        longest.append(_largest(replace(facts, points=others), facts.schedule.warmup_steps))
    return round(max(longest, default=0.0))


def _largest(facts: RoundAdmission, given: float | str | RoleReference | None) -> float:
    if given is None:
        return 0.0
    if isinstance(given, RoleReference):
        names = [n for n, p in facts.parameters.items() if p.role is given.role]
        names += [n for n, p in facts.fixed.items() if p.role is given.role]
        return max((_largest_value(facts, name) for name in names), default=0.0)
    return _largest_value(facts, given) if isinstance(given, str) else float(given)


def _largest_value(facts: RoundAdmission, name: str) -> float:
    if name in facts.fixed:
        return _number(facts.fixed[name].value)
    values = [_number(point.params.get(name, 0)) for point in facts.points]
    parameter = facts.parameters.get(name)
    if facts.trials is None and values:
        return max(values)
    if parameter is not None:
        choices = parameter.choices or ()
        values += [parameter.bounds[1]] if parameter.is_numeric else [_number(c) for c in choices]
    return max(values, default=0.0)


def _number(value: Value) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
