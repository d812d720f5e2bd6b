"""Audits as bodies, and their answers by rule: what the tests of audits share."""

import math
from typing import Any

from tests.contract.lab import Json, Lab

RATE = {"type": "float", "low": 1e-4, "high": 1.0, "scale": "log", "role": "learning_rate"}
HORIZON = 2000
RATES = [10 ** (-4 + i / 2) for i in range(9)]


def run(place: int, rate: float, best: float = 1e-2, count: int = 40, speed: float = 8.0) -> Json:
    """A trial whose error falls to a valley around `best`."""
    floor = 0.2 + 0.05 * math.log10(rate / best) ** 2
    steps = [HORIZON * (i + 1) // count for i in range(count)]
    values = [floor + 0.8 * math.exp(-speed * step / HORIZON) for step in steps]
    curve = {"steps": steps, "metrics": {"val_loss": values}}
    return {
        "id": f"t{place}",
        "params": {"learning_rate": rate},
        "outcome": "completed",
        "curve": curve,
    }


def audit_of(trials: list[Json], **changes: Any) -> Json:
    schedule = changes.pop("schedule", {"kind": "constant", "peak": "learning_rate"})
    purpose = changes.pop("purpose", "tune")
    horizon = changes.pop("max_train_steps", HORIZON)
    round_ = {"purpose": purpose, "max_train_steps": horizon, "trials": trials}
    return {
        "objective": {"metric": "val_loss", "direction": "minimize"},
        "parameters": {"learning_rate": RATE},
        "rounds": [{**round_, "schedule": schedule}],
        **changes,
    }


def sweep(**how: Any) -> list[Json]:
    return [run(i, rate, **how) for i, rate in enumerate(RATES)]


def judged(lab: Lab, body: Json) -> Json:
    answer = lab.client.post("/v1/audits", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def verdicts(answer: Json, number: int = -1) -> dict[str, Json]:
    return {v["code"]: v for v in answer["assessments"][number]["verdicts"]}
