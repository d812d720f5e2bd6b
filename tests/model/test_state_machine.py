"""Whatever workers, people, the conductor and time do, service and model say the same."""

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
    max_examples=amount(full=250, part=25),
    stateful_step_count=DEEDS,
    deadline=None,
    derandomize=not WHOLE,  # the part is the same every time; the whole looks elsewhere each time
    print_blob=True,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate, Phase.shrink),
)


@pytest.mark.slow
def test_the_service_does_what_the_model_does(database_url: str) -> None:
    told = Settings(
        database_url=database_url, lease_seconds=LEASE, sweep_seconds=SWEEP, grace_seconds=GRACE
    )
    database = Database(database_url)
    machine = type("MachineHere", (Machine,), {"context": Context(database, told)})
    try:
        run_state_machine_as_test(machine, settings=SETTINGS)
    finally:
        database.close()
