"""Batch size is searched, or changed between rounds.

What it does: counts the batch sizes that a round and the earlier rounds of its study can run, by
searched parameters and fixed values with the role batch_size. More than one is a finding. Of a
promotion it compares each point's batch size with that of the trial it comes from.

Why it matters: a smaller batch raises the variance of the gradients and with it the number of steps
that training needs (P-5). `max_train_steps` was chosen for one batch size, and must be chosen again
for another (P-12); trials of different batch sizes differ in what a step costs, too.

What to do: fix the batch size for the whole study, by what the hardware trains fastest; to change
it, start again from the first horizon.
"""

from collections.abc import Iterator

from app.domain.rounds import RoundDefinition
from app.domain.space import Fixed, Parameters, Params, Role, Value
from app.policy.admission import RoundAdmission
from app.policy.promotions import PromotedPoint, PromotionFacts, cannot_judge_winners
from app.policy.rule import Rule, Severity, Stage
from app.policy.verdicts import Clear, Finding, Inconclusive, Judged, Verdict

ACTION = "Fix one batch size for the study; after a change, choose max_train_steps anew."
MOST_SIZES = 1
MOST_CHANGED = 0.0  # promoted points


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


def check_promotion(facts: PromotionFacts) -> Verdict:
    """Judge whether the winners go on with the batch size that they were chosen with."""
    refused = cannot_judge_winners(facts)
    if refused is not None:
        return refused
    pairs = [
        (_sizes_before(facts, p), _sizes(facts.proposal, p.point.params)) for p in facts.points
    ]
    if not any(before or after for before, after in pairs):
        return Inconclusive(("batch_size",), "no parameter or fixed value has the role batch_size")
    changed = [(before, after) for before, after in pairs if before != after]
    evidence = {"changed": [{"before": list(b), "after": list(a)} for b, a in changed]}
    judged = Judged(evidence, float(len(changed)), MOST_CHANGED, n_used=len(pairs))
    if not changed:
        return Clear(judged, "every winner goes on with its batch size")
    (before, after), growth = changed[0], facts.growth
    at_once = f", and the horizon by {growth:.3g}x at once" if growth != 1 else ""
    message = (
        f"the promotion changes the batch size from {_told(before)} to {_told(after)}{at_once}"
    )
    return Finding(message, ACTION, judged)


def _sizes_before(facts: PromotionFacts, point: PromotedPoint) -> tuple[Value, ...]:
    home = facts.review.study.round(point.source.round)
    return _sizes(home.definition, point.source.params)


def _sizes(definition: RoundDefinition, params: Params) -> tuple[Value, ...]:
    """The batch sizes that one trial of the round trains with."""
    searched = (n for n, p in definition.parameters.items() if p.role is Role.BATCH_SIZE)
    found = [params[name] for name in searched if name in params]
    found += [one.value for one in definition.fixed.values() if one.role is Role.BATCH_SIZE]
    return tuple(sorted(found, key=str))


def _told(sizes: tuple[Value, ...]) -> str:
    return ", ".join(str(size) for size in sizes) or "none"


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
    checks={Stage.ROUND_ADMISSION: check, Stage.PROMOTION: check_promotion},
)
