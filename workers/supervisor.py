"""Supervises one training: a loop of small decisions, with no network in the training's way.
Whatever ends the training goes through the keeper; whatever it reports goes through the reporter.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog

from paceline.client import ClientError
from workers import logs
from workers.api import AttemptApi, StaleAttempt
from workers.bench import Bench
from workers.claim import Claim
from workers.demands import Demand, Pace, control_line, patience
from workers.extras import Extras
from workers.folder import TrialFolder
from workers.gpu_watch import GpuWatch
from workers.launch import START_SECONDS, Ended, Keeper, boot_seconds
from workers.reporter import Reporter
from workers.tail import last_step

TICK_SECONDS = 0.5  # the end of the training is heard at once; this is for everything else
FIRST_HEARTBEAT_SECONDS = 2.0
UNANSWERED_FRACTION = 0.3  # of the heartbeat's interval: come back soon after an outage
TERMED = frozenset({-15, 143})
TOLD_SECONDS = 1.0  # a TERM to worker and training alike: the training may be the first to end

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Training:
    """The parts that serve one training process."""

    folder: TrialFolder
    keeper: Keeper
    reporter: Reporter


class Supervision:
    """The state of one attempt under way; times are of the monotonic clock."""

    def __init__(self, claim: Claim, bench: Bench, api: AttemptApi, training: Training) -> None:
        now = time.monotonic()
        self.demand: Demand | None = None
        self.pace = Pace(claim.start_step)
        gpus = GpuWatch(bench.inventory, bench.devices)
        self.extras = Extras(training.folder, training.reporter.progress, gpus, now)
        self._claim, self._bench, self._api, self._training = claim, bench, api, training
        self._started_at = self._answered_at = self._demanded_at = now
        self._heartbeat_at = now + min(FIRST_HEARTBEAT_SECONDS, claim.timing.heartbeat_seconds)
        self._is_end_asked = False
        self.no_room: str | None = None  # the latest disk that was seen full while it trained

    def watch(self, meanwhile: Callable[[], None]) -> Ended:
        """Until the training and its whole family are gone; `meanwhile` is done once it stands."""
        ended = self._training.keeper.wait(START_SECONDS)
        meanwhile()
        while ended is None:
            now = time.monotonic()
            self._look(now)
            self._keep_in_touch(now, has_news=self.extras.are_due(now))
            self._act(now)
            ended = self._training.keeper.wait(TICK_SECONDS)
        self._note_shutdown(ended)
        return ended

    def _note_shutdown(self, ended: Ended) -> None:
        """A training that ended because its whole node was told to has no fault of its own."""
        seconds = TOLD_SECONDS if ended.exit_code in TERMED and self.demand is None else 0.0
        if self._bench.stopping.wait(seconds):
            self._ask(Demand.SHUTDOWN)

    def flush(self) -> bool:
        """After the end: until every report is acknowledged (True) or nobody wants them (False)."""
        reporter = self._training.reporter
        reporter.finish()
        while reporter.is_alive():
            reporter.join(TICK_SECONDS)
            self._keep_in_touch(time.monotonic(), has_news=False)  # the finish brings the logs
            if self.is_disowned or self.is_over():
                reporter.abandon()
                break
        return reporter.progress.is_complete

    @property
    def is_disowned(self) -> bool:
        """Whether the attempt is somebody else's, or its trial was cancelled."""
        return self.demand in (Demand.DROP, Demand.CANCEL)

    def is_over(self) -> bool:
        """Whether this worker's own end can wait no longer."""
        if not self._bench.stopping.is_set():
            return False
        self._ask(Demand.SHUTDOWN)
        return time.monotonic() >= self._demanded_at + self._claim.timing.grace_seconds

    def _look(self, now: float) -> None:
        """What this node can see for itself."""
        progress, timeout = self._training.reporter.progress, self._claim.job.get("timeout_seconds")
        self.pace.observe(last_step(self._training.folder.reports) or 0, now)
        self.extras.look(now)
        logs.keep_short(self._training.folder)
        self.no_room = self._bench.disks.why_full() or self.no_room
        if progress.is_beyond_horizon:
            self._ask(Demand.STOP)
        if now - self._answered_at >= self._claim.timing.silence_seconds:
            self._ask(Demand.STOP)
        if self._bench.stopping.is_set():
            self._ask(Demand.SHUTDOWN)
        if timeout is not None and now - self._started_at >= timeout:
            self._ask(Demand.TIMEOUT)

    def _keep_in_touch(self, now: float, *, has_news: bool) -> None:
        """A heartbeat when one is due, or sooner when the training has printed something."""
        if self._training.reporter.progress.is_stale:
            self._ask(Demand.DROP)
        elif now >= self._heartbeat_at or has_news:
            self._heartbeat(now)

    def _heartbeat(self, now: float) -> None:
        interval = self._claim.timing.heartbeat_seconds
        extra = self.extras.pending()
        try:
            answer = self._api.heartbeat({"last_step": self.pace.last_step, **extra})
        except StaleAttempt:
            self._ask(Demand.DROP)
        except ClientError as error:
            log.warning("heartbeat not answered", why=str(error))
            interval *= UNANSWERED_FRACTION
        else:
            self._answered_at = time.monotonic()
            self._training.keeper.renew(boot_seconds() + self._claim.timing.keeper_seconds)
            self.extras.acknowledge(extra, now)
            self._obey(answer)
        self._heartbeat_at = now + interval * random.uniform(0.8, 1.0)

    def _obey(self, answer: dict[str, Any]) -> None:  # Any: JSON
        command = answer["command"]
        if command == "stop":
            self._ask(Demand.STOP)
        elif command == "cancel":
            self._ask(Demand.CANCEL)

    def _ask(self, demand: Demand) -> None:
        """Ask once; only a stronger demand replaces one that stands."""
        if self.demand is not None and demand <= self.demand:
            return
        log.info("training asked to end", demand=demand.name.lower(), last_step=self.pace.last_step)
        self.demand, self._demanded_at, self._is_end_asked = demand, time.monotonic(), False
        line = control_line(
            demand,
            self.pace.stop_step(self._claim.evaluate_every_steps, self._claim.max_train_steps),
        )
        if line is not None:
            self._write_control(line)

    def _write_control(self, line: str) -> None:
        try:
            self._training.folder.write_control(line)
        except OSError as error:  # it is ended after its patience all the same
            log.warning("training not told to end: control not written", why=str(error))

    def _act(self, now: float) -> None:
        """End a training that was asked and has had its time."""
        if self.demand is None or self._is_end_asked:
            return
        wait = patience(self.demand, self._claim.timing.grace_seconds)
        if now >= self._demanded_at + wait.term_after_seconds:
            self._is_end_asked = True
            self._training.keeper.end(wait.kill_after_seconds)
