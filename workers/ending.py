"""The end of one attempt, beside the next one's start: hand in what the training reported, say how
it ended, tidy its folder."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import structlog

from app.domain.states import EndReason, Outcome
from paceline.client import ClientError
from workers import logs
from workers.api import AttemptApi, StaleAttempt, until_answered
from workers.attempt_thread import AttemptThread
from workers.bench import Bench
from workers.claim import Claim
from workers.demands import Demand
from workers.folder import tidy
from workers.launch import Ended
from workers.outcome import PREEMPTED, Conclusion, Seen, conclude, done_steps, says_no_memory
from workers.reporter import Progress
from workers.supervisor import Supervision, Training

HOLD_SECONDS = 0.3  # at most: the slot's next claim and start go first

log = structlog.get_logger()


class Ending(AttemptThread):
    """Of an attempt whose training and its whole family are gone."""

    def __init__(
        self, claim: Claim, bench: Bench, training: Training, supervision: Supervision, ended: Ended
    ) -> None:
        super().__init__(f"ending-{claim.attempt_id}")
        self._claim, self._training, self._supervision = claim, training, supervision
        self._api = AttemptApi(bench.client, claim.attempt_id, claim.token)
        self._ended, self._asked = ended, supervision.demand
        self._no_room = supervision.no_room or bench.disks.why_full()
        self._hurry = threading.Event()

    @property
    def named(self) -> dict[str, str]:
        """What a claim says of its predecessor."""
        return {"attempt_id": self._claim.attempt_id, "token": self._claim.token}

    def hurry(self) -> None:
        """The slot has its next training, or waits for this end: do not hold back."""
        self._hurry.set()

    def work(self) -> None:
        self._hurry.wait(HOLD_SECONDS)
        try:
            self._hand_in()
        except Exception:
            log.exception("attempt not finished: its lease will lapse")
        tidy(self._training.folder)

    def _hand_in(self) -> None:
        ended, asked, supervision = self._ended, self._asked, self._supervision
        logs.keep_short(self._training.folder)
        if ended.message:
            logs.add(self._training.folder, ended.message)
        is_flushed = supervision.flush()
        if supervision.demand is Demand.DROP:
            return
        if supervision.demand is Demand.CANCEL:
            asked = Demand.CANCEL
        seen = self._seen(asked)
        end = self._conclusion(seen, is_flushed=is_flushed)
        body = {**end.document(), "last_step": seen.done_steps, **supervision.extras.pending()}
        if self._no_room is not None:
            body["logs"] = logs.tails(self._training.folder, self._no_room)
        if ended.exit_code is not None:
            body["exit_code"] = ended.exit_code
        log.info("attempt ended", **end.document(), exit_code=ended.exit_code, step=seen.done_steps)
        finish(self._api, body, lambda: not supervision.is_over())

    def _conclusion(self, seen: Seen, *, is_flushed: bool) -> Conclusion:
        fault = self._training.reporter.progress.fault
        if seen.demand is not Demand.CANCEL and fault:  # with no limit it would come for ever
            logs.add(self._training.folder, fault)
            return Conclusion(Outcome.FAILED, EndReason.CRASHED)
        return conclude(seen) if is_flushed or seen.demand is Demand.CANCEL else PREEMPTED

    def _seen(self, asked: Demand | None) -> Seen:
        progress, last_step = self._training.reporter.progress, self._supervision.pace.last_step
        seen = seen_of(self._claim, self._ended, asked, progress, last_step)
        stderr = logs.tails(self._training.folder)["stderr"]
        return replace(
            seen, has_no_memory=says_no_memory(stderr), had_no_room=self._no_room is not None
        )


def finish(api: AttemptApi, body: dict[str, Any], is_wanted: Callable[[], bool]) -> None:  # JSON
    """Say it until it is heard; a service that disowns the attempt has heard enough."""
    try:
        for attempt in until_answered(is_wanted):
            with attempt:
                api.finish(body)
    except (StaleAttempt, ClientError) as error:
        log.warning("finish not accepted", why=str(error))


def seen_of(
    claim: Claim, ended: Ended, asked: Demand | None, progress: Progress, last_step: int
) -> Seen:
    """How far the training came, and what ended it."""
    last = min(max(progress.last_step, last_step), claim.max_train_steps)
    done = last
    if ended.exit_code == 0:
        done = done_steps(progress, last, claim.max_train_steps)
    return Seen(
        ended=ended,
        demand=asked,
        done_steps=done,
        max_train_steps=claim.max_train_steps,
        has_non_finite=progress.has_non_finite,
        is_beyond_horizon=progress.is_beyond_horizon,
    )
