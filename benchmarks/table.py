"""One row a figure: ours, the peer's, and their ratio."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter


@dataclass(frozen=True, slots=True)
class Row:
    """`spread` is (least, most) of the runs; `hold` says what performance asks for."""

    work: str
    ours: float
    peer: float | None
    unit: str
    hold: str
    is_higher_better: bool = True
    spread: tuple[float, float] | None = None


def seconds_each(work: Callable[[], object], runs: int) -> list[float]:
    """How long each of `runs` runs took."""
    taken = []
    for _ in range(runs):
        began = perf_counter()
        work()
        taken.append(perf_counter() - began)
    return taken


def rates(work: Callable[[], int], runs: int) -> list[float]:
    """Items a second of each run; `work` says how many items it did."""
    found = []
    for _ in range(runs):
        began = perf_counter()
        done = work()
        found.append(done / (perf_counter() - began))
    return found


def middle(values: Sequence[float]) -> float:
    """The median."""
    return statistics.median(values)


def render(rows: Sequence[Row]) -> str:
    """A Markdown table."""
    lines = [
        "| work | Paceline | spread | peer | ratio | to hold |",
        "| - | - | - | - | - | - |",
    ]
    return "\n".join([*lines, *(_line(row) for row in rows)])


def _line(row: Row) -> str:
    spread = "" if row.spread is None else f"{row.spread[0]:.4g} ... {row.spread[1]:.4g}"
    peer = "" if row.peer is None else f"{row.peer:.4g} {row.unit}"
    cells = (row.work, f"{row.ours:.4g} {row.unit}", spread, peer, _ratio(row), row.hold)
    return f"| {' | '.join(cells)} |"


def _ratio(row: Row) -> str:
    if not row.peer or not row.ours:
        return ""
    ratio = row.ours / row.peer if row.is_higher_better else row.peer / row.ours
    return f"{ratio:.1f}x"
