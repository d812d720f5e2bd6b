"""What the runs of the machine are drawn from: studies, places, values, whole lives of a trial."""

from dataclasses import dataclass

from hypothesis import strategies as st

from tests.model.nouns import HORIZON, WORKERS, Study

PLACES = st.sampled_from([(worker, slot) for worker in WORKERS for slot in "01"])
PICKS = st.integers(0, 50)  # of a list, from its end: the newest first
STEPS = st.integers(1, HORIZON)
VALUES = st.sampled_from([0.5, 0.25, 0.75, 0.1, float("nan"), float("inf")])
PEOPLE = (
    "pause",
    "resume",
    "resume",
    "cancel",
    "retry trial",
    "retry trial",
    "cancel trial",
    "limit",
    "turn",
    "worker",
)
OUTCOMES = ("completed", "diverged", "failed", "preempted", "cancelled", "checkpoint_missing")
BEFELL = ("lapsed", "lapsed", "released", "revived", "revived", "cancelled by a person")
FATES = (*OUTCOMES, "failed", "preempted", *BEFELL)
FALLING, RISING = {2: 0.75, 4: 0.5, 6: 0.25}, {2: 0.25, 4: 0.5, 6: 0.75}
COUNTS = st.integers(2, 4)  # of trials
FORGERIES = st.integers(0, 9).map(lambda one: one == 9)
STUDIES = st.builds(
    Study,
    id=st.just(""),
    priority=st.integers(0, 1),
    concurrency=st.sampled_from([None, None, 1, 2]),
    gpus=st.sampled_from([0, 0, 1]),
    is_resumable=st.sampled_from([True, True, False]),
    max_attempts=st.sampled_from([1, 2, 2]),
    steps_limit=st.sampled_from([None, None, None, None, 8, 12, 20, 40]),
    seconds_limit=st.sampled_from([None, 23_125.0]),  # two reservations of 11,000, and a bit
    trials=st.just([]),
    state=st.just("active"),
)


@dataclass(frozen=True)
class Life:
    """What a trial mostly goes through: an attempt that reports and saves, its end or what befalls
    it, and a next claim, which may find that the checkpoint is gone."""

    place: tuple[str, str]
    saved: int
    points: dict[int, float]
    fate: str
    successor: tuple[str, str]
    is_found: bool
    is_followed: bool  # its slot claims again before its end is told


LIVES = st.builds(
    Life,
    place=PLACES,
    saved=st.sampled_from([2, 4, 6]),
    points=st.sampled_from([FALLING, RISING]),
    fate=st.sampled_from(FATES),
    successor=PLACES,
    is_found=st.booleans(),
    is_followed=st.booleans(),
)
