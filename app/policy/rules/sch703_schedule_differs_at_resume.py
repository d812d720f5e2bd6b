"""The schedule at a resume differs from the checkpoint's.

What it does: compares the learning rate of every update up to the step at which a trial resumes
another one's checkpoint, under the schedule that made the checkpoint and under its own. A point
that asks for such a resume is refused; a resume that was stored and no longer agrees is dropped, so
that the trial trains all of its steps. It cannot be waived.

Why it matters: extra steps are used to extend the time at a high rate (P-29): a longer run may
share its beginning with a shorter one only as far as both train at the same rate. Beyond that the
weights come from a schedule that the trial never had, and the rate jumps where nobody sees it.

What to do: resume at or before the last step up to which the schedules agree, or train from step 0.
"""

from app.domain.studies import Binding
from app.policy.rule import Rule, Severity, Stage
from app.policy.starts import StartFacts
from app.policy.verdicts import Clear, Finding, Inconclusive, Judged, Verdict


def check(facts: StartFacts) -> Verdict:
    """Judge one resume."""
    if facts.before is None or facts.after is None:
        return Inconclusive(("schedule",), "a custom schedule has no formula to compare")
    if facts.resume_step < 1:
        return Inconclusive(("resume",), "the trial begins at step 0: there is no checkpoint")
    agreed = facts.before.same_until(facts.after, facts.from_steps, facts.to_steps)
    judged = Judged(
        {"resume_step": facts.resume_step, "schedules_agree_until": agreed},
        statistic=float(agreed),
        threshold=float(facts.resume_step),
        n_used=1,
        trial_ids=(facts.trial_id,) if facts.trial_id else (),
    )
    message = f"the schedules agree up to step {agreed}, the resume is at {facts.resume_step}"
    if agreed >= facts.resume_step:
        return Clear(judged, message)
    action = f"Resume at step {agreed} or before." if agreed else "Train from step 0."
    return Finding(message, action, judged)


RULE = Rule(
    code="SCH703",
    name="schedule-differs-at-resume",
    title="The schedule at a resume differs from the checkpoint's",
    claims=("P-29",),
    severity=Severity.ERROR,
    default_binding=Binding.ENFORCE,
    explanation=__doc__,
    checks={Stage.ATTEMPT_START: check},
    is_waivable=False,
)
