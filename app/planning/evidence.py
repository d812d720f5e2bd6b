"""`collect_evidence`: what to do where too little was seen to judge at all."""

from app.domain.rounds import Action, Purpose
from app.domain.states import UNFINISHED_TRIALS
from app.domain.studies import SamplerKind
from app.planning.case import Case
from app.planning.draft import Draft
from app.planning.history import tune_rounds_of_setting
from app.planning.widen import again
from app.policy.divergence import has_nonfinite, is_complete
from app.policy.rates import searched_rates

MOST_CENSORED_FRACTION = 0.2
LEAST_VALUES = 8  # distinct rates that SPC201 asks for; 5 on a grid
LEAST_GRID_VALUES = 5


def collect_evidence(case: Case) -> Draft | None:
    """Nothing ran, no signal, too much censored, or too few rates tried; None: there is enough to
    judge."""
    ended = [t for t in case.facts.trials if t.state not in UNFINISHED_TRIALS]
    judged = [t for t in ended if is_complete(t) or has_nonfinite(t)]
    if not judged and not any(t.censored for t in ended):
        return _ask(
            case,
            f"None of {len(case.facts.trials)} trials left a usable result: look at their logs.",
        )
    if not case.facts.has_signal:
        metric = case.study.definition.objective.metric
        return _ask(
            case, f"{metric} never changed in {len(judged)} trials: check how it is measured."
        )
    if case.subject.definition.purpose is Purpose.FINAL and not case.facts.configurations:
        return _ask(
            case,
            f"All {len(judged)} trials of the final round diverged: nothing can be named best.",
        )
    if not case.is_tune:
        return None
    return _too_censored(case, sum(1 for t in ended if t.censored), len(ended)) or _too_few(case)


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


def _too_censored(case: Case, censored: int, ended: int) -> Draft | None:
    if censored <= MOST_CENSORED_FRACTION * ended:
        return None
    return Draft(
        case,
        Action.COLLECT_EVIDENCE,
        f"{censored} of {ended} trials stopped before {case.horizon_steps} steps and say nothing "
        f"about longer training: run {censored} more to the end.",
        proposal=again(case, case.subject.definition.parameters, trials=censored),
        acting=("HZN104",),
        would_change_my_mind=("the trials that stopped short, run to their horizon",),
    )


def _too_few(case: Case) -> Draft | None:
    rates = searched_rates(case.subject.definition)
    if not rates or was_promoted(case):
        return None
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
