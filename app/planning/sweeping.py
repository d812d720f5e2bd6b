"""The constant-rate sweep (P-16): done properly, widened where its fastest rate is at an end."""

from dataclasses import replace

from app.domain.ids import TrialId
from app.domain.rounds import Action, Origin, Point, Purpose, RoundDefinition
from app.domain.space import Params, Value, active_params
from app.domain.studies import AutoHorizon
from app.planning.case import Case
from app.planning.draft import Draft
from app.planning.moves import best_trial, quasi_random, resumed
from app.planning.probes import (
    beyond,
    evaluated,
    off_params,
    plain_params,
    plain_round,
    sweep_rates,
    swept_box,
)
from app.planning.rates import rate_name
from app.planning.widen import (
    LEAST_POINTS,
    MOST_WIDENINGS,
    Edge,
    added_width,
    find_edges,
    new_bounds,
    widenings,
)
from app.planning.widening import describe
from app.policy.facts import TrialFacts
from app.policy.hits import Hits, by_fit, find_hits

SWEEP_RULES = ("INI401", "INI402", "INI405")
COARSE_EVALUATIONS = 2  # a fit within so many is not located
FINER_TIMES = 4  # the fastest hit: room for the runner-up


def sweep_properly(case: Case, hits: Hits) -> Draft | None:
    """At least seven constant rates around the fastest, nothing on that slows training down."""
    own = case.subject.definition
    base = replace(own, evaluate_every_steps=own.interval_steps)
    return _sweep(case, base, _why(case, hits))


def sweep_finer(case: Case, hits: Hits) -> Draft | None:
    """The sweep again with fewer steps and closer evaluations, where the fastest fit came before
    the sweep could tell when: rates tie that do not, and the number is too long."""
    own, fastest = case.subject.definition, min(hits.steps.values())
    typed = case.study.definition.max_train_steps
    is_seen = fastest > COARSE_EVALUATIONS * own.interval_steps or own.interval_steps == 1
    if is_seen or not isinstance(typed, AutoHorizon):
        return None
    base = replace(own, max_train_steps=FINER_TIMES * fastest, evaluate_every_steps=None)
    seen = fastest // own.interval_steps
    return _sweep(
        case, base, f"The training set is fitted by evaluation {seen}, too early to say when:"
    )


def _sweep(case: Case, base: RoundDefinition, why: str) -> Draft | None:
    center = _fastest(case)
    name = rate_name(base, center.params)
    if name is None:
        return None  # nothing to sweep: a person decides
    tried = tried_rates(case, name)
    rates = sweep_rates(base.parameters[name], name, float(center.params[name]), tried)
    plain = plain_round(base, Purpose.LR_SWEEP)
    swept = replace(plain, parameters=swept_box(base.parameters, name, rates), seeds=base.seeds[:1])
    new = evaluated(swept, base.interval_steps, case.study.definition)
    params = _plain(case, center.params)
    points = tuple(_continued(case, new, Point({**params, name: rate})) for rate in rates)
    saved = sum(1 for p in points if p.resume)
    reused = f", {saved} of them resumed" if saved else ""
    return Draft(
        case,
        Action.COLLECT_EVIDENCE,
        f"{why} sweep {len(rates)} constant rates from {rates[0]:.3g} to {rates[-1]:.3g} over "
        f"{new.max_train_steps} steps{reused}, to find how few are enough.",
        proposal=replace(new, points=points),
        acting=SWEEP_RULES,
        would_change_my_mind=(
            f"a constant rate outside of {rates[0]:.3g} ... {rates[-1]:.3g} that fits sooner",
        ),
    )


def _why(case: Case, hits: Hits) -> str:
    found = case.findings(*SWEEP_RULES)
    if found:
        codes = ", ".join(dict.fromkeys(v.code for v in found))
        return f"This sweep cannot set a horizon ({codes}):"
    return f"The training set is fitted by step {min(hits.steps.values())} of {case.horizon_steps}:"


def _fastest(case: Case) -> TrialFacts:
    """The fastest fit; of several, the one in their middle."""
    hits = find_hits(case.facts)
    ordered = by_fit(case.facts, hits)
    first = hits.steps.get(ordered[0].trial_id)
    tied = [t for t in ordered if first is not None and hits.steps.get(t.trial_id) == first]
    name = rate_name(case.subject.definition, ordered[0].params)
    if name is None or not tied:
        return ordered[0]
    tied.sort(key=lambda t: float(t.params.get(name, 0.0)))
    return tied[len(tied) // 2]


def tried_rates(case: Case, name: str) -> list[float]:
    """The distinct rates that ran in the subject's setting, ascending."""
    return sorted({float(t.params[name]) for t in case.facts.trials if name in t.params})


def _plain(case: Case, params: Params) -> dict[str, Value]:
    """The configuration with everything off that slows training down."""
    space = case.subject.definition.parameters
    others = plain_params(case.study.definition)
    return active_params(space, {**others, **params, **off_params(space)})


def _continued(case: Case, new: RoundDefinition, point: Point) -> Point:
    """The point, from where the same configuration has come under the same fixed values."""
    same = (c for c in case.facts.configurations if c.params == point.params)
    source = next(same, None)
    if source is None or new.fixed != case.subject.definition.fixed:
        return point  # a run under other fixed values is another run
    origin = Origin(TrialId(best_trial(source).trial_id))
    return resumed(case, new, replace(point, origin=origin), source)[0]


def widen_sweep(case: Case) -> Draft | None:
    """More rates beyond the end at which the fastest one lies; three times a study."""
    edges = find_edges(case, "INI404")
    if not edges:
        return None
    edge, count = edges[0], widenings(case.study)
    proposal = beyond_round(case, edge, _fastest(case).params)
    if proposal is None:
        return None
    sentence = (
        f"The fastest {edge.parameter} of the sweep lies at its {edge.side} end: "
        f"{describe(proposal, edge.parameter)}, {len(proposal.points)} more rates."
    )
    is_over = count >= MOST_WIDENINGS
    if is_over:
        sentence += f" It was widened {count} times already: look at the training before going on."
    return Draft(
        case,
        Action.WIDEN_SEARCH_SPACE,
        sentence,
        proposal=proposal,
        acting=("INI404",),
        would_change_my_mind=(
            f"rates beyond the {edge.side} end that take at least as many steps to fit",
        ),
        is_decided=not is_over,
    )


def beyond_round(case: Case, edge: Edge, params: Params) -> RoundDefinition | None:
    """The same round with rates beyond one end; None where theory ends there, too."""
    own, name = case.subject.definition, edge.parameter
    old = own.parameters[name]
    wider = new_bounds(old, name, edge.side)
    added = added_width(old, wider)
    if added <= 0:
        return None
    known = len(tried_rates(case, name))
    count = max(LEAST_POINTS, min(known, round(added * (known - 1))))
    rates = beyond(old, wider, count)
    return replace(
        own,
        parameters={**own.parameters, name: wider},
        sampler=quasi_random(own.sampler),
        trials=None,
        points=tuple(Point({**params, name: rate}) for rate in rates),
    )
