"""`promote`: the round that trains the winners again, longer (compute-bound) or under new seeds
(P-24, P-28)."""

import math
from dataclasses import replace

from app.domain.ids import TrialId
from app.domain.recommendations import Reason
from app.domain.rounds import Action, Origin, Point, Purpose, Relation, RoundDefinition
from app.planning.case import Case
from app.planning.draft import Draft
from app.planning.extension import PromotedSchedule, promotion_schedules
from app.planning.history import horizons_used
from app.planning.judging import check_reasons
from app.planning.moves import resumed
from app.planning.rates import rate_name, rounded
from app.planning.rounds import reuse_steps
from app.planning.schedules import as_definition
from app.planning.winners import Winner, pick_winners, probability_inside
from paceline.schedules import Schedule

AT_ONCE_GROWTH = 10  # production within 10x: no round between (P-21)
DEFAULT_ROUNDS = 3
SEEDS_OF_TWO = 3  # unused seeds where two configurations are left
SEEDS = 2
LOCAL_SWEEP = (0.5, 2.0)  # beside the winner's own rate (policy 2.5)


def promote(case: Case) -> Draft | None:
    """The winners' next round; None where there are none."""
    if not case.is_tune or case.best is None:
        return None
    winners = pick_winners(case, next_horizon(case))
    return _climb(case, winners) if can_climb(case) else _repeat(case, winners)


def can_climb(case: Case) -> bool:
    """Only a compute-bound study below its production length promotes to longer training."""
    longest = case.study.definition.production_steps
    return case.is_compute_bound and longest is not None and longest > case.horizon_steps


def next_horizon(case: Case) -> int:
    """Production at once if within 10x, else a geometric step over the rounds that are left
    (P-22)."""
    longest = case.study.definition.production_steps
    if not can_climb(case) or longest is None:
        return case.horizon_steps
    growth = longest / case.horizon_steps
    if growth <= AT_ONCE_GROWTH:
        return longest
    factor: float = growth ** (1 / horizons_left(case, growth))
    return round(case.horizon_steps * factor)


def horizons_left(case: Case, growth: float) -> int:
    """How many more horizons the limit allows; without a limit, as many as steps of 10x need."""
    limit = case.study.definition.limits.rounds
    if limit is None:
        return max(1, math.ceil(math.log10(growth)))
    return max(1, limit - len(horizons_used(case.study)))


def _repeat(case: Case, winners: tuple[Winner, ...]) -> Draft:
    """A final round at the same horizon, under seeds that nobody has been chosen by."""
    own = case.subject.definition
    seeds = unused_seeds(case, 1 if case.is_compute_bound else seeds_wanted(len(winners)))
    points = tuple(
        Point(dict(w.configuration.params), origin=Origin(TrialId(w.trial_id))) for w in winners
    )
    proposal = replace(
        own, purpose=Purpose.FINAL, checks=None, trials=None, points=points, seeds=seeds
    )
    needs_number = case.is_compute_bound and case.study.definition.production_steps is None
    return Draft(
        case,
        Action.PROMOTE,
        _repeat_sentence(case, len(winners), len(seeds), needs_number),
        proposal=proposal,
        reasons=check_reasons(case),
        would_change_my_mind=("another configuration that is better under the new seeds",),
        recommended_steps=None if case.is_compute_bound else case.horizon_steps,
        is_low_confidence=needs_number,
    )


def _repeat_sentence(case: Case, winners: int, seeds: int, needs_number: bool) -> str:
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


def seeds_wanted(winners: int) -> int:
    return SEEDS_OF_TWO if winners <= 2 else SEEDS


def unused_seeds(case: Case, count: int) -> tuple[int, ...]:
    """The smallest seeds that no trial of the setting has run under."""
    used = {t.seed for t in case.facts.trials}
    return tuple(s for s in range(len(used) + count) if s not in used)[:count]


def _climb(case: Case, winners: tuple[Winner, ...]) -> Draft:
    """The next round up, each winner's schedule extended; the best one at neighbouring rates
    too."""
    steps = next_horizon(case)
    new = climbing_round(case, steps)
    points = [p for i, w in enumerate(winners) for p in _points(case, new, w, is_best=i == 0)]
    new = replace(new, points=tuple(points), schedule=points[0].schedule or new.schedule)
    fraction = case.horizon_steps / steps
    inside = probability_inside(len(winners), fraction)
    is_final = new.purpose is Purpose.FINAL
    return Draft(
        case,
        Action.PROMOTE,
        f"Train the {len(winners)} best configurations for {steps} steps"
        f"{', the production length' if is_final else ''}: {len(points)} runs.",
        proposal=new,
        reasons=(
            Reason(
                "PRM603",
                f"At {fraction:.0%} of {steps} steps the best {len(winners)} hold the eventual "
                f"best in about {inside:.0%} of studies.",
            ),
            *_rate_reasons(case, winners[0], steps),
        ),
        would_change_my_mind=(f"ranks that do not hold at {steps} steps",),
    )


def climbing_round(case: Case, steps: int) -> RoundDefinition:
    """The next round up without its points: `tune` below the production length, `final` at it, one
    seed."""
    own, study = case.subject.definition, case.study.definition
    is_final = steps == study.production_steps
    return replace(
        own,
        purpose=Purpose.FINAL if is_final else Purpose.TUNE,
        checks=None,
        max_train_steps=steps,
        checkpoint_steps=() if is_final else reuse_steps(study, own.schedule, steps),
        trials=None,
        points=(),
        seeds=own.seeds[:1],
    )


def _points(case: Case, new: RoundDefinition, winner: Winner, is_best: bool) -> list[Point]:
    """One winner's points: as it is, resumed where it can be, and the best one's rate variants."""
    schedule = _own_schedule(winner)
    variants = variants_of(case, schedule, new.max_train_steps) if is_best else ()
    plain = promotion_schedules(schedule, case.horizon_steps, new.max_train_steps)[0]
    same = resumed(case, new, _point(case, winner, plain), winner.configuration)
    if rate_name(case.subject.definition.parameters, winner.configuration.params) is None:
        return same
    return [*same, *(_point(case, winner, v) for v in variants)]


def variants_of(case: Case, schedule: Schedule, steps: int) -> tuple[PromotedSchedule, ...]:
    """1/4 and 1/2 of the rate where a kept decay makes the old one risky, else a half and twice of
    it."""
    known = promotion_schedules(schedule, case.horizon_steps, steps)
    if len(known) > 1:
        return known[1:]
    return tuple(
        replace(moved[0], rate_factor=factor)
        for factor in LOCAL_SWEEP
        for moved in [
            promotion_schedules(
                replace(schedule, peak=schedule.peak * factor), case.horizon_steps, steps
            )
        ]
    )


def _point(case: Case, winner: Winner, promoted: PromotedSchedule) -> Point:
    params = dict(winner.configuration.params)
    name = rate_name(case.subject.definition.parameters, params)
    relation = Relation.SAME
    if name is not None and promoted.rate_factor != 1.0:
        params[name] = rounded(float(params[name]) * promoted.rate_factor)
        relation = Relation.VARIANT
    return Point(
        params,
        schedule=as_definition(promoted.extension.schedule),
        origin=Origin(TrialId(winner.trial_id), relation),
    )


def _own_schedule(winner: Winner) -> Schedule:
    trials = winner.configuration.trials
    schedule = next((t.schedule for t in trials if t.trial_id == winner.trial_id), None)
    if schedule is None:
        raise ValueError(f"trial {winner.trial_id} has a schedule without a formula")
    return schedule


def _rate_reasons(case: Case, best: Winner, steps: int) -> tuple[Reason, ...]:
    """Why the best winner comes at several rates."""
    if rate_name(case.subject.definition.parameters, best.configuration.params) is None:
        return ()
    variants = variants_of(case, _own_schedule(best), steps)
    factors = ", ".join(f"{v.rate_factor:g}" for v in variants)
    why = variants[0].why if variants[0].rate_factor < 1 and len(variants[0].why) > 30 else ""
    text = why or "a good rate drifts with the horizon, and the sign depends on the batch size"
    return (Reason("PRM601", f"The best winner also runs at {factors} of its rate: {text}."),)
