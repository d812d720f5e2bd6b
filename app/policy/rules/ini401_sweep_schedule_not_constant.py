"""The sweep's learning-rate schedule is not constant.

What it does: looks at the schedule of an `lr_sweep` round and of its points: a warmup or a decay
makes it not constant.

Why it matters: the first guess for `max_train_steps` is the number of steps that the fastest trial
of a constant-rate sweep needs to fit the training set (P-16). Under a decay, that number depends
on the horizon that it is meant to find.

What to do: give the round `schedule: {kind: constant}` without warmup.
"""

from app.domain.rounds import Purpose
from app.domain.schedules import ScheduleDefinition
from app.domain.studies import Binding
from app.policy.admission import RoundAdmission, at_review
from app.policy.rule import Rule, Severity, Stage
from app.policy.verdicts import Clear, Finding, Inconclusive, Judged, Verdict

ACTION = "Give the round schedule: {kind: constant}, without warmup."


def check(facts: RoundAdmission) -> Verdict:
    """Judge the schedules of a sweep."""
    if facts.purpose is not Purpose.LR_SWEEP:
        return Inconclusive(("purpose",), f"asked of lr_sweep rounds, not of {facts.purpose}")
    schedules = [facts.schedule, *(p.schedule for p in facts.points if p.schedule is not None)]
    varying = [schedule.kind for schedule in schedules if not is_constant(schedule)]
    judged = Judged({"kinds": varying}, float(len(varying)), 0.0, n_used=len(schedules))
    if not varying:
        return Clear(judged, "every point trains at a constant rate")
    kinds = ", ".join(sorted(set(varying)))
    return Finding(f"the sweep's schedule ({kinds}) does not hold the rate", ACTION, judged)


def is_constant(schedule: ScheduleDefinition) -> bool:
    """Whether the rate is the same at every step, however the schedule is written."""
    has_warmup = schedule.warmup_steps not in (None, 0)
    is_flat = schedule.final_fraction == 1 or schedule.decay_steps == 0
    is_flat = is_flat or (schedule.kind == "step" and not schedule.milestones)
    return not has_warmup and (schedule.kind == "constant" or is_flat)


RULE = Rule(
    code="INI401",
    name="sweep-schedule-not-constant",
    title="The sweep's schedule is not constant",
    claims=("P-16",),
    severity=Severity.ERROR,
    default_binding=Binding.ENFORCE,
    explanation=__doc__,
    checks={Stage.ROUND_ADMISSION: check, Stage.ROUND_REVIEW: at_review(check)},
)
