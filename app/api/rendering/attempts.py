"""Claims, attempts and workers as answers."""

from typing import Any  # Any: JSON

from app import wire
from app.api.answers import rfc3339
from app.db.attempt_rows import start_column
from app.db.timelines import Stay
from app.db.workers import Worker
from app.domain.reports import SlotOffer
from app.domain.trials import Attempt, Checkpoint
from app.services.claims import Claimed
from app.services.fleet import state_of
from app.services.progress import Kept
from app.services.workers import WorkerView
from app.settings import Settings

Json = dict[str, Any]  # Any: JSON


def claim_answer(claimed: Claimed, settings: Settings) -> Json:
    """What a worker needs to run the attempt, the service's timing included."""
    trial = claimed.trial
    return {
        "attempt_id": claimed.attempt_id,
        "number": claimed.number,
        "token": claimed.token,
        "lease_seconds": settings.lease_seconds,
        "heartbeat_seconds": settings.heartbeat_seconds,
        "grace_seconds": settings.grace_seconds,
        "silence_seconds": settings.silence_seconds,
        "trial": {
            "id": trial.id,
            "study_id": trial.study_id,
            "round": trial.round,
            "params": claimed.params,
            "seed": trial.seed,
        },
        "job": claimed.job,
        "max_train_steps": trial.max_train_steps,
        "schedule": trial.schedule.to_dict(),
        "evaluate_every_steps": trial.interval_steps,
        "checkpoint_steps": list(trial.checkpoint_steps),
        "resume": start_column(claimed.resume),
    }


def attempt_detail(attempt: Attempt) -> Json:
    """One attempt in full."""
    return {
        "id": attempt.id,
        "trial_id": attempt.trial_id,
        "study_id": attempt.study_id,
        "number": attempt.number,
        "state": attempt.state,
        "worker": attempt.worker,
        "slot": attempt.slot,
        "start_step": attempt.start_step,
        "resume": start_column(attempt.resume),
        "last_step": attempt.last_step,
        "started_at": rfc3339(attempt.started_at),
        "lease_expires_at": rfc3339(attempt.lease_expires_at),
        "claimable_at": rfc3339(attempt.claimable_at),
        "ended_at": rfc3339(attempt.ended_at),
        "reason": attempt.reason,
        "exit_code": attempt.exit_code,
        "code": attempt.code,
        "gpus": [wire.to_wire(use) for use in attempt.gpus],
    }


def kept_checkpoint(kept: Kept) -> Json:
    """What was kept of a checkpoint's report, and the keys that may be deleted now."""
    return {**stored_checkpoint(kept.checkpoint), "drop": list(kept.drop)}


def stored_checkpoint(kept: Checkpoint) -> Json:
    """One checkpoint."""
    return {
        "step": kept.step,
        "value": kept.value,
        "store": kept.store,
        "key": kept.key,
        "bytes": kept.bytes,
    }


def worker_answer(view: WorkerView, store: str) -> Json:
    """One worker, whether it shares the service's store, and what its slots do and did."""
    worker = view.worker
    return {
        "id": worker.id,
        "boot_id": worker.boot_id,
        "name": worker.name,
        "version": worker.version,
        "state": worker.state,
        "store": worker.store,
        "shares_store": worker.shares_store,
        "service_store": store,
        "slots": [slot_answer(worker, slot, view.stays[slot.slot]) for slot in worker.slots],
        "entrypoints": list(worker.entrypoints),
        "commands": worker.commands,
        "labels": worker.labels,
        "registered_at": rfc3339(worker.registered_at),
        "last_seen_at": rfc3339(worker.last_seen_at),
        "is_live": view.is_live,
    }


def slot_answer(worker: Worker, slot: SlotOffer, stays: list[Stay]) -> Json:
    """One slot: what it does, and its last attempts, newest first."""
    return {
        **wire.to_wire(slot),
        "state": state_of(worker, slot, is_busy=any(stay.is_live for stay in stays)),
        "attempts": [
            {
                "id": stay.attempt_id,
                "trial_id": stay.trial_id,
                "study_id": stay.study_id,
                "state": stay.state,
                "started_at": rfc3339(stay.started_at),
                "ended_at": rfc3339(stay.ended_at),
                "reason": stay.reason,
            }
            for stay in stays
        ],
    }
