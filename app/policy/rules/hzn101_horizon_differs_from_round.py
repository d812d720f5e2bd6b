"""A trial's horizon differs from its round's.

What it does: compares the number of training steps each trial of the round was meant to run with
the round's `max_train_steps`. An import with another number is refused; a review says so and
leaves the trial out. It cannot be waived.

Why it matters: every trial of a round trains for the same number of steps (P-8). A trial that was
meant to run longer or shorter wins or loses by its length, not by its configuration.

What to do: put the trial into a round of its own horizon, or run its configuration again at this
one.
"""

from app.domain.studies import Binding
from app.policy.admission import RoundAdmission
from app.policy.facts import ReviewFacts
from app.policy.rule import Rule, Severity, Stage
from app.policy.verdicts import Clear, Finding, Inconclusive, Judged, Verdict

ACTION = "Move the trial to a round of its own horizon, or run its configuration again at this one."


def check_admission(facts: RoundAdmission) -> Verdict:
    """Judge trials that somebody wants to import into the round."""
    if facts.max_train_steps is None:
        return Inconclusive(("horizon",), "the horizon is not known before the probe rounds")
    horizons = {t.trial_id: t.max_train_steps for t in facts.imported}
    return _judge(horizons, facts.max_train_steps)


def check_review(facts: ReviewFacts) -> Verdict:
    """Judge the round's own trials; those that differ are out of the setting already."""
    if not facts.round.trials:
        return Inconclusive(("trials",), "the round has no trials yet")
    horizons = {t.trial_id: t.max_train_steps for t in facts.round.trials}
    return _judge(horizons, facts.horizon)


def _judge(horizons: dict[str, int], wanted: int) -> Verdict:
    other = {trial_id: steps for trial_id, steps in horizons.items() if steps != wanted}
    judged = Judged(
        {"max_train_steps": wanted, "differing": other},
        statistic=float(len(other)),
        threshold=0.0,
        n_used=len(horizons),
        trial_ids=tuple(other),
    )
    if not other:
        return Clear(judged, f"every trial trains for {wanted} steps")
    steps = ", ".join(str(value) for value in sorted(set(other.values())))
    message = (
        f"{len(other)} of {len(horizons)} trials were meant for {steps} steps, the round for "
        f"{wanted}; they are left out"
    )
    return Finding(message, ACTION, judged)


RULE = Rule(
    code="HZN101",
    name="horizon-differs-from-round",
    title="A trial's horizon differs from its round's",
    claims=("P-8",),
    severity=Severity.ERROR,
    default_binding=Binding.ENFORCE,
    explanation=__doc__,
    checks={Stage.ROUND_ADMISSION: check_admission, Stage.ROUND_REVIEW: check_review},
    is_waivable=False,
)
