"""Is the best value of a learning rate at the end of what was tried? Policy 2.3, and its guards.

The judgement works on positions u (0..1 along the parameter's scale) and outcomes (lower is better,
inf = diverged): dropping diverged trials would double the false positives.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

import numpy as np

from app.policy.facts import Curve, Steps
from app.policy.order import mean_of_best, ranks, spearman

Side = Literal["low", "high"]
LEAST_GRID_VALUES = 5
LEAST_RANDOM_VALUES = 8
LEAST_ALIVE = 3
END_SHARE = 0.10  # of the range, from the bound: random points there count as the end
TIE_SHARE = 0.5  # of sigma_eval: another interior value this close makes an edge a suspect
END_NOISE = 2.0  # sigma_eval: within it a value may be as good as the best, beyond it is worse
MIDDLE = 0.5


class Strength(StrEnum):
    """edge: widen. suspect: ask for three points beyond that end, once."""

    EDGE = "edge"
    SUSPECT = "suspect"


@dataclass(frozen=True, slots=True)
class Points:
    """What the algorithm reads, ascending by u, shape (n,): an entry a value or configuration.

    `has_learned`: 0 where a trial ended no better than it began (counts above the best only).
    """

    u: Curve
    outcome: Curve  # inf: diverged
    has_learned: Curve  # 1.0 or 0.0
    is_grid: bool
    n_dimensions: int
    n_distinct: int
    noise_eval: float


@dataclass(frozen=True, slots=True)
class EdgeJudgement:
    """side None: inside the range. `is_cliff`: everything above the last stable value diverges."""

    side: Side | None = None
    strength: Strength | None = None
    why: str = ""
    statistic: float | None = None
    is_cliff: bool = False
    missing: tuple[str, ...] = ()  # not judged, and what is wanted


def judge_edge(points: Points) -> EdgeJudgement:
    """Where the best value lies (policy 2.3). Depends on order and ties only, never on the unit."""
    alive = np.isfinite(points.outcome)
    if is_stuck_at_the_low_end(alive):
        return EdgeJudgement("low", Strength.EDGE, "nearly everything above diverged")
    if points.n_dimensions > 1:
        least, enough = LEAST_RANDOM_VALUES, points.u.size
    else:
        least = LEAST_GRID_VALUES if points.is_grid else LEAST_RANDOM_VALUES
        enough = points.n_distinct
    if enough < least or alive.sum() < LEAST_ALIVE:
        return EdgeJudgement(missing=("trials",), why=f"{enough} values tried, {least} wanted")
    judge = _judge_many if points.n_dimensions > 1 else _judge_one
    return with_cliff(judge(points), points)


def is_stuck_at_the_low_end(alive: Curve) -> bool:
    """All diverged; or of at least 8 fewer than 3 did not, and these among the three lowest."""
    if alive.size and not alive.any():
        return True
    is_few = alive.size >= LEAST_RANDOM_VALUES and alive.sum() < LEAST_ALIVE
    return bool(is_few and not alive[3:].any())


def best_index(points: Points) -> int:
    """The best value; of exactly equal ones the one most inside the range."""
    best = np.flatnonzero(points.outcome == points.outcome.min())
    return int(best[np.argmin(np.abs(points.u[best] - MIDDLE))])


def is_cliff(points: Points, alive: Steps) -> bool:
    """Whether everything above the last stable value is dead and at most one lives above the best.

    `alive`: indices of the stable values, ascending.
    """
    is_dead_above = bool(alive.size) and int(alive[-1]) < points.u.size - 1
    return is_dead_above and int((alive > best_index(points)).sum()) <= 1


def with_cliff(judgement: EdgeJudgement, points: Points) -> EdgeJudgement:
    """The optimum may sit at a cliff of values that never learned: then the high side is no edge.

    They count as dead for SPC203 only (policy section 0), so a low edge stands.
    """
    if judgement.side == "low" or judgement.missing or judgement.is_cliff:
        return judgement
    above = np.arange(points.u.size) > best_index(points)
    has_failed = ~np.isfinite(points.outcome) | (above & (points.has_learned == 0.0))
    if not is_cliff(points, np.flatnonzero(~has_failed)):
        return judgement
    why = "the range ends at the stability cliff"
    return replace(judgement, side=None, strength=None, why=why, is_cliff=True)


def _judge_one(points: Points) -> EdgeJudgement:
    """One searched numeric dimension; the order of the questions is policy 2.3's."""
    alive = np.flatnonzero(np.isfinite(points.outcome))
    best, n = best_index(points), points.u.size
    has_dead_top = int(alive[-1]) < n - 1
    if has_dead_top and alive.size <= LEAST_ALIVE and best <= 1:
        return EdgeJudgement("low", Strength.EDGE, "the window sits on the stability cliff")
    if is_cliff(points, alive):
        return EdgeJudgement(why="the range ends at the stability cliff", is_cliff=True)
    side = _side_of_end(points, best)
    if side is None:
        return _judge_neighbourhoods(points, alive)
    is_doubtful = _is_tied_inside(points, best) or _is_bracketed(points, best, side)
    strength = Strength.SUSPECT if is_doubtful else Strength.EDGE
    return EdgeJudgement(side, strength, "the best value is at the end of the range")


def _side_of_end(points: Points, best: int) -> Side | None:
    if best == 0:
        return "low"
    if best == points.u.size - 1:
        return "high"
    margin = 0.0 if points.is_grid else max(END_SHARE, 2 / (points.n_distinct + 1))
    if points.u[best] <= margin:
        return "low"
    return "high" if points.u[best] >= 1 - margin else None


def _is_bracketed(points: Points, best: int, side: Side) -> bool:
    """Whether a value beyond the best is clearly worse: the optimum was passed, or one run was
    unlucky: noise within a run says little about noise between runs, so this only asks."""
    further_out = points.outcome[:best] if side == "low" else points.outcome[best + 1 :]
    return bool((further_out > points.outcome[best] + END_NOISE * points.noise_eval).any())


def _judge_neighbourhoods(points: Points, alive: Steps) -> EdgeJudgement:
    """The best mean of three neighbours (two at an end) at an end: one draw may be seed noise.

    Asked only where the end's own value may be the best within that noise: without this guard a
    symmetric valley asks too (real sweeps: false calls inside .18 against .10, recall the same).
    """
    values = points.outcome[alive]
    padded = np.concatenate([[0.0], np.cumsum(values)])
    index = np.arange(values.size)
    low, high = np.maximum(index - 1, 0), np.minimum(index + 2, values.size)
    means = (padded[high] - padded[low]) / (high - low)
    inside = float(means[1:-1].min()) if means.size > 2 else np.inf
    tie = values.min() + END_NOISE * points.noise_eval
    is_low = int(alive[0]) == 0 and values[0] <= tie and means[0] < min(inside, means[-1])
    has_live_top = int(alive[-1]) == points.u.size - 1
    is_high = has_live_top and values[-1] <= tie and means[-1] < min(inside, means[0])
    if not is_low and not is_high:
        return EdgeJudgement(why="the best value lies inside the range")
    side: Side = "low" if is_low else "high"
    return EdgeJudgement(side, Strength.SUSPECT, "the best neighbourhood is at an end")


def _is_tied_inside(points: Points, best: int) -> bool:
    limit = points.outcome[best] + TIE_SHARE * points.noise_eval
    near = np.flatnonzero(points.outcome <= limit)
    return bool(((near != best) & (near > 0) & (near < points.u.size - 1)).any())


HIGH_Z, HIGH_Q = -1.0, 0.55
LOW_DEAD_SHARE, LOW_DEAD_U, LOW_DEAD_Q = 0.20, 0.35, 0.5
LOW_Z, LOW_Q = 1.64, 0.45


def _judge_many(points: Points) -> EdgeJudgement:
    """Several dimensions: the argmin's rate is partly luck, so the whole order is asked."""
    rank = ranks(points.outcome)
    z = spearman(points.u, rank) * float(np.sqrt(points.u.size - 1))
    quarter = max(3, -(-points.u.size // 4))
    q = mean_of_best(points.u, points.outcome, quarter)
    strength = _high_strength(points, rank, z, q)
    if strength is not None:
        return EdgeJudgement("high", strength, "values improve towards the high end", z)
    strength = _low_strength(points, rank, z, q)
    if strength is not None:
        return EdgeJudgement("low", strength, "values improve towards the low end", z)
    return EdgeJudgement(None, None, "no trend towards an end", z)


def _high_strength(points: Points, rank: Curve, z: float, q: float) -> Strength | None:
    dead = ~np.isfinite(points.outcome)
    has_dead_above = bool(dead[points.u > points.u[best_index(points)]].any())
    if z > HIGH_Z or q <= HIGH_Q or has_dead_above:
        return None
    upper = points.u >= MIDDLE
    if spearman(points.u[upper], rank[upper]) < 0:
        return Strength.EDGE
    _, middle, last = _median_ranks_of_thirds(points.u, rank)
    return Strength.SUSPECT if last <= middle else None


def _low_strength(points: Points, rank: Curve, z: float, q: float) -> Strength | None:
    dead = ~np.isfinite(points.outcome)
    if dead.any():
        starts_low = float(points.u[dead].min()) <= LOW_DEAD_U
        is_many = float(dead.mean()) >= LOW_DEAD_SHARE
        return Strength.EDGE if is_many and starts_low and q < LOW_DEAD_Q else None
    lower = points.u <= MIDDLE
    falls = spearman(points.u[lower], rank[lower]) > 0
    first, middle, _ = _median_ranks_of_thirds(points.u, rank)
    is_low = z >= LOW_Z and q < LOW_Q and falls and first <= middle
    return Strength.SUSPECT if is_low else None


def _median_ranks_of_thirds(u: Curve, rank: Curve) -> tuple[float, float, float]:
    """By position in the range; an empty third ranks worst."""
    third = np.minimum((u * 3).astype(np.int64), 2)
    groups = [rank[third == index] for index in range(3)]
    first, middle, last = (float(np.median(g)) if g.size else np.inf for g in groups)
    return first, middle, last
