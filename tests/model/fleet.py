"""The model of claims, reports, ends and leases, written from the design and the contract alone."""

import math
from collections import Counter
from dataclasses import dataclass, field

from tests.model.nouns import (
    HORIZON,
    LEASE,
    SWEEP,
    Attempt,
    Saved,
    Study,
    Trial,
    is_readable,
    is_same,
    reserved_seconds,
)


class Stale(Exception):
    """The write of an attempt that no longer holds its trial, or of a forger."""


class Refused(Exception):
    """What the rules of the contract do not allow."""


@dataclass
class Fleet:
    """Everything, and the clock that only `pass_time` moves. `met`: how often what happened."""

    now: float = 0.0
    api_seen_at: float = 0.0
    last_sweep_at: float = 0.0
    quiet_until: float = 0.0
    studies: dict[str, Study] = field(default_factory=dict)
    workers: dict[str, str] = field(default_factory=dict)  # what people made of them
    requests: dict[tuple[str, str], Attempt] = field(default_factory=dict)
    met: Counter[str] = field(default_factory=Counter)

    @property
    def trials(self) -> list[Trial]:
        return [trial for study in self.studies.values() for trial in study.trials]

    @property
    def attempts(self) -> list[Attempt]:
        return [attempt for study in self.studies.values() for attempt in study.attempts]

    @property
    def in_review(self) -> list[Study]:
        return [study for study in self.studies.values() if study.round_state == "in_review"]

    @property
    def is_quiet(self) -> bool:
        """Nodes that could not be heard are heard first."""
        return self.now < self.quiet_until or self.now - self.api_seen_at > 2 * SWEEP

    # --- claims ---------------------------------------------------------------------------------

    def release_older(self, place: tuple[str, str], after: Attempt | None) -> None:
        """A new request from a slot: its unfinished older attempts are lost, the trials wait; but
        the one that the request names goes on."""
        for attempt in self.attempts:
            if attempt.place == place and attempt.is_live and attempt is not after:
                self.lose(attempt)
                attempt.trial.state, attempt.trial.reason = "waiting", None

    def hear_first(self, worker: str) -> None:
        """It was cut off and is back: what lapsed under it may report for a lease, once."""
        for attempt in self.attempts:
            is_unheard = attempt.is_marked and attempt.heard_until is None
            if attempt.place[0] == worker and is_unheard:
                attempt.heard_until = self.now + LEASE
                self.met["heard first"] += 1

    def has_lapsed(self, attempt: Attempt) -> bool:
        """Whether another may take its trial over."""
        return attempt.is_marked and (attempt.heard_until or 0.0) <= self.now

    def left(self, study: Study, after: Attempt | None) -> list[Trial]:
        """Whose attempts have lapsed; the one that a claim names is never taken by it."""
        holders = [t.holder for t in study.trials if t.holder and t.holder is not after]
        return [one.trial for one in holders if self.has_lapsed(one)]

    def first_of(self, study: Study, worker: str, gpus: int, after: Attempt | None) -> Trial | None:
        """Marked ones first, each by number; what does not fit the limit is passed over."""
        if study.gpus > gpus:
            return None
        marked = [] if self.is_quiet else self.left(study, after)
        for trial in [*marked, *(self.due(study) if study.has_room else [])]:
            if self.fits(trial, worker):
                return trial
        return None

    def due(self, study: Study) -> list[Trial]:
        return [t for t in study.trials if t.state == "waiting" and t.not_before <= self.now]

    def fits(self, trial: Trial, worker: str) -> bool:
        """Whether its claim could reserve, once a lapsed attempt of it is settled."""
        study, held = trial.study, trial.holder
        start = self.start_of(trial, worker)
        steps, seconds = HORIZON - (start.step if start else 0), reserved_seconds(study)
        if held is not None:
            spent, _ = self.settled_steps(held, "lost")
            steps += spent - held.reserved_steps
            seconds += min(self.used_seconds(held, "lost"), held.reserved_seconds)
            seconds -= held.reserved_seconds
        return study.holds(steps, seconds)

    def start_of(self, trial: Trial, worker: str | None = None) -> Saved | None:
        """The latest checkpoint that counts and that the worker (None: whoever can) reads; a job
        that is not resumable starts anew."""
        if not trial.study.is_resumable:
            return None
        counting = [one for one in trial.saved if not one.is_forgotten and trial.counts(one)]
        readable = [one for one in counting if worker is None or is_readable(one, worker)]
        return max(readable, key=lambda one: one.step, default=None)

    def take(self, trial: Trial, attempt: Attempt) -> None:
        """The claim that was answered: masks, and reserves."""
        if trial.holder:
            self.lose(trial.holder)
            self.met["taken over"] += 1
        start = self.start_of(trial, attempt.place[0])
        step = start.step if start else 0
        attempt.number, attempt.resumed = len(trial.attempts) + 1, start
        attempt.start_step = attempt.last_step = step
        attempt.started_at, attempt.lease_until = self.now, self.now + LEASE
        attempt.reserved_steps, attempt.reserved_seconds = (
            HORIZON - step,
            reserved_seconds(trial.study),
        )
        kept = [(a, f, min(step, t) if t is not None else step) for a, f, t in trial.lineage]
        lineage = [(a, f, t) for a, f, t in kept if f <= t] if start else []
        trial.lineage = [*lineage, (attempt, step + 1 if start else 0, None)]
        trial.last_step, trial.state, trial.reason = step, "running", None
        self.note_claim(trial, attempt)
        trial.attempts.append(attempt)

    def note_claim(self, trial: Trial, attempt: Attempt) -> None:
        before = trial.attempts[-1] if trial.attempts else None
        start, last = attempt.resumed, max((one.step for one in trial.saved), default=0)
        self.met["claimed"] += 1
        self.met["resumed"] += start is not None
        self.met["resumed by another worker"] += bool(start and start.worker != attempt.place[0])
        self.met["resumed from an older checkpoint"] += bool(start and start.step < last)
        self.met["masked"] += bool(before and max(before.curve, default=0) > attempt.start_step)
        self.met["retried"] += bool(before and before.state == "failed")

    # --- reports --------------------------------------------------------------------------------

    def hold(self, attempt: Attempt, token: str) -> None:
        """The fence. Raises Stale."""
        if token != attempt.token or not attempt.is_live:
            self.met["fenced"] += 1
            raise Stale

    def hear(self, attempt: Attempt, *, extends: bool) -> None:
        self.met["revived"] += attempt.is_marked
        self.met["heard in time"] += attempt.heard_until is not None
        attempt.state, attempt.is_marked, attempt.heard_until = "running", False, None
        if extends:
            attempt.lease_until = self.now + LEASE

    def heartbeat(self, attempt: Attempt, token: str, step: int) -> str:
        """What it is told. Raises Stale."""
        if token == attempt.token and attempt.state == "cancelled":
            return "cancel"
        self.hold(attempt, token)
        self.hear(attempt, extends=True)
        attempt.last_step = max(attempt.last_step, min(step, HORIZON))
        is_draining = self.workers.get(attempt.place[0]) == "draining"
        is_paused = attempt.trial.study.state == "paused"
        return "stop" if is_paused or is_draining else "continue"

    def measure(self, attempt: Attempt, token: str, points: dict[int, float]) -> tuple[int, int]:
        """How many points are new and how many known. Raises Stale or Refused."""
        self.hold(attempt, token)
        if max(points) > HORIZON:
            self.met["beyond the horizon"] += 1
            raise Refused("horizon-exceeded")
        known = {step: attempt.curve[step] for step in points if step in attempt.curve}
        if any(not is_same(points[step], value) for step, value in known.items()):
            self.met["conflict"] += 1
            raise Refused("conflicting-measurement")
        self.hear(attempt, extends=True)
        attempt.curve |= points
        attempt.last_step = max(attempt.last_step, *points)
        first = attempt.trial.lineage[-1][1]
        attempt.trial.last_step = max(
            attempt.trial.last_step, *(s for s in points if s >= first), 0
        )
        return len(points) - len(known), len(known)

    def save(self, attempt: Attempt, token: str, step: int) -> Saved:
        """Keep a checkpoint. Raises Stale or Refused."""
        self.hold(attempt, token)
        if not attempt.start_step <= step <= HORIZON:
            raise Refused("outside of the attempt")
        self.hear(attempt, extends=False)
        value = attempt.curve.get(step)
        if step == attempt.start_step and attempt.trial.best and attempt.trial.best[0] == step:
            value = attempt.trial.best[1]
        saved = Saved(attempt.id, attempt.place[0], step, value)
        trial = attempt.trial
        trial.saved = [s for s in trial.saved if (s.attempt, s.step) != (attempt.id, step)]
        trial.saved.append(saved)
        return saved

    def drop(self, trial: Trial, keys: set[str]) -> None:
        """The service named what may go: never the last nor the best that counts."""
        gone = [one for one in trial.saved if f"{one.attempt}/{one.step}" in keys]
        counting = [one for one in trial.saved if not one.is_forgotten and trial.counts(one)]
        finite = [one for one in counting if one.value is not None and math.isfinite(one.value)]
        best = min(finite, key=lambda one: (one.value, one.step), default=None)
        for one in gone:
            assert one is not best, f"the best checkpoint was dropped: {one}"
            assert one is not max(counting, key=lambda c: c.step), f"the last was dropped: {one}"
            one.is_forgotten = True
        self.met["checkpoint dropped"] += len(gone)

    # --- ends -----------------------------------------------------------------------------------

    def finish(self, attempt: Attempt, token: str, outcome: str, step: int) -> str:
        """The worker's own end; said again it changes nothing. The trial's state. Raises Stale."""
        if token != attempt.token or attempt.state == "lost":
            self.met["fenced"] += 1
            raise Stale
        trial = attempt.trial
        if not attempt.is_live:
            self.met["ended twice"] += 1
            return trial.state
        attempt.last_step = min(max(step, attempt.last_step), HORIZON)
        ended, becomes, reason = self.conclude(trial, outcome)
        self.end(attempt, ended, reason)
        trial.state, trial.reason = becomes, reason
        trial.last_step = max(trial.last_step, attempt.last_step)
        trial.censored = becomes == "completed" and attempt.last_step < HORIZON
        if outcome == "checkpoint_missing" and attempt.resumed:
            attempt.resumed.is_forgotten = True
            self.met["checkpoint missing"] += 1
        trial.not_before = 0.0
        self.close_if_over(trial.study)
        return trial.state

    def conclude(self, trial: Trial, outcome: str) -> tuple[str, str, str]:
        """States of attempt and trial, and the reason."""
        if outcome == "diverged" or any(not math.isfinite(v) for v in trial.curve.values()):
            return "succeeded", "diverged", "diverged"
        if outcome == "completed" and trial.best is None:
            trial.failures += 1
            return "failed", "failed", "no-measurement"
        if outcome == "completed":
            return "succeeded", "completed", "completed"
        if outcome == "failed":
            trial.failures += 1
            is_last = trial.failures >= trial.study.max_attempts
            return "failed", "failed" if is_last else "waiting", "crashed"
        if outcome == "cancelled":
            return "cancelled", "cancelled", "cancelled"
        return "preempted", "waiting", outcome

    def lose(self, attempt: Attempt) -> None:
        self.end(attempt, "lost", "lost")

    def cancel_trial(self, trial: Trial, reason: str = "cancelled") -> None:
        if trial.state not in ("waiting", "running"):
            raise Refused("final")
        if trial.holder:
            self.met["cancelled while it ran"] += 1
            self.end(trial.holder, "cancelled", reason)
        trial.state, trial.reason = "cancelled", reason
        self.close_if_over(trial.study)

    def pause(self, study: Study) -> None:
        if study.state != "active":
            raise Refused("only an active study pauses")
        study.state = "paused"

    def resume(self, study: Study) -> None:
        if study.state not in ("paused", "completed"):
            raise Refused("only a paused study resumes")
        study.state, study.is_spent = "active", False

    def cancel_study(self, study: Study) -> None:
        """What runs or waits ends; what ended stays, and the round is reviewed."""
        if study.state == "cancelled":
            raise Refused("final")
        for trial in study.trials:
            if trial.state in ("waiting", "running"):
                self.cancel_trial(trial)
        study.state, study.is_spent = "cancelled", False
        self.close_if_over(study)

    def change_limit(self, study: Study, limit: int | None) -> None:
        """Never below what is used; a study paused for its limit goes on."""
        if limit is not None and limit < study.steps_spent + study.steps_reserved:
            raise Refused("below what is spent and reserved")
        study.steps_limit = limit
        if study.is_spent:
            study.state, study.is_spent = "active", False

    def retry(self, trial: Trial) -> None:
        study = trial.study
        is_over = study.round_state != "open" or study.state in ("completed", "cancelled")
        if is_over or trial.state not in ("failed", "cancelled"):
            raise Refused("not to be retried")
        trial.state, trial.reason, trial.failures, trial.not_before = "waiting", None, 0, 0.0

    def end(self, attempt: Attempt, state: str, reason: str) -> None:
        """Settle: the steps done are spent, those of a lost attempt up to its last checkpoint."""
        study = attempt.trial.study
        spent, lost = self.settled_steps(attempt, state)
        used = self.used_seconds(attempt, state)
        study.steps_spent += spent
        study.steps_lost += lost
        if study.seconds_limit is None:
            study.spent_seconds += used
        else:
            study.spent_seconds += min(used, attempt.reserved_seconds)
            study.overrun_seconds += max(0.0, used - attempt.reserved_seconds)
        attempt.state, attempt.reason, attempt.is_marked = state, reason, False
        self.met[f"attempt {state}: {reason}"] += 1
        self.met["steps lost"] += lost > 0

    def settled_steps(self, attempt: Attempt, state: str) -> tuple[int, int]:
        done = max(0, attempt.last_step - attempt.start_step)
        if state != "lost":
            return done, 0
        own = [
            s.step for s in attempt.trial.saved if s.attempt == attempt.id and not s.is_forgotten
        ]
        useful = min(done, max(0, max(own, default=0) - attempt.start_step))
        return useful, done - useful

    def used_seconds(self, attempt: Attempt, state: str) -> float:
        until = min(self.now, attempt.lease_until) if state == "lost" else self.now
        return attempt.trial.study.gpus * max(0.0, until - attempt.started_at)

    # --- time and the conductor ---------------------------------------------------------------

    def api_is_seen(self) -> None:
        if self.now - self.api_seen_at > 2 * SWEEP:
            self.quiet_until = max(self.quiet_until, self.now + LEASE)
        self.api_seen_at = self.now

    def sweep(self) -> None:
        if self.now - self.last_sweep_at > LEASE:
            self.quiet_until = max(self.quiet_until, self.now + LEASE)
        self.last_sweep_at = self.now
        for attempt in self.attempts:
            if attempt.is_live and attempt.lease_until < self.now and not self.is_quiet:
                self.met["expired"] += not attempt.is_marked
                attempt.is_marked = True
        for study in self.studies.values():
            self.end_if_spent(study)

    def end_if_spent(self, study: Study) -> None:
        """Nothing reserved but by lapsed attempts, and nothing would fit once they are settled."""
        left = [trial for trial in study.trials if trial.state in ("waiting", "running")]
        has_limit = study.steps_limit is not None or study.seconds_limit is not None
        holders = [trial.holder for trial in left if trial.holder]
        if study.state != "active" or not left or not has_limit:
            return
        if not all(self.has_lapsed(attempt) for attempt in holders) or self.fits_after(study, left):
            return
        for attempt in holders:
            self.lose(attempt)
        for trial in left:
            trial.state, trial.reason = "cancelled", "budget"
        study.state, study.is_spent = "paused", True
        self.met["limit spent"] += 1
        self.close_if_over(study)

    def fits_after(self, study: Study, left: list[Trial]) -> bool:
        """Whether one of them fits when all lapsed attempts are settled as lost."""
        steps, seconds = 0, 0.0
        for trial in left:
            if trial.holder:
                steps += self.settled_steps(trial.holder, "lost")[0] - trial.holder.reserved_steps
                used = self.used_seconds(trial.holder, "lost")
                seconds += min(used, trial.holder.reserved_seconds) - trial.holder.reserved_seconds
        starts = {trial.id: self.start_of(trial) for trial in left}
        return any(
            study.holds(
                steps + HORIZON - (start.step if start else 0), seconds + reserved_seconds(study)
            )
            for start in starts.values()
        )

    def close_if_over(self, study: Study) -> None:
        if study.round_state == "open" and not any(
            trial.state in ("waiting", "running") for trial in study.trials
        ):
            study.round_state = "in_review"
