"""The rate of the fastest trial lies on the boundary of the sweep.

What it does: asks, for each learning rate of an lr_sweep round, whether the rate that fitted the
training set first is the lowest or the highest one tried. Trials that never reached it are slower
than any, and are not guessed; those that stopped before the fastest fit say nothing.

Why it matters: the fastest trial's steps become the first `max_train_steps` (P-16). If a rate
beyond the sweep fits faster, that number is far too large: the self-deception of a bad search
space (P-17).

What to do: widen the sweep on the side that is named.
"""

from math import inf, isfinite

from app.domain.rounds import Purpose
from app.domain.space import Parameter
from app.domain.studies import Binding
from app.policy.edges import Side, Strength
from app.policy.facts import ReviewFacts, TrialFacts
from app.policy.hits import Hits, cannot_judge_fit, find_hits, told_of
from app.policy.parameter_edges import is_natural_limit
from app.policy.rates import searched_rates
from app.policy.rule import Rule, Severity, Stage
from app.policy.verdicts import Clear, Finding, Inconclusive, Judged, Verdict

LEAST_VALUES = 3


def check(facts: ReviewFacts) -> Verdict | tuple[Verdict, ...]:
    """One verdict for each searched learning rate."""
    names = searched_rates(facts.round.definition)
    if not names:
        return Inconclusive(("learning_rate",), "no learning rate is searched")
    purpose = facts.round.definition.purpose
    if purpose is not Purpose.LR_SWEEP:
        return Inconclusive(("purpose",), f"asked of lr_sweep rounds, not of {purpose}")
    refused = cannot_judge_fit(facts)
    if refused is not None:
        return refused
    hits = find_hits(facts)
    return tuple(_judge(facts, name, hits) for name in names)


def _judge(facts: ReviewFacts, name: str, hits: Hits) -> Verdict:
    told = {t.trial_id: (t, step) for t, step in _told(facts, name, hits)}
    swept = _by_rate(list(told.values()), name)
    fastest = min(swept.values(), default=inf)
    at = [rate for rate, step in swept.items() if step == fastest and isfinite(step)]
    parameter = facts.round.definition.parameters[name]
    side = _side(parameter, list(swept), at)
    evidence = _evidence(name, parameter, swept, at, side)
    ids = tuple(i for i, (_, step) in told.items() if step == fastest and isfinite(step))
    statistic = fastest if isfinite(fastest) else None
    judged = Judged(evidence, statistic, n_used=len(told), trial_ids=ids)
    if len(swept) < LEAST_VALUES:
        why = f"{name}: {len(swept)} rates tried, {LEAST_VALUES} wanted"
        return Inconclusive(("trials",), why, judged)
    if not at:
        return Inconclusive(("hits",), f"{name}: no trial fits the training set", judged)
    if side is None:
        return Clear(judged, f"{name}: the fastest rate, {at[0]:g}, lies inside")
    low, high = parameter.bounds
    message = f"{name}: the fastest fit is at the {side} end of {low:g} ... {high:g}"
    return Finding(message, f"Widen the sweep on the {side} side.", judged)


def _told(facts: ReviewFacts, name: str, hits: Hits) -> list[tuple[TrialFacts, float]]:
    """Every trial of the rate's branch that says when it fits, or that it does not."""
    own = [t for t in facts.trials if isinstance(t.params.get(name), int | float)]
    fastest = min((hits.steps[t.trial_id] for t in own if t.trial_id in hits.steps), default=inf)
    found = ((t, told_of(t, hits, fastest)) for t in own)
    return [(trial, step) for trial, step in found if step is not None]


def _by_rate(told: list[tuple[TrialFacts, float]], name: str) -> dict[float, float]:
    """Rate -> the fastest replicate's step to fit; ascending."""
    steps: dict[float, float] = {}
    for trial, step in told:
        rate = float(trial.params[name])
        steps[rate] = min(step, steps.get(rate, inf))
    return dict(sorted(steps.items()))


def _side(parameter: Parameter, swept: list[float], at: list[float]) -> Side | None:
    """The end at which the fastest rate lies, unless theory ends there, too."""
    sides: dict[Side, bool] = {
        "low": bool(at) and at[0] == swept[0],
        "high": bool(at) and at[-1] == swept[-1],
    }
    ends = (s for s, is_there in sides.items() if is_there and not is_natural_limit(parameter, s))
    return next(ends, None)


def _evidence(
    name: str, parameter: Parameter, swept: dict[float, float], at: list[float], side: Side | None
) -> dict[str, object]:
    low, high = parameter.bounds
    return {
        "parameter": name,
        "side": side,
        "strength": Strength.EDGE.value if side else None,
        "best": at[len(at) // 2] if at else None,
        "low": low,
        "high": high,
        "values_tried": len(swept),
        "steps_to_fit": {f"{rate:g}": step for rate, step in swept.items() if isfinite(step)},
    }


RULE = Rule(
    code="INI404",
    name="fastest-rate-on-boundary",
    title="The fastest trial's rate lies on the boundary of the sweep",
    claims=("P-16", "P-17"),
    severity=Severity.ERROR,
    default_binding=Binding.ENFORCE,
    explanation=__doc__,
    checks={Stage.ROUND_REVIEW: check},
)
