"""Which checkpoints are kept."""

from dataclasses import replace

import pytest

from app.domain.curves import Segment
from app.domain.ids import AttemptId, TrialId
from app.domain.retention import superfluous
from app.domain.studies import Direction
from app.domain.trials import Checkpoint, Trial
from tests.support.trials import RUNNING

FIRST, SECOND = AttemptId("attempt-1"), AttemptId("attempt-2")


def saved(step: int, value: float | None, attempt: AttemptId = FIRST) -> Checkpoint:
    return Checkpoint(attempt, TrialId("t"), step, value, "file:///store", f"{attempt}/{step}", 1)


def trial(*lineage: Segment, checkpoint_steps: tuple[int, ...] = ()) -> Trial:
    counting = lineage or (Segment(FIRST, 0),)
    return replace(RUNNING, lineage=counting, checkpoint_steps=checkpoint_steps)


def steps_gone(found: list[Checkpoint]) -> list[int]:
    return [one.step for one in found]


def test_the_best_and_the_last_are_kept() -> None:
    everything = [saved(10, 0.5), saved(20, 0.1), saved(30, 0.4), saved(40, 0.3)]
    assert steps_gone(superfluous(everything, trial(), Direction.MINIMIZE)) == [10, 30]


def test_a_maximised_metric_keeps_its_highest() -> None:
    everything = [saved(10, 0.5), saved(20, 0.1), saved(30, 0.4)]
    assert steps_gone(superfluous(everything, trial(), Direction.MAXIMIZE)) == [20]


def test_steps_that_a_longer_run_may_resume_from_are_kept() -> None:
    everything = [saved(10, 0.5), saved(20, 0.4), saved(30, 0.1)]
    wanted = trial(checkpoint_steps=(20,))
    assert steps_gone(superfluous(everything, wanted, Direction.MINIMIZE)) == [10]


def test_of_equally_good_ones_the_earliest_is_kept() -> None:
    everything = [saved(10, 0.1), saved(20, 0.1), saved(30, 0.1), saved(40, 0.2)]
    assert steps_gone(superfluous(everything, trial(), Direction.MINIMIZE)) == [20, 30]


def test_what_a_resume_has_masked_goes_even_if_it_is_the_latest() -> None:
    lineage = (Segment(SECOND, 0),)
    everything = [saved(90, 0.01, FIRST), saved(10, 0.5, SECOND), saved(20, 0.4, SECOND)]
    gone = superfluous(everything, trial(*lineage), Direction.MINIMIZE)
    assert [(one.attempt_id, one.step) for one in gone] == [(FIRST, 90), (SECOND, 10)]


@pytest.mark.parametrize("direction", Direction)
def test_unmeasured_ones_never_displace_the_last(direction: Direction) -> None:
    everything = [saved(10, None), saved(20, None)]
    assert steps_gone(superfluous(everything, trial(), direction)) == [10]
