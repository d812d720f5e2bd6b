"""The warmup takes a large part of the horizon.

What it does: compares the longest warmup that a point of the round can have with the horizon: a
finding above 10%; from 5% on the answer says to raise the horizon by the warmup; from 100% on it
is enforced, whatever the default binding is.

Why it matters: warmup settles early instability and is very likely to transfer to longer training
with its length in steps (P-27a). At a short horizon the same number of steps eats the time at the
full learning rate, and every trial looks worse than it is.

What to do: raise `max_train_steps` by the warmup, or shorten the warmup.
"""

from app.policy.admission import RoundAdmission, longest_warmup
from app.policy.rule import Rule, Severity, Stage
from app.policy.verdicts import Clear, Finding, Inconclusive, Judged, Verdict

MAX_SHARE = 0.10  # of the horizon (P-27a)
ADVISE_SHARE = 0.05
WHOLE = 1.0


def check(facts: RoundAdmission) -> Verdict:
    """Judge the longest warmup against the horizon."""
    horizon = facts.max_train_steps
    if horizon is None:
        return Inconclusive(("horizon",), "the horizon is not known before the probe rounds")
    warmup = longest_warmup(facts)
    share = warmup / horizon
    limit = facts.setting("HZN105.max_share", MAX_SHARE)
    evidence = {"warmup_steps": warmup, "max_train_steps": horizon, "share": share}
    judged = Judged(evidence, statistic=share, threshold=limit, n_used=1)
    advice = f"raise max_train_steps to {horizon + warmup}"
    if share > limit:
        message = f"the warmup takes {warmup} of {horizon} steps ({share:.0%})"
        action = f"Shorten the warmup, or {advice}."
        return Finding(message, action, judged, is_always_enforced=share >= WHOLE)
    if share > facts.setting("HZN105.advise_share", ADVISE_SHARE):
        return Clear(judged, f"the warmup takes {share:.0%} of the horizon; {advice}")
    return Clear(judged, f"the warmup takes {share:.0%} of the horizon")


RULE = Rule(
    code="HZN105",
    name="warmup-fills-horizon",
    title="The warmup takes a large part of the horizon",
    claims=("P-27a",),
    severity=Severity.WARN,
    explanation=__doc__,
    checks={Stage.STUDY_ADMISSION: check, Stage.ROUND_ADMISSION: check},
    settings={"HZN105.max_share": MAX_SHARE, "HZN105.advise_share": ADVISE_SHARE},
)
