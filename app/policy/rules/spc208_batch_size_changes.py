"""Batch size is searched, or changed between rounds.

What it does: counts the batch sizes that a round and the earlier rounds of its study can run, by
searched parameters and fixed values with the role batch_size. More than one is a finding.

Why it matters: a smaller batch raises the variance of the gradients and with it the number of steps
that training needs (P-5). `max_train_steps` was chosen for one batch size, and must be chosen again
for another (P-12); trials of different batch sizes differ in what a step costs, too.

What to do: fix the batch size for the whole study, by what the hardware trains fastest; to change
it, start again from the first horizon.
"""

from collections.abc import Iterator

from app.domain.space import Fixed, Parameters, Role, Value
from app.policy.admission import RoundAdmission
from app.policy.rule import Rule, Severity, Stage
from app.policy.verdicts import Clear, Finding, Inconclusive, Judged, Verdict

ACTION = "Fix one batch size for the study; after a change, choose max_train_steps anew."
MOST_SIZES = 1


def check(facts: RoundAdmission) -> Verdict:
    """Judge the batch sizes of this round and of those before it."""
    searched = [n for n, p in facts.parameters.items() if p.role is Role.BATCH_SIZE]
    now = set(_values(facts.parameters, facts.fixed))
    before = {
        value
        for other in facts.earlier
        for value in _values(other.definition.parameters, other.definition.fixed)
    }
    if not now | before:
        return Inconclusive(("batch_size",), "no parameter or fixed value has the role batch_size")
    sizes = sorted(now | before, key=str)
    evidence = {"batch_sizes": sizes, "searched": searched}
    judged = Judged(evidence, float(len(sizes)), float(MOST_SIZES), n_used=len(facts.earlier) + 1)
    if len(sizes) <= MOST_SIZES:
        return Clear(judged, f"one batch size: {sizes[0]}")
    told = ", ".join(str(size) for size in sizes)
    how = f"searched as {', '.join(searched)}" if searched else "changed between rounds"
    return Finding(f"the batch size is {how}: {told}", ACTION, judged)


def _values(parameters: Parameters, fixed: Fixed) -> Iterator[Value]:
    for parameter in parameters.values():
        if parameter.role is Role.BATCH_SIZE:
            yield from parameter.bounds if parameter.is_numeric else parameter.choices or ()
    yield from (one.value for one in fixed.values() if one.role is Role.BATCH_SIZE)


RULE = Rule(
    code="SPC208",
    name="batch-size-changes",
    title="Batch size is searched, or changed between rounds",
    claims=("P-5", "P-12"),
    severity=Severity.WARN,
    explanation=__doc__,
    checks={Stage.ROUND_ADMISSION: check},
)
