"""Trials with their attempts and checkpoints, and curves, as answers."""

import math
from typing import Any  # Any: JSON

import numpy as np
from numpy.typing import NDArray

from app import wire
from app.api.answers import rfc3339
from app.api.rendering.studies import checkpoint_answer
from app.db.trial_parts import AttemptSummary
from app.services.curves import BucketedCurve
from app.services.trials import TrialView

Json = dict[str, Any]  # Any: JSON


def trial_answer(view: TrialView) -> Json:
    """One trial."""
    trial = view.trial
    return {
        "id": trial.id,
        "study_id": trial.study_id,
        "round": trial.round,
        "number": trial.number,
        "state": trial.state,
        "censored": trial.censored,
        "params": trial.params,
        "seed": trial.seed,
        "max_train_steps": trial.max_train_steps,
        "schedule": trial.schedule.to_dict(),
        "origin": wire.to_wire(trial.origin) if trial.origin else None,
        "resume": wire.to_wire(trial.resume) if trial.resume else None,
        "waiting_for": view.waiting_for,
        "last_step": trial.best.last_step,
        "best_step": trial.best.step,
        "best_value": trial.best.value,
        "best_step_fraction": trial.best_step_fraction,
        "seconds_per_step": view.parts.seconds_per_step,
        "reason": trial.reason,
        "attempts": [attempt_answer(attempt) for attempt in view.parts.attempts],
        "checkpoints": [checkpoint_answer(kept) for kept in view.parts.checkpoints],
    }


def attempt_answer(attempt: AttemptSummary) -> Json:
    """One attempt as its trial shows it."""
    return {
        "id": attempt.id,
        "number": attempt.number,
        "state": attempt.state,
        "worker": attempt.worker,
        "slot": attempt.slot,
        "start_step": attempt.start_step,
        "last_step": attempt.last_step,
        "started_at": rfc3339(attempt.started_at),
        "ended_at": rfc3339(attempt.ended_at),
        "reason": attempt.reason,
        "exit_code": attempt.exit_code,
        "gpus": [wire.to_wire(use) for use in attempt.gpus],
    }


def curve_answer(curve: BucketedCurve) -> Json:
    """Buckets of one curve; non-finite values are the words "nan", "inf" and "-inf"."""
    return {
        "metric": curve.metric,
        "points_total": curve.points_total,
        "points": int(curve.steps.size),
        "steps": curve.steps.tolist(),
        "min": numbers(curve.min),
        "max": numbers(curve.max),
        "last": numbers(curve.last),
        "lineage": [
            {"attempt_id": s.attempt_id, "from_step": s.from_step, "to_step": s.to_step}
            for s in curve.lineage
        ],
    }


def numbers(values: NDArray[np.float64]) -> list[float | str]:
    """Floats, and words where a number is not finite."""
    if np.isfinite(values).all():
        return list(values.tolist())
    return [value if math.isfinite(value) else _word(value) for value in values.tolist()]


def _word(value: float) -> str:
    return "nan" if math.isnan(value) else ("inf" if value > 0 else "-inf")
