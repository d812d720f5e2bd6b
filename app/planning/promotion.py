"""`promote`: the round that trains the winners again, longer or under new seeds (P-24, P-28)."""

from dataclasses import replace

from app.domain.ids import TrialId
from app.domain.rounds import Action, Origin, Point, Purpose
from app.planning.case import Case
from app.planning.climbing import climb
from app.planning.draft import Draft
from app.planning.growth import can_climb, next_horizon
from app.planning.judging import check_reasons
from app.planning.winners import Winner, pick_winners

SEEDS_OF_TWO = 3  # unused seeds where two configurations are left
SEEDS = 2
PRODUCTION_SEEDS = 1


def promote(case: Case) -> Draft | None:
    """The winners' next round; None where there are none."""
    if not case.is_tune or case.best is None:
        return None
    winners = pick_winners(case, next_horizon(case))
    return climb(case, winners) if can_climb(case) else _repeat(case, winners)


def _repeat(case: Case, winners: tuple[Winner, ...]) -> Draft:
    """A final round at the same horizon, under seeds that nobody has been chosen by."""
    seeds = unused_seeds(case, seeds_wanted(case, len(winners)))
    points = tuple(
        Point(dict(w.configuration.params), origin=Origin(TrialId(w.trial_id))) for w in winners
    )
    proposal = replace(
        case.subject.definition,
        purpose=Purpose.FINAL,
        checks=None,
        trials=None,
        points=points,
        seeds=seeds,
    )
    needs_number = case.is_compute_bound and case.study.definition.production_steps is None
    return Draft(
        case,
        Action.PROMOTE,
        _sentence(case, len(winners), len(seeds), needs_number),
        proposal=proposal,
        reasons=check_reasons(case),
        would_change_my_mind=("another configuration that is better under the new seeds",),
        recommended_steps=None if case.is_compute_bound else case.horizon_steps,
        is_low_confidence=needs_number,
    )


def _sentence(case: Case, winners: int, seeds: int, needs_number: bool) -> str:
    again = f"train the {winners} best configurations again under {seeds} new seeds"
    if needs_number:
        return (
            "To train longer, give production_steps, the run you hope to launch; until then, "
            f"{again} at {case.horizon_steps} steps."
        )
    if case.is_compute_bound:
        return f"{case.horizon_steps} steps is the production length: {again}."
    return (
        f"{case.horizon_steps} steps are long enough, and no shorter training did as well: {again}."
    )


def seeds_wanted(case: Case, winners: int) -> int:
    """Two or three, to tell luck from worth; one at production length."""
    if case.is_compute_bound:
        return PRODUCTION_SEEDS
    return SEEDS_OF_TWO if winners <= 2 else SEEDS


def unused_seeds(case: Case, count: int) -> tuple[int, ...]:
    """The smallest seeds that nothing at this horizon has run under yet."""
    trials = (t for r in case.study.rounds for t in r.trials)
    used = {t.seed for t in trials if t.max_train_steps == case.horizon_steps}
    return tuple(s for s in range(len(used) + count) if s not in used)[:count]
