"""From an audit's rounds to the frozen facts that judge and adviser are functions of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from app.domain.audits import AuditOutcome, AuditRequest, AuditRound, AuditTrial
from app.domain.errors import InvalidDefinition, InvalidInput
from app.domain.ids import TrialId
from app.domain.points import check_point
from app.domain.rounds import (
    Origin,
    Point,
    Relation,
    RoundDefinition,
    evaluation_interval,
)
from app.domain.schedules import Names, ScheduleDefinition, resolve
from app.domain.space import Value, point_key
from app.domain.states import RoundState, TrialState
from app.domain.studies import SamplerDefinition, StudyDefinition
from app.policy.facts import RoundFacts, StudyFacts, TrialFacts
from app.policy.rates import sampler_of
from app.services.audit_curves import Columns
from paceline.schedules import Schedule

CENSORED_SHARE = 0.02  # of the horizon: how far the last step may lie below it (policy section 0)
STATES = {
    AuditOutcome.COMPLETED: TrialState.COMPLETED,
    AuditOutcome.CENSORED: TrialState.COMPLETED,
    AuditOutcome.DIVERGED: TrialState.DIVERGED,
    AuditOutcome.FAILED: TrialState.FAILED,
}
Curves = Sequence[Sequence[Columns]]  # a round's, then a trial's


@dataclass(frozen=True, slots=True)
class _Point:
    """A trial's configuration: its values in the order of the space, their key, and its seed."""

    params: dict[str, Value]
    key: str
    seed: int


def build_facts(request: AuditRequest, curves: Curves) -> StudyFacts:
    """The study that these rounds make. Raises InvalidInput where they contradict themselves."""
    points = [_points(request, one) for one in request.rounds]
    known = {
        trial.id: (number, place)
        for number, one in enumerate(request.rounds)
        for place, trial in enumerate(one.trials)
    }
    definitions = [
        _round_definition(request, one, own)
        for one, own in zip(request.rounds, points, strict=True)
    ]
    rounds = []
    for index, one in enumerate(request.rounds):
        makes = _Maker(request, one, definitions[index], index + 1)
        trials = tuple(
            makes.trial(trial, own, columns, _origin(trial, own, known, points))
            for trial, own, columns in zip(one.trials, points[index], curves[index], strict=True)
        )
        rounds.append(RoundFacts(index + 1, definitions[index], RoundState.CLOSED, trials))
    return StudyFacts(_study_definition(request, definitions[-1]), tuple(rounds))


def _study_definition(request: AuditRequest, last: RoundDefinition) -> StudyDefinition:
    return StudyDefinition(
        name="audit",
        objective=request.objective,
        job="external",
        parameters=request.parameters,
        max_train_steps=last.max_train_steps,
        trials=max(1, len(last.points)),
        workload=request.workload,
        training_metric=request.training_metric,
        loss_metric=request.loss_metric,
        fixed=last.fixed,
        schedule=last.schedule,
        evaluate_every_steps=last.evaluate_every_steps,
        seeds=last.seeds,
        sampler=last.sampler,
        production_steps=request.production_steps,
        settings=request.settings,
        tags=last.tags,
    )


def _points(request: AuditRequest, one: AuditRound) -> list[_Point]:
    """Each trial's point; trials of a point that bring no seed get the smallest ones not taken."""
    checked = [_checked_params(request, trial) for trial in one.trials]
    keys = [point_key(params) for params in checked]
    taken: dict[str, set[int]] = {}
    for key, trial in zip(keys, one.trials, strict=True):
        taken.setdefault(key, set())
        if trial.seed is not None:
            taken[key].add(trial.seed)
    found = []
    for params, key, trial in zip(checked, keys, one.trials, strict=True):
        seed = trial.seed
        if seed is None:
            seed = next(s for s in range(len(taken[key]) + 1) if s not in taken[key])
            taken[key].add(seed)
        found.append(_Point(params, key, seed))
    return found


def _checked_params(request: AuditRequest, trial: AuditTrial) -> dict[str, Value]:
    try:
        return check_point(trial.params, request.parameters, is_boxed=False)
    except InvalidDefinition as error:
        raise InvalidInput(f"trial {trial.id[:80]}: {error.detail}", hint=error.hint) from error


def _round_definition(
    request: AuditRequest, one: AuditRound, points: Sequence[_Point]
) -> RoundDefinition:
    distinct = {own.key: own.params for own in points}
    fixed = {**request.fixed, **one.fixed}
    made = RoundDefinition(
        purpose=one.purpose,
        max_train_steps=one.max_train_steps,
        parameters=request.parameters,
        fixed=fixed,
        schedule=_with_peak(one.schedule, Names(request.parameters, fixed), points),
        sampler=request.sampler or SamplerDefinition(),
        seeds=(points[0].seed,) if points else (0,),
        tags=one.tags,
        evaluate_every_steps=one.evaluate_every_steps,
        points=tuple(Point(params) for params in distinct.values()),
    )
    if request.sampler is not None:
        return made
    return replace(made, sampler=sampler_of(request.parameters, list(distinct.values())))


def _with_peak(
    schedule: ScheduleDefinition, names: Names, points: Sequence[_Point]
) -> ScheduleDefinition:
    """A missing peak is the active learning rate; where there is none, rates are relative to 1."""
    if schedule.peak is not None:
        return schedule
    only_peak = ScheduleDefinition()
    try:
        for own in points:
            resolve(only_peak, names, own.params, 1)
    except InvalidDefinition:
        return replace(schedule, peak=1.0)
    return schedule


def _origin(
    trial: AuditTrial,
    own: _Point,
    known: Mapping[str, tuple[int, int]],
    points: Sequence[Sequence[_Point]],
) -> Origin | None:
    source = trial.promoted_from
    if source is None:
        return None
    if source not in known or source == trial.id:
        raise InvalidInput(
            f"trial {trial.id[:80]}: promoted_from names {source[:80]}, which is no other trial"
        )
    number, place = known[source]
    is_same = points[number][place].key == own.key
    return Origin(TrialId(source), Relation.SAME if is_same else Relation.VARIANT)


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes the facts of one round's trials."""

    request: AuditRequest
    round: AuditRound
    definition: RoundDefinition
    number: int
    schedules: dict[tuple[str, int], Schedule] = field(default_factory=dict)  # by point and horizon

    def trial(
        self, trial: AuditTrial, own: _Point, columns: Columns, origin: Origin | None
    ) -> TrialFacts:
        horizon = trial.max_train_steps or self.round.max_train_steps
        last = int(columns.steps[-1]) if columns.steps.size else 0
        interval = self._interval(columns, horizon)
        state = STATES[trial.outcome]
        if columns.has_nonfinite and state is TrialState.COMPLETED:
            state = TrialState.DIVERGED
        training = self.request.training_metric
        count = int(np.searchsorted(columns.steps, horizon, side="right"))
        objective = self.request.objective
        return TrialFacts(
            trial_id=trial.id,
            round=self.number,
            point_key=own.key,
            params=own.params,
            seed=own.seed,
            state=state,
            censored=_is_censored(trial, horizon - last, horizon, interval),
            max_train_steps=horizon,
            interval_steps=interval,
            schedule=self._schedule(trial, own, horizon),
            steps=columns.steps[:count],
            objective=_metric(columns, count, objective.metric, objective.direction.sign),
            training=_metric(columns, count, training.metric, training.direction.sign)
            if training
            else None,
            loss=_metric(columns, count, self.request.loss_metric, 1)
            if self.request.loss_metric
            else None,
            has_nonfinite=columns.has_nonfinite or state is TrialState.DIVERGED,
            last_step=last,
            first_refused_step=int(columns.steps[count]) if count < columns.steps.size else None,
            origin=origin,
        )

    def _schedule(self, trial: AuditTrial, own: _Point, horizon: int) -> Schedule | None:
        schedule, key = self.definition.schedule, (own.key, horizon)
        if schedule.kind == "custom":
            return None
        if key in self.schedules:
            return self.schedules[key]
        names = Names(self.definition.parameters, self.definition.fixed)
        try:
            return self.schedules.setdefault(key, resolve(schedule, names, own.params, horizon))
        except InvalidDefinition as error:
            detail = f"round {self.number}, trial {trial.id[:80]}: {error.detail}"
            raise InvalidInput(detail, hint=error.hint) from error

    def _interval(self, columns: Columns, horizon: int) -> int:
        """As declared, else the usual gap between this trial's own evaluations."""
        declared = self.round.evaluate_every_steps
        if declared is None and columns.steps.size > 1:
            gaps = np.sort(columns.steps[1:] - columns.steps[:-1])
            return max(1, int(gaps[gaps.size // 2]))
        return evaluation_interval(declared, horizon)


def _is_censored(trial: AuditTrial, missing_steps: int, horizon: int, interval: int) -> bool:
    """Policy section 0: declared so, or ended more than 2% and one evaluation below its horizon."""
    if trial.outcome is not AuditOutcome.COMPLETED:
        return trial.outcome is AuditOutcome.CENSORED
    return missing_steps > max(CENSORED_SHARE * horizon, interval)


def _metric(columns: Columns, count: int, name: str, sign: int) -> NDArray[np.float64]:
    """The metric up to the horizon, lower is better; NaN where it was not measured."""
    values = columns.metrics.get(name)
    return np.full(count, np.nan) if values is None else sign * values[:count]
