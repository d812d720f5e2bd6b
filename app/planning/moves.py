"""A round moved to another horizon, and the configurations that are moved with it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.domain.ids import TrialId
from app.domain.rounds import Origin, Point, Purpose, Relation, Resume, RoundDefinition
from app.domain.schedules import resolve
from app.domain.space import Value
from app.domain.studies import SamplerDefinition, SamplerKind
from app.planning.case import Case
from app.planning.rounds import reuse_steps
from app.planning.schedules import (
    clipped_schedule,
    fitting_parameters,
    names_of,
    point_schedule,
)
from app.planning.walks import moved_interval
from app.policy.configurations import best_of
from app.policy.facts import Configuration, TrialFacts
from paceline.schedules import Schedule


@dataclass(frozen=True, slots=True)
class Candidate:
    """A configuration to run: its source, its values, and whether they are the same."""

    source: Configuration
    params: dict[str, Value]
    relation: Relation = Relation.SAME


def moved_round(case: Case, horizon_steps: int, purpose: Purpose) -> RoundDefinition:
    """The subject's round at another horizon, without trials or points yet."""
    own = case.subject.definition
    return replace(
        own,
        purpose=purpose,
        checks=None,
        max_train_steps=horizon_steps,
        parameters=fitting_parameters(own, horizon_steps),
        schedule=clipped_schedule(own, horizon_steps),
        evaluate_every_steps=moved_interval(own, horizon_steps),
        checkpoint_steps=reuse_steps(case.study.definition, own.schedule, horizon_steps),
        sampler=quasi_random(own.sampler),
        trials=None,
        points=(),
    )


def quasi_random(sampler: SamplerDefinition) -> SamplerDefinition:
    """What follow-up rounds sample with: a grid or an adaptive sampler fits the first box only."""
    return SamplerDefinition(SamplerKind.QUASI_RANDOM, sampler.seed)


def points_of(
    case: Case, new: RoundDefinition, candidates: Sequence[Candidate]
) -> tuple[Point, ...]:
    """The candidates as points, each configuration once, resumed where a prefix serves."""
    points: list[Point] = []
    seen: list[dict[str, Value]] = []
    for candidate in candidates:
        if candidate.params not in seen:
            seen.append(candidate.params)
            points += _points_of(case, new, candidate)
    return tuple(points)


def _points_of(case: Case, new: RoundDefinition, candidate: Candidate) -> list[Point]:
    own, start = case.subject.definition, case.horizon_steps
    point = Point(
        params=dict(candidate.params),
        schedule=point_schedule(new, own.schedule, candidate.params, start),
        origin=Origin(TrialId(best_trial(candidate.source).trial_id), candidate.relation),
    )
    if candidate.relation is not Relation.SAME:
        return [point]
    return resumed(case, new, point, candidate.source)


def best_trial(configuration: Configuration) -> TrialFacts:
    """The replicate with the best value."""
    return min(configuration.trials, key=lambda t: (best_of(t)[0], t.trial_id))


def resumed(case: Case, new: RoundDefinition, point: Point, source: Configuration) -> list[Point]:
    """The point, split by seed where a seed's run can go on from a checkpoint."""
    if not case.study.definition.is_resumable:
        return [point]
    wanted = resolved_for(new, point)
    starts = {
        t.seed: (t, reusable_step(case, t, wanted, new.max_train_steps)) for t in source.trials
    }
    found = {seed: Resume(TrialId(t.trial_id), r) for seed, (t, r) in starts.items() if r}
    if not any(seed in found for seed in new.seeds):
        return [point]
    if len(new.seeds) == 1:
        return [replace(point, resume=found[new.seeds[0]])]
    return [replace(point, resume=found.get(seed), seeds=(seed,)) for seed in new.seeds]


def reusable_step(case: Case, trial: TrialFacts, wanted: Schedule, horizon_steps: int) -> int:
    """Prefix reuse: the last checkpoint up to which both schedules agree; 0 if none."""
    if not case.study.definition.is_resumable or trial.schedule is None:
        return 0
    same_until = trial.schedule.same_until(wanted, trial.max_train_steps, horizon_steps)
    usable = [s for s in trial.checkpoint_steps if 0 < s <= same_until and s < horizon_steps]
    return max(usable, default=0)


def resolved_for(new: RoundDefinition, point: Point) -> Schedule:
    """The schedule in numbers under which the point will run."""
    schedule = point.schedule or new.schedule
    return resolve(schedule, names_of(new), point.params, new.max_train_steps)
