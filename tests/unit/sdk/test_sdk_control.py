"""Stopping when told to: after a step that every rank still has ahead, evaluated and saved."""

import pytest

import paceline
from tests.unit.sdk.conftest import Folder

pytestmark = pytest.mark.usefixtures("every_look_reads")


def test_a_process_on_its_own_stops_at_its_next_step(folder: Folder) -> None:
    done = []
    with paceline.trial() as trial:
        for step in trial.steps():
            if step == 7:
                folder.control("stop after step 90\n")
            done.append((step, trial.should_evaluate(step), trial.should_checkpoint(step)))
    assert done[-2:] == [(6, False, False), (7, True, True)]
    assert folder.reports() == [{"step": 7}]


def test_a_question_already_answered_is_not_answered_otherwise(folder: Folder) -> None:
    with paceline.trial() as trial:
        for step in trial.steps():
            evaluates = trial.should_evaluate(step)
            if step == 7:
                folder.control("stop after step 90")
            assert trial.should_evaluate(step) == evaluates
    assert folder.reports() == [{"step": 8}]


def test_ranks_stop_together_after_the_step_named(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    last = []
    for rank, seen_at in (("0", 3), ("1", 20)):
        monkeypatch.setenv("RANK", rank)
        (folder.path / "control").unlink(missing_ok=True)
        with paceline.trial() as trial:
            for step in trial.steps():
                if step == seen_at:
                    folder.control("stop after step 25")
            last.append((step, trial.should_evaluate(step), trial.should_checkpoint(step)))
    assert last == [(25, True, True), (25, True, True)]
    assert folder.reports() == [{"step": 25}]


def test_a_rank_that_is_already_past_the_step_stops_at_its_next(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "0")
    folder.control("stop after step 25")
    with paceline.trial() as trial:
        assert list(trial.steps(40)) == [41]


def test_cancel_ends_the_loop_at_once(folder: Folder) -> None:
    with paceline.trial() as trial:
        for step in trial.steps():
            if step == 7:
                folder.control("cancel")
        assert step == 7
        assert trial.should_stop(7)
        assert not trial.should_checkpoint(7)
    assert folder.reports() == [{"step": 7}]


def test_cancel_overrules_an_earlier_stop(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "0")
    folder.control("stop after step 50")
    with paceline.trial() as trial:
        for step in trial.steps():
            if step == 7:
                folder.control("cancel")
    assert step == 7


@pytest.mark.parametrize("text", ["", "stop after", "wait"])
def test_a_word_that_is_not_understood_changes_nothing(folder: Folder, text: str) -> None:
    folder.control(text)
    with paceline.trial() as trial:
        assert len(list(trial.steps())) == 100


def test_a_loop_of_its_own_is_told_when_to_stop(folder: Folder) -> None:
    asked = []
    with paceline.trial() as trial:
        for step in range(1, 101):
            if step == 7:
                folder.control("stop after step 90")
            asked.append((trial.should_evaluate(step), trial.should_checkpoint(step)))
            if trial.should_stop(step):
                break
    assert (step, asked[-2:]) == (7, [(False, False), (True, True)])


def test_a_stop_found_after_the_questions_leaves_one_more_step(folder: Folder) -> None:
    with paceline.trial() as trial:
        trial.should_evaluate(7)
        folder.control("stop after step 90")
        assert not trial.should_stop(7)
        assert trial.should_evaluate(8)
        assert trial.should_stop(8)


@pytest.mark.usefixtures("folder")
def test_a_loop_of_its_own_ends_at_the_horizon() -> None:
    with paceline.trial() as trial:
        assert [trial.should_stop(step) for step in (99, 100)] == [False, True]


def test_a_stop_never_lies_beyond_the_horizon(folder: Folder) -> None:
    folder.control("stop after step 5000")
    with paceline.trial() as trial:
        assert list(trial.steps(99)) == [100]


def test_asking_for_the_grid_in_advance_does_not_put_off_a_stop(folder: Folder) -> None:
    with paceline.trial() as trial:
        assert [s for s in range(101) if trial.should_evaluate(s)] == [0, 30, 60, 90, 100]
        folder.control("stop after step 90")
        assert list(trial.steps()) == [1]
