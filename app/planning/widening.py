"""`widen_search_space`: the answer to an edge, and to the suspicion of one."""

from app.domain.rounds import Action, RoundDefinition
from app.domain.space import Parameters
from app.planning.case import Case
from app.planning.draft import Draft
from app.planning.widen import (
    MOST_WIDENINGS,
    RATE_EDGES,
    Edge,
    find_edges,
    suspect_round,
    was_suspected,
    widening_round,
    widenings,
)
from app.policy.rates import searched_rates


def widen_search_space(case: Case) -> Draft | None:
    """An edge widens, three times a study; a suspect asks for three points; else None."""
    if not case.is_tune:
        return None  # a sweep's is answered where the sweep is
    edges = find_edges(case, "SPC201")
    certain = tuple(e for e in edges if not e.is_suspect) or _all_diverged(case)
    if certain:
        proposal = widening_round(case, certain)
        if proposal is not None:
            return _widen(case, certain, proposal)
    for edge in edges:
        proposal = (
            None if not edge.is_suspect or was_suspected(case, edge) else suspect_round(case, edge)
        )
        if proposal is not None:
            return _look_beyond(case, edge, proposal)
    return None


def _all_diverged(case: Case) -> tuple[Edge, ...]:
    """Divergence is evidence too: where nothing survived, every searched rate was too high."""
    if case.facts.configurations or not case.facts.dead:
        return ()
    return tuple(Edge(name, "low") for name in searched_rates(case.subject.definition))


def _widen(case: Case, edges: tuple[Edge, ...], proposal: RoundDefinition) -> Draft:
    edge, count = edges[0], widenings(case.study)
    bounds = describe(proposal, edge.parameter)
    sentence = (
        f"The best {edge.parameter} lies at the {edge.side} end of {_range(case, edge)}: "
        f"{bounds}, {proposal.trials} more points."
    )
    doubt = _beyond(case, edge)
    if not case.facts.configurations:
        sentence = f"Every trial diverged: search lower values of {edge.parameter}: {bounds}."
        doubt = f"a trial that survives within {_range(case, edge)}; none anywhere: look for a bug"
    is_over = count >= MOST_WIDENINGS
    if is_over:
        sentence += f" It was widened {count} times already: look at the training before going on."
    return Draft(
        case,
        Action.WIDEN_SEARCH_SPACE,
        sentence,
        proposal=proposal,
        acting=RATE_EDGES,
        would_change_my_mind=(doubt,),
        is_decided=not is_over,
    )


def _look_beyond(case: Case, edge: Edge, proposal: RoundDefinition) -> Draft:
    return Draft(
        case,
        Action.WIDEN_SEARCH_SPACE,
        f"The best {edge.parameter} may lie beyond the {edge.side} end of {_range(case, edge)}: "
        f"{len(proposal.points)} points beyond it will tell, {describe(proposal, edge.parameter)}.",
        proposal=proposal,
        acting=RATE_EDGES,
        would_change_my_mind=(_beyond(case, edge),),
    )


def _range(case: Case, edge: Edge) -> str:
    low, high = case.subject.definition.parameters[edge.parameter].bounds
    return f"{low:.3g} ... {high:.3g}"


def _beyond(case: Case, edge: Edge) -> str:
    """What is missing: nothing was tried on the other side of that end."""
    low, high = case.subject.definition.parameters[edge.parameter].bounds
    end, where = (low, "below") if edge.side == "low" else (high, "above")
    best = case.shown(case.best.best_value) if case.best else "what was seen"
    return f"values {where} {end:.3g} that do no better than {best}: then the range holds the best"


def describe(proposal: RoundDefinition, name: str) -> str:
    low, high = proposal.parameters[name].bounds
    return f"search {low:.3g} to {high:.3g}"


def advised_bounds(
    case: Case, proposal: RoundDefinition | None
) -> dict[str, dict[str, float]] | None:
    """The new bounds of every parameter with an edge, whatever the action; None without one."""
    edges = find_edges(case, *RATE_EDGES, "SPC202") or _all_diverged(case)
    wider = widening_round(case, edges) if edges else None
    names = dict.fromkeys(e.parameter for e in edges)
    boxes = (wider.parameters if wider else {}) | _proposed(case, proposal)
    found = {n: boxes[n].bounds for n in names if n in boxes}
    return {n: {"low": low, "high": high} for n, (low, high) in found.items()} or None


def _proposed(case: Case, proposal: RoundDefinition | None) -> Parameters:
    """The parameters that the proposal moves: they go before what is only advised."""
    old = case.subject.definition.parameters
    return {n: p for n, p in proposal.parameters.items() if p != old.get(n)} if proposal else {}
