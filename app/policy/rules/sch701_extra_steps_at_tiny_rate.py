"""Extra steps are spent at a tiny learning rate.

What it does: counts the steps after the warmup whose rate lies below 10% of the peak, at the new
horizon and at the old one, and divides what was added by the added steps. Above 25% it warns, above
50% it is enforced, whatever the default binding is.

Why it matters: spending all the extra steps of a longer run at too small a learning rate is the
common pitfall of going from short to long training (P-26): the run costs more and learns little.

What to do: hold the peak longer and decay at the end, as the alternatives of
`POST /v1/schedules/extension` do.
"""

from app.policy.rule import Rule, Severity, Stage
from app.policy.schedule_changes import ScheduleFacts, cannot_judge_schedules, trial_ids_of
from app.policy.verdicts import Clear, Finding, Judged, Verdict

WARN_SHARE = 0.25  # of the added steps (P-26)
ENFORCE_SHARE = 0.50
ACTION = "Hold the peak longer and decay at the end: take one of the extension's alternatives."


def check(facts: ScheduleFacts) -> Verdict:
    """Judge the schedule that spends the largest share of its added steps at a tiny rate."""
    refused = cannot_judge_schedules(facts)
    if refused is not None:
        return refused
    warn = facts.setting("SCH701.warn_share", WARN_SHARE)
    enforce = facts.setting("SCH701.enforce_share", ENFORCE_SHARE)
    worst = max(facts.changes, key=lambda c: (c.added_tiny_share, c.trial_id or ""))
    share, added = worst.added_tiny_share, worst.to_steps - worst.from_steps
    judged = Judged(
        {"added_steps_below_10_percent_of_peak": share, "added_steps": added},
        statistic=share,
        threshold=enforce if share > enforce else warn,
        n_used=len(facts.changes),
        trial_ids=trial_ids_of(*(c for c in facts.changes if c.added_tiny_share > warn)),
    )
    message = f"{share:.0%} of the {added} added steps run below 10% of the peak"
    if share <= warn:
        return Clear(judged, message)
    return Finding(message, ACTION, judged, is_always_enforced=share > enforce)


RULE = Rule(
    code="SCH701",
    name="extra-steps-at-tiny-rate",
    title="Extra steps are spent at a tiny learning rate",
    claims=("P-26",),
    severity=Severity.WARN,
    explanation=__doc__,
    checks={Stage.PROMOTION: check},
    settings={"SCH701.warn_share": WARN_SHARE, "SCH701.enforce_share": ENFORCE_SHARE},
)
