"""Ranks do not hold between rounds.

What it does: takes the configurations that ran under the same seed and the same fixed values at
this and at a shorter horizon. Under 6 pairs it only asks whether the earlier winner is still within
what ties with the best. From 6 on it asks how well the ranks agree inside the top set of both
lengths. It blocks a tune round only, and only if they do not agree and the promoted best also loses
clearly to another re-run, until 8 configurations were tried here that no shorter run had chosen. A
final round concludes nothing from shorter runs any more: there it only says so.

Why it matters: conclusions at a short horizon may not hold at twice the length, let alone at full
length (P-21); conclusions of shorter runs are re-checked as needed (P-23), at every round where
compute is what counts (P-31a).

What to do: run more points at this horizon before going on, and trust the new ranks.
"""

import numpy as np

from app.domain.rounds import Purpose
from app.domain.studies import Binding
from app.policy.facts import ReviewFacts
from app.policy.rank_pairs import RankPairs, find_pairs, top_rank_correlation
from app.policy.rule import Rule, Severity, Stage
from app.policy.verdicts import Clear, Evidence, Finding, Inconclusive, Judged, Verdict

LEAST_PAIRS = 6
BROKEN, WEAK = 0.2, 0.3
LOSS = 2.0  # eps: how clearly the promoted best must lose for a broken order to block
FRESH_POINTS = 8.0  # configurations first tried here: then this horizon speaks for itself
ACTION = "Run more points at this horizon before going on."
NOTHING: Evidence = {"state": None, "top_rank_correlation": None, "pairs": 0}


def check(facts: ReviewFacts) -> Verdict:
    """Judge the ranks of what ran at two horizons."""
    if facts.round.definition.purpose not in (Purpose.TUNE, Purpose.FINAL):
        why = "asked of tune and final rounds only"
        return Inconclusive(("purpose",), why, Judged(NOTHING))
    pairs = find_pairs(facts)
    if pairs is None:
        why = "no configuration ran under one seed at this and at a shorter horizon"
        return Inconclusive(("pairs",), why, Judged(NOTHING))
    if pairs.short.size < facts.setting("PRM602.least_pairs", LEAST_PAIRS):
        return _judge_winner(facts, pairs)
    gamma = top_rank_correlation(pairs)
    if gamma is None:
        why = f"all {pairs.short.size} pairs tie: no order to compare"
        return Inconclusive(("signal",), why, Judged({**NOTHING, "pairs": pairs.short.size}))
    return _judge_order(facts, pairs, gamma)


def _judge_winner(facts: ReviewFacts, pairs: RankPairs) -> Verdict:
    """Few pairs: is the old winner still good? Never blocking."""
    loss = _loss_of_old_winner(pairs)
    state = "holds" if loss <= facts.noise.eps else "broken"
    evidence = {"state": state, "top_rank_correlation": None, "loss_of_old_winner": loss}
    judged = _judged({**evidence, "pairs": pairs.short.size}, loss, facts.noise.eps, pairs)
    n = pairs.short.size
    message = f"the winner at {pairs.shorter_steps} steps loses {loss:.3g} among {n} re-runs"
    if state == "holds":
        return Clear(judged, message)
    return Finding(message, ACTION, judged, is_advice_only=True)


def _judge_order(facts: ReviewFacts, pairs: RankPairs, gamma: float) -> Verdict:
    broken, weak = facts.setting("PRM602.broken", BROKEN), facts.setting("PRM602.weak", WEAK)
    state = "broken" if gamma <= broken else "weak" if gamma <= weak else "holds"
    loss = _loss_of_old_winner(pairs)
    evidence = {"state": state, "top_rank_correlation": gamma, "loss_of_old_winner": loss}
    judged = _judged({**evidence, "pairs": pairs.short.size}, gamma, weak, pairs)
    n = pairs.short.size
    message = (
        f"ranks since {pairs.shorter_steps} steps: {state} among the best of {n} pairs "
        f"(correlation {gamma:.2g})"
    )
    if state == "holds":
        return Clear(judged, message)
    is_blocking = state == "broken" and loss > LOSS * facts.noise.eps and _rests_on(facts, pairs)
    return Finding(message, ACTION, judged, is_advice_only=not is_blocking)


def _rests_on(facts: ReviewFacts, pairs: RankPairs) -> bool:
    """Whether what is concluded here still rests on the ranks of shorter runs."""
    re_run = {t.point_key for t in facts.trials if t.trial_id in pairs.trial_ids}
    tried = {c.point_key for c in (*facts.configurations, *facts.dead)}
    is_few = len(tried - re_run) < facts.setting("PRM602.fresh_points", FRESH_POINTS)
    return is_few and facts.round.definition.purpose is Purpose.TUNE


def _judged(evidence: Evidence, statistic: float, threshold: float, pairs: RankPairs) -> Judged:
    n = pairs.short.size
    return Judged(evidence, statistic, threshold, n_used=n, trial_ids=pairs.trial_ids)


def _loss_of_old_winner(pairs: RankPairs) -> float:
    """By how much the shorter horizon's best of the pairs loses to the best of them here."""
    best = float(pairs.long.min())
    if not np.isfinite(best):
        return 0.0
    return float(pairs.long[int(np.argmin(pairs.short))]) - best


RULE = Rule(
    code="PRM602",
    name="ranks-do-not-hold",
    title="Ranks do not hold between rounds",
    claims=("P-21", "P-23", "P-31a"),
    severity=Severity.ERROR,
    default_binding=Binding.ENFORCE,
    explanation=__doc__,
    checks={Stage.ROUND_REVIEW: check},
    settings={
        "PRM602.least_pairs": LEAST_PAIRS,
        "PRM602.broken": BROKEN,
        "PRM602.weak": WEAK,
        "PRM602.fresh_points": FRESH_POINTS,
    },
)
