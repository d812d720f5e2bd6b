"""Reviews of a whole round, as the conductor does them (load, judge, advise, save), from 20 trials
to 10,000, with the memory of the largest."""

import resource
from dataclasses import dataclass

import numpy as np
from fastapi.testclient import TestClient

from app.api.app import create_app
from app.db import rounds
from app.db.database import Database
from app.domain.ids import StudyId
from app.domain.states import RoundState
from app.services.context import Context
from app.services.opening import enter_review_if_over
from app.services.reviews import review_round
from app.services.tokens import SCOPES, create_token
from app.settings import Settings
from benchmarks.counts import Posting
from benchmarks.service import definition, fresh_database, play_trial
from benchmarks.table import Row, middle, seconds_each

SIZES = ((20, 60, 0.1), (200, 200, 0.3), (2_000, 100, 1.0), (10_000, 100, 3.0))
RATES, RUNS, BATCH_POINTS = 64, 3, 50_000
MOST_MEBIBYTES = 500


@dataclass(frozen=True, slots=True)
class Reviewing:
    """A study of one round, and the service in this process."""

    context: Context
    study_id: StudyId

    def again(self) -> None:
        """Open the round as points added later do, and review it."""
        with self.context.database.writing() as connection:
            found = rounds.lock(connection, self.study_id, 1)
            if found.state is RoundState.CLOSED:
                rounds.change_state(connection, found, RoundState.OPEN)
                enter_review_if_over(connection, self.study_id, 1)
        if not review_round(self.context, self.study_id, 1):
            raise RuntimeError("the round was not reviewed")


def measure(server: str) -> list[Row]:
    """Seconds a review, and this process's greatest memory after the largest."""
    found = []
    with fresh_database(server) as url:
        context = Context(Database(url), Settings(database_url=url))
        token = create_token(context, "bench", SCOPES).text
        client = TestClient(create_app(context), headers={"Authorization": f"Bearer {token}"})
        for trials, points, limit in SIZES:
            subject = Reviewing(context, _study(client, trials, points))
            found.append(_row(f"review of {trials} x {points}", subject, limit))
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    hold = f"<= {MOST_MEBIBYTES} MiB"
    return [*found, Row("memory of this process afterwards", used, None, "MiB", hold)]


def _row(work: str, subject: Reviewing, limit: float) -> Row:
    taken = seconds_each(subject.again, RUNS)
    return Row(
        work,
        middle(taken),
        None,
        "s",
        f"< {limit:g} s",
        is_higher_better=False,
        spread=(min(taken), max(taken)),
    )


def _study(client: TestClient, trials: int, points: int) -> StudyId:
    """A round of noisy curves over 64 rates, the best of them at the high end."""
    posting = Posting(client)
    study_id = client.post("/v1/studies", json=definition(1, 50 * points)).json()["id"]
    play_trial(posting, study_id, "bench")
    told = [_trial(index, points) for index in range(trials - 1)]
    size = max(1, BATCH_POINTS // points)
    for start in range(0, len(told), size):
        body = {"round": 1, "trials": told[start : start + size]}
        posting.post(f"/v1/studies/{study_id}/trials", body)
    return StudyId(study_id)


def _trial(index: int, points: int) -> dict[str, object]:
    rate = float(np.geomspace(1e-4, 1.0, RATES)[index % RATES])
    at = np.arange(1, points + 1) / points
    floor = 0.2 + 0.05 * (np.log10(rate) - 1.5) ** 2
    noise = np.random.default_rng(index).normal(0, 5e-4, points)
    losses = floor + np.exp(-at / 0.1) + 0.02 * at + noise
    steps = [50 * (i + 1) for i in range(points)]
    curve = {"steps": steps, "metrics": {"loss": [float(f"{v:.5g}") for v in losses]}}
    given = {"id": f"r{index}", "params": {"learning_rate": rate}, "seed": index // RATES}
    return {**given, "outcome": "completed", "curve": curve}
