"""Every state, and the one table of allowed moves; nothing else in the product decides whether a
move is legal."""

from enum import StrEnum
from typing import TypeVar

from app.domain.errors import WrongState


class StudyState(StrEnum):
    """draft: created with `start: false`. active: rounds run and are reviewed. paused: by a person
    or a spent limit.
    completed: by the review of a final round or an accepted finish. cancelled: by a person."""

    DRAFT = "draft"
    ACTIVE = "active"
    PAUSED = "paused"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class RoundState(StrEnum):
    """open: its trials wait or run. in_review: the last trial ended, the conductor judges. closed:
    reviewed;
    points added later open it again."""

    OPEN = "open"
    IN_REVIEW = "in_review"
    CLOSED = "closed"


class TrialState(StrEnum):
    """waiting: until a claim. running: an attempt holds it, or its lease lapsed and nobody took
    over yet.
    completed, diverged, failed, cancelled: ended; only `retry` moves a failed or cancelled one
    back."""

    WAITING = "waiting"
    RUNNING = "running"
    COMPLETED = "completed"
    DIVERGED = "diverged"
    FAILED = "failed"
    CANCELLED = "cancelled"


class AttemptState(StrEnum):
    """leased: claimed, nothing heard yet. running: an accepted write came. The rest are ends:
    succeeded, failed and
    preempted by the worker's finish, lost by a successor's claim, cancelled by a person or a spent
    limit."""

    LEASED = "leased"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    LOST = "lost"
    PREEMPTED = "preempted"
    CANCELLED = "cancelled"


class RecommendationState(StrEnum):
    """proposed: open. accepted: its round was opened or its study finished. declined: by a person.
    superseded: by a newer review."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    SUPERSEDED = "superseded"


class Outcome(StrEnum):
    """What a worker says of an attempt that ended."""

    COMPLETED = "completed"
    DIVERGED = "diverged"
    FAILED = "failed"
    PREEMPTED = "preempted"
    CANCELLED = "cancelled"


class EndReason(StrEnum):
    """Why an attempt or a trial ended."""

    COMPLETED = "completed"
    DIVERGED = "diverged"
    CRASHED = "crashed"
    OUT_OF_MEMORY = "out_of_memory"
    TIMED_OUT = "timed_out"
    LOST = "lost"
    PREEMPTED = "preempted"
    CHECKPOINT_MISSING = "checkpoint_missing"
    CANCELLED = "cancelled"
    BUDGET = "budget"
    NO_MEASUREMENT = "no-measurement"


LIVE_ATTEMPTS = frozenset({AttemptState.LEASED, AttemptState.RUNNING})
UNFINISHED_TRIALS = frozenset({TrialState.WAITING, TrialState.RUNNING})
ENDED_STUDIES = frozenset({StudyState.COMPLETED, StudyState.CANCELLED})

S = TypeVar("S", StudyState, RoundState, TrialState, AttemptState, RecommendationState)

_STUDY, _ROUND, _TRIAL, _ATTEMPT = StudyState, RoundState, TrialState, AttemptState
_ENDS = frozenset(set(AttemptState) - LIVE_ATTEMPTS)

# One table a noun: equal wire words of two nouns ("completed") would collide as keys of a single
# one.
TRANSITIONS: dict[type[StrEnum], dict[str, frozenset[str]]] = {
    StudyState: {
        _STUDY.DRAFT: frozenset({_STUDY.ACTIVE, _STUDY.CANCELLED}),
        _STUDY.ACTIVE: frozenset({_STUDY.PAUSED, _STUDY.COMPLETED, _STUDY.CANCELLED}),
        _STUDY.PAUSED: frozenset({_STUDY.ACTIVE, _STUDY.COMPLETED, _STUDY.CANCELLED}),
        _STUDY.COMPLETED: frozenset({_STUDY.ACTIVE}),  # a hand-written round goes on with it
        _STUDY.CANCELLED: frozenset(),
    },
    RoundState: {
        _ROUND.OPEN: frozenset({_ROUND.IN_REVIEW, _ROUND.CLOSED}),
        _ROUND.IN_REVIEW: frozenset({_ROUND.CLOSED, _ROUND.OPEN}),
        _ROUND.CLOSED: frozenset({_ROUND.OPEN}),  # points added
    },
    TrialState: {
        _TRIAL.WAITING: frozenset({_TRIAL.RUNNING, _TRIAL.CANCELLED}),
        _TRIAL.RUNNING: frozenset(
            set(TrialState) - {_TRIAL.RUNNING}
        ),  # waiting: preempted, or attempts left
        _TRIAL.COMPLETED: frozenset(),
        _TRIAL.DIVERGED: frozenset(),
        _TRIAL.FAILED: frozenset({_TRIAL.WAITING}),  # retry
        _TRIAL.CANCELLED: frozenset({_TRIAL.WAITING}),  # retry
    },
    AttemptState: {
        _ATTEMPT.LEASED: _ENDS | {_ATTEMPT.RUNNING},
        _ATTEMPT.RUNNING: _ENDS,
        **{end: frozenset() for end in _ENDS},
    },
    RecommendationState: {
        RecommendationState.PROPOSED: frozenset(
            set(RecommendationState) - {RecommendationState.PROPOSED}
        ),
        RecommendationState.ACCEPTED: frozenset(),
        RecommendationState.DECLINED: frozenset(),
        RecommendationState.SUPERSEDED: frozenset(),
    },
}


def can_move(old: S, new: S) -> bool:
    """Whether the table allows the move from one state of a noun to another of the same noun."""
    return new in TRANSITIONS[type(old)][old]


def move(noun: str, old: S, new: S) -> S:
    """`new`, if the table allows the move; WrongState, naming both states, if not."""
    if not can_move(old, new):
        allowed = ", ".join(sorted(TRANSITIONS[type(old)][old])) or "nothing: this state is final"
        raise WrongState(
            f"this {noun} is {old}, so it cannot become {new}",
            hint=f"from {old} it can become: {allowed}",
        )
    return new
