"""What a training loop sees of its trial."""

import json
from pathlib import Path

import pytest

import paceline
from tests.unit.sdk.conftest import Folder


def test_a_trial_tells_what_the_worker_wrote(folder: Folder) -> None:
    with paceline.trial() as trial:
        assert trial.params == {"learning_rate": 0.1, "width": 64}
        assert trial["width"] == 64
        assert (trial.id, trial.seed, trial.max_train_steps) == ("t-1", 3, 100)
        assert trial.checkpoint_dir == folder.checkpoint_dir


@pytest.mark.usefixtures("folder")
def test_an_unknown_parameter_is_named_beside_those_there_are() -> None:
    with paceline.trial() as trial, pytest.raises(KeyError, match=r"'depth'.*learning_rate, width"):
        trial["depth"]


@pytest.mark.usefixtures("folder")
def test_the_rate_is_that_of_the_schedule() -> None:
    with paceline.trial() as trial:
        schedule = paceline.Schedule("wsd", 0.1, warmup_steps=10, decay_steps=20)
        rates = [trial.learning_rate(step) for step in range(1, 101)]
        assert rates == [schedule.learning_rate(step, 100) for step in range(1, 101)]


@pytest.mark.usefixtures("folder")
def test_it_evaluates_on_the_grid_and_at_the_end() -> None:
    with paceline.trial() as trial:
        assert [s for s in trial.steps() if trial.should_evaluate(s)] == [30, 60, 90, 100]


@pytest.mark.usefixtures("folder")
def test_it_checkpoints_at_evaluations_and_where_a_longer_run_may_resume() -> None:
    with paceline.trial() as trial:
        assert [s for s in trial.steps() if trial.should_checkpoint(s)] == [30, 60, 80, 90, 100]
        assert not trial.should_checkpoint(0)


def test_all_steps_done_are_recorded_when_the_loop_ends(folder: Folder) -> None:
    with paceline.trial() as trial:
        assert list(trial.steps(98)) == [99, 100]
        assert folder.reports() == [{"step": 100}]
    assert folder.reports() == [{"step": 100}]


def test_a_loop_left_by_break_records_the_step_it_finished(folder: Folder) -> None:
    with paceline.trial() as trial:
        for step in trial.steps():
            if step == 5:
                break
    assert folder.reports() == [{"step": 5}]


def test_an_exception_passes_unchanged_and_its_step_does_not_count(folder: Folder) -> None:
    error = ZeroDivisionError("loss exploded")

    def train() -> None:
        with paceline.trial() as trial:
            for step in trial.steps():
                if step == 5:
                    raise error

    with pytest.raises(ZeroDivisionError) as raised:
        train()
    assert raised.value is error
    assert folder.reports() == [{"step": 4}]


@pytest.mark.usefixtures("folder")
def test_a_fresh_trial_resumes_nothing() -> None:
    with paceline.trial() as trial:
        assert trial.resume(lambda path: pytest.fail(f"loaded {path}")) == 0


def test_a_resumed_trial_loads_its_checkpoint_and_goes_on_after_it(folder: Folder) -> None:
    folder.write_context(resume={"step": 98, "path": "/store/98.pt"})
    loaded: list[Path] = []
    with paceline.trial() as trial:
        start = trial.resume(loaded.append)
        assert list(trial.steps(start)) == [99, 100]
    assert loaded == [Path("/store/98.pt")]


def test_what_a_loader_raises_reaches_the_training(folder: Folder) -> None:
    folder.write_context(resume={"step": 9, "path": str(folder.path / "gone.pt")})
    with paceline.trial() as trial, pytest.raises(FileNotFoundError):
        trial.resume(Path.read_bytes)


def test_a_broken_trial_folder_is_named(folder: Folder) -> None:
    (folder.path / "context.json").write_text("{}")
    with pytest.raises(RuntimeError, match=str(folder.path)):
        paceline.trial()


@pytest.mark.usefixtures("no_ranks")
def test_outside_a_trial_it_warns_what_to_do_and_does_nothing() -> None:
    with pytest.warns(UserWarning, match="local=True"):
        trial = paceline.trial()
    with trial:
        trial.report(1, loss=0.5)
        trial.checkpoint(1, "nowhere")
        assert trial.params == {}
        assert list(trial.steps()) == []
        assert trial.resume(lambda path: path) == 0
        asked = (trial.should_evaluate, trial.should_checkpoint, trial.should_stop)
        assert not any(question(1) for question in asked)
        with pytest.raises(LookupError, match="no schedule"):
            trial.learning_rate(1)


@pytest.mark.usefixtures("no_ranks")
def test_a_local_trial_runs_on_what_is_given(tmp_path: Path) -> None:
    schedule = {"kind": "linear", "peak": "rate", "warmup_steps": "warmup"}
    with paceline.trial(
        local=True,
        params={"rate": 0.5, "warmup": 2},
        max_train_steps=10,
        schedule=schedule,
        directory=tmp_path,
    ) as trial:
        assert [trial.learning_rate(step) for step in trial.steps()][:2] == [0.25, 0.5]
        trial.report(10, loss=0.1)
        assert trial.checkpoint_dir.is_dir()
    lines = [json.loads(x) for x in (tmp_path / "reports.jsonl").read_text().splitlines()]
    assert lines == [{"step": 10}, {"step": 10, "loss": 0.1}]


@pytest.mark.usefixtures("no_ranks")
def test_a_local_trial_finds_a_folder_and_a_constant_rate_by_itself() -> None:
    with paceline.trial(local=True, params={"learning_rate": 0.2}, max_train_steps=3) as trial:
        assert [trial.learning_rate(step) for step in trial.steps()] == [0.2, 0.2, 0.2]
        assert trial.directory.is_dir()


@pytest.mark.usefixtures("folder")
def test_a_worker_s_trial_wins_over_local_arguments() -> None:
    with paceline.trial(local=True, params={"width": 1}, max_train_steps=5) as trial:
        assert trial["width"] == 64


@pytest.mark.usefixtures("no_ranks")
def test_wrong_arguments_of_a_local_trial_are_refused_by_name() -> None:
    with pytest.raises(TypeError, match="needs max_train_steps"):
        paceline.trial(local=True, params={})
    with pytest.raises(TypeError, match="does not take epochs"):
        paceline.trial(local=True, epochs=3)  # type: ignore[call-arg]  # what is tested
    with pytest.raises(TypeError, match=r"say trial\(local=True"):
        paceline.trial(max_train_steps=3)
    schedule = {"kind": "constant", "peak": 0.1, "warmup_steps": 20}
    with pytest.raises(paceline.ScheduleError, match="20 is longer than max_train_steps 10"):
        paceline.trial(local=True, max_train_steps=10, schedule=schedule)
