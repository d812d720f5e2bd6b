"""Promotion of a compute-bound study: the next round up, schedules extended (P-22, P-25)."""

from dataclasses import replace

from app.domain.ids import TrialId
from app.domain.recommendations import Reason
from app.domain.rounds import Action, Origin, Point, Purpose, Relation, RoundDefinition
from app.domain.space import point_key
from app.planning.case import Case, about
from app.planning.draft import Draft
from app.planning.extension import PromotedSchedule, promotion_schedules
from app.planning.growth import can_climb, growth_reasons, next_horizon
from app.planning.moves import resumed
from app.planning.rates import rate_name, rounded
from app.planning.rounds import reuse_steps
from app.planning.schedules import as_definition, with_decay_of
from app.planning.stages import is_known, reviewed_stage, standing_reasons
from app.planning.winners import Winner, pick_winners
from paceline.schedules import Schedule

LOCAL_SWEEP = (0.5, 2.0)  # beside the winner's own rate (policy 2.5)
DRIFT = "a good rate drifts with the horizon, which way depends on the batch size"


def standing_stage(case: Case) -> Case:
    """The highest stage that holds all who would be promoted to it: a new idea that brought no
    winner changes nothing, and what stands there goes on."""
    while case.is_tune and case.best is not None and can_climb(case):
        steps = next_horizon(case)
        winners, stage = pick_winners(case, steps), reviewed_stage(case, steps)
        is_open = stage is None or any(w.schedule is None for w in winners)
        if stage is None or is_open or points_to_run(case, winners, steps):
            return case
        case = about(case, stage)
    return case


def climb(case: Case, winners: tuple[Winner, ...]) -> Draft:
    """Each winner's schedule extended to the next horizon; the best winner at other rates too.

    The winners run again as they are (`same`): the pairs that PRM602 re-checks ranks by (P-31a).
    """
    steps, best = next_horizon(case), winners[0]
    if any(w.schedule is None for w in winners):
        return _without_formula(case, len(winners), steps)
    new, points = climbing_round(case, best, steps), points_to_run(case, winners, steps)
    if not points:
        return _under_way(case, steps)
    end = ", the production length" if new.purpose is Purpose.FINAL else ""
    return Draft(
        case,
        Action.PROMOTE,
        f"Train the {len(winners)} best configurations for {steps} steps{end}: {len(points)} runs.",
        proposal=replace(new, points=points),
        reasons=(
            *growth_reasons(case),
            *standing_reasons(case, steps),
            *_why_variants(variants_of(case, best, steps)),
        ),
        would_change_my_mind=(f"ranks that do not hold at {steps} steps",),
    )


def points_to_run(case: Case, winners: tuple[Winner, ...], steps: int) -> tuple[Point, ...]:
    """The winners and the best one's variants, each once, but those that ran at `steps` already."""
    new = climbing_round(case, winners[0], steps)
    points = [p for w in winners for p in _same(case, new, w)]
    points += [_point(case, winners[0], v) for v in variants_of(case, winners[0], steps)]
    once = {(point_key(p.params), p.seeds): p for p in reversed(points)}  # winners win
    return tuple(p for p in points if p in once.values() and not is_known(case, new, p))


def _under_way(case: Case, steps: int) -> Draft:
    return Draft(
        case,
        Action.PROMOTE,
        f"The winners are in training at {steps} steps already: the review of that round is next.",
        would_change_my_mind=(f"what they reach after {steps} steps",),
        is_decided=False,
    )


def climbing_round(case: Case, best: Winner, steps: int) -> RoundDefinition:
    """The round without its points: `tune` below the production length, `final` at it, one seed.

    Its schedule is the best winner's, extended; the peak stays a reference for whoever samples.
    """
    own, study = case.subject.definition, case.study.definition
    is_final = steps == study.production_steps
    schedule = own.schedule
    if best.schedule is not None:
        extended = promotion_schedules(best.schedule, case.horizon_steps, steps)[0].extension
        schedule = with_decay_of(own.schedule, extended.schedule)
    return replace(
        own,
        purpose=Purpose.FINAL if is_final else Purpose.TUNE,
        checks=None,
        max_train_steps=steps,
        schedule=schedule,
        checkpoint_steps=() if is_final else reuse_steps(study, schedule, steps),
        trials=None,
        points=(),
        seeds=own.seeds[:1],
    )


def variants_of(case: Case, winner: Winner, steps: int) -> tuple[PromotedSchedule, ...]:
    """1/2 and 1/4 of the rate where a kept decay makes the old one risky, else half and twice of
    it.

    Empty where no rate is searched.
    """
    schedule = winner.schedule
    name = rate_name(case.subject.definition, winner.configuration.params)
    if schedule is None or name is None:
        return ()
    known = promotion_schedules(schedule, case.horizon_steps, steps)
    if len(known) > 1:
        return known[1:]
    return tuple(_local_variant(case, schedule, steps, factor) for factor in LOCAL_SWEEP)


def _local_variant(case: Case, schedule: Schedule, steps: int, factor: float) -> PromotedSchedule:
    moved = replace(schedule, peak=schedule.peak * factor)
    extended = promotion_schedules(moved, case.horizon_steps, steps)[0]
    return replace(extended, rate_factor=factor, why=DRIFT)


def _same(case: Case, new: RoundDefinition, winner: Winner) -> list[Point]:
    """The winner as it is, resumed where a prefix can be reused."""
    if winner.schedule is None:
        return []
    steps = new.max_train_steps
    extended = promotion_schedules(winner.schedule, case.horizon_steps, steps)[0]
    return resumed(case, new, _point(case, winner, extended), winner.configuration)


def _point(case: Case, winner: Winner, promoted: PromotedSchedule) -> Point:
    params = dict(winner.configuration.params)
    name = rate_name(case.subject.definition, params)
    relation = Relation.SAME
    if name is not None and promoted.rate_factor != 1.0:
        params[name] = rounded(float(params[name]) * promoted.rate_factor)
        relation = Relation.VARIANT
    return Point(
        params,
        schedule=as_definition(promoted.extension.schedule),
        origin=Origin(TrialId(winner.trial_id), relation),
    )


def _why_variants(variants: tuple[PromotedSchedule, ...]) -> tuple[Reason, ...]:
    if not variants:
        return ()
    factors = " and ".join(f"{v.rate_factor:g}" for v in variants)
    return (
        Reason("PRM601", f"The best winner also runs at {factors} of its rate: {variants[0].why}."),
    )


def _without_formula(case: Case, count: int, steps: int) -> Draft:
    return Draft(
        case,
        Action.PROMOTE,
        f"Train the {count} best configurations for {steps} steps under a schedule of your own: "
        "a custom schedule has no formula to extend.",
        would_change_my_mind=("a schedule of a known kind: then the next round can be proposed",),
        is_decided=False,
        is_low_confidence=True,
    )
