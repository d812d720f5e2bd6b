"""Few configurations come close to the best.

What it does: counts the configurations whose best value ties with the best of all (within the
objective's tolerance and the noise between seeds).

Why it matters: a best result that stands alone may be luck, or an optimum that the points hardly
touch (P-17); tuning thoroughness is what short rounds are for (P-22).

What to do: add points around the best configuration at this horizon.
"""

from app.policy.applicability import cannot_judge_space
from app.policy.facts import ReviewFacts
from app.policy.rule import Rule, Severity, Stage
from app.policy.verdicts import Clear, Finding, Inconclusive, Judged, Verdict

LEAST_TIED = 3  # P-17, P-22
ACTION = "Add points around the best configuration at this horizon."


def check(facts: ReviewFacts) -> Verdict:
    """Judge how many configurations tie with the best."""
    refused = cannot_judge_space(facts)
    if refused is not None:
        return refused
    least = facts.setting("SPC205.least_tied", LEAST_TIED)
    best = facts.best
    if best is None or len(facts.configurations) < least:
        return Inconclusive(("trials",), f"fewer than {least:.0f} configurations completed")
    limit = best.best_value + facts.noise.eps
    tied = [c for c in facts.configurations if c.best_value <= limit]
    judged = Judged(
        {"tied": len(tied), "eps": facts.noise.eps},
        statistic=float(len(tied)),
        threshold=least,
        n_used=len(facts.configurations),
        trial_ids=tuple(trial.trial_id for c in tied for trial in c.trials),
    )
    n, near = len(facts.configurations), f"within {facts.noise.eps:.3g} of the best"
    message = f"{len(tied)} of {n} configurations lie {near}"
    if len(tied) == 1:
        message = f"none of the other {n - 1} configurations comes {near}"
    return Finding(message, ACTION, judged) if len(tied) < least else Clear(judged, message)


RULE = Rule(
    code="SPC205",
    name="few-good-configurations",
    title="Few configurations come close to the best",
    claims=("P-17", "P-22"),
    severity=Severity.INFO,
    explanation=__doc__,
    checks={Stage.ROUND_REVIEW: check},
    settings={"SPC205.least_tied": LEAST_TIED},
)
