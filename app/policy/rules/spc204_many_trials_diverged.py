"""A large share of the trials diverged.

What it does: counts the configurations that diverged (a non-finite value, or a loss that exploded
against its siblings), each by the share of its replicates.

Why it matters: a search space that mostly explodes leaves few points to choose from (P-17). If
everything diverges, the space is hardly the reason: look for a bug.

What to do: lower the upper end of the learning rate, lengthen the warmup, clip gradients. If all
trials diverged: check the loss, the data and the precision first.
"""

from app.policy.applicability import cannot_judge_space
from app.policy.facts import ReviewFacts
from app.policy.rule import Rule, Severity, Stage
from app.policy.verdicts import Clear, Finding, Inconclusive, Judged, Verdict

MIN_SHARE = 0.4  # P-17
LOWER = "Lower the upper end of the learning rate, lengthen the warmup or clip gradients."
LOOK_FOR_BUG = "Look for a bug (loss, data, precision) before changing the space; then start lower."


def check(facts: ReviewFacts) -> Verdict:
    """Judge the share of diverged configurations."""
    refused = cannot_judge_space(facts)
    if refused is not None:
        return refused
    configurations = (*facts.configurations, *facts.dead)
    if not configurations:
        return Inconclusive(("trials",), "no trial has ended with a result yet")
    share = sum(c.n_diverged / (c.n_diverged + len(c.trials)) for c in configurations)
    share /= len(configurations)
    limit = facts.setting("SPC204.min_share", MIN_SHARE)
    judged = Judged(
        {"share": share, "diverged": len(facts.diverged), "configurations": len(configurations)},
        statistic=share,
        threshold=limit,
        n_used=len(configurations),
        trial_ids=tuple(sorted(trial.trial_id for trial in facts.diverged)),
    )
    if share < limit:
        return Clear(judged, f"{share:.0%} of {len(configurations)} configurations diverged")
    message = f"{share:.0%} of {len(configurations)} configurations diverged"
    return Finding(message, LOWER if facts.configurations else LOOK_FOR_BUG, judged)


RULE = Rule(
    code="SPC204",
    name="many-trials-diverged",
    title="A large share of the trials diverged",
    claims=("P-17",),
    severity=Severity.WARN,
    explanation=__doc__,
    checks={Stage.ROUND_REVIEW: check},
    settings={"SPC204.min_share": MIN_SHARE},
)
