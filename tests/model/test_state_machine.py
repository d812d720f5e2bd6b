"""Whatever workers, people, the conductor and time do, service and model say the same."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from app.db.database import Database
from app.services.context import Context
from app.settings import Settings
from tests.chaos.amount import WHOLE, amount
from tests.model.machine import Machine
from tests.model.nouns import GRACE, LEASE, SWEEP

DEEDS = 40  # of one run
SETTINGS = settings(
    max_examples=amount(full=250, part=32),
    stateful_step_count=DEEDS,
    deadline=None,
    derandomize=not WHOLE,  # the part is the same every time; the whole looks elsewhere each time
    print_blob=True,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate, Phase.shrink),
)

# What the runs must have come to, and how often at least, so that "they agree" says something.
OFTEN = {
    "claimed": 60,
    "resumed": 20,
    "fenced": 20,
    "expired": 10,
    "claimed beside its predecessor": 5,
    "waited for its predecessor": 5,
}
EVER = (
    "resumed by another worker",
    "resumed from an older checkpoint",
    "masked",
    "retried",
    "taken over",
    "revived",
    "heard first",
    "heard in time",
    "ended twice",
    "conflict",
    "beyond the horizon",
    "checkpoint dropped",
    "checkpoint missing",
    "cancelled while it ran",
    "steps lost",
    "limit spent",
    "attempt succeeded: completed",
    "attempt succeeded: diverged",
    "attempt failed: crashed",
    "attempt preempted: preempted",
    "attempt preempted: checkpoint_missing",
    "attempt cancelled: cancelled",
    "attempt lost: lost",
)
LEAST = OFTEN | dict.fromkeys(EVER, 1)


@pytest.mark.slow
def test_the_service_does_what_the_model_does(database_url: str) -> None:
    told = Settings(
        database_url=database_url, lease_seconds=LEASE, sweep_seconds=SWEEP, grace_seconds=GRACE
    )
    database = Database(database_url)
    met: Counter[str] = Counter()
    machine = type("MachineHere", (Machine,), {"context": Context(database, told), "met": met})
    try:
        run_state_machine_as_test(machine, settings=SETTINGS)
    finally:
        database.close()
    rare = {what: met[what] for what, least in LEAST.items() if met[what] < least}
    assert not rare, f"the runs are too shallow: {rare} of {met}"
