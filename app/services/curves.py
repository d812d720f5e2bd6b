"""Curves for reading: along the lineage, in at most as many buckets as asked for."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.db import measurements, studies, trials
from app.db.chunks import EMPTY, Curve
from app.domain.curves import Lineage
from app.domain.ids import AttemptId, StudyId, TrialId
from app.domain.trials import Trial
from app.services.context import Context

Values = NDArray[np.float64]
DEFAULT_POINTS = 500
MAX_POINTS = 20_000


@dataclass(frozen=True, slots=True)
class BucketedCurve:
    """Buckets of a curve: the last step of each, its least, greatest and last value."""

    trial_id: TrialId
    metric: str
    points_total: int
    steps: NDArray[np.int64]
    min: Values
    max: Values
    last: Values
    lineage: Lineage
    is_final: bool


@dataclass(frozen=True, slots=True)
class CurveQuery:
    """Which metric (None: the objective), in how many buckets; `attempt_id` shows masked points."""

    metric: str | None = None
    points: int = DEFAULT_POINTS
    attempt_id: AttemptId | None = None


def read_curve(context: Context, trial_id: TrialId, query: CurveQuery) -> BucketedCurve:
    """One trial's curve. Raises MissingObject."""
    with context.database.reading() as connection:
        trial = trials.get(connection, trial_id)
        metric = query.metric or _objective(studies.get(connection, trial.study_id))
        if query.attempt_id is not None:
            found = measurements.curves_of_attempt(connection, query.attempt_id, [metric])
        else:
            found = measurements.curves_of_trials(connection, [trial], [metric])[trial.id]
    return bucketed(trial, metric, found.get(metric, EMPTY), query.points)


def read_curves(
    context: Context, study_id: StudyId, round_number: int | None, query: CurveQuery
) -> list[BucketedCurve]:
    """The curves of all trials of a study or of one round."""
    with context.database.reading() as connection:
        metric = query.metric or _objective(studies.get(connection, study_id))
        wanted: Sequence[Trial] = (
            trials.of_study(connection, study_id)
            if round_number is None
            else trials.of_round(connection, study_id, round_number)
        )
        found = measurements.curves_of_trials(connection, wanted, [metric])
    curves = [(trial, found.get(trial.id, {}).get(metric, EMPTY)) for trial in wanted]
    return [bucketed(t, metric, curve, query.points) for t, curve in curves]


def bucketed(trial: Trial, metric: str, curve: Curve, points: int) -> BucketedCurve:
    """At most `points` buckets of equal numbers of measurements; nothing is averaged away."""
    steps, values = curve
    count = max(1, min(points, MAX_POINTS))
    starts = np.unique(np.linspace(0, steps.size, min(count, steps.size) + 1).astype(int)[:-1])
    ends = np.append(starts[1:], steps.size) - 1 if steps.size else np.empty(0, int)
    lowest = np.where(np.isnan(values), np.inf, values)
    highest = np.where(np.isnan(values), -np.inf, values)
    low = np.minimum.reduceat(lowest, starts) if steps.size else values
    high = np.maximum.reduceat(highest, starts) if steps.size else values
    only_nan = np.logical_and.reduceat(np.isnan(values), starts) if steps.size else ends > 0
    return BucketedCurve(
        trial_id=trial.id,
        metric=metric,
        points_total=int(steps.size),
        steps=steps[ends],
        min=np.where(only_nan, np.nan, low),
        max=np.where(only_nan, np.nan, high),
        last=values[ends],
        lineage=trial.lineage,
        is_final=trial.state not in ("waiting", "running"),
    )


def _objective(study: studies.Study) -> str:
    return study.definition.objective.metric
