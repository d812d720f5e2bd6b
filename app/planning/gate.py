"""The gate: which findings block an action, which rules decide it, how sure the advice is."""

from collections.abc import Iterable

from app.domain.recommendations import JudgedVerdict
from app.domain.rounds import Action, Purpose
from app.domain.studies import Binding
from app.planning.case import Case, is_standing
from app.planning.draft import Draft
from app.planning.evidence import was_promoted
from app.planning.rates import rate_name
from app.policy.rates import searched_rates

GATED = frozenset({Action.PROMOTE, Action.SET_INITIAL_HORIZON, Action.FINISH})
DECIDING = {
    Action.SET_INITIAL_HORIZON: ("INI401", "INI402", "INI403", "INI404", "INI405"),
    Action.PROMOTE: ("SPC201", "HZN104"),
    Action.FINISH: ("HZN101", "HZN104"),
}
MANY_TRIALS = 20
LARGE_EFFECT = 2.0  # times eps


def blocking_verdicts(case: Case, action: Action) -> tuple[JudgedVerdict, ...]:
    """Enforced findings that stand in the way; corrective rounds always pass: they are the cure."""
    return enforced(case.verdicts) if action in GATED else ()


def enforced(verdicts: Iterable[JudgedVerdict]) -> tuple[JudgedVerdict, ...]:
    """The findings among them that are enforced and still stand."""
    return tuple(v for v in verdicts if v.binding is Binding.ENFORCE and is_standing(v))


def blocking_codes(case: Case, action: Action) -> tuple[str, ...]:
    """Their codes, each once."""
    return tuple(dict.fromkeys(v.code for v in blocking_verdicts(case, action)))


def undecided_codes(case: Case, action: Action) -> tuple[str, ...]:
    """Deciding rules that are inconclusive."""
    codes = [c for c in DECIDING.get(action, ()) if c != "SPC201" or _asks_for_edges(case)]
    return tuple(c for c in codes if _is_inconclusive(case, c))


def _asks_for_edges(case: Case) -> bool:
    is_tune = case.subject.definition.purpose is Purpose.TUNE
    return is_tune and bool(searched_rates(case.subject.definition)) and not was_promoted(case)


def _is_inconclusive(case: Case, code: str) -> bool:
    """Of several verdicts, those about a parameter of the best configuration count."""
    return any(
        v.verdict == "inconclusive" for v in case.about_subject(code) if _concerns_best(case, v)
    )


def _concerns_best(case: Case, verdict: JudgedVerdict) -> bool:
    name = verdict.evidence.get("parameter")
    if name is None or case.best is None:
        return True
    return str(name) == rate_name(case.subject.definition, case.best.params)


def confidence(case: Case, draft: Draft) -> str:
    """high: deciding rules conclusive, 20 trials, over 2 eps; low: one is not; else medium."""
    if draft.is_low_confidence or not draft.is_decided or undecided_codes(case, draft.action):
        return "low"
    n = len(case.facts.configurations) + len(case.facts.dead)
    is_large = _effect(case, draft) > LARGE_EFFECT * case.facts.noise.eps
    return "high" if n >= MANY_TRIALS and is_large else "medium"


def _effect(case: Case, draft: Draft) -> float:
    """What is gained; where nothing was measured, how far the best is ahead of the median."""
    if draft.effect is not None:
        return draft.effect
    values = [c.best_value for c in case.facts.configurations]
    return values[len(values) // 2] - values[0] if values else 0.0
