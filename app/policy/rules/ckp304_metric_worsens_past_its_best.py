"""The metric worsens past its best.

What it does: takes the configurations that compete for the best result and counts those whose
smoothed curve ends worse than its smoothed best by more than what ties and three times the
evaluation noise.

Why it matters: longer training never makes results worse as long as the best checkpoint is picked
from the finished run (P-7). That selection hides overfitting: whoever uses the last checkpoint
gets something else than the study reports.

What to do: use the best checkpoint, not the last one; if the gap is large, regularise, or train
for less.
"""

import numpy as np

from app.policy.applicability import cannot_judge_steps
from app.policy.best_steps import best_steps, smooth
from app.policy.facts import Configuration, ReviewFacts
from app.policy.noise import evaluation_noise
from app.policy.rule import Rule, Severity, Stage
from app.policy.step_evidence import not_located
from app.policy.verdicts import Clear, Finding, Judged, Verdict

MIN_SHARE = 0.5  # of the competitive set
NOISE = 3.0  # sigma_eval
ACTION = "Use the best checkpoint, not the last; regularise if the gap is large."


def check(facts: ReviewFacts) -> Verdict:
    """Judge how many competitive configurations end worse than their best."""
    refused = cannot_judge_steps(facts)
    if refused is not None:
        return refused
    worse = [c for c in facts.competitive if _ends_worse(c, facts.noise.eps)]
    share = len(worse) / max(1, len(facts.competitive))
    limit = facts.setting("CKP304.min_share", MIN_SHARE)
    ids = tuple(trial.trial_id for c in worse for trial in c.trials)
    n = len(facts.competitive)
    judged = Judged({"share": share, "worse": len(worse)}, share, limit, n_used=n, trial_ids=ids)
    unlocated = not_located(best_steps(facts), judged)
    if unlocated is not None:
        return unlocated
    message = f"{len(worse)} of {n} competitive configurations end worse than their best"
    return Finding(message, ACTION, judged) if share >= limit else Clear(judged, message)


def _ends_worse(configuration: Configuration, eps: float) -> bool:
    """By the median replicate."""
    gaps = []
    for trial in configuration.trials:
        values = trial.objective[np.isfinite(trial.objective)]
        smoothed = smooth(values)
        gap = float(smoothed[-1] - smoothed.min())
        gaps.append(gap - max(eps, NOISE * evaluation_noise(values)))
    return float(np.median(gaps)) > 0


RULE = Rule(
    code="CKP304",
    name="metric-worsens-past-its-best",
    title="The metric worsens past its best",
    claims=("P-7",),
    severity=Severity.WARN,
    explanation=__doc__,
    checks={Stage.ROUND_REVIEW: check},
    settings={"CKP304.min_share": MIN_SHARE},
)
