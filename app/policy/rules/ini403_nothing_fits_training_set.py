"""Nothing fits the training set perfectly.

What it does: looks, in probe and lr_sweep rounds, for trials whose training metric lies within its
tolerance of perfect at two consecutive evaluations; the first of the two is the hit. A trial that
stopped early afterwards still counts: it happened.

Why it matters: the whole method assumes that the training set can be fitted perfectly (P-14); the
horizon at which some configuration does so is where the search for `max_train_steps` starts
(P-15).

What to do: double the horizon; if the limit is reached, treat the workload as compute-bound, or
remove what keeps the training set from being fitted (augmentation, regularisation, label noise).
"""

from app.policy.facts import ReviewFacts
from app.policy.hits import cannot_judge_fit, find_hits, fit_table
from app.policy.rule import Rule, Severity, Stage
from app.policy.verdicts import Clear, Finding, Inconclusive, Judged, Verdict

ACTION = "Double the horizon, or remove what keeps the training set from being fitted."


def check(facts: ReviewFacts) -> Verdict:
    """Judge whether anybody fits the training set."""
    refused = cannot_judge_fit(facts)
    if refused is not None:
        return refused
    hits = find_hits(facts)
    evidence = {"hit_steps": hits.steps, "after_steps": hits.previous, "fit": fit_table(facts)}
    n = len(facts.trials)
    judged = Judged(evidence, float(len(hits.steps)), 1.0, n_used=n, trial_ids=tuple(hits.steps))
    if hits.steps:
        first = min(hits.steps.values())
        return Clear(judged, f"{len(hits.steps)} of {n} trials fit, the fastest by step {first}")
    if hits.unclear:
        why = f"{len(hits.unclear)} trials fit at their last evaluation only: one more would tell"
        return Inconclusive(("evaluations",), why, judged)
    return Finding(f"none of {n} trials fits within {facts.horizon} steps", ACTION, judged)


RULE = Rule(
    code="INI403",
    name="nothing-fits-training-set",
    title="Nothing fits the training set perfectly",
    claims=("P-14", "P-15"),
    severity=Severity.WARN,
    explanation=__doc__,
    checks={Stage.ROUND_REVIEW: check},
)
