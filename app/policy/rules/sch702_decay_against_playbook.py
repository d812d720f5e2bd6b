"""A decay is stretched or kept where the playbook does otherwise.

What it does: compares the length of the decay before and after the horizon grew. For linear and its
kin (sqrt, one_minus_sqrt, polynomial) a longer decay is a finding; for cosine one that no longer
fills the horizon is. A schedule of another family than before is not compared.

Why it matters: how to adjust the decay is the biggest question in going from short to long runs
(P-25). The playbook keeps a linear decay's steps and holds the peak longer (P-29a), and keeps
cosine's peak over a longer horizon (P-29b); it calls this advice speculation, so this only warns.

What to do: keep the decay's steps (linear), let it fill the horizon (cosine), or run both and
compare.
"""

from app.policy.rule import Rule, Severity, Stage
from app.policy.schedule_changes import (
    HOLDING_KINDS,
    ScheduleChange,
    ScheduleFacts,
    cannot_judge_schedules,
    trial_ids_of,
)
from app.policy.verdicts import Clear, Evidence, Finding, Inconclusive, Judged, Verdict

LONGEST_STRETCH = 1.0  # of the decay's own length, where P-29a keeps it
COSINE = "cosine"


def check(facts: ScheduleFacts) -> Verdict:
    """Judge every schedule that kept its family; the decay that changed most speaks."""
    refused = cannot_judge_schedules(facts)
    if refused is not None:
        return refused
    kept = [c for c in facts.changes if c.is_longer and c.before.kind == c.after.kind]
    if not kept:
        why = f"{facts.changes[0].before.kind} became {facts.changes[0].after.kind}"
        return Inconclusive(("same family",), f"{why}: their decays are not compared")
    longest = facts.setting("SCH702.longest_stretch", LONGEST_STRETCH)
    against = [c for c in kept if _is_against_playbook(c, longest)]
    worst = max(against or kept, key=_moved)
    was, now = _lengths(worst)
    stretch = now / was if was else None
    judged = Judged(
        _evidence(worst), stretch, longest, n_used=len(kept), trial_ids=trial_ids_of(*against)
    )
    message = (
        f"the {worst.after.kind} decay takes {was} of {worst.from_steps} steps before, "
        f"{now} of {worst.to_steps} after"
    )
    if not against:
        return Clear(judged, message)
    return Finding(message, _cure(worst), judged)


def _is_against_playbook(change: ScheduleChange, longest_stretch: float) -> bool:
    was, now = _lengths(change)
    if change.after.kind == COSINE:
        return now < change.to_steps - change.after.warmup_steps
    return change.after.kind in HOLDING_KINDS and now > longest_stretch * was


def _moved(change: ScheduleChange) -> tuple[int, str]:
    was, now = _lengths(change)
    return abs(now - was), change.trial_id or ""


def _cure(change: ScheduleChange) -> str:
    is_cosine = change.after.kind == COSINE
    advice = "Let it fill the horizon" if is_cosine else f"Keep its {_lengths(change)[0]} steps"
    return f"{advice}, as the playbook does, or compare the two."


def _lengths(change: ScheduleChange) -> tuple[int, int]:
    return change.before.decay_length(change.from_steps), change.after.decay_length(change.to_steps)


def _evidence(change: ScheduleChange) -> Evidence:
    was, now = _lengths(change)
    return {"kind": change.after.kind, "decay_steps_before": was, "decay_steps_after": now}


RULE = Rule(
    code="SCH702",
    name="decay-against-playbook",
    title="A decay is stretched or kept where the playbook does otherwise",
    claims=("P-25", "P-29a", "P-29b"),
    severity=Severity.WARN,
    explanation=__doc__,
    checks={Stage.PROMOTION: check},
    settings={"SCH702.longest_stretch": LONGEST_STRETCH},
)
