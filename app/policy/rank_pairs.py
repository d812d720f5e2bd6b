"""Do ranks hold between two horizons? Pairs of one configuration and seed, policy 2.5."""

from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from app.domain.rounds import RoundDefinition
from app.policy.configurations import best_of
from app.policy.divergence import is_complete
from app.policy.facts import Curve, ReviewFacts, TrialFacts
from app.policy.setting import setting_of

TOP_SHARE = 0.2
LEAST_TOP = 5
LEAST_VALUES = 4  # distinct ones, or the top set says nothing
DEAD = float("inf")


@dataclass(frozen=True, slots=True)
class RankPairs:
    """Best values (lower is better, inf: diverged) at the shorter and the longer horizon, (n,)."""

    shorter_steps: int
    short: Curve
    long: Curve
    trial_ids: tuple[str, ...]  # of the longer runs


def find_pairs(facts: ReviewFacts) -> RankPairs | None:
    """Pairs with the next shorter horizon that shares any with this one; None: there are none.

    Under other tags or fixed values (a smaller batch, say) ranks may move for that reason alone.
    """
    shorter: dict[int, dict[tuple[str, int], float]] = {}
    for other in facts.study.rounds:
        steps = other.definition.max_train_steps
        if steps < facts.horizon and _differs_in_steps_only(other.definition, facts):
            outcomes = _outcomes(facts, other.trials)
            shorter.setdefault(steps, {}).update(
                {(t.point_key, t.seed): v for t, v in outcomes if t.max_train_steps == steps}
            )
    if not shorter:
        return None
    ours = {(t.point_key, t.seed): (t.trial_id, v) for t, v in _outcomes(facts, facts.trials)}
    for steps in sorted(shorter, reverse=True):
        shared = sorted(ours.keys() & shorter[steps].keys())
        if shared:
            short = np.array([shorter[steps][key] for key in shared])
            long = np.array([ours[key][1] for key in shared])
            return RankPairs(steps, short, long, tuple(ours[key][0] for key in shared))
    return None


def _differs_in_steps_only(other: RoundDefinition, facts: ReviewFacts) -> bool:
    mine = setting_of(facts.round.definition)
    theirs = setting_of(other)
    return (mine.fixed, mine.tags) == (theirs.fixed, theirs.tags)


def top_rank_correlation(pairs: RankPairs) -> float | None:
    """Goodman-Kruskal gamma inside the top set; None if its pairs all tie.

    Top set: the union of the best fifth at each length, at least 5 of each, widened over ties and
    until it has 4 distinct values at each length. Rank correlation over all would flatter.
    """
    size = max(LEAST_TOP, int(np.ceil(TOP_SHARE * pairs.short.size)))
    top = _best(pairs.short, size) | _best(pairs.long, size)
    return gamma(pairs.short[top], pairs.long[top])


def gamma(x: Curve, y: Curve) -> float | None:
    """(concordant - discordant) / both, exact ties skipped; None if all tie. O(n log n) in use."""
    agree = disagree = 0
    seen: list[float] = []
    for _, group in groupby(np.lexsort((y, x)).tolist(), key=lambda index: float(x[index])):
        members = [float(y[index]) for index in group]
        for value in members:
            agree += bisect_left(seen, value)
            disagree += len(seen) - bisect_right(seen, value)
        for value in members:
            insort(seen, value)
    decided = agree + disagree
    return (agree - disagree) / decided if decided else None


def _best(values: Curve, size: int) -> NDArray[np.bool_]:
    """Who is among the `size` best, ties at the cut included, widened to 4 distinct values."""
    distinct = np.unique(values)
    cut = np.sort(values)[min(size, values.size) - 1]
    least = distinct[min(LEAST_VALUES, distinct.size) - 1]
    return np.asarray(values <= max(cut, least))


def _outcomes(facts: ReviewFacts, trials: tuple[TrialFacts, ...]) -> list[tuple[TrialFacts, float]]:
    """Best values of complete trials; infinitely bad where it diverged; others say nothing."""
    diverged = {trial.trial_id for trial in facts.diverged}
    return [
        (t, DEAD if t.trial_id in diverged or t.has_nonfinite else best_of(t)[0])
        for t in trials
        if t.trial_id in diverged or t.has_nonfinite or is_complete(t)
    ]
