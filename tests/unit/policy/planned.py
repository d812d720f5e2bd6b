"""Builders for the rules of a plan: alternatives without a planner."""

from app.domain.plans import PlanAlternative, PlannedRound, PlannedTotal


def plan_of(*horizons: int, trials: int = 2, hours: float | None = None) -> PlanAlternative:
    """An alternative named by its horizons, `trials` at each; `hours` is what one trial takes."""
    rounds = tuple(
        PlannedRound(steps, trials, trials * steps, steps, hours, hours, hours)
        for steps in horizons
    )
    total = PlannedTotal(trials * len(rounds), trials * sum(horizons), hours, hours)
    return PlanAlternative("-".join(map(str, horizons)), rounds, total, 0, "")
