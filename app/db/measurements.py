"""Curves: what counts of the stored measurements, by each trial's lineage (app/domain/curves.py),
a resumed trial's origin included."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from app.db import chunks
from app.db.chunks import EMPTY, Curve, Steps, Stored
from app.db.tables import trials
from app.db.trial_rows import TRIAL_COLUMNS, trial_of
from app.domain.curves import Lineage
from app.domain.ids import AttemptId, TrialId
from app.domain.trials import Trial

Curves = dict[TrialId, dict[str, Curve]]
_IDS_A_STATEMENT = 500


def curves_of_trials(
    connection: Connection, wanted: Sequence[Trial], metrics: Sequence[str] | None
) -> Curves:
    """The curve of each trial and metric (None: all): steps ascending, values as reported.

    A metric that a trial never reported is absent. Non-finite values are kept.
    """
    origins = _origins(connection, wanted)
    everyone = [*wanted, *origins.values()]
    attempts = {part.attempt_id for trial in everyone for part in trial.lineage}
    stored = chunks.load(connection, sorted(attempts), metrics)
    names = metrics if metrics is not None else sorted({metric for _, metric in stored})
    return {trial.id: _curves(trial, origins, stored, names) for trial in wanted}


def curves_of_attempt(
    connection: Connection, attempt_id: AttemptId, metrics: Sequence[str] | None
) -> dict[str, Curve]:
    """Everything that one attempt reported, masked points included."""
    stored = chunks.load(connection, [attempt_id], metrics)
    return {
        metric: _joined([(c.steps, c.values) for c in c_s]) for (_, metric), c_s in stored.items()
    }


def _curves(
    trial: Trial, origins: Mapping[TrialId, Trial], stored: Stored, metrics: Sequence[str]
) -> dict[str, Curve]:
    found = {metric: _curve(trial, origins, stored, metric) for metric in metrics}
    return {metric: curve for metric, curve in found.items() if curve[0].size}


def _curve(trial: Trial, origins: Mapping[TrialId, Trial], stored: Stored, metric: str) -> Curve:
    own = _along(trial.lineage, stored, metric)
    if trial.resume is None or not trial.lineage or trial.resume.trial_id not in origins:
        return own
    origin = origins[trial.resume.trial_id]
    steps, values = _curve(origin, origins, stored, metric)
    keep = (steps <= trial.resume.step) & _on_grid(steps, trial)
    return _joined([(steps[keep], values[keep]), own])


def _on_grid(steps: Steps, trial: Trial) -> NDArray[np.bool_]:
    """Contract section 4: of the origin's points those on the trial's own grid count."""
    return np.isin(steps % trial.interval_steps, 0) | np.isin(steps, trial.max_train_steps)


def _along(lineage: Lineage, stored: Stored, metric: str) -> Curve:
    parts = []
    for segment in lineage:
        last = np.inf if segment.to_step is None else segment.to_step
        for chunk in stored.get((segment.attempt_id, metric), ()):
            keep = (chunk.steps >= segment.from_step) & (chunk.steps <= last)
            parts.append((chunk.steps[keep], chunk.values[keep]))
    return _joined(parts)


def _joined(parts: Sequence[Curve]) -> Curve:
    if not parts:
        return EMPTY
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _origins(connection: Connection, wanted: Sequence[Trial]) -> dict[TrialId, Trial]:
    """The trials whose prefixes the wanted ones begin with, and theirs in turn."""
    found: dict[TrialId, Trial] = {}
    missing = {trial.resume.trial_id for trial in wanted if trial.resume}
    while missing:
        batch = sorted(missing)[:_IDS_A_STATEMENT]
        rows = connection.execute(select(*TRIAL_COLUMNS).where(trials.c.id.in_(batch)))
        loaded = {trial.id: trial for trial in map(trial_of, rows.mappings())}
        found |= loaded
        missing |= {trial.resume.trial_id for trial in loaded.values() if trial.resume}
        missing -= set(batch) | found.keys()
    return found
