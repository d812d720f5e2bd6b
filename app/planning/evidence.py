"""`collect_evidence`: what to do where too little was seen to judge at all."""

import numpy as np

from app.domain.rounds import Action, Point, Purpose
from app.domain.states import UNFINISHED_TRIALS
from app.domain.studies import SamplerKind
from app.planning.case import Case
from app.planning.draft import Draft
from app.planning.history import tune_rounds_of_setting
from app.planning.widen import again
from app.policy.divergence import has_nonfinite, is_complete
from app.policy.facts import TrialFacts
from app.policy.rates import searched_rates

MOST_CENSORED_FRACTION = 0.2
LEAST_VALUES = 8  # distinct rates that SPC201 asks for; 5 on a grid
LEAST_GRID_VALUES = 5


def collect_evidence(case: Case) -> Draft | None:
    """Nothing ran, no signal, too much censored, or too few rates; None: enough to judge."""
    ended = [t for t in case.facts.trials if t.state not in UNFINISHED_TRIALS]
    if not any(np.isfinite(t.objective).any() or has_nonfinite(t) for t in ended):
        return _ask(
            case, f"None of {len(case.facts.trials)} trials measured anything: look at their logs."
        )
    if not case.facts.has_signal:
        metric = case.study.definition.objective.metric
        return _ask(
            case,
            f"{metric} never changed in any of {len(ended)} trials: check how it is measured.",
        )
    if case.subject.definition.purpose is Purpose.FINAL and not case.facts.configurations:
        return _ask(
            case,
            f"None of {len(ended)} trials of the final round completed alive: "
            "nothing can be named best.",
        )
    if not case.is_tune:
        return None
    return _too_censored(case, ended) or _too_few(case)


def _ask(case: Case, sentence: str) -> Draft:
    """No proposal: a person is asked."""
    return Draft(
        case,
        Action.COLLECT_EVIDENCE,
        sentence,
        would_change_my_mind=("trials that run to the horizon and report the objective",),
        is_decided=False,
        is_low_confidence=True,
    )


def _too_censored(case: Case, ended: list[TrialFacts]) -> Draft | None:
    cut = unanswered(case, ended)
    if len(cut) <= MOST_CENSORED_FRACTION * len(ended):
        return None
    params = {t.point_key: t.params for t in cut}
    points = tuple(Point(dict(p)) for p in params.values())
    return Draft(
        case,
        Action.COLLECT_EVIDENCE,
        f"{len(cut)} of {len(ended)} trials stopped before {case.horizon_steps} steps and say "
        f"nothing about longer training: run their {len(points)} points again, to the end.",
        proposal=again(case, case.subject.definition.parameters, points=points),
        acting=("HZN104",),
        would_change_my_mind=("the trials that stopped short, run to their horizon",),
    )


def unanswered(case: Case, ended: list[TrialFacts]) -> list[TrialFacts]:
    """Trials that stopped short, but diverged ones (an answer) and those that were run again."""
    diverged = {t.trial_id for t in case.facts.diverged}
    answered = {(t.point_key, t.seed) for t in ended if is_complete(t) or t.trial_id in diverged}
    short = (t for t in ended if t.censored and t.trial_id not in diverged)
    return sorted(
        (t for t in short if (t.point_key, t.seed) not in answered),
        key=lambda t: (t.point_key, t.seed),
    )


def _too_few(case: Case) -> Draft | None:
    rates = searched_rates(case.subject.definition)
    if not rates or was_promoted(case) or not case.facts.configurations:
        return None  # where nothing survived, lower rates are wanted, not more of these
    tried = {
        t.params.get(name)
        for name in rates
        for t in case.facts.trials
        if name in t.params
        if is_complete(t) or has_nonfinite(t)
    }
    missing = _wanted_values(case) - len(tried)
    if missing <= 0 or _could_judge_edges(case):
        return None
    return Draft(
        case,
        Action.COLLECT_EVIDENCE,
        f"Only {len(tried)} learning rates were tried: {missing} more show whether the best one "
        "lies at the end of its range.",
        proposal=again(case, case.subject.definition.parameters, trials=missing),
        acting=("SPC201",),
        would_change_my_mind=(f"{missing} more learning rates at {case.horizon_steps} steps",),
    )


def _could_judge_edges(case: Case) -> bool:
    verdicts = case.about_subject("SPC201")
    return bool(verdicts) and all(v.verdict != "inconclusive" for v in verdicts)


def _wanted_values(case: Case) -> int:
    is_grid = case.subject.definition.sampler.kind is SamplerKind.GRID
    return LEAST_GRID_VALUES if is_grid else LEAST_VALUES


def was_promoted(case: Case) -> bool:
    """Whether promotion filled this round: its points were chosen, its box is not judged."""
    return any(r.action is Action.PROMOTE for r in tune_rounds_of_setting(case))
