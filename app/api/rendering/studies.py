"""Studies and rounds as answers."""

from typing import Any  # Any: JSON

from app import wire
from app.api.answers import rfc3339
from app.db.studies import Usage
from app.domain.rounds import Round
from app.domain.trials import Checkpoint
from app.services.studies import DryRun
from app.services.study_views import Best, StudyView

Json = dict[str, Any]  # Any: JSON


def study_answer(view: StudyView) -> Json:
    """A study with its rounds; the same size for ten trials and ten thousand."""
    study = view.study
    return {
        "id": study.id,
        "name": study.definition.name,
        "state": study.state,
        "waiting_for": view.waiting_for,
        "waits_because": view.waits_because,
        "warnings": list(view.warnings),
        "workload": study.definition.workload,
        "definition": wire.to_wire(study.definition),
        "rounds": [round_answer(found) for found in view.rounds],
        "problem": next((t for one in view.rounds if (t := problem_text(one))), None),
        "best": best_answer(view.best) if view.best else None,
        "seconds_per_step": study.seconds_per_step,
        "budget": usage_answer(study.steps, study.gpu_seconds),
        "recommendation_id": study.recommendation_id,
        "created_at": rfc3339(study.created_at),
        "updated_at": rfc3339(study.updated_at),
    }


def round_answer(found: Round) -> Json:
    """The definition, and what became of it."""
    return {
        **wire.to_wire(found.definition),
        "round": found.number,
        "action": found.action,
        "recommendation_id": found.recommendation_id,
        "state": found.state,
        "counts": found.counts,
        "points_to_draw": found.points_to_draw,
        "problem": problem_text(found),
        "trace_id": found.problem.trace_id if found.problem else None,
        "opened_at": rfc3339(found.opened_at),
        "closed_at": rfc3339(found.closed_at),
    }


def problem_text(found: Round) -> str | None:
    """Why a round is still in review, in one sentence; None where nothing went wrong."""
    problem = found.problem
    if problem is None:
        return None
    times = "once" if problem.tries == 1 else f"{problem.tries} times"
    return (
        f"the review of round {found.number} failed {times} ({problem.text}); it is tried again"
        f" by itself, and the conductor's log tells more under trace {problem.trace_id}"
    )


def usage_answer(steps: Usage, seconds: Usage) -> Json:
    """Limits, and what is used and left of them (null: no limit)."""
    return {
        "steps": {**_usage(steps), "lost": steps.beyond},
        "gpu_seconds": {**_usage(seconds), "overrun": seconds.beyond},
    }


def _usage(used: Usage) -> Json:
    return {
        "limit": used.limit,
        "spent": used.spent,
        "reserved": used.reserved,
        "remaining": used.left,
    }


def best_answer(best: Best) -> Json:
    """The study's best trial so far."""
    return {
        "trial_id": best.trial.id,
        "value": best.trial.best.value,
        "step": best.trial.best.step,
        "checkpoint": checkpoint_answer(best.checkpoint) if best.checkpoint else None,
    }


def checkpoint_answer(kept: Checkpoint) -> Json:
    """Where saved weights lie."""
    return {
        "step": kept.step,
        "value": kept.value,
        "store": kept.store,
        "key": kept.key,
        "bytes": kept.bytes,
    }


def dry_run_answer(rehearsed: DryRun) -> Json:
    """The first round and its cost, nothing stored."""
    return {
        "round": wire.to_wire(rehearsed.round),
        "trials": rehearsed.trials,
        "cost": wire.to_wire(rehearsed.cost),
        "verdicts": [wire.to_wire(verdict) for verdict in rehearsed.verdicts],
        "warnings": list(rehearsed.warnings),
    }
