"""The longest planned run exceeds patience or budget.

What it does: of a plan, compares the hours of its longest trial with the patience, and the budget
with the production runs it pays for: fewer than two, beside a first round, is a finding. Of a
promotion, compares the longest proposed trial with the study's `patience_hours`, and the round's
cost with what is left of its limits. Steps that a checkpoint saves are taken off.

Why it matters: where training keeps paying, patience and compute are the limit (P-18), and the
closer the trial length comes to it, the fewer trials can be finished (P-20). A plan whose last run
cannot end, or cannot be compared with a second one, is known to be short before it starts.

What to do: lower the production length to what the finding names, train faster, or raise the limit.
"""

from app.domain.plans import SECONDS_PER_HOUR, PlanRequest
from app.domain.rounds import RoundDefinition
from app.policy.facts import StudyFacts
from app.policy.plans import PlanFacts
from app.policy.promotions import PromotionFacts
from app.policy.rule import Rule, Severity, Stage
from app.policy.verdicts import Clear, Evidence, Finding, Inconclusive, Judged, Verdict

LEAST_RUNS = 2.0  # production runs that a budget pays for: a winner and a runner-up (P-22)


def check_plan(facts: PlanFacts) -> Verdict:
    """Judge the budget first, then the patience."""
    runs = facts.request.budget.total_steps / facts.request.production_steps
    if runs < facts.setting("WRK504.least_runs", LEAST_RUNS):
        return _short_budget(facts.request, runs)
    return _judge_patience(facts, runs)


def _short_budget(request: PlanRequest, runs: float) -> Finding:
    budget, production = request.budget.total_steps, request.production_steps
    if runs < 1:
        message = f"the budget of {budget} steps does not pay one run of {production} steps"
        action = f"Lower production_steps to at most {max(1, budget // 2)}, or raise the budget."
    else:
        message = f"the budget of {budget} steps pays for one production run only"
        action = f"Plan at most {max(1, budget // 4)} steps: a runner-up and round 1 then fit."
    evidence = {"budget_steps": budget, "production_steps": production, "production_runs": runs}
    return Finding(message, action, Judged(evidence, runs, LEAST_RUNS))


def _judge_patience(facts: PlanFacts, runs: float) -> Verdict:
    request = facts.request
    evidence: dict[str, object] = {"production_runs": runs}
    speed, patience = request.budget.seconds_per_step, request.patience_hours
    if patience is None:
        return Clear(Judged(evidence, runs, LEAST_RUNS), "no patience was given to exceed")
    if speed is None:
        why = f"patience ends at {patience:.3g} hours, but no seconds_per_step was given"
        return Inconclusive(("seconds_per_step",), why, Judged(evidence))
    found = {
        plan.name: max(one.trial_hours or 0.0 for one in plan.rounds) for plan in facts.alternatives
    }
    longest = max(found.values(), default=request.production_steps * speed / SECONDS_PER_HOUR)
    evidence = {**evidence, "trial_hours": longest, "patience_hours": patience, "by_plan": found}
    return judge_hours(longest, patience, int(patience * SECONDS_PER_HOUR / speed), evidence)


def check_promotion(facts: PromotionFacts) -> Verdict:
    """Judge the proposed round against what the study still has."""
    study, longest = facts.review.study, facts.to_steps - _least_resumed(facts.proposal)
    limits, speed = study.definition.limits, study.seconds_per_step
    cost, left = _cost(facts.proposal), _left(study)
    evidence: dict[str, object] = {"trial_steps": longest, "round_steps": cost, "steps_left": left}
    if left is not None and cost > left:
        message = f"the round costs {cost} steps, and {left:.0f} are left of the study's limits"
        action = "Raise the limit, or promote fewer."
        return Finding(message, action, Judged(evidence, float(cost), left))
    patience = limits.patience_hours
    if patience is None:
        return Clear(Judged(evidence, float(cost), left), "within the study's limits")
    if speed is None:
        why = f"patience ends at {patience:.3g} hours, but no step was timed yet"
        return Inconclusive(("seconds_per_step",), why, Judged(evidence))
    hours = longest * speed / SECONDS_PER_HOUR
    evidence = {**evidence, "trial_hours": hours, "patience_hours": patience}
    return judge_hours(hours, patience, int(patience * SECONDS_PER_HOUR / speed), evidence)


def _least_resumed(proposal: RoundDefinition) -> int:
    """The step from which every trial of the round can go on; 0: one begins anew."""
    if proposal.trials or not proposal.points:
        return 0
    return min(point.resume.step if point.resume else 0 for point in proposal.points)


def _cost(proposal: RoundDefinition) -> int:
    steps, seeds = proposal.max_train_steps, len(proposal.seeds)
    sampled = (proposal.trials or 0) * seeds * steps
    return sampled + sum(
        (seeds if point.seeds is None else len(point.seeds))
        * (steps - (point.resume.step if point.resume else 0))
        for point in proposal.points
    )


def _left(study: StudyFacts) -> float | None:
    """Steps left of the limits by what the trials did; None: no limit, or its speed is unknown."""
    limits, trials = study.definition.limits, [t for r in study.rounds for t in r.trials]
    spent = sum(max(0, t.last_step - (t.resume.step if t.resume else 0)) for t in trials)
    allowed = [] if limits.total_steps is None else [float(limits.total_steps)]
    seconds_a_step = (study.seconds_per_step or 0.0) * study.definition.gpus
    if limits.gpu_hours is not None and seconds_a_step:
        allowed.append(limits.gpu_hours * SECONDS_PER_HOUR / seconds_a_step)
    return max(0.0, min(allowed) - spent) if allowed else None


def judge_hours(hours: float, patience: float, fitting_steps: int, evidence: Evidence) -> Verdict:
    """One trial's hours against what somebody waits for one."""
    judged = Judged(evidence, hours, patience)
    message = f"the longest trial takes {hours:.3g} hours; patience ends at {patience:.3g}"
    if hours <= patience:
        return Clear(judged, message)
    return Finding(message, f"Train at most {fitting_steps} steps, or train faster.", judged)


RULE = Rule(
    code="WRK504",
    name="planned-run-exceeds-patience",
    title="The longest planned run exceeds patience or budget",
    claims=("P-18", "P-20"),
    severity=Severity.WARN,
    explanation=__doc__,
    checks={Stage.PROMOTION: check_promotion, Stage.PLAN: check_plan},
    settings={"WRK504.least_runs": LEAST_RUNS},
)
