"""Configurations that tie with the best differ in what a step costs.

What it does: takes the configurations within eps of the best and compares their measured seconds
per step, from the first to the last report of each attempt, so that start-up does not count. Over
10% between the slowest and the fastest of a compute-bound workload is a finding. The evidence ranks
every measured configuration that competes at equal steps and, beside it, at equal time: the moment
at which the fastest has done all of its steps.

Why it matters: for a compute-bound workload, making training faster is making it better (P-2):
patience, not steps, is the limit (P-18), and what ties in steps does not tie in time.

What to do: promote the faster of those that tie, and give it the steps that the time allows.
"""

from typing import Any  # Any: JSON-ready evidence

from app.policy.applicability import cannot_judge_steps
from app.policy.facts import ReviewFacts
from app.policy.rule import Rule, Severity, Stage
from app.policy.speed import SAME_SPEED, Paced, paced, ranks, tied_with_best, values_at_equal_time
from app.policy.verdicts import Clear, Finding, Inconclusive, Judged, Verdict

ACTION = "Promote the faster of those that tie: per hour it trains further."
ROUNDING = 1e-9
LEAST = 2  # configurations to compare
MOST_SHOWN = 20


def check(facts: ReviewFacts) -> Verdict:
    """Judge the speeds of the configurations that tie with the best."""
    refused = cannot_judge_steps(facts)
    if refused is not None:
        return refused
    tied = paced(tied_with_best(facts))
    evidence = {"tied": len(tied), "ranks": _ranks(facts)}
    if len(tied) < LEAST:
        few = len(tied_with_best(facts)) < LEAST
        why = "no other configuration ties with the best" if few else "too short to measure a speed"
        return Inconclusive(("trials" if few else "seconds",), why, Judged(evidence))
    speeds = [one.seconds_per_step for one in tied]
    difference, limit = (
        max(speeds) / min(speeds) - 1,
        facts.setting("WRK505.difference", SAME_SPEED),
    )
    judged = Judged(evidence, difference, limit, n_used=len(tied))
    told = (
        f"{len(tied)} configurations tie with the best and cost {min(speeds):.3g} to "
        f"{max(speeds):.3g} seconds a step ({difference:.0%} apart)"
    )
    if difference <= limit + ROUNDING or not facts.is_compute_bound:
        return Clear(judged, told)
    return Finding(told, ACTION, judged)


def _ranks(facts: ReviewFacts) -> list[dict[str, Any]]:
    """At equal steps and at equal time, of what competes or ties, best first."""
    own = {one.point_key: one for one in (*facts.competitive, *tied_with_best(facts))}
    found = paced(list(own.values())[:MOST_SHOWN])
    if not found:
        return []
    at_time = values_at_equal_time(found, facts.horizon)
    by_steps, by_time = ranks([one.configuration.best_value for one in found]), ranks(at_time)
    rows = zip(found, by_steps, by_time, at_time, strict=True)
    return [_row(one, steps, time, value) for one, steps, time, value in rows]


def _row(one: Paced, by_steps: int, by_time: int, value_at_equal_time: float) -> dict[str, Any]:
    return {
        "trial_id": one.configuration.trials[0].trial_id,
        "seconds_per_step": one.seconds_per_step,
        "rank_at_equal_steps": by_steps,
        "rank_at_equal_time": by_time,
        "value_at_equal_time": value_at_equal_time,
    }


RULE = Rule(
    code="WRK505",
    name="equal-results-differ-in-speed",
    title="Equal results that differ in speed",
    claims=("P-2", "P-18"),
    severity=Severity.INFO,
    explanation=__doc__,
    checks={Stage.ROUND_REVIEW: check},
    settings={"WRK505.difference": SAME_SPEED},
)
