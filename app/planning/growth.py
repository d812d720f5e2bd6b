"""How far up a compute-bound study's next round lies (P-21, P-22, P-31).

First the horizons that the study already has, so that a new idea meets what stands there (P-31b);
then production at once where it is near, or where the top set has stopped changing; else a
geometric step.
"""

import math
from dataclasses import dataclass

from app.domain.recommendations import Reason
from app.domain.rounds import Purpose
from app.planning.case import Case
from app.planning.history import horizons_used, is_same_problem
from app.planning.ladders import AT_ONCE_GROWTH, next_step
from app.policy.facts import ReviewFacts, RoundFacts

LEAST_PAIRS = 6  # with so many, one horizon says that the top set is stable
LEAST_HELD = 2  # with fewer, two in a row must say so


def can_climb(case: Case) -> bool:
    """Only a compute-bound study below its production length promotes to longer training."""
    longest = case.study.definition.production_steps
    return case.is_compute_bound and longest is not None and longest > case.horizon_steps


def next_horizon(case: Case) -> int:
    """The horizon (steps) to promote to; the case's own where nothing longer is wanted."""
    longest = case.study.definition.production_steps
    if not can_climb(case) or longest is None:
        return case.horizon_steps
    known = known_horizon_above(case)
    if known is not None:
        return known
    if is_top_stable(case):
        return longest
    left = horizons_left(case, longest / case.horizon_steps)
    return next_step(case.horizon_steps, longest, left)


def known_horizon_above(case: Case) -> int | None:
    """The next longer horizon that tune or final rounds of the study had already."""
    longest = case.study.definition.production_steps or 0
    above = [h for h in horizons_used(case.study) if case.horizon_steps < h <= longest]
    return min(above, default=None)


def horizons_left(case: Case, growth: float) -> int:
    """How many more horizons the limit allows; without a limit, as many as steps of 10x need."""
    limit = case.study.definition.limits.rounds
    if limit is None:
        return max(1, math.ceil(math.log10(growth)))
    return max(1, limit - len(horizons_used(case.study)))


def growth_reasons(case: Case) -> tuple[Reason, ...]:
    """Why the next horizon lies where it does; production within reach needs no reason."""
    longest, steps = case.study.definition.production_steps or 0, next_horizon(case)
    if steps == known_horizon_above(case):
        text = f"{steps} steps is the next horizon that this study has: results compare there."
        return (Reason("ladder", text),)
    growth = longest / case.horizon_steps
    if growth <= AT_ONCE_GROWTH:
        return ()
    left = horizons_left(case, growth)
    if is_top_stable(case):
        return (_why_growth_stops(case, next_step(case.horizon_steps, longest, left)),)
    times = steps / case.horizon_steps
    text = f"{times:.3g} times as long; horizons to go until production: {left}."
    return (Reason("ladder", text),)


def _why_growth_stops(case: Case, usual_steps: int) -> Reason:
    """It says what the careful way would be: PRM604 warns of a long jump whatever the reason."""
    told = " and ".join(f"{r.pairs} pairs at {r.steps}" for r in rechecks(case)[-LEAST_HELD:])
    text = f"The top set is stable ({told} steps held): growth stops, production is next."
    if usual_steps < (case.study.definition.production_steps or 0):
        text += f" The careful way is a round of {usual_steps} steps between."
    return Reason("PRM602", text)


@dataclass(frozen=True, slots=True)
class Recheck:
    """What one horizon said of the choices of shorter runs (P-31a)."""

    steps: int
    pairs: int
    is_stable: bool  # PRM602 holds, and nothing first tried here beats the re-runs beyond noise


def is_top_stable(case: Case) -> bool:
    """Whether growth may stop: stable here with 6 pairs, or here and at the horizon below."""
    found = rechecks(case)[-LEAST_HELD:]
    if not found or not found[-1].is_stable:
        return False
    return found[-1].pairs >= LEAST_PAIRS or (len(found) == LEAST_HELD and found[0].is_stable)


def rechecks(case: Case) -> list[Recheck]:
    """One for the last review at each tune horizon of this problem, up to the case's own."""
    found = {
        one.definition.max_train_steps: recheck
        for one in case.study.rounds
        if is_tuned_alike(case, one) and (recheck := _recheck(case, one)) is not None
    }
    return [found[steps] for steps in sorted(found) if steps <= case.horizon_steps]


def _recheck(case: Case, one: RoundFacts) -> Recheck | None:
    own = case.assessments.get(one.number)
    verdict = next((v for v in own.verdicts if v.code == "PRM602"), None) if own else None
    if verdict is None:
        return None
    holds = verdict.evidence.get("state") == "holds"
    is_stable = holds and not _has_moved(case.reviews.of(one.number), verdict.trial_ids)
    pairs = int(verdict.evidence.get("pairs") or 0)
    return Recheck(one.definition.max_train_steps, pairs, is_stable)


def _has_moved(facts: ReviewFacts, re_run: tuple[str, ...]) -> bool:
    """Whether a rate, or a point, first tried at this horizon beats what came from below."""
    from_below = [c for c in facts.configurations if any(t.trial_id in re_run for t in c.trials)]
    if not from_below:
        return True
    return from_below[0].best_value > facts.configurations[0].best_value + facts.noise.eps


def is_tuned_alike(case: Case, other: RoundFacts) -> bool:
    """Whether the round tuned the case's problem, at whatever horizon."""
    is_tune = other.definition.purpose is Purpose.TUNE
    return is_tune and is_same_problem(other.definition, case.subject.definition)
