"""From probe and constant-rate sweep to the first horizon (P-14 to P-16, policy 2.4)."""

import math
from collections.abc import Iterator
from dataclasses import replace

from app.domain.recommendations import Reason
from app.domain.rounds import Action, Purpose, RoundDefinition
from app.domain.space import Parameters
from app.planning.case import Case
from app.planning.draft import Draft
from app.planning.ladders import with_warmup
from app.planning.probing import any_learned, probe_further, probe_lower
from app.planning.rates import rate_name, rounded
from app.planning.rounds import found_tune_round, longest_warmup_steps
from app.planning.sweeping import SWEEP_RULES, sweep_finer, sweep_properly, widen_sweep
from app.planning.walks import LEAST_STEPS
from app.planning.widen import with_bounds
from app.policy.conditions import Conditions
from app.policy.facts import TrialFacts
from app.policy.gradient_variance import Raised, raised_variance
from app.policy.hits import Hits, by_fit, cannot_judge_fit, find_hits, fit_table
from app.policy.step_factor import expected_factor
from app.policy.switches import SLOWING_ROLES

SEARCHING = (Purpose.PROBE, Purpose.LR_SWEEP)
LEAST_FITS = 3  # fewer say little about the fastest
COARSE_SHARE = 0.1  # of the hit, between two evaluations: then the hit is only roughly known
MARGIN = 10**0.5  # how far a range reaches beyond a rate that lay outside of it


def find_initial_horizon(case: Case) -> Draft | None:
    """What a probe or sweep leads to; None for other rounds, or where no fit can be told."""
    purpose = case.subject.definition.purpose
    if purpose not in SEARCHING:
        return None
    hits = find_hits(case.facts)
    if not hits.steps and not any_learned(case):
        return probe_lower(case)
    if cannot_judge_fit(case.facts) is not None:
        return None
    if purpose is Purpose.LR_SWEEP and case.findings(*SWEEP_RULES) and not _was_proposed(case):
        return sweep_properly(case, hits)
    if not hits.steps:
        return probe_further(case)
    if purpose is Purpose.PROBE:
        return sweep_properly(case, hits)
    return sweep_finer(case, hits) or widen_sweep(case) or _set(case, hits)


def _was_proposed(case: Case) -> bool:
    """The sweep done properly is as good as theory allows: it is not asked for again."""
    return case.subject.action in (Action.COLLECT_EVIDENCE, Action.WIDEN_SEARCH_SPACE)


def _set(case: Case, hits: Hits) -> Draft:
    """The fastest fit is the first horizon; what slows training later multiplies the proposal."""
    first = by_fit(case.facts, hits)[0]
    fastest = hits.steps[first.trial_id]
    steps, why = _tuned_steps(case, fastest)
    proposal, moved = _reaching(case, found_tune_round(case.study.definition, steps), first)
    return Draft(
        case,
        Action.SET_INITIAL_HORIZON,
        f"The fastest constant rate fits the training set after {fastest} steps: tune at {steps}.",
        proposal=proposal,
        reasons=(*fit_reasons(case, hits), *why, *moved),
        would_change_my_mind=_doubts(case, hits, first),
        recommended_steps=fastest,
        known_range=(hits.previous[first.trial_id] + 1, fastest),
    )


def _tuned_steps(case: Case, fastest: int) -> tuple[int, tuple[Reason, ...]]:
    """The proposal's horizon, and why it is longer than the fastest fit."""
    study, reasons, steps = case.study.definition, [], fastest
    raised = _raised_later(case)
    if raised:
        factor = expected_factor(case.study, raised)
        steps = round(fastest * math.sqrt(factor.low * factor.high))
        names = ", ".join(one.change.name for one in raised)
        told = f"The sweep ran without {names}, with which the steps needed are expected to grow"
        reasons.append(Reason("WRK502", f"{told} {factor.told}, to {steps}."))
    warmup_steps = longest_warmup_steps(study)
    if with_warmup(steps, warmup_steps) > steps:
        steps += warmup_steps
        told = f"The sweep had no warmup: its {warmup_steps} steps are added, {steps} in all."
        reasons.append(Reason("HZN105", told))
    if steps < LEAST_STEPS:
        told = f"{steps} steps leave too few evaluations to judge by: tune at {LEAST_STEPS}."
        steps = LEAST_STEPS
        reasons.append(Reason("CKP303", told))
    return steps, tuple(reasons)


def fit_reasons(case: Case, hits: Hits) -> Iterator[Reason]:
    """Who fits and when, how many do, and what a looser fit would take."""
    fitting = [t for t in by_fit(case.facts, hits) if t.trial_id in hits.steps]
    told: dict[str, TrialFacts] = {}
    for trial in fitting:
        told.setdefault(_label(case, trial), trial)
    first, *others = (f"{label} by step {hits.steps[t.trial_id]}" for label, t in told.items())
    message = f"{first} fits first, after step {hits.previous[fitting[0].trial_id]}"
    if others:
        slowest = hits.steps[fitting[-1].trial_id]
        message += f"; then {', '.join(others[:2])}; of {len(told)} the last by step {slowest}"
    yield Reason("INI403", f"{message}.")
    if len(told) < LEAST_FITS:
        swept = len({_label(case, t) for t in case.facts.trials})
        yield Reason("INI403", f"Only {len(told)} of {swept} rates fit: the number rests on few.")
    table = fit_table(case.facts)
    if table:
        steps = " / ".join("never" if step is None else str(step) for step in table.values())
        yield Reason("INI403", f"{' / '.join(table)}% of the training set fit by step {steps}.")


def _label(case: Case, trial: TrialFacts) -> str:
    rate = _rate(case, trial)
    return trial.trial_id if rate is None else f"rate {rate:.3g}"


def _rate(case: Case, trial: TrialFacts) -> float | None:
    name = rate_name(case.subject.definition, trial.params)
    return None if name is None else float(trial.params[name])


def _raised_later(case: Case) -> tuple[Raised, ...]:
    """What raises the variance of the gradients from the sweep to the tune rounds (P-5)."""
    study, swept = case.study.definition, case.subject.definition
    searched = {n: p for n, p in swept.parameters.items() if p.role not in SLOWING_ROLES}
    before = Conditions(searched, swept.fixed, swept.tags)
    return raised_variance(before, Conditions(study.parameters, study.fixed, study.tags))


def _reaching(
    case: Case, tune: RoundDefinition, fastest: TrialFacts
) -> tuple[RoundDefinition, tuple[Reason, ...]]:
    """The tune round with a range that holds the sweep's fastest rate; typed ranges that hold it
    stay as they are."""
    name = rate_name(case.subject.definition, fastest.params)
    typed = None if name is None else tune.parameters.get(name)
    if name is None or typed is None or typed.contains(fastest.params[name]):
        return tune, ()
    rate = float(fastest.params[name])
    side = "low" if rate < typed.bounds[0] else "high"
    wider = with_bounds(typed, name, (rounded(rate / MARGIN), rounded(rate * MARGIN)), side)
    parameters: Parameters = {**tune.parameters, name: wider}
    low, high = wider.bounds
    reason = Reason(
        "INI404",
        f"The fastest rate, {rate:.3g}, lies outside of the range given for {name}: tune over "
        f"{low:.3g} ... {high:.3g}.",
    )
    return replace(tune, parameters=parameters), (reason,)


def _doubts(case: Case, hits: Hits, first: TrialFacts) -> tuple[str, ...]:
    rates = [r for t in case.facts.trials if (r := _rate(case, t)) is not None]
    fastest, before = hits.steps[first.trial_id], hits.previous[first.trial_id]
    span = f"{min(rates):.3g} ... {max(rates):.3g}" if rates else "those tried"
    doubts = [f"a constant rate beyond {span}, or between its rates, that fits before {fastest}"]
    if fastest - before > max(1, COARSE_SHARE * fastest):
        told = f"evaluations closer than {fastest - before} steps"
        doubts.append(f"{told}: the fit came somewhere between {before} and {fastest}")
    if hits.unclear:
        doubts.append(f"one more evaluation of {len(hits.unclear)} trials that fit at their last")
    return tuple(doubts)
