"""Too many searched dimensions for the number of trials.

What it does: compares the number of configurations that the round will have (with those of earlier
tune rounds at its horizon) with its searched dimensions d: fewer than 10 are enough for one, fewer
than 25 for two, and from there on 10 (d - 1) are wanted. Of a plan it asks the same of the first
round of each alternative with more than one round.

Why it matters: rounds with a fast turnaround are where understanding is bought (P-22); spread over
too many dimensions, trials explain none of them.

What to do: search fewer parameters at once, fix the rest at what is known, or add trials.
"""

from app.domain.rounds import Purpose
from app.domain.space import point_key
from app.policy.admission import RoundAdmission
from app.policy.dimensions import wanted_configurations
from app.policy.plans import PlanFacts
from app.policy.rule import Rule, Severity, Stage
from app.policy.verdicts import Clear, Finding, Inconclusive, Judged, Verdict


def check(facts: RoundAdmission) -> Verdict:
    """Judge the number of configurations against the searched dimensions."""
    if facts.purpose is not Purpose.TUNE:
        return Inconclusive(("purpose",), f"asked of tune rounds only; this is a {facts.purpose}")
    n, d = _count_configurations(facts), len(facts.parameters)
    wanted = wanted_configurations(d)
    judged = Judged(
        {"configurations": n, "dimensions": d, "wanted": wanted},
        statistic=float(n),
        threshold=float(wanted),
        n_used=n,
    )
    message = f"{n} configurations for {d} searched dimensions"
    if n >= wanted:
        return Clear(judged, message)
    action = f"Search fewer parameters at once, or run at least {wanted} configurations."
    return Finding(f"{message}; {wanted} are wanted", action, judged)


def check_plan(facts: PlanFacts) -> Verdict:
    """Judge the first round of every alternative that has several."""
    d = facts.request.dimensions
    if d is None:
        return Inconclusive(("dimensions",), "the plan names no number of searched parameters")
    wanted = wanted_configurations(d)
    first = {
        plan.name: plan.rounds[0].trials for plan in facts.alternatives if len(plan.rounds) > 1
    }
    if not first:
        return Inconclusive(("plan",), "no plan of several rounds fits this budget")
    fewest = min(first.values())
    evidence = {"configurations": first, "dimensions": d, "wanted": wanted}
    judged = Judged(evidence, statistic=float(fewest), threshold=float(wanted))
    thin = [name for name, n in first.items() if n < wanted]
    if not thin:
        return Clear(judged, f"at least {fewest} configurations for {d} searched dimensions")
    message = f"{', '.join(thin)}: {fewest} configurations for {d} dimensions; {wanted} are wanted"
    return Finding(message, "Search fewer parameters at once, or raise the budget.", judged)


def _count_configurations(facts: RoundAdmission) -> int:
    sampled = facts.trials or 0
    if facts.trials is None and facts.sampler.points:
        sampled = 1
        for count in facts.sampler.points.values():
            sampled *= count
    earlier = {
        trial.point_key
        for other in facts.earlier
        if other.definition.purpose is Purpose.TUNE
        and other.definition.max_train_steps == facts.max_train_steps
        for trial in other.trials
    }
    own = {point_key(point.params) for point in facts.points}
    return sampled + len(own | earlier)


RULE = Rule(
    code="SPC206",
    name="too-many-dimensions",
    title="Too many searched dimensions for the number of trials",
    claims=("P-22",),
    severity=Severity.INFO,
    explanation=__doc__,
    checks={Stage.ROUND_ADMISSION: check, Stage.PLAN: check_plan},
)
