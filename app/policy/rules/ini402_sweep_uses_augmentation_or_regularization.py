"""The sweep uses data augmentation or regularisation.

What it does: looks at all values of parameters and fixed values with the role augmentation or
regularization that an `lr_sweep` round can run. Each must be its `off` value: 0, or for choices
none, off, false or identity, unless `off` says otherwise.

Why it matters: the constant-rate sweep that finds the first `max_train_steps` runs without data
augmentation and without regularisation (P-16). With them the training set may never be fitted,
and the number of steps is far too large.

What to do: fix these values at `off` for the sweep, and let the tune rounds search them.
"""

from app.domain.rounds import Purpose
from app.domain.space import FixedValue, Parameter, Value
from app.domain.studies import Binding
from app.policy.admission import RoundAdmission, at_review
from app.policy.rule import Rule, Severity, Stage
from app.policy.switches import SLOWING_ROLES, is_off
from app.policy.verdicts import Clear, Finding, Inconclusive, Judged, Verdict

ACTION = "Fix these values at `off` for the sweep; let the tune rounds search them."


def check(facts: RoundAdmission) -> Verdict:
    """Judge the values that a sweep can run."""
    if facts.purpose is not Purpose.LR_SWEEP:
        return Inconclusive(("purpose",), f"asked of lr_sweep rounds, not of {facts.purpose}")
    on = [name for name, fixed in facts.fixed.items() if _is_on(fixed, (fixed.value,))]
    searched = facts.parameters.items()
    on += [name for name, p in searched if _is_on(p, _values_that_run(facts, name, p))]
    judged = Judged({"parameters": on}, float(len(on)), 0.0, n_used=len(facts.fixed))
    if not on:
        return Clear(judged, "neither augmentation nor regularisation runs in the sweep")
    return Finding(f"the sweep runs with {', '.join(on)} switched on", ACTION, judged)


def _is_on(what: Parameter | FixedValue, values: tuple[Value, ...]) -> bool:
    return what.role in SLOWING_ROLES and any(not is_off(value, what.off) for value in values)


def _values_that_run(facts: RoundAdmission, name: str, parameter: Parameter) -> tuple[Value, ...]:
    given = tuple(p.params[name] for p in facts.points if name in p.params)
    if facts.trials is None and facts.points:
        return given
    return (*given, *(parameter.bounds if parameter.is_numeric else parameter.choices or ()))


RULE = Rule(
    code="INI402",
    name="sweep-uses-augmentation-or-regularization",
    title="The sweep uses augmentation or regularisation",
    claims=("P-16",),
    severity=Severity.ERROR,
    default_binding=Binding.ENFORCE,
    explanation=__doc__,
    checks={Stage.ROUND_ADMISSION: check, Stage.ROUND_REVIEW: at_review(check)},
)
