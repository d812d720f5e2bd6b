"""A winner carries a parameter that is unlikely to transfer, unchanged.

What it does: lists what the winners carry into longer training, with its likelihood of transfer by
role and what the proposal does about it: kept, swept or re-derived. A finding are parameters of the
role schedule that are carried as they are, and a learning rate that was tuned under a decay from
the first step, now meets a plateau, and comes without a run at half of it or less.

Why it matters: nothing guarantees that what was good in short training stays good (P-27). Warmup
and initialisation very likely do (P-27a), an architecture likely (P-27b), optimiser, augmentation
and regularisation might (P-27c), a learning-rate schedule is unlikely to (P-27d). A rate that is
stable only while it decays was measured to end at 2.92 on a plateau, and at 2.09 a quarter of it.

What to do: re-derive the schedule for the new horizon (`POST /v1/schedules/extension`), and run the
best winner at 1/2 and 1/4 of its rate beside its own.
"""

from app.policy.promotions import PromotionFacts, cannot_judge_winners
from app.policy.rule import Rule, Severity, Stage
from app.policy.transfer import UNCHANGED, has_lower_rate, holds_what_decayed, transfers
from app.policy.verdicts import Clear, Evidence, Finding, Inconclusive, Judged, Verdict

LOWER_RATE = 0.5  # of the winner's rate: what a local sweep must reach (policy 2.6, measured)
MOST_CARRIED = 0.0  # parameters unlikely to transfer
ACTION = (
    "Re-derive the schedule for the new horizon; run the best winner at 1/2 and 1/4 of its rate, "
    "too."
)


def check(facts: PromotionFacts) -> Verdict:
    """Judge what the winners carry into longer training."""
    refused = cannot_judge_winners(facts)
    if refused is not None:
        return refused
    if facts.growth <= 1:
        why = f"{facts.to_steps} steps are as long as before: nothing has to transfer"
        return Inconclusive(("longer horizon",), why)
    problems = [
        f"{one.parameter} (role {one.role})"
        for one in transfers(facts)
        if one.treatment == UNCHANGED
    ]
    risky = _rates_at_risk(facts)
    if risky:
        problems.append("the learning rate, tuned under a decay that now begins after a plateau")
    n = float(len(problems))
    judged = Judged(_evidence(facts), n, MOST_CARRIED, None, len(facts.winners), risky)
    if not problems:
        return Clear(judged, "what is unlikely to transfer is re-derived or tried at other values")
    return Finding(
        f"carried unchanged to {facts.growth:.3g}x: {'; '.join(problems)}", ACTION, judged
    )


def _rates_at_risk(facts: PromotionFacts) -> tuple[str, ...]:
    """The best winner's trial, where its rate now meets a plateau and no lower one is tried."""
    winner = facts.winners[0]
    is_held = any(holds_what_decayed(facts, point) for point in facts.variants_of(winner))
    lower = facts.setting("PRM601.lower_rate", LOWER_RATE)
    return (winner.trial_id,) if is_held and not has_lower_rate(facts, winner, lower) else ()


def _evidence(facts: PromotionFacts) -> Evidence:
    return {
        "growth": facts.growth,
        "transfer": [
            {
                "parameter": one.parameter,
                "role": str(one.role),
                "likelihood": one.likelihood,
                "claim": one.claim,
                "treatment": one.treatment,
                "values": list(one.values),
            }
            for one in transfers(facts)
        ],
    }


RULE = Rule(
    code="PRM601",
    name="winner-unlikely-to-transfer",
    title="A winner carries a parameter that is unlikely to transfer, unchanged",
    claims=("P-27", "P-27a", "P-27b", "P-27c", "P-27d"),
    severity=Severity.WARN,
    explanation=__doc__,
    checks={Stage.PROMOTION: check},
    settings={"PRM601.lower_rate": LOWER_RATE},
)
