"""Probes that found no fit (P-15): longer ones, other rates, and the honest end of the search."""

from dataclasses import replace

from app.domain.rounds import Action, Point, Purpose, RoundDefinition
from app.domain.studies import MAX_STEPS, AutoHorizon, Workload
from app.planning.case import Case
from app.planning.draft import Draft
from app.planning.moves import Candidate, moved_round, points_of
from app.planning.probes import evaluated
from app.planning.rates import rate_name, rounded
from app.planning.rounds import SECONDS_PER_HOUR, planned_round, rounds_cost
from app.planning.sweeping import beyond_round, tried_rates
from app.planning.widen import MOST_WIDENINGS, Edge, widenings, with_bounds
from app.planning.widening import describe
from app.policy.divergence import ends_worse
from app.policy.hits import SLACK, Hits, by_fit, closest

NOTHING_FITS = "INI403"
PATIENT_DOUBLINGS = 2  # before the range itself is doubted
RATES_FURTHER_OUT = 2


def probe_further(case: Case) -> Draft:
    """Nobody fits: twice as long, resumed; where that ends, other rates; then compute-bound."""
    steps = min(2 * case.horizon_steps, _cap_steps(case))
    if steps <= case.horizon_steps:
        return _other_rates(case) or _compute_bound(case, "cap_steps allows no longer probe")
    proposal = _longer(case, steps)
    if not _is_affordable(case, proposal):
        return _compute_bound(case, "the limits leave too little for a longer probe")
    return Draft(
        case,
        Action.DOUBLE_PROBE,
        f"{_nothing_fits(case)}: probe {steps} steps{_news(proposal)}.",
        proposal=proposal,
        acting=(NOTHING_FITS,),
        would_change_my_mind=(
            f"a trial that fits it at two evaluations in a row within {case.horizon_steps} steps",
        ),
        recommended_steps=steps,
    )


def _news(proposal: RoundDefinition) -> str:
    """What the longer probe saves, and what it adds."""
    saved = rounds_cost(proposal).saved_by_reuse_steps
    reused = f", going on from what ran ({saved} steps saved)" if saved else ""
    new = sum(1 for point in proposal.points if point.origin is None)
    return f"{reused}, and {new} rates beyond the one that came closest" if new else reused


def _cap_steps(case: Case) -> int:
    typed = case.study.definition.max_train_steps
    return typed.auto.cap_steps if isinstance(typed, AutoHorizon) else MAX_STEPS


def _longer(case: Case, steps: int) -> RoundDefinition:
    """What is alive again, evaluated where the shorter probe was: none of its points is lost."""
    times = max(1, steps // case.horizon_steps)
    moved = moved_round(case, steps, Purpose.PROBE)
    every = case.subject.definition.interval_steps * times
    new = evaluated(moved, every, case.study.definition)
    again = [Candidate(c, dict(c.params)) for c in case.facts.configurations]
    return _further_out(case, replace(new, points=points_of(case, new, again)))


def _further_out(case: Case, probe: RoundDefinition) -> RoundDefinition:
    """Once two doublings have found nothing: with two rates beyond the end that came closest.

    Where every rate is too small, a very large number of steps seems to be needed (P-17).
    """
    doubled = sum(1 for r in case.study.rounds if r.action is Action.DOUBLE_PROBE)
    edge = _closest_at_end(case) if doubled >= PATIENT_DOUBLINGS else None
    if edge is None:
        return probe
    name, tried = edge.parameter, tried_rates(case, edge.parameter)
    end, before = (tried[0], tried[1]) if edge.side == "low" else (tried[-1], tried[-2])
    rates = [rounded(end * (end / before) ** (i + 1)) for i in range(RATES_FURTHER_OUT)]
    wider = with_bounds(probe.parameters[name], name, (min(rates), max(rates)), edge.side)
    params = by_fit(case.facts, Hits())[0].params
    added = tuple(Point({**params, name: rate}) for rate in rates if wider.contains(rate))
    return replace(
        probe, parameters={**probe.parameters, name: wider}, points=(*probe.points, *added)
    )


def _is_affordable(case: Case, proposal: RoundDefinition) -> bool:
    """Whether the study's limits still hold the round, by the steps that its trials did."""
    study, limits = case.study, case.study.definition.limits
    cost = rounds_cost(proposal, study.seconds_per_step, study.definition.gpus)
    done = sum(
        t.last_step - (t.resume.step if t.resume else 0) for r in study.rounds for t in r.trials
    )
    hours = done * study.definition.gpus * (study.seconds_per_step or 0.0) / SECONDS_PER_HOUR
    fits_steps = limits.total_steps is None or done + cost.steps <= limits.total_steps
    return fits_steps and (limits.gpu_hours is None or hours + cost.gpu_hours <= limits.gpu_hours)


def any_learned(case: Case) -> bool:
    """Whether some trial is alive and did not end worse than it began."""
    alive = (t for c in case.facts.configurations for t in c.trials)
    return any(not ends_worse(trial) for trial in alive)


def probe_lower(case: Case) -> Draft | None:
    """Every trial exploded: that is evidence too, and lower rates are asked for (P-17)."""
    tried = (*case.facts.configurations, *case.facts.dead)
    name = rate_name(case.subject.definition, tried[0].params) if tried else None
    if name is None:
        return None
    proposal = beyond_round(case, Edge(name, "low"), tried[0].params)
    if proposal is None:
        return None
    lowest = tried_rates(case, name)[0]
    why = f"Every trial diverged or ended worse than it began, down to a {name} of {lowest:.3g}"
    return _other(case, proposal, why, name)


def _other_rates(case: Case) -> Draft | None:
    """Before the search gives up: the rate that came closest lies at an end (P-17)."""
    edge = _closest_at_end(case)
    if edge is None or widenings(case.study) >= MOST_WIDENINGS:
        return None
    proposal = beyond_round(case, edge, by_fit(case.facts, Hits())[0].params)
    if proposal is None or not _is_affordable(case, proposal):
        return None
    why = f"{_nothing_fits(case)}, and of all {edge.parameter}s the {edge.side}est came closest"
    return _other(case, proposal, why, edge.parameter)


def _other(case: Case, proposal: RoundDefinition, why: str, name: str) -> Draft:
    is_over = widenings(case.study) >= MOST_WIDENINGS
    again = f"probe {len(proposal.points)} more, {describe(proposal, name)}"
    over = " Look at the training before going on." if is_over else ""
    return Draft(
        case,
        Action.WIDEN_SEARCH_SPACE,
        f"{why}: {again}.{over}",
        proposal=proposal,
        acting=(NOTHING_FITS,),
        would_change_my_mind=(f"a trial that fits the training set in {case.horizon_steps} steps",),
        is_decided=not is_over,
    )


def _closest_at_end(case: Case) -> Edge | None:
    """The end of the rates tried at which the training metric came closest to perfect."""
    trials = by_fit(case.facts, Hits())
    name = rate_name(case.subject.definition, trials[0].params)
    if name is None or len({closest(t) for t in trials}) < 2:
        return None
    rate, tried = float(trials[0].params[name]), tried_rates(case, name)
    if rate in (tried[0], tried[-1]):
        return Edge(name, "low" if rate == tried[0] else "high")
    return None


def _nothing_fits(case: Case) -> str:
    """The finding in words, with how close the trials came."""
    training = case.study.definition.training_metric
    trials = by_fit(case.facts, Hits())
    how = "nothing was measured"
    if training is not None and training.perfect is not None and trials:
        best = training.direction.sign * closest(trials[0])
        is_fit = abs(best - training.perfect) <= training.tolerance + SLACK
        once = ", but not at two evaluations in a row" if is_fit else ""
        how = f"{training.metric} came to {best:.4g}{once}"
    return f"Nothing fits the training set within {case.horizon_steps} steps ({how})"


def _compute_bound(case: Case, end: str) -> Draft:
    production = case.study.definition.production_steps
    proposal = None
    if production is not None:
        planned = planned_round(case.study.definition, production)
        proposal = replace(planned, workload=Workload.COMPUTE_BOUND)
    number = f"production_steps: {production}" if production else "accept with production_steps"
    return Draft(
        case,
        Action.TREAT_AS_COMPUTE_BOUND,
        f"{_nothing_fits(case)}, and {end}: treat the workload as compute-bound ({number}), or "
        "remove what keeps it from being fitted, such as wrong labels.",
        proposal=proposal,
        acting=(NOTHING_FITS,),
        would_change_my_mind=(
            f"any configuration that fits the training set within {case.horizon_steps} steps",
        ),
        recommended_steps=proposal.max_train_steps if proposal else None,
        is_decided=proposal is not None,
    )
