"""An adaptive sampler picks the points of the first tune round.

What it does: looks at the sampler of the study's first tune round: TPE, CMA-ES and GP move towards
what looks good so far.

Why it matters: points that crowd around an early optimum leave the ends of the range empty, and
the check that the best learning rate is not on the boundary (P-17) judges by where points lie.

What to do: let the first round use quasi-random points or a grid, and adapt from the second on.
"""

from app.domain.rounds import Purpose
from app.policy.admission import RoundAdmission
from app.policy.rule import Rule, Severity, Stage
from app.policy.verdicts import Clear, Finding, Inconclusive, Judged, Verdict

ACTION = "Use quasi_random or grid in the first tune round."


def check(facts: RoundAdmission) -> Verdict:
    """Judge the sampler of the first tune round."""
    if facts.purpose is not Purpose.TUNE:
        return Inconclusive(("purpose",), f"asked of tune rounds only; this is a {facts.purpose}")
    earlier = sum(other.definition.purpose is Purpose.TUNE for other in facts.earlier)
    kind = facts.sampler.kind.value
    judged = Judged({"sampler": kind, "earlier_tune_rounds": earlier}, float(earlier), 1.0)
    if facts.sampler.is_adaptive and (facts.trials or facts.has_run) and not earlier:
        message = f"{kind} picks the points of the first tune round: it crowds them early"
        return Finding(message, ACTION, judged)
    return Clear(judged, f"{kind} after {earlier} earlier tune rounds")


RULE = Rule(
    code="SPC207",
    name="adaptive-sampler-in-first-round",
    title="An adaptive sampler in the first tune round",
    claims=("P-17",),
    severity=Severity.INFO,
    explanation=__doc__,
    checks={Stage.ROUND_ADMISSION: check},
)
