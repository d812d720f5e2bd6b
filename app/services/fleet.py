"""How the fleet stands: what waits, what the slots do, what was lost."""

from collections import Counter
from dataclasses import dataclass

from app.db import service_state, turns, workers
from app.db.workers import Worker
from app.domain.leases import WorkerState
from app.domain.reports import SlotOffer
from app.services.context import Context
from app.services.slots import HEARD_WITHIN_SECONDS

LEASE_EXPIRIES = "lease_expiries"  # counted in the database: the conductor may be elsewhere
IDLE, BUSY, QUARANTINED, OUT_OF_SERVICE = "idle", "busy", "quarantined", "out_of_service"


@dataclass(frozen=True, slots=True)
class Fleet:
    """`waiting`: trials by the GPUs that they ask for; `slots`: those of live workers by state."""

    waiting: dict[str, int]
    slots: dict[str, int]
    lease_expiries: float

    @property
    def idle_share(self) -> float | None:
        """Of all slots of live workers; None without any."""
        total = sum(self.slots.values())
        return self.slots[IDLE] / total if total else None


def look_at_fleet(context: Context) -> Fleet:
    """The numbers of this moment."""
    with context.database.reading() as connection:
        busy = workers.busy_slots(connection)
        heard = workers.heard(connection, HEARD_WITHIN_SECONDS)
        states = Counter(
            state_of(worker, slot, is_busy=(worker.id, slot.slot) in busy)
            for worker in heard
            for slot in worker.slots
        )
        waiting = turns.waiting_by_gpus(connection)
        sizes = {slot.gpus: 0 for worker in heard for slot in worker.slots}  # 0 is said, too
        return Fleet(
            waiting={str(gpus): n for gpus, n in sorted((sizes | waiting).items())},
            slots={s: states[s] for s in (IDLE, BUSY, QUARANTINED, OUT_OF_SERVICE)},
            lease_expiries=service_state.number_of(connection, LEASE_EXPIRIES) or 0.0,
        )


def state_of(worker: Worker, slot: SlotOffer, *, is_busy: bool) -> str:
    """What a slot does: the first that applies."""
    if is_busy:
        return BUSY
    if slot.problem:
        return QUARANTINED
    return IDLE if worker.state is WorkerState.ACTIVE else OUT_OF_SERVICE
