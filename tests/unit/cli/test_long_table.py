"""Long-form tables become the rounds of an audit."""

from pathlib import Path

import pyarrow
import pytest
import typer
from pyarrow import parquet

from paceline.cli.audits import build_request
from paceline.cli.long_table import read_rows

HEADER = "trial_id,step,val_error,train_error,lr,batch,note\n"


def table(folder: Path, *lines: str, header: str = HEADER) -> Path:
    file = folder / "runs.csv"
    file.write_text(header + "\n".join(lines) + "\n")
    return file


def test_rows_become_trials_with_sorted_curves_and_parameters(tmp_path: Path) -> None:
    file = table(
        tmp_path,
        "a,200,0.3,,0.01,32,x",
        "a,100,0.5,0.4,0.01,32,x",
        "b,100,0.6,nan,0.1,64,x",
        "b,200,inf,0.2,0.1,64,x",
    )
    body = build_request(file, {}, "val_error", "train_error")
    first, second = body["rounds"][0]["trials"]
    assert body["rounds"][0]["max_train_steps"] == 200
    assert first["curve"] == {
        "steps": [100, 200],
        "metrics": {"val_error": [0.5, 0.3], "train_error": [0.4, None]},
    }
    assert second["curve"]["metrics"] == {"val_error": [0.6, "inf"], "train_error": ["nan", 0.2]}
    assert first["params"] == {"lr": 0.01, "batch": 32}
    assert body["parameters"]["lr"]["role"] == "learning_rate"
    assert (body["parameters"]["lr"]["low"], body["parameters"]["lr"]["high"]) == (0.01, 0.1)
    assert "note" not in body["parameters"]


def test_rounds_seeds_outcomes_and_horizons_are_read(tmp_path: Path) -> None:
    file = table(
        tmp_path,
        "a,100,0.5,0.1,1,7,completed,400",
        "b,100,0.5,0.2,2,8,diverged,800",
        header="trial_id,step,val_error,lr,round,seed,outcome,max_train_steps\n",
    )
    rounds = build_request(file, {}, "val_error:maximize", None)["rounds"]
    assert [one["max_train_steps"] for one in rounds] == [400, 800]
    assert rounds[1]["trials"][0]["outcome"] == "diverged"
    assert rounds[1]["trials"][0]["seed"] == 8


def test_study_file_decides_what_counts(tmp_path: Path) -> None:
    file = table(tmp_path, "a,100,0.5,0.4,0.01,32,x", "b,100,0.4,0.4,0.1,32,x")
    study = {
        "objective": {"metric": "val_error"},
        "parameters": {"lr": {"type": "float", "low": 0.001, "high": 1.0, "scale": "log"}},
        "schedule": {"kind": "cosine", "peak": "lr"},
        "name": "ignored",
    }
    body = build_request(file, study, None, None)
    assert body["parameters"] == study["parameters"]
    assert body["rounds"][0]["schedule"] == study["schedule"]
    assert body["rounds"][0]["trials"][0]["params"] == {"lr": 0.01}
    assert "name" not in body


@pytest.mark.parametrize(
    ("lines", "objective", "word"),
    [
        (["a,100,0.5,,0.1,1,x"], None, "--objective"),
        (["a,100,0.5,,0.1,1,x"], "val_loss", "no column val_loss"),
        (["a,ten,0.5,,0.1,1,x"], "val_error", "line 2: step"),
        (["a,1.5,0.5,,0.1,1,x"], "val_error", "no whole number"),
        (["a,1,0.5,,0.1,1,x", "a,1,0.4,,0.1,1,x"], "val_error", "line 3: trial a has step 1 twice"),
        ([], "val_error", "no rows"),
    ],
)
def test_what_is_wrong_in_a_table_is_named(
    tmp_path: Path, lines: list[str], objective: str | None, word: str
) -> None:
    file = tmp_path / "runs.csv"
    file.write_text(HEADER + "".join(line + "\n" for line in lines))
    with pytest.raises(typer.BadParameter, match=word):
        build_request(file, {}, objective, None)


def test_absent_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(typer.BadParameter, match=r"cannot read .*nothing\.csv"):
        read_rows(tmp_path / "nothing.csv")


def test_parquet_is_read_like_csv(tmp_path: Path) -> None:
    file = tmp_path / "runs.parquet"
    columns = {"trial_id": ["a", "b"], "step": [100, 100], "val_error": [0.5, None], "lr": [1, 2]}
    parquet.write_table(pyarrow.table(columns), file)
    trials = build_request(file, {}, "val_error", None)["rounds"][0]["trials"]
    assert trials[1]["curve"]["metrics"]["val_error"] == [None]


def guessing(folder: Path, header: str, *cells: str) -> dict[str, object]:
    """Two trials of two steps; `cells` follow trial_id and step, row by row."""
    rows = [f"{trial},{step}," for trial in ("a", "b") for step in (100, 200)]
    lines = [row + cell for row, cell in zip(rows, cells, strict=True)]
    return build_request(table(folder, *lines, header=f"trial_id,step,{header}\n"), {}, None, None)


def test_the_only_validation_metric_decides_and_its_training_twin_is_found(tmp_path: Path) -> None:
    cells = ("0.5,0.4,0.7,.1", "0.6,0.3,0.8,.1", "0.4,0.4,0.6,.2", "0.7,0.2,0.9,.2")
    body = guessing(tmp_path, "val_accuracy,train_loss,train_accuracy,lr", *cells)
    assert body["objective"] == {"metric": "val_accuracy", "direction": "maximize"}
    assert body["training_metric"] == {"metric": "train_accuracy", "direction": "maximize"}
    assert list(body["parameters"]) == ["lr"]  # type: ignore[call-overload]  # a mapping


def test_what_changes_within_a_trial_is_no_parameter(tmp_path: Path) -> None:
    cells = ("0.5,1,.1", "0.6,2,.1", "0.4,1,.2", "0.7,2,.2")
    body = guessing(tmp_path, "test_error,train_passes,lr", *cells)
    assert list(body["parameters"]) == ["lr"]  # type: ignore[call-overload]  # a mapping


def test_two_candidates_are_asked_about(tmp_path: Path) -> None:
    cells = ("0.5,0.4,.1", "0.6,0.3,.1", "0.4,0.4,.2", "0.7,0.2,.2")
    with pytest.raises(typer.BadParameter, match=r"val_error, val_loss .*--objective"):
        guessing(tmp_path, "val_error,val_loss,lr", *cells)


def test_a_table_in_which_nothing_changes_asks_for_the_metric(tmp_path: Path) -> None:
    with pytest.raises(typer.BadParameter, match="no column changes within a trial"):
        guessing(tmp_path, "val_error,lr", "0.5,.1", "0.5,.1", "0.4,.2", "0.4,.2")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_columns_may_be_parted_by_commas_semicolons_or_tabs(tmp_path: Path, delimiter: str) -> None:
    file = tmp_path / "runs.csv"
    file.write_text("\n".join(delimiter.join(row) for row in (("trial_id", "step"), ("a", "1"))))
    assert read_rows(file) == [{"trial_id": "a", "step": "1"}]


def test_a_file_that_is_no_parquet_is_named(tmp_path: Path) -> None:
    file = tmp_path / "runs.parquet"
    file.write_bytes(b"not a table")
    with pytest.raises(typer.BadParameter, match="cannot read"):
        read_rows(file)
