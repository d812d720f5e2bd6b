"""One study as it ended, from three sources: the service's own answers, the database's rows, and
the ledger of the trainings. What the invariants read.
"""

from dataclasses import dataclass, field
from typing import Any

import psycopg

from paceline.client import ClientError
from tests.chaos.ledger import Entry, by_attempt, read_ledger
from tests.chaos.trainer import value
from tests.chaos.world import World

Json = Any  # JSON, as the contract says
POINTS = 500  # more than any curve here has


@dataclass
class History:
    """What there is to judge. Curves: trial -> step -> value, as `GET .../curve` answers them."""

    study: Json
    trials: list[Json]
    curves: dict[str, dict[int, float]]
    grids: dict[str, list[int]]  # trial -> the steps that its evaluations must lie on
    ledger: dict[str, list[Entry]]  # attempt -> what its training wrote down
    accepted: dict[str, int]  # recommendation -> rounds opened from it
    identities: int = 0  # distinct (round, point, seed)
    expected_trials: int = 0  # of round 1
    alive: dict[int, str] = field(default_factory=dict)  # trainings still at work
    missing_checkpoints: list[str] = field(default_factory=list)

    def expected_value(self, trial: Json, step: int) -> float:
        return value(trial["params"], trial["seed"], step)


def read_history(world: World, study_id: str) -> History:
    """Ask the service and the database about a study that has settled."""
    service = world.service
    trials = service.trials(study_id)
    curves = {trial["id"]: _curve(world, trial["id"]) for trial in trials}
    entries = read_ledger(world.trainer.ledger)
    rounds = {r["round"]: r for r in service.study(study_id)["rounds"]}
    with psycopg.connect(world.database_url) as session:
        accepted = session.execute(
            "SELECT recommendation_id, count(*) FROM rounds WHERE study_id = %s"
            " AND recommendation_id IS NOT NULL GROUP BY 1",
            [study_id],
        ).fetchall()
        identities = session.execute(
            "SELECT count(DISTINCT (round, point_key, seed)) FROM trials WHERE study_id = %s",
            [study_id],
        ).fetchone()
    return History(
        study=service.study(study_id),
        trials=trials,
        curves=curves,
        grids={t["id"]: _grid(t, rounds[t["round"]]["evaluate_every_steps"]) for t in trials},
        ledger=by_attempt(entries),
        accepted={str(key): int(count) for key, count in accepted},
        identities=int(identities[0]) if identities else 0,
        expected_trials=world.expected_trials[study_id],
        missing_checkpoints=_missing_checkpoints(world, trials),
    )


def _curve(world: World, trial_id: str) -> dict[int, float]:
    query = {"metric": "val_error", "points": POINTS}
    try:
        curve = world.service.client.get(f"/v1/trials/{trial_id}/curve", query)
    except ClientError:  # a curve that cannot be read lacks every step
        return {}
    return dict(zip(curve["steps"], curve["last"], strict=True))


def _grid(trial: Json, every: int) -> list[int]:
    last = trial["max_train_steps"]
    return [step for step in range(1, last + 1) if step % every == 0 or step == last]


def _missing_checkpoints(world: World, trials: list[Json]) -> list[str]:
    root = world.folder / "store"
    return [
        f"{trial['id']}: {checkpoint['key']}"
        for trial in trials
        for checkpoint in trial["checkpoints"]
        if not (root / checkpoint["key"]).exists()
    ]
