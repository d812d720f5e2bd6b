"""The thread that carries the reports of one attempt to the service, in order, however long.
The file is the spool: what is not acknowledged is read again, so an outage loses nothing.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from app.stores.store import Store
from paceline.client import ClientError, ProblemError
from workers.api import AttemptApi, StaleAttempt, until_answered, will_pass
from workers.attempt_thread import AttemptThread
from workers.claim import Claim
from workers.code_record import CodeRecord, record_code
from workers.courier import Courier
from workers.folder import TrialFolder
from workers.launch import START_SECONDS
from workers.measurements import columns, halves, merge
from workers.tail import Measured, Report, Saved, is_finite, read_piece

POST_SECONDS = 0.5  # contract: within 1 s of being written
STATUSES_OF_CONTENT = frozenset({400, 409, 413, 422})  # something in the batch is at fault

log = structlog.get_logger()


@dataclass
class Progress:
    """What the reporter knows; the supervisor reads it."""

    last_step: int = 0
    done_step: int | None = None  # the training said that it has left its loop after this step
    evaluated_steps: list[int] = field(default_factory=list)  # the latest two
    has_non_finite: bool = False
    is_beyond_horizon: bool = False
    is_stale: bool = False
    is_complete: bool = False  # everything in the file was acknowledged
    fault: str | None = None  # what in the reports nobody had thought of
    code: CodeRecord | None = None


class Reporter(AttemptThread):
    """Tails, batches, posts and replays; ends after `finish` when the file is drained."""

    def __init__(
        self, claim: Claim, api: AttemptApi, folder: TrialFolder, store: Store, directory: Path
    ) -> None:
        super().__init__(f"reporter-{claim.attempt_id}")
        self.progress = Progress(last_step=claim.start_step)
        self._claim, self._api = claim, api
        self._folder, self._directory = folder, directory
        self._courier = Courier(claim, api, folder, store)
        self._training_ended, self._abandoned = threading.Event(), threading.Event()
        self._offset = 0

    def finish(self) -> None:
        """The training has ended: post what is left, then end."""
        self._training_ended.set()

    def abandon(self) -> None:
        """Nobody wants the rest any more: end at the next chance."""
        self._abandoned.set()
        self._courier.abandon()
        self._training_ended.set()

    def work(self) -> None:
        self._training_ended.wait(START_SECONDS)
        try:
            self.progress.code = record_code(self._directory)
            is_last = False
            while not is_last and not self._abandoned.is_set():
                is_last = self._training_ended.wait(POST_SECONDS)
                self._drain()
            self.progress.is_complete = is_last and self._has_courier_ended()
        except StaleAttempt as stale:
            log.warning("attempt is no longer ours", why=str(stale))
            self.progress.is_stale = True
        except ClientError as error:
            log.warning("reports abandoned", why=str(error))
        except Exception as error:  # a thread's edge: the attempt must say why it fails
            log.exception("reports cannot be delivered")
            self.progress.fault = f"the worker could not deliver the reports: {error!r}"

    def _has_courier_ended(self) -> bool:
        """Once all checkpoints are registered or given up; False: nobody wants them."""
        self._courier.close()
        if self._courier.ident is not None:
            self._courier.join()
        self.progress.is_stale |= self._courier.is_stale
        return not self._abandoned.is_set()

    def _drain(self) -> None:
        self.progress.is_stale |= self._courier.is_stale
        while not self._abandoned.is_set():
            piece = read_piece(self._folder.reports, self._offset)
            if piece.next_offset == self._offset:
                return
            self._deliver(piece.reports)
            self._offset = piece.next_offset

    def _deliver(self, reports: Sequence[Report]) -> None:
        """A checkpoint follows the measurements up to its step, in the order of the file."""
        pending: list[Measured] = []
        for report in reports:
            if isinstance(report, Saved):
                self._post(merge(pending))
                pending = []
                self._courier.hand_over(report)
            else:
                pending.append(report)
        self._post(merge(pending))

    def _post(self, rows: list[Measured]) -> None:
        self._note([row for row in rows if not row.metrics])
        measured = [row for row in rows if row.metrics]
        if not measured:
            return
        try:
            for attempt in until_answered(self._is_wanted):
                with attempt:
                    self._api.measurements(*columns(measured))
            self._note(measured)
        except ProblemError as problem:
            self._post_what_stands(measured, problem)

    def _post_what_stands(self, rows: list[Measured], problem: ProblemError) -> None:
        """A refused batch changed nothing: cut away what is at fault, post the rest."""
        if will_pass(problem):
            raise problem  # nobody wants it any more
        if problem.kind == "horizon-exceeded":
            self.progress.is_beyond_horizon = True
            first = int(problem.document.get("first_refused_step", self._claim.max_train_steps + 1))
            self._post([row for row in rows if row.step < first])
            return
        parts = halves(rows) if problem.status in STATUSES_OF_CONTENT else []
        if not parts:
            log.warning("measurements refused and dropped", rows=rows[:3], why=str(problem))
        for part in parts:
            self._post(part)

    def _note(self, rows: list[Measured]) -> None:
        progress = self.progress
        for row in rows:
            if row.step > self._claim.max_train_steps:
                continue
            progress.last_step = max(progress.last_step, row.step)
            if not row.metrics:
                progress.done_step = row.step
            elif row.step not in progress.evaluated_steps:
                progress.evaluated_steps = [*progress.evaluated_steps, row.step][-2:]
            progress.has_non_finite |= not all(map(is_finite, row.metrics.values()))

    def _is_wanted(self) -> bool:
        return not self._abandoned.is_set()
