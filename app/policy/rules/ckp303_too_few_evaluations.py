"""Too few evaluations to locate a best step.

What it does: counts the evaluations of a trial: on the round's grid before it starts, and as they
were measured when it is reviewed.

Why it matters: retrospective checkpoint selection works only if checkpoints are frequent enough
(P-7). Under 20 evaluations a trial, the cell in which the best step lies is wider than 5% of
training, and nothing can be said about the horizon.

What to do: set `evaluate_every_steps` to at most a twentieth of `max_train_steps`.
"""

from app.domain.rounds import evaluation_steps
from app.policy.admission import RoundAdmission
from app.policy.best_steps import LEAST_EVALUATIONS, evaluations_per_trial
from app.policy.facts import ReviewFacts
from app.policy.rule import Rule, Severity, Stage
from app.policy.verdicts import Clear, Finding, Inconclusive, Judged, Verdict


def check_admission(facts: RoundAdmission) -> Verdict:
    """Judge the grid that the round plans."""
    if facts.max_train_steps is None or facts.interval_steps is None:
        return Inconclusive(("horizon",), "the horizon is not known before the probe rounds")
    count = len(evaluation_steps(facts.interval_steps, facts.max_train_steps))
    least = facts.setting("CKP303.least_evaluations", LEAST_EVALUATIONS)
    return _judge(count, least, facts.max_train_steps, 1)


def check_review(facts: ReviewFacts) -> Verdict:
    """Judge what was measured."""
    if not facts.configurations:
        return Inconclusive(("trials",), "no trial has completed yet")
    least = facts.setting("CKP303.least_evaluations", LEAST_EVALUATIONS)
    return _judge(evaluations_per_trial(facts), least, facts.horizon, len(facts.configurations))


def _judge(count: int, least: float, horizon: int, n_used: int) -> Verdict:
    judged = Judged({"evaluations_per_trial": count}, float(count), least, n_used=n_used)
    message = f"{count} evaluations a trial"
    if count >= least:
        return Clear(judged, message)
    every = max(1, int(horizon // least)) if least else horizon
    action = f"Set evaluate_every_steps to at most {every}."
    return Finding(f"{message}: at least {least:.0f} are wanted", action, judged)


RULE = Rule(
    code="CKP303",
    name="too-few-evaluations",
    title="Too few evaluations a trial to locate a best step",
    claims=("P-7",),
    severity=Severity.WARN,
    explanation=__doc__,
    checks={Stage.ROUND_ADMISSION: check_admission, Stage.ROUND_REVIEW: check_review},
    settings={"CKP303.least_evaluations": LEAST_EVALUATIONS},
)
