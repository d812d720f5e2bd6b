"""What is questionable about a plan: WRK504, PRM604, PRM605 (policy 1, stage PL)."""

from collections.abc import Sequence
from itertools import pairwise

from app.domain.plans import SECONDS_PER_HOUR, PlanRequest
from app.domain.studies import Binding
from app.planning.extension_findings import ScheduleFinding as PlanFinding
from app.planning.extension_findings import ScheduleRule as PlanRule
from app.planning.plans import PlanAlternative
from app.policy.verdicts import Finding, Judged

LONGEST_JUMP = 10.0  # PRM604 (P-21)
USUAL_ROUNDS = 3  # PRM605 (P-30)
TOO_LONG = PlanRule("WRK504", "longest planned run exceeds patience or budget", ("P-18", "P-20"))
LONG_JUMP = PlanRule("PRM604", "jump beyond 10x without a re-check of ranks between", ("P-21",))
MANY_ROUNDS = PlanRule(
    "PRM605", "more than three rounds without the maturity for it", ("P-22", "P-30")
)


def judge_plans(request: PlanRequest, plans: Sequence[PlanAlternative]) -> tuple[PlanFinding, ...]:
    """The findings about the question and its alternatives; findings never refuse a plan."""
    found = (
        _judge_budget(request),
        _judge_patience(request),
        _judge_jumps(plans),
        _judge_rounds(request),
    )
    return tuple(finding for finding in found if finding is not None)


def _judge_budget(request: PlanRequest) -> PlanFinding | None:
    """WRK504: how many production runs the budget pays for beside a first round."""
    budget, production = request.budget.total_steps, request.production_steps
    if budget >= 2 * production:
        return None
    paid = budget / production
    if paid < 1:
        message = f"the budget of {budget} steps does not pay one run of {production} steps"
        action = f"Lower production_steps to at most {budget // 2}, or raise the budget."
    else:
        message = f"the budget of {budget} steps pays one production run of {production} only"
        action = f"Plan production_steps of at most {budget // 4}: a runner-up and round 1 fit."
    judged = Judged({"budget_steps": budget, "production_steps": production}, paid, 2.0)
    return PlanFinding(TOO_LONG, "warn", Binding.WARN, Finding(message, action, judged))


def _judge_patience(request: PlanRequest) -> PlanFinding | None:
    """WRK504: how long the longest run takes, against what somebody waits for one."""
    speed, patience = request.budget.seconds_per_step, request.patience_hours
    if speed is None or patience is None:
        return None
    hours = request.production_steps * speed / SECONDS_PER_HOUR
    if hours <= patience:
        return None
    steps = int(patience * SECONDS_PER_HOUR / speed)
    finding = Finding(
        f"one run of {request.production_steps} steps takes {hours:.3g} hours; "
        f"patience ends at {patience:.3g}",
        f"Lower production_steps to at most {steps}, or train faster.",
        Judged({"hours": hours, "patience_hours": patience}, hours, patience),
    )
    return PlanFinding(TOO_LONG, "warn", Binding.WARN, finding)


def _judge_jumps(plans: Sequence[PlanAlternative]) -> PlanFinding | None:
    """PRM604: the longest jump between neighbouring rounds of an alternative."""
    jumps = {
        plan.name: max(
            (b.max_train_steps / a.max_train_steps for a, b in pairwise(plan.rounds)), default=1.0
        )
        for plan in plans
    }
    beyond = {name: jump for name, jump in jumps.items() if jump > LONGEST_JUMP}
    if not beyond:
        return None
    longest = max(beyond.values())
    finding = Finding(
        f"{', '.join(beyond)}: a jump of {longest:.3g}x between two rounds",
        "Put a round between them, or take an alternative with smaller steps.",
        Judged({"jumps": beyond}, longest, LONGEST_JUMP),
    )
    return PlanFinding(LONG_JUMP, "warn", Binding.WARN, finding)


def _judge_rounds(request: PlanRequest) -> PlanFinding | None:
    """PRM605: more than three rounds pay off for mature models, pipelines and production only."""
    if request.rounds_max <= USUAL_ROUNDS:
        return None
    finding = Finding(
        f"{request.rounds_max} rounds are asked for; more than {USUAL_ROUNDS} are productive only "
        "where modelling, pipelines and production are mature",
        f"Keep rounds_max at {USUAL_ROUNDS}, unless all three are.",
        Judged({"rounds": request.rounds_max}, float(request.rounds_max), float(USUAL_ROUNDS)),
    )
    return PlanFinding(MANY_ROUNDS, "info", Binding.WARN, finding)
