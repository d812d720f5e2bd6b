"""A reduced horizon is confirmed: the longer one runs under the final round's own new seeds.

A descent rests on the seed of the tune round, which may be a lucky one; in doubt, longer (P-6).
"""

from dataclasses import dataclass, replace

from app.domain.rounds import Action, Purpose, RoundDefinition
from app.planning.case import Case, about
from app.planning.draft import Draft
from app.planning.history import (
    arrival,
    check_rounds,
    horizons_used,
    longer_round,
    tune_rounds_of_setting,
)
from app.planning.horizon import tune_round_at
from app.planning.levels import Level
from app.planning.moves import Candidate, moved_round, points_of
from app.planning.promotion import promote
from app.planning.walks import walk_down
from app.policy.configurations import best_of
from app.policy.facts import Configuration, RoundFacts

SEEDS = 2  # of the final round's: its longer runs cost four times as much


@dataclass(frozen=True, slots=True)
class Descent:
    """Where a descent came from: the tune round above it, and the last longer level that held."""

    longer: Case
    level: Level


def confirm_descent(case: Case) -> Draft | None:
    """After a final round at a reduced horizon: does the longer one hold against it? Else None."""
    descent = descent_of(case)
    if descent is None:
        return None
    asked = [r for r in check_rounds(case.study) if r.definition.checks == case.subject.number]
    if not asked:
        return _ask(case, descent) if _has_room(case, descent) else None
    gains = gains_by_seed(case, asked[-1])
    if not gains:
        return None
    gain = sum(gains) / len(gains)
    return _go_back(case, descent, asked[-1], gain) if gain > case.facts.noise.eps else None


def descent_of(case: Case) -> Descent | None:
    """The descent that led to this final round; None if none did, or if several seeds judged it."""
    tunes = tune_rounds_of_setting(case)
    is_final = case.subject.definition.purpose is Purpose.FINAL
    if not is_final or case.best is None or not tunes:
        return None
    source = longer_round(about(case, tunes[0]))
    if arrival(case) is not Action.REDUCE_HORIZON or source is None:
        return None
    longer = about(case, source)
    above = [x for x in walk_down(longer).held if x.horizon_steps > case.horizon_steps]
    return Descent(longer, above[-1]) if above and longer.facts.noise.is_assumed else None


def winner_of(case: Case) -> Configuration | None:
    """The best of the final round's own configurations: those that ran under its seeds."""
    own = {t.point_key for t in case.subject.trials}
    return next((c for c in case.facts.configurations if c.point_key in own), None)


def gains_by_seed(case: Case, check: RoundFacts) -> list[float]:
    """What the longer horizon gains over the final round's winner, one number a common seed."""
    winner = winner_of(case)
    own = {t.trial_id for t in check.trials}
    facts = case.reviews.of(check.number)
    trials = [t for c in facts.configurations for t in c.trials if t.trial_id in own]
    short = {t.seed: best_of(t)[0] for t in winner.trials} if winner else {}
    return [short[t.seed] - best_of(t)[0] for t in trials if t.seed in short]


def _has_room(case: Case, descent: Descent) -> bool:
    """Whether going back to that horizon would stay within `limits.rounds`."""
    limit, used = case.study.definition.limits.rounds, horizons_used(case.study)
    return limit is None or len({*used, descent.level.horizon_steps}) <= limit


def _ask(case: Case, descent: Descent) -> Draft:
    steps, proposal = descent.level.horizon_steps, _check(case, descent)
    return Draft(
        case,
        Action.CHECK_HORIZON,
        f"{case.horizon_steps} steps were chosen under one seed: {len(proposal.seeds)} runs of "
        f"{steps} steps under the new seeds show whether longer training is better after all.",
        proposal=proposal,
        would_change_my_mind=(f"a gain beyond noise at {steps} steps: then that horizon stands",),
    )


def _check(case: Case, descent: Descent) -> RoundDefinition:
    """The longer horizon's best configuration under two of the final round's seeds."""
    best, seeds = descent.level.configurations[0], case.subject.definition.seeds[:SEEDS]
    new = moved_round(descent.longer, descent.level.horizon_steps, Purpose.CHECK)
    new = replace(new, checks=case.subject.number, seeds=seeds)
    points = points_of(descent.longer, new, [Candidate(best, dict(best.params))])
    return replace(new, points=points)


def _go_back(case: Case, descent: Descent, check: RoundFacts, gain: float) -> Draft | None:
    """To the longer tune round's winners; a level that was only checked is tuned first."""
    steps = descent.level.horizon_steps
    found = (
        f"Under new seeds {steps} steps are better than {case.horizon_steps} by {gain:.3g}: "
        "the shorter horizon was the luck of one seed."
    )
    if steps == descent.longer.horizon_steps:
        promoted = promote(descent.longer)
        return replace(promoted, sentence=f"{found} {promoted.sentence}") if promoted else None
    level = Level(steps, case.reviews.of(check.number), {})
    return Draft(
        case,
        Action.EXTEND_HORIZON,
        f"{found} Tune again at {steps}.",
        proposal=tune_round_at(descent.longer, level),
        would_change_my_mind=(f"a tune round at {steps} steps that gains nothing",),
        recommended_steps=steps,
        effect=gain,
    )
