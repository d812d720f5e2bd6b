"""Which checkpoints of a study are still needed once rounds are closed, and why: a pure decision.

While a round is open everything of its trials stays (app/domain/retention.py thins out each trial);
afterwards only what a person or a longer run may still want does.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.domain.ids import TrialId
from app.domain.retention import best_of
from app.domain.states import TrialState
from app.domain.studies import Direction
from app.domain.trials import Checkpoint, Trial

UNFINISHED = frozenset({TrialState.WAITING, TrialState.RUNNING})


@dataclass(frozen=True, slots=True)
class Holding:
    """A study's trials and checkpoints, and who may still start from them: `promote` and `resumes`
    are those of advice that can still be acted upon, `open_rounds` those that are not closed."""

    trials: Sequence[Trial]
    saved: Sequence[Checkpoint]
    direction: Direction
    open_rounds: frozenset[int] = frozenset()
    best_trial_id: str | None = None
    promote: frozenset[TrialId] = frozenset()
    resumes: frozenset[tuple[TrialId, int]] = frozenset()


@dataclass(frozen=True, slots=True)
class Kept:
    """A checkpoint and why it stays."""

    checkpoint: Checkpoint
    why: str


@dataclass(frozen=True, slots=True)
class Pruning:
    """What stays, and what may go."""

    kept: tuple[Kept, ...]
    superfluous: tuple[Checkpoint, ...]

    @property
    def freed_bytes(self) -> int:
        return sum(one.bytes for one in self.superfluous)


def decide(holding: Holding, keep_best: int) -> Pruning:
    """Keep what somebody may resume from, and the best checkpoint of each round's best trials."""
    reasons = _Reasons(holding, keep_best)
    told = [(one, reasons.of(one)) for one in holding.saved]
    return Pruning(
        tuple(Kept(one, why) for one, why in told if why is not None),
        tuple(one for one, why in told if why is None),
    )


class _Reasons:
    """Looks up, for one checkpoint after the other, the first reason to keep it."""

    def __init__(self, holding: Holding, keep_best: int) -> None:
        self._holding = holding
        self._trials = {trial.id: trial for trial in holding.trials}
        self._heirs = {
            (trial.resume.trial_id, trial.resume.step): trial.id
            for trial in holding.trials
            if trial.resume is not None and trial.state in UNFINISHED
        }
        self._best = {
            (one.attempt_id, one.step): why for one, why in _best_ones(holding, keep_best)
        }

    def of(self, one: Checkpoint) -> str | None:
        """None: nobody needs it any more."""
        holding, trial = self._holding, self._trials.get(one.trial_id)
        if trial is None or trial.state in UNFINISHED:
            return "its trial has not ended and may resume from it"
        if trial.round in holding.open_rounds:
            return f"round {trial.round} is not closed"
        heir = self._heirs.get((one.trial_id, one.step))
        if heir is not None:
            return f"{heir} begins with it"
        if (one.trial_id, one.step) in holding.resumes:
            return "the open proposal begins with it"
        if one.trial_id in holding.promote:
            return "its trial may be promoted"
        return self._best.get((one.attempt_id, one.step))


def _best_ones(holding: Holding, keep_best: int) -> Iterator[tuple[Checkpoint, str]]:
    """The best checkpoint of the best trials of each round, and of the study's best."""
    saved: dict[TrialId, list[Checkpoint]] = {}
    for one in holding.saved:
        saved.setdefault(one.trial_id, []).append(one)
    ranked = sorted(
        (t for t in holding.trials if t.state is TrialState.COMPLETED and t.best.value is not None),
        key=lambda t: (holding.direction.sign * (t.best.value or 0.0), t.number),
    )
    seen: dict[int, int] = {}
    for trial in ranked:
        place = seen[trial.round] = seen.get(trial.round, 0) + 1
        best = best_of(saved.get(trial.id, ()), trial, holding.direction)
        if best is None:
            continue
        if trial.id == holding.best_trial_id:
            yield best, "the best of the study"
        elif place <= keep_best:
            yield best, f"number {place} of round {trial.round}"
