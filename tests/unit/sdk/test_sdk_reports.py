"""Lines of reports.jsonl: whole, plain JSON, and never a reason for training to stop."""

import json
import logging
import math
import threading
from pathlib import Path

import numpy as np
import pytest

import paceline
from paceline.sdk_files import ReportFile, hand_over
from tests.unit.sdk.conftest import Folder


class Sour:
    """A value whose conversion fails in a way of its own."""

    def __float__(self) -> float:
        raise RuntimeError("the device is gone")


def test_a_report_is_visible_at_once_as_one_line(folder: Folder) -> None:
    with paceline.trial() as trial:
        trial.report(0, val_error=0.9)
        trial.report(10, val_error=0.31, train_error=0.28)
        assert folder.reports() == [
            {"step": 0, "val_error": 0.9},
            {"step": 10, "val_error": 0.31, "train_error": 0.28},
        ]


def test_non_finite_values_are_strings_and_unmeasured_ones_null(folder: Folder) -> None:
    with paceline.trial() as trial:
        trial.report(1, a=math.nan, b=math.inf, c=-math.inf, d=None)
    assert folder.reports() == [{"step": 1, "a": "nan", "b": "inf", "c": "-inf", "d": None}]


def test_scalars_of_array_libraries_are_numbers(folder: Folder) -> None:
    with paceline.trial() as trial:
        trial.report(np.int64(7), a=np.float32(0.5), b=np.array(2), c=np.float64("nan"), d=True)  # type: ignore[arg-type]  # what users pass
    assert folder.reports() == [{"step": 7, "a": 0.5, "b": 2.0, "c": "nan", "d": 1.0}]


def test_one_bad_metric_does_not_take_the_others_with_it(
    folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), paceline.trial() as trial:
        trial.report(1, good=1, sour=Sour(), word="blue", **{"a b": 1, "checkpoint": 2})
        trial.report(2, sour=Sour())
    assert folder.reports() == [{"step": 1, "good": 1.0}]
    assert len(caplog.records) == 1
    assert "sour of step 1" in caplog.text


@pytest.mark.parametrize("step", [-1, 1.5, "x", None, math.nan, math.inf])
def test_a_report_without_a_step_is_dropped(folder: Folder, step: object) -> None:
    with paceline.trial() as trial:
        trial.report(step, loss=1.0)  # type: ignore[arg-type]  # what is tested
    assert folder.reports() == []


def test_a_folder_that_is_gone_is_complained_of_once_and_never_raised(
    folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    (folder.path / "reports.jsonl").mkdir()
    with caplog.at_level(logging.WARNING), paceline.trial() as trial:
        for step in trial.steps():
            trial.report(step, loss=1.0)
    assert len(caplog.records) == 1
    assert "report of step 1 was lost" in caplog.text


def test_lines_of_many_threads_do_not_mix(folder: Folder) -> None:
    with paceline.trial() as trial:

        def report(offset: int) -> None:
            for step in range(200):
                trial.report(step, **{f"metric_{offset}": 0.123456789})

        threads = [threading.Thread(target=report, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(folder.reports()) == 800


def test_a_line_cut_short_by_a_full_disk_does_not_spoil_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = ReportFile(tmp_path / "reports.jsonl")
    monkeypatch.setattr("os.write", lambda _descriptor, data: len(data) - 3)
    with pytest.raises(OSError, match="disk full"):
        file.append({"step": 1})
    monkeypatch.undo()
    file.append({"step": 2})
    file.close()
    assert (tmp_path / "reports.jsonl").read_text() == '\n{"step":2}\n'


@pytest.mark.parametrize("variable", ["RANK", "LOCAL_RANK", "SLURM_PROCID"])
def test_only_rank_0_reports(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    for rank in ("1", "0"):
        monkeypatch.setenv(variable, rank)
        saved = folder.checkpoint_dir / "shared.pt"
        saved.write_text(rank)
        with paceline.trial() as trial:
            trial.report(1, rank=int(rank))
            trial.checkpoint(1, saved)
            assert len(list(trial.steps())) == 100
    handed = str(folder.checkpoint_dir / "handed" / "1-1-shared.pt")
    assert folder.reports() == [
        {"step": 1, "rank": 0.0},
        {"step": 1, "checkpoint": handed},
        {"step": 100},
    ]


def test_the_global_rank_outweighs_the_local_one(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "4")
    monkeypatch.setenv("LOCAL_RANK", "0")
    with paceline.trial() as trial:
        trial.report(1, loss=1.0)
    assert folder.reports() == []


def test_checkpoints_saved_to_one_fixed_path_stay_apart(folder: Folder) -> None:
    with paceline.trial() as trial:
        for step in (30, 60):
            saved = trial.checkpoint_dir / "model.pt"
            saved.write_text(str(step))
            trial.checkpoint(step, saved)
    contents = {line["step"]: Path(line["checkpoint"]).read_text() for line in folder.reports()}
    assert contents == {30: "30", 60: "60"}


def test_a_folder_is_a_checkpoint_too(folder: Folder) -> None:
    with paceline.trial() as trial:
        (trial.checkpoint_dir / "step-30").mkdir()
        (trial.checkpoint_dir / "step-30" / "weights").write_text("w")
        trial.checkpoint(30, str(trial.checkpoint_dir / "step-30"))
    assert (Path(folder.reports()[0]["checkpoint"]) / "weights").read_text() == "w"


def test_a_checkpoint_that_is_not_there_is_complained_of_not_raised(
    folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), paceline.trial() as trial:
        trial.checkpoint(30, trial.checkpoint_dir / "nothing.pt")
        trial.checkpoint(30, None)  # type: ignore[arg-type]  # a save() that returns nothing
    assert folder.reports() == []
    assert "nothing lies at" in caplog.text


def test_the_folder_of_all_checkpoints_is_not_one(folder: Folder) -> None:
    with pytest.raises(ValueError, match="holds all checkpoints"):
        hand_over(folder.checkpoint_dir, folder.checkpoint_dir, "1-1")


def test_a_checkpoint_that_cannot_be_moved_stays_where_it_is(folder: Folder) -> None:
    elsewhere = folder.path / "elsewhere.pt"
    elsewhere.write_text("w")
    (folder.checkpoint_dir / "handed").write_text("in the way")
    assert hand_over(elsewhere, folder.checkpoint_dir, "1-1") == elsewhere


def test_every_line_is_strict_json(folder: Folder) -> None:
    with paceline.trial() as trial:
        trial.report(1, loss=1e300, other=-0.0)
    raw = (folder.path / "reports.jsonl").read_text()
    assert json.loads(raw, parse_constant=pytest.fail) == {"step": 1, "loss": 1e300, "other": -0.0}
