"""Before each claim a slot's GPUs are seen to be free and its disks to have room; else it claims
nothing, and says why."""

import time

import structlog

from workers.bench import Bench
from workers.gpu_watch import why_not_free
from workers.room import why_no_room
from workers.roster import Roster

PATIENCE_SECONDS = 10.0  # memory is given back some time after a process has ended
LOOK_SECONDS = 0.5
SAY_AGAIN_SECONDS = 30.0  # a slot that claims nothing is heard by this alone

log = structlog.get_logger()


class Quarantine:
    """One slot's."""

    def __init__(self, slot: str, bench: Bench, roster: Roster) -> None:
        self._slot, self._bench, self._roster = slot, bench, roster

    def is_over(self) -> bool:
        """Whether nothing stands in the way; waits until then, or (False) until the worker ends."""
        has_said, due_at = False, time.monotonic() + PATIENCE_SECONDS
        while problem := self._problem():
            if time.monotonic() >= due_at:
                log.warning("slot quarantined", slot=self._slot, why=problem)
                self._roster.note(self._slot, problem)
                has_said, due_at = True, time.monotonic() + SAY_AGAIN_SECONDS
            if self._bench.stopping.wait(LOOK_SECONDS):
                return False
        if has_said:
            log.info("slot free again", slot=self._slot)
            self._roster.note(self._slot, None)
        return True

    def _problem(self) -> str | None:
        bench = self._bench
        no_room = why_no_room(bench)
        if no_room or not bench.devices:
            return no_room
        return why_not_free(bench.inventory, bench.devices, bench.options.gpu_free_fraction)
