"""One place on the node: a thread that claims, runs and claims again, until the worker ends."""

import threading
import time
import uuid
from dataclasses import dataclass
from typing import Any

import structlog
from structlog.contextvars import bind_contextvars, clear_contextvars

from paceline.client import Client, ClientError
from workers.api import claim, until_answered
from workers.attempt import give_back, run_attempt
from workers.bench import Bench
from workers.claim import Claim, read_claim
from workers.ending import Ending
from workers.identity import Identity
from workers.launch import Keeper
from workers.quarantine import Quarantine
from workers.roster import Roster
from workers.wakeups import WakeUps

LONG_POLL_SECONDS = 20
SWEEP_SECONDS = 10.0  # with a broker: look for work although nobody rang
LEAST_IDLE_SECONDS = 1.0  # between two claims that found nothing
TROUBLE_SECONDS = 5.0  # after something unforeseen
ROOM_TO_START = "look at the limits of processes and open files (`ulimit -u -n`, pids.max)"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Place:
    """Who claims for what: the fixed part of every claim, and the locks that its keepers share."""

    identity: Identity
    slot: str
    queue: str
    locks: tuple[int, ...]


class Slot(threading.Thread):
    """Runs trainings one after the other; the next keeper starts while one runs, and the end of an
    attempt is told while the next one is claimed and starts."""

    def __init__(self, place: Place, bench: Bench, roster: Roster, wakeups: WakeUps | None) -> None:
        super().__init__(name=f"slot-{place.slot}", daemon=True)
        self._quarantine = Quarantine(place.slot, bench, roster)
        self._place, self._bench, self._roster, self._wakeups = place, bench, roster, wakeups
        self._asking = Client(bench.client.url, bench.client.token)  # its own: may be cut off
        self._heard = 0
        self._keeper: Keeper | None = None  # of the training that runs
        self._former: Keeper | None = None  # has ended, waits to be buried
        self._spare: Keeper | None = None  # for the next training
        self._ending: Ending | None = None  # of the attempt before

    def run(self) -> None:
        while not self._bench.stopping.is_set():
            clear_contextvars()  # the former attempt's ids, which what went wrong had to name, too
            bind_contextvars(slot=self._place.slot)
            try:
                self._turn()
            except Exception:
                log.exception("slot in trouble")
                self._bench.stopping.wait(TROUBLE_SECONDS)
        self._settle()
        self._asking.close()
        for keeper in (self._former, self._spare):
            if keeper:
                keeper.close()

    def kill(self) -> None:
        """End the training at once, from whatever thread."""
        keeper = self._keeper
        if keeper:
            keeper.end(0.0)

    def stop_waiting(self) -> None:
        """Cut a long poll short: the worker ends."""
        self._asking.interrupt()

    def _turn(self) -> None:
        """One claim, and the attempt if there is one; no claim while the node could not run it."""
        if not self._quarantine.is_over() or not self._has_keeper():
            return
        asked_at = time.monotonic()
        predecessor = self._ending if self._ending and self._ending.is_alive() else None
        claimed = self._claim(predecessor)
        if claimed is None:
            self._catch_up()
            if predecessor is None:
                self._idle(asked_at)
            self._settle()  # what its finish gives back may be what was missing
            return
        bind_contextvars(**claimed.ids)
        ending = self._run(claimed)
        self._settle()  # one unfinished attempt beside the one that trains, never two
        self._ending = ending

    def _run(self, claimed: Claim) -> Ending | None:
        """The attempt's end under way; None: it was given back."""
        self._keeper = keeper = self._next_keeper()
        self._spare = None
        try:
            return run_attempt(claimed, self._bench, keeper, self._begun)
        except Exception as error:  # noqa: BLE001 - logged where it is judged
            keeper.close()  # nothing of the training is left
            fault = give_back(claimed, self._bench, error)  # as lost it would come back for ever
            if fault is not None:
                self._quarantine.pause(fault)
            return None
        finally:
            self._keeper = None
            self._bury()
            self._former = keeper

    def _begun(self) -> None:
        """Once a training has started."""
        self._quarantine.forget()
        self._catch_up()

    def _settle(self) -> None:
        """Until the attempt before is finished, or given up."""
        if self._ending:
            self._ending.hurry()
            self._ending.join()
        self._ending = None

    def _bury(self) -> None:
        if self._former:
            self._former.close()
        self._former = None

    def _catch_up(self) -> None:
        """What neither a claim nor a start has to wait for."""
        if self._ending:
            self._ending.hurry()
        self._bury()
        try:
            self._next_keeper()
        except OSError as error:  # the training that runs does not need it
            log.warning("no spare keeper: the next claim tries again", why=str(error))

    def _has_keeper(self) -> bool:
        try:
            self._next_keeper()
        except OSError as error:
            self._quarantine.pause(f"no process can be started here ({error}): {ROOM_TO_START}")
        return self._spare is not None

    def _next_keeper(self) -> Keeper:
        self._spare = self._spare or Keeper(self._place.locks)
        return self._spare

    def _claim(self, predecessor: Ending | None) -> Claim | None:
        """A new attempt or None; repeated until answered, under one request id."""
        body = {**self._fixed(), "request_id": uuid.uuid4().hex}
        if predecessor is not None:  # an answer at once: its finish may be what others wait for
            body |= {"after": predecessor.named, "wait_seconds": 0}
        try:
            for attempt in until_answered(lambda: not self._bench.stopping.is_set()):
                with attempt:
                    answer = claim(self._asking, body)
        except ClientError as error:
            if self._bench.stopping.is_set():
                return None
            log.error("claim refused", why=str(error))
            if predecessor is None:  # else an older service may know no `after`: ask without
                self._bench.stopping.wait(TROUBLE_SECONDS)
            return None
        return None if answer is None else read_claim(answer)

    def _fixed(self) -> dict[str, Any]:  # Any: JSON
        place, options = self._place, self._bench.options
        return {
            "worker": place.identity.worker_id,
            "boot_id": place.identity.boot_id,
            "slot": place.slot,
            "queue": place.queue,
            "offers": {
                "gpus": len(self._bench.devices),
                "entrypoints": sorted(options.entrypoints),
                "commands": options.allow_commands,
                "labels": dict(options.labels),
            },
            "wait_seconds": 0 if self._wakeups else LONG_POLL_SECONDS,
        }

    def _idle(self, asked_at: float) -> None:
        """Wait for a wake-up or the own sweep; without a broker the long poll was the wait."""
        self._roster.look_for_store()
        if self._wakeups:
            self._heard = self._wakeups.wait(self._heard, SWEEP_SECONDS)
        else:
            spent = time.monotonic() - asked_at
            self._bench.stopping.wait(max(0.0, LEAST_IDLE_SECONDS - spent))
