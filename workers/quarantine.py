"""Before each claim a slot's GPUs are seen to be free and its disks to have room, and a slot that
gave an attempt back for a fault of its node pauses; meanwhile it claims nothing, and says why."""

import time

import structlog

from workers.bench import Bench
from workers.folder import trials_of
from workers.gpu_watch import why_not_free
from workers.room import why_not_writable
from workers.roster import Roster

PATIENCE_SECONDS = 10.0  # memory is given back some time after a process has ended
LOOK_SECONDS = 0.5
SAY_AGAIN_SECONDS = 30.0  # a slot that claims nothing is heard by this alone
LEAST_PAUSE_SECONDS, MOST_PAUSE_SECONDS = 1.0, 60.0  # others take the work meanwhile

log = structlog.get_logger()


class Quarantine:
    """One slot's."""

    def __init__(self, slot: str, bench: Bench, roster: Roster) -> None:
        self._slot, self._bench, self._roster = slot, bench, roster
        self._fault: str | None = None  # of the node, until a training has started again
        self.pause_seconds, self._paused_until = 0.0, 0.0

    def pause(self, fault: str) -> None:
        """The node could not start what it claimed: no claim for a while, each time longer."""
        seconds = max(LEAST_PAUSE_SECONDS, min(2 * self.pause_seconds, MOST_PAUSE_SECONDS))
        log.warning("slot pauses", slot=self._slot, seconds=seconds, why=fault)
        self._fault, self.pause_seconds = fault, seconds
        self._paused_until = time.monotonic() + seconds

    def forget(self) -> None:
        """A training has started: the node can do it."""
        self._fault, self.pause_seconds = None, 0.0

    def is_over(self) -> bool:
        """Whether nothing stands in the way; waits until then, or (False) until the worker ends."""
        patience = 0.0 if self._fault else PATIENCE_SECONDS
        has_said, due_at = False, time.monotonic() + patience
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
        problem = bench.disks.why_full() or self._fault_that_lasts()
        if problem or not bench.devices:
            return problem
        return why_not_free(bench.inventory, bench.devices, bench.options.gpu_free_fraction)

    def _fault_that_lasts(self) -> str | None:
        """Time heals what cannot be tried without a job; the trial folders can be."""
        if self._fault and time.monotonic() < self._paused_until:
            return self._fault
        return why_not_writable(trials_of(self._bench.options.state_dir)) if self._fault else None
