"""When a horizon is right: a quarter of it is worse, twice of it no better (design section 3)."""

import math
from dataclasses import dataclass

from app.domain.recommendations import Reason
from app.domain.rounds import Action
from app.planning.case import Case, about
from app.planning.checks import check_round
from app.planning.draft import Draft
from app.planning.history import arrival, is_same_problem, longer_round
from app.planning.horizon import tune_round_at
from app.planning.levels import Level, gain_of_luck, paired_gain
from app.planning.walks import Walk, Way, walk_down, walk_up
from app.policy.horizon_number import recommended_number


@dataclass(frozen=True, slots=True)
class Checked:
    """The horizon's checks, as far as they have come; both None: there is nothing left to ask."""

    down: Walk | None
    up: Walk | None


def standing_case(case: Case) -> Case:
    """The round whose horizon stands: the longer one, if a descent lost more than eps."""
    longer = longer_round(case) if case.is_tune else None
    if longer is None or case.best is None:
        return case
    facts = case.reviews.of(longer.number)
    if not facts.configurations:
        return case
    is_worse = case.best.best_value > facts.configurations[0].best_value + facts.noise.eps
    return about(case, longer) if is_worse else case


def judge_horizon(case: Case) -> Draft | None:
    """The next check, or the horizon that checks have found; None: this one is accepted."""
    if not case.is_tune or case.is_compute_bound or case.best is None:
        return None
    checked = check_both(case)
    if checked.down is not None:
        draft = _from_down(case, checked.down)
        if draft is not None:
            return draft
    return _from_up(case, checked.up) if checked.up is not None else None


def check_both(case: Case) -> Checked:
    """Down first, unless best steps say longer or it climbed here; up, unless it descended."""
    came_by = arrival(case)
    skips_down = came_by is Action.EXTEND_HORIZON or bool(case.findings("CKP302"))
    down = None if skips_down else walk_down(case)
    up = None if came_by is Action.REDUCE_HORIZON else walk_up(case)
    return Checked(down, up)


def _from_down(case: Case, walk: Walk) -> Draft | None:
    if walk.ask_steps is not None:
        return _ask(case, walk, walk.ask_steps)
    settled = walk.settled
    if settled.horizon_steps == case.horizon_steps or was_tuned_at(case, settled.horizon_steps):
        return None
    found = f"{case.shown(settled.best_value)} against {case.shown(walk.held[0].best_value)}"
    return Draft(
        case,
        Action.REDUCE_HORIZON,
        f"{settled.horizon_steps} steps do as well as {case.horizon_steps} ({found}): "
        f"tune again at {settled.horizon_steps}.",
        proposal=tune_round_at(case, settled),
        reasons=check_reasons(case),
        would_change_my_mind=(
            f"a tune round there that ends worse than {case.shown(walk.held[0].best_value)}",
        ),
        recommended_steps=settled.horizon_steps,
    )


def _from_up(case: Case, walk: Walk) -> Draft | None:
    has_begun = len(walk.held) > 1
    if walk.ask_steps is not None and (has_begun or _asks_again(case)):
        return _ask(case, walk, walk.ask_steps)
    settled = walk.settled
    if settled.horizon_steps == case.horizon_steps:
        return None
    before = walk.held[-2]
    old = f"{case.shown(before.best_value)}, the best after {before.horizon_steps}"
    gain = max(before.best_value - settled.best_value, paired_gain(settled, before)[0])
    more = " Every doubling paid: is this workload compute-bound?" if walk.is_exhausted else ""
    return Draft(
        case,
        Action.EXTEND_HORIZON,
        f"Longer training pays: {settled.horizon_steps} steps still gain {gain:.3g} over "
        f"{before.horizon_steps}: tune again at {settled.horizon_steps}.{more}",
        proposal=tune_round_at(case, settled),
        reasons=check_reasons(case),
        would_change_my_mind=(
            f"a tune round of {settled.horizon_steps} steps that does no better than {old}",
        ),
        recommended_steps=settled.horizon_steps,
        effect=gain,
    )


def _asks_again(case: Case) -> bool:
    """After four doublings that paid: only where the curves themselves still ask for longer."""
    if arrival(case) is not Action.EXTEND_HORIZON:
        return True
    still_falls = recommended_number(case.facts).recommended > case.horizon_steps
    return still_falls or bool(case.findings("CKP302", "WRK501"))


def _ask(case: Case, walk: Walk, steps: int) -> Draft:
    """The check; a person is asked where two were unanswered, or a climb begins anew."""
    proposal = check_round(case, walk, steps)
    is_up, has_begun = walk.way is Way.UP, len(walk.held) > 1
    is_second_climb = is_up and not has_begun and arrival(case) is Action.EXTEND_HORIZON
    sentence = _question(case, walk, steps, len(proposal.points))
    if is_second_climb:
        sentence += " Four doublings have paid already: is this workload compute-bound?"
    if walk.is_stuck:
        sentence += " Two such checks ended without an answer: look at their trials first."
    return Draft(
        case,
        Action.CHECK_HORIZON,
        sentence,
        proposal=proposal,
        reasons=check_reasons(case),
        would_change_my_mind=_mind(case, walk, steps),
        is_decided=not (walk.is_stuck or is_second_climb),
    )


def _question(case: Case, walk: Walk, steps: int, runs: int) -> str:
    asked = walk.settled.horizon_steps
    if walk.way is Way.DOWN:
        return (
            f"Before {case.horizon_steps} steps are trusted: {runs} runs of {steps} steps show "
            f"whether a quarter of {asked} does as well."
        )
    return f"{runs} runs of {steps} steps show whether twice of {asked} steps pays."


def _mind(case: Case, walk: Walk, steps: int) -> tuple[str, ...]:
    value = case.shown(walk.held[0].best_value)
    if walk.way is Way.DOWN:
        return (f"{value} or better after {steps} steps: then this horizon is too long",)
    return (f"no gain beyond noise at {steps} steps: then this horizon is long enough",)


def was_tuned_at(case: Case, horizon_steps: int) -> bool:
    """Whether the tune round of this descent has run already; then it has lost."""
    return any(
        r.action is Action.REDUCE_HORIZON
        and r.number > case.subject.number
        and r.definition.max_train_steps == horizon_steps
        and is_same_problem(r.definition, case.subject.definition)
        for r in case.study.rounds
    )


def _trail(case: Case, walk: Walk) -> tuple[Reason, ...]:
    """What every horizon of the walk reached, as one reason."""
    levels: list[Level] = [*walk.held, *([walk.failed] if walk.failed else [])]
    if len(levels) < 2:
        return ()
    told = ", ".join(f"{x.horizon_steps} steps: {case.shown(x.best_value)}" for x in levels)
    gained = _paired(case, levels) if walk.way is Way.UP else ""
    return (Reason(f"checks-{walk.way}", f"Best value by horizon: {told}.{gained}"),)


def _paired(case: Case, levels: list[Level]) -> str:
    """What the last doubling gained over the same points, beside what makes it worth it."""
    shorter, longer = levels[-2:]
    gain, count = paired_gain(longer, shorter)
    if not count:
        return ""
    wanted = case.facts.noise.eps / (2 * math.sqrt(count)) + gain_of_luck(longer, shorter)
    return (
        f" From {shorter.horizon_steps} to {longer.horizon_steps} steps the same {count} points "
        f"gain {gain:.3g} in the mean; more than {wanted:.3g} is worth it."
    )


def check_reasons(case: Case) -> tuple[Reason, ...]:
    """The trails of both checks, for the advice that rests on them."""
    if not case.is_tune or case.is_compute_bound or case.best is None:
        return ()
    checked = check_both(case)
    return tuple(r for walk in (checked.down, checked.up) if walk for r in _trail(case, walk))
