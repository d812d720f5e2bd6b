"""A good result is reached long before the horizon.

What it does: finds the earliest step at which any complete configuration, at whatever learning
rate, comes within noise and tolerance of the best result: the fastest good step.

Why it matters: one should not waste steps (P-6). A horizon many times too long does not show as
early best steps when rates are tuned at it, because the tuned rate drops and fills the time
(P-10); some larger rate was as good much earlier, and the horizon may be reduced (P-13).

What to do: check a quarter of the horizon with that configuration, the best rate, and twice and
four times the best rate.
"""

from app.policy.applicability import cannot_judge_steps
from app.policy.facts import ReviewFacts
from app.policy.good_steps import fastest_good
from app.policy.rule import Rule, Severity, Stage
from app.policy.verdicts import Clear, Finding, Inconclusive, Judged, Verdict

MAX_FRACTION = 0.25  # of the horizon (P-6, P-10)
ACTION = "Check a quarter of the horizon with this configuration and larger rates beside the best."


def check(facts: ReviewFacts) -> Verdict:
    """Judge the fastest good step."""
    refused = cannot_judge_steps(facts)
    if refused is not None:
        return Inconclusive(refused.missing, refused.message, Judged({"fastest_good_step": None}))
    fastest = fastest_good(facts)
    if fastest is None:
        why = "no trial has completed yet"
        return Inconclusive(("trials",), why, Judged({"fastest_good_step": None}))
    limit = facts.setting("CKP307.max_fraction", MAX_FRACTION)
    fraction = fastest.step / facts.horizon
    judged = Judged(
        {"fastest_good_step": fastest.step, "fraction": fraction, "eps": facts.noise.eps},
        statistic=fraction,
        threshold=limit,
        n_used=len(facts.configurations),
        trial_ids=tuple(trial.trial_id for trial in fastest.configuration.trials),
    )
    if facts.progress.steps.size < 2:
        return Inconclusive(("evaluations",), "one evaluation cannot show when", judged)
    message = f"a result as good as the best is reached by step {fastest.step} of {facts.horizon}"
    return Finding(message, ACTION, judged) if fraction < limit else Clear(judged, message)


RULE = Rule(
    code="CKP307",
    name="good-result-long-before-horizon",
    title="A good result is reached long before the horizon",
    claims=("P-6", "P-10", "P-13"),
    severity=Severity.INFO,
    explanation=__doc__,
    checks={Stage.ROUND_REVIEW: check},
    settings={"CKP307.max_fraction": MAX_FRACTION},
)
