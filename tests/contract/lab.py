"""A service over a fresh database whose trials are trained in no time: their curves are written as
a worker's reports would leave them."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from fastapi.testclient import TestClient
from sqlalchemy import insert

from app.api.app import create_app
from app.db import chunks, rounds, studies, trials
from app.db.chunks import Chunk
from app.db.database import Connection, Database
from app.db.identifiers import new_id
from app.db.tables import attempts, checkpoints
from app.db.trial_rows import best_columns, lineage_column
from app.domain.curves import Batch, Segment, follow
from app.domain.ids import AttemptId, StudyId, TrialId
from app.domain.rounds import evaluation_steps
from app.domain.states import AttemptState, EndReason, RoundState, TrialState
from app.domain.studies import Direction
from app.domain.trials import Trial
from app.services import waiting
from app.services.context import Context
from app.services.reviews import review_round, rounds_to_review
from app.services.tokens import SCOPES, create_token
from app.settings import Settings

Json = Any  # JSON, as the contract says
Training = Callable[[Trial, int], float | dict[str, float]]  # val_error, or several metrics

RATE = {"type": "float", "low": 0.003, "high": 0.3, "scale": "log", "role": "learning_rate"}
STUDY: dict[str, Json] = {
    "name": "tiny",
    "objective": {"metric": "val_error", "direction": "minimize", "tolerance": 0.01},
    "job": {"command": ["python", "train.py"], "directory": "examples", "resumable": True},
    "parameters": {"learning_rate": RATE},
    "schedule": {"kind": "constant", "peak": "learning_rate"},
    "max_train_steps": 64,
    "evaluate_every_steps": 2,
    "trials": 8,
}


def bowl(trial: Trial, step: int) -> float:
    """An error that falls with the steps; its best rate, 0.03, lies inside the range."""
    away = math.log10(float(trial.params["learning_rate"]) / 0.03) ** 2 / 10
    return 0.1 + away + math.exp(-step / 8) + step / 1000 + trial.seed / 1e4


def falling(trial: Trial, step: int) -> float:
    """The lower the rate the better: the best one lies at the low end of the range."""
    away = math.log10(float(trial.params["learning_rate"]) / 0.0001)
    return 0.1 + away / 10 + math.exp(-step / 8) + step / 1000


@dataclass(frozen=True)
class Lab:
    """The application over a fresh database, and a client with every scope."""

    context: Context
    client: TestClient

    def create(self, **changes: Json) -> Json:
        """A study, posted; `changes` replace fields of `STUDY`."""
        answer = self.client.post("/v1/studies", json={**STUDY, **changes})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def get(self, path: str) -> Json:
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def study(self, study_id: str) -> Json:
        return self.get(f"/v1/studies/{study_id}")

    def trials(self, study_id: str, **query: Json) -> list[Json]:
        answer = self.client.get(f"/v1/studies/{study_id}/trials", params={"limit": 500, **query})
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    def post_round(self, study_id: str, body: Json, status: int = 201) -> Json:
        answer = self.client.post(f"/v1/studies/{study_id}/rounds", json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def accept(self, study_id: str, status: int = 201) -> Json:
        advice = self.get(f"/v1/studies/{study_id}/recommendation")
        return self.post_round(study_id, {"accept": advice["id"]}, status)

    def train(self, study_id: str, training: Training = bowl) -> None:
        """Run every waiting trial to its end."""
        with self.context.database.writing() as connection:
            for trial in trials.of_study(connection, StudyId(study_id)):
                if trial.state is TrialState.WAITING:
                    run_to_end(connection, trial, training)
            waiting.refresh(connection, StudyId(study_id))

    def review(self) -> None:
        """Review what waits for it, as the conductor does."""
        for study_id, number in rounds_to_review(self.context):
            review_round(self.context, study_id, number)

    def judged(self, training: Training = bowl, **changes: Json) -> str:
        """A study whose first round was trained and reviewed; its id."""
        study_id = str(self.create(**changes)["id"])
        self.train(study_id, training)
        self.review()
        return study_id

    def start_one(self, study_id: str) -> TrialId:
        """Let one waiting trial run, held by an attempt that reserved its steps."""
        with self.context.database.writing() as connection:
            found = trials.of_study(connection, StudyId(study_id))
            trial = next(one for one in found if one.state is TrialState.WAITING)
            attempt_id = _attempt(connection, trial, AttemptState.RUNNING)
            study = studies.lock(connection, trial.study_id)
            reserved = int(study.steps.reserved) + trial.max_train_steps
            studies.write(connection, study.id, steps_reserved=reserved)
            trials.change_state(connection, trial, TrialState.RUNNING, attempt_id=attempt_id)
        return trial.id


@contextmanager
def lab_on(database_url: str) -> Iterator[Lab]:
    """The application over a migrated database, with a token of every scope."""
    context = Context(Database(database_url), Settings(database_url=database_url))
    token = create_token(context, "test", SCOPES).text
    headers = {"Authorization": f"Bearer {token}"}
    with TestClient(create_app(context), headers=headers) as client:
        yield Lab(context, client)
    context.database.close()


def run_to_end(connection: Connection, trial: Trial, training: Training) -> None:
    """What a worker's reports and finish leave behind; a non-finite value diverges."""
    start = trial.resume.step if trial.resume else 0
    attempt_id = _attempt(connection, trial, AttemptState.SUCCEEDED)
    grid = [s for s in evaluation_steps(trial.interval_steps, trial.max_train_steps) if s > start]
    told = [_metrics(training(trial, step)) for step in grid]
    metrics = {name: [one[name] for one in told] for name in told[0]}
    steps = np.array(grid, np.int64)
    written = [Chunk(n, steps, np.array(v, np.float64)) for n, v in metrics.items()]
    chunks.write(connection, attempt_id, written)
    for step in {*trial.checkpoint_steps, trial.max_train_steps}:
        _checkpoint(connection, trial, attempt_id, step)
    _finish(connection, trial, attempt_id, metrics["val_error"])


def _metrics(told: float | dict[str, float]) -> dict[str, float]:
    return told if isinstance(told, dict) else {"val_error": told}


def _finish(
    connection: Connection, trial: Trial, attempt_id: AttemptId, values: list[float]
) -> None:
    start = trial.resume.step if trial.resume else 0
    grid = tuple(
        s for s in evaluation_steps(trial.interval_steps, trial.max_train_steps) if s > start
    )
    batch = Batch(grid, {"val_error": tuple(values)})
    best = follow(trial.best, batch, "val_error", Direction.MINIMIZE)
    lineage = (Segment(attempt_id, start + 1 if start else 0),)
    trials.change_state(connection, trial, TrialState.RUNNING, attempt_id=attempt_id)
    running = trials.lock(connection, trial.id)
    is_finite = all(math.isfinite(value) for value in values)
    counts = trials.change_state(
        connection,
        running,
        TrialState.COMPLETED if is_finite else TrialState.DIVERGED,
        EndReason.COMPLETED if is_finite else EndReason.DIVERGED,
        lineage=lineage_column(lineage),
        **best_columns(best),
    )
    if counts.is_over:
        found = rounds.lock(connection, trial.study_id, trial.round)
        rounds.change_state(connection, found, RoundState.IN_REVIEW)


def _attempt(connection: Connection, trial: Trial, state: AttemptState) -> AttemptId:
    attempt_id = AttemptId(new_id("attempt"))
    is_over = state is AttemptState.SUCCEEDED
    connection.execute(
        insert(attempts).values(
            id=attempt_id,
            trial_id=trial.id,
            study_id=trial.study_id,
            number=trial.attempt_count + 1,
            state=state,
            worker="lab",
            boot_id="lab",
            slot="0",
            request_id=attempt_id,
            start_step=trial.resume.step if trial.resume else 0,
            last_step=trial.max_train_steps if is_over else 6,
            reported={},
            started_at=1.0,
            ended_at=2.0 if is_over else None,
            lease_expires_at=4e9,
            reserved_steps=0 if is_over else trial.max_train_steps,
        )
    )
    return attempt_id


def _checkpoint(connection: Connection, trial: Trial, attempt_id: AttemptId, step: int) -> None:
    connection.execute(
        insert(checkpoints).values(
            attempt_id=attempt_id,
            step=step,
            trial_id=trial.id,
            store="file:///nowhere",
            key=f"{attempt_id}/{step}",
            bytes=1,
            created_at=1.0,
        )
    )
