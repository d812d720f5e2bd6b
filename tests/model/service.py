"""The service layer, called as the API calls it; its times are moved instead of waited for."""

from dataclasses import dataclass
from typing import Any  # Any: JSON

from sqlalchemy import delete, update

from app import wire
from app.db import service_state
from app.db.tables import attempts, metadata, trials
from app.db.tables import service_state as state
from app.domain.curves import Batch
from app.domain.ids import AttemptId, StudyId, WorkerId
from app.domain.leases import WorkerState
from app.domain.reports import (
    CheckpointReport,
    ClaimRequest,
    Finish,
    Heartbeat,
    Offers,
    Predecessor,
    Registration,
)
from app.domain.states import EndReason, Outcome
from app.domain.studies import StudyDefinition
from app.services import studies, workers
from app.services.claims import Claimed, claim
from app.services.context import Context
from app.services.ending import finish
from app.services.heartbeats import heartbeat
from app.services.progress import report_checkpoint, report_measurements
from app.services.trials import list_trials, wanted_trials
from tests.model.nouns import ALONE, HORIZON, TIMEOUT, WORKERS, Study

NONCE = "shared"
WATCHED = ("last_sweep_at", "api_seen_at", "quiet_until")


@dataclass(frozen=True)
class Service:
    """What the machine does to the product."""

    context: Context

    def begin(self) -> None:
        """Nothing is left of what ran before; the workers are known, API and conductor there."""
        with self.context.database.writing() as connection:
            for table in reversed(metadata.sorted_tables):
                if table is not state:
                    connection.execute(delete(table))
            service_state.text_once(connection, "store_nonce", NONCE)
            now = service_state.clock(connection)
            service_state.note(connection, last_sweep_at=now, api_seen_at=now, quiet_until=0.0)
        for name in WORKERS:
            nonce = "another" if name == ALONE else NONCE
            said = Registration(WorkerId(name), "boot", name, "1", (), store_nonce=nonce)
            workers.register_worker(self.context, said)

    def pass_time(self, seconds: float) -> None:
        """Every stored time lies so much longer ago."""
        a, t = attempts.c, trials.c
        with self.context.database.writing() as connection:
            connection.execute(
                update(attempts).values(
                    lease_expires_at=a.lease_expires_at - seconds,
                    started_at=a.started_at - seconds,
                    ended_at=a.ended_at - seconds,
                    claimable_at=a.claimable_at - seconds,
                )
            )
            moved = {"not_before": t.not_before - seconds, "claimable_at": t.claimable_at - seconds}
            connection.execute(update(trials).values(moved))
            ago = state.c.number - seconds
            connection.execute(update(state).where(state.c.name.in_(WATCHED)).values(number=ago))

    def delay(self, trial_id: str, seconds: float) -> None:
        """A back-off of seconds could pass while the test runs: it lasts longer."""
        with self.context.database.writing() as connection:
            mine = update(trials).where(trials.c.id == trial_id)
            connection.execute(mine.values(not_before=trials.c.not_before + seconds))

    def create(self, model: Study, count: int) -> list[str]:
        """A study as the model has it, which learns its id; the ids of its trials."""
        timeout = {"timeout_seconds": TIMEOUT} if model.gpus else {}
        hours = None if model.seconds_limit is None else model.seconds_limit / 3600
        body: dict[str, Any] = {
            "name": "model",
            "objective": {"metric": "val_error", "direction": "minimize", "tolerance": 0.01},
            "job": {
                "command": ["x"],
                "gpus": model.gpus,
                "resumable": model.is_resumable,
                "max_attempts": model.max_attempts,
                **timeout,
            },
            "parameters": {
                "learning_rate": {
                    "type": "float",
                    "low": 0.003,
                    "high": 0.3,
                    "scale": "log",
                    "role": "learning_rate",
                }
            },
            "schedule": {"kind": "constant", "peak": "learning_rate"},
            "max_train_steps": HORIZON,
            "evaluate_every_steps": 2,
            "trials": count,
            "priority": model.priority,
            "concurrency": model.concurrency,
            "limits": {"total_steps": model.steps_limit, "gpu_hours": hours},
            "autopilot": "off",
        }
        definition = wire.from_wire(StudyDefinition, body)
        model.id = studies.create_study(self.context, definition).study_id
        wanted = wanted_trials(StudyId(model.id), 1, None, "number")
        return [view.trial.id for view in list_trials(self.context, wanted, None, 100)[0]]

    def claim(
        self,
        place: tuple[str, str],
        request_id: str,
        gpus: int,
        after: tuple[str, str] | None = None,
    ) -> Claimed | None:
        """`after`: id and token of the attempt before."""
        worker, slot = place
        request = ClaimRequest(
            WorkerId(worker),
            "boot",
            slot,
            request_id,
            offers=Offers(gpus=gpus, commands=True),
            after=after and Predecessor(AttemptId(after[0]), after[1]),
        )
        return claim(self.context, request)

    def heartbeat(self, attempt: str, token: str, step: int) -> str:
        said = Heartbeat(last_step=step)
        return heartbeat(self.context, AttemptId(attempt), token, said).command.value

    def measure(self, attempt: str, token: str, points: dict[int, float]) -> tuple[int, int]:
        batch = Batch(tuple(points), {"val_error": tuple(points.values())})
        answer = report_measurements(self.context, AttemptId(attempt), token, batch)
        return answer.accepted, answer.repeated

    def save(self, attempt: str, token: str, step: int) -> tuple[str, ...]:
        """The keys that may be deleted now."""
        report = CheckpointReport(step, "file:///store", f"{attempt}/{step}", 1)
        return report_checkpoint(self.context, AttemptId(attempt), token, report).drop

    def finish(self, attempt: str, token: str, outcome: str, step: int) -> str:
        """The state of the trial."""
        reason = None
        if outcome == "checkpoint_missing":
            outcome, reason = "preempted", EndReason.CHECKPOINT_MISSING
        said = Finish(Outcome(outcome), last_step=step, reason=reason)
        return finish(self.context, AttemptId(attempt), token, said).trial.state.value

    def set_worker(self, name: str, becomes: str) -> None:
        workers.set_worker_state(self.context, WorkerId(name), WorkerState(becomes))

    def attend(self) -> None:
        """API and conductor were there all the while."""
        with self.context.database.writing() as connection:
            now = service_state.clock(connection)
            service_state.note(connection, last_sweep_at=now, api_seen_at=now)

    def rounds_of(self, study_id: str) -> int:
        return len(studies.read_study(self.context, StudyId(study_id)).rounds)

    def advice_of(self, study_id: str) -> str:
        """The recommendation of the last review."""
        found = studies.read_study(self.context, StudyId(study_id)).study.recommendation_id
        assert found is not None
        return found
