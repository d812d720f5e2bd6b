"""The decay is a small share of the new horizon, or most of the horizon lies far below the peak.

What it does: divides the steps of the decay by the new horizon: under a tenth is a finding. For
inverse_sqrt, which never ends its decay, it counts the steps below a quarter of the peak: more than
half of the horizon is one.

Why it matters: keeping a decay's steps under a longer plateau is the playbook's rule (P-29a), and
it is good, not optimal: in measured runs a cooldown over 20% of the steps ended lower than one over
10%, and one over 60% lower still.

What to do: compare with the alternatives, which decay over a larger share; nothing is wrong with
going on.
"""

from app.policy.rule import Rule, Severity, Stage
from app.policy.schedule_changes import (
    ScheduleChange,
    ScheduleFacts,
    cannot_judge_schedules,
    trial_ids_of,
)
from app.policy.verdicts import Clear, Finding, Judged, Verdict

SMALL_DECAY_SHARE = 0.10  # of T2: the same tenth under which a promoted wsd decays longer
FAR_BELOW_FRACTION = 0.25  # of the peak: inverse_sqrt is far below it there ...
FAR_BELOW_SHARE = 0.50  # ... and this for most of the horizon
ACTION = "Compare with the extension's alternatives, which decay over a larger share."


def check(facts: ScheduleFacts) -> Verdict:
    """Judge every schedule on its new horizon; the most questionable one speaks."""
    refused = cannot_judge_schedules(facts)
    if refused is not None:
        return refused
    small = facts.setting("SCH704.small_decay_share", SMALL_DECAY_SHARE)
    far = facts.setting("SCH704.far_below_share", FAR_BELOW_SHARE)
    longer = [change for change in facts.changes if change.is_longer]
    found = [change for change in longer if _is_questionable(change, small, far)]
    worst = max(found or longer, key=lambda change: (_weight(change), change.trial_id or ""))
    judged = Judged(
        {"kind": worst.after.kind, "share": _share(worst)},
        statistic=_share(worst),
        threshold=far if _never_ends(worst) else small,
        n_used=len(longer),
        trial_ids=trial_ids_of(*found),
    )
    message = _message(worst)
    return Finding(message, ACTION, judged) if found else Clear(judged, message)


def _is_questionable(change: ScheduleChange, small: float, far: float) -> bool:
    share = _share(change)
    return share > far if _never_ends(change) else 0 < share < small


def _never_ends(change: ScheduleChange) -> bool:
    return change.after.kind == "inverse_sqrt"


def _share(change: ScheduleChange) -> float:
    """Of the horizon: the decay, or for inverse_sqrt the steps with sqrt(W/t) far below 1."""
    steps = change.to_steps
    if not _never_ends(change):
        return change.after.decay_length(steps) / steps
    near = round(max(change.after.warmup_steps, 1) / FAR_BELOW_FRACTION**2)
    return max(0, steps - near) / steps


def _weight(change: ScheduleChange) -> float:
    """How questionable: many steps far below the peak, or few of a decay; no decay is fine."""
    share = _share(change)
    return share if _never_ends(change) else 1 - share if share else 0.0


def _message(change: ScheduleChange) -> str:
    share, steps = _share(change), change.to_steps
    if _never_ends(change):
        return f"{share:.0%} of {steps} steps run below {FAR_BELOW_FRACTION:.0%} of the peak"
    if share == 0:
        return f"the rate never falls in {steps} steps"
    return f"the decay is {share:.1%} of {steps} steps; decays over a fifth and more ended lower"


RULE = Rule(
    code="SCH704",
    name="decay-small-share-of-horizon",
    title="The decay is a small share of the new horizon, or most of it lies far below the peak",
    claims=("P-29a",),
    severity=Severity.INFO,
    explanation=__doc__,
    checks={Stage.PROMOTION: check},
    settings={
        "SCH704.small_decay_share": SMALL_DECAY_SHARE,
        "SCH704.far_below_share": FAR_BELOW_SHARE,
    },
)
