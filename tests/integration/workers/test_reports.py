"""Reports from lines to columns: whole lines alone, bad ones skipped, the first value kept."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.measurements import columns, halves, merge
from workers.tail import CHUNK_BYTES, Measured, Saved, is_finite, last_step, read_piece


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "reports.jsonl"


def test_half_a_line_waits_for_its_end(file: Path) -> None:
    file.write_text('{"step": 1, "loss": 0.5}\n{"step": 2, "lo')
    piece = read_piece(file, 0)
    assert piece.reports == (Measured(1, {"loss": 0.5}),)
    with file.open("a") as reports:
        reports.write('ss": 0.25}\n')
    assert read_piece(file, piece.next_offset).reports == (Measured(2, {"loss": 0.25}),)


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        "[1, 2]",
        '{"loss": 1}',
        '{"step": -1, "loss": 1}',
        '{"step": 1.5, "loss": 1}',
        '{"step": true, "loss": 1}',
        '{"step": 1, "loss": "low"}',
        '{"step": 1, "loss": true}',
        '{"step": 1, "loss": [1]}',
        '{"step": 1, "checkpoint": 7}',
        "[" * 100_000,
    ],
)
def test_bad_line_is_skipped_and_the_next_one_read(file: Path, line: str) -> None:
    file.write_text(line + '\n{"step": 3, "loss": 1}\n')
    assert read_piece(file, 0).reports == (Measured(3, {"loss": 1}),)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("NaN", "nan"),
        ("Infinity", "inf"),
        ("-Infinity", "-inf"),
        ("1e999", "inf"),
        ('"nan"', "nan"),
        ('"-inf"', "-inf"),
        ('"NaN"', "nan"),
        ("null", None),
        ("3", 3),
    ],
)
def test_non_finite_numbers_become_words(file: Path, written: str, read: object) -> None:
    file.write_text(f'{{"step": 1, "loss": {written}}}\n')
    (report,) = read_piece(file, 0).reports
    assert isinstance(report, Measured)
    assert report.metrics["loss"] == read
    assert is_finite(report.metrics["loss"]) == (read in (None, 3))


def test_checkpoint_lines_keep_their_place_between_measurements(file: Path) -> None:
    file.write_text('{"step":1,"loss":1}\n{"step":1,"checkpoint":"w"}\n{"step":2,"loss":1}\n')
    kinds = [type(report) for report in read_piece(file, 0).reports]
    assert kinds == [Measured, Saved, Measured]


def test_line_without_end_is_skipped_piece_by_piece(file: Path) -> None:
    file.write_text("x" * (CHUNK_BYTES + 10) + '\n{"step": 1, "loss": 1}\n')
    first = read_piece(file, 0)
    assert first.reports == ()
    assert read_piece(file, first.next_offset).reports == (Measured(1, {"loss": 1}),)


def test_last_step_ignores_half_and_bad_lines(file: Path) -> None:
    file.write_text('{"step": 4, "loss": 1}\nbad\n{"step": 5')
    assert last_step(file) == 4


@given(st.lists(st.tuples(st.integers(1, 9), st.sampled_from("abc"), st.floats(0, 1)), max_size=30))
def test_columns_hold_the_first_value_of_each_metric_at_each_step(
    reports: list[tuple[int, str, float]],
) -> None:
    first: dict[tuple[int, str], float] = {}
    for step, name, value in reports:
        first.setdefault((step, name), value)
    steps, metrics = columns(merge([Measured(s, {name: value}) for s, name, value in reports]))
    assert steps == sorted({step for step, _, _ in reports})
    sent = {
        (step, name): value
        for name, values in metrics.items()
        for step, value in zip(steps, values, strict=True)
        if value is not None
    }
    assert sent == first


def test_halves_lose_nothing_and_end_at_a_single_value() -> None:
    rows = [Measured(step, {"a": 1.0, "b": 2.0, "c": 3.0}) for step in range(1, 6)]
    waiting, single = [rows], []
    while waiting:
        parts = halves(waiting.pop())
        waiting += [part for part in parts if halves(part)]
        single += [part for part in parts if not halves(part)]
    assert len(single) == 15
    assert all(len(part) == 1 and len(part[0].metrics) == 1 for part in single)
