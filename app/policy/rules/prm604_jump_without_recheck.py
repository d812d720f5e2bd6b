"""A jump beyond ten times the horizon without a re-check of ranks between.

What it does: divides the proposed horizon by the longest one up to which ranks are known to hold:
the reviewed round's own if it was tuned there or PRM602 passed at it, else the horizon at which its
points were chosen. More than 10 is a finding. Of a plan it looks at the longest jump between
neighbouring rounds of each alternative.

Why it matters: many questions can be answered at about 10% of the length; those conclusions may not
hold at 20%, let alone at 100% (P-21), and nothing is known of a winner that was chosen at less.

What to do: put a round between, with an earlier winner and a runner-up run again in it, so that the
ranks can be compared.
"""

from itertools import pairwise

from app.policy.plans import PlanFacts
from app.policy.promotions import PromotionFacts, cannot_judge_winners
from app.policy.rule import Rule, Severity, Stage
from app.policy.verdicts import Clear, Finding, Inconclusive, Judged, Verdict

LONGEST_JUMP = 10.0  # P-21
ACTION = "Put a round between them that runs an earlier winner and a runner-up again."


def check_promotion(facts: PromotionFacts) -> Verdict:
    """Judge the jump from the horizon that is trusted to the proposed one."""
    refused = cannot_judge_winners(facts)
    if refused is not None:
        return refused
    trusted, proposed = facts.trusted_steps, facts.to_steps
    jump = proposed / trusted
    limit = facts.setting("PRM604.longest_jump", LONGEST_JUMP)
    evidence = {"trusted_steps": trusted, "to_max_train_steps": proposed, "jump": jump}
    judged = Judged(evidence, jump, limit, n_used=len(facts.winners))
    message = f"{proposed} steps are {jump:.3g}x of the {trusted} up to which ranks are known"
    if jump <= limit:
        return Clear(judged, message)
    return Finding(f"{message}, with no re-check between", ACTION, judged)


def check_plan(facts: PlanFacts) -> Verdict:
    """Judge the longest jump of every alternative."""
    jumps = {
        plan.name: max((b / a for a, b in pairwise(plan.horizons)), default=1.0)
        for plan in facts.alternatives
    }
    if not jumps:
        return Inconclusive(("plan",), "no plan fits this budget")
    longest, limit = max(jumps.values()), facts.setting("PRM604.longest_jump", LONGEST_JUMP)
    judged = Judged({"jumps": jumps}, longest, limit)
    beyond = [name for name, jump in jumps.items() if jump > limit]
    if not beyond:
        return Clear(judged, f"no round is more than {longest:.3g}x as long as the one before")
    message = f"{', '.join(beyond)}: a jump of {longest:.3g}x between two rounds"
    return Finding(message, "Take an alternative with smaller steps, or more rounds.", judged)


RULE = Rule(
    code="PRM604",
    name="jump-without-recheck",
    title="A jump beyond ten times the horizon without a re-check of ranks between",
    claims=("P-21",),
    severity=Severity.WARN,
    explanation=__doc__,
    checks={Stage.PROMOTION: check_promotion, Stage.PLAN: check_plan},
    settings={"PRM604.longest_jump": LONGEST_JUMP},
)
