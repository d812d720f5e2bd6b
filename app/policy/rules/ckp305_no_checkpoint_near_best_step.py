"""No checkpoint was kept at or near the best step.

What it does: compares the best step of each replicate of the best configuration with the steps of
the checkpoints that exist: one within an evaluation interval is near.

Why it matters: retrospective checkpoint selection (P-7) can only pick what was saved. Without a
checkpoint there, the best value of the study is a number that nobody can load.

What to do: save a checkpoint at every evaluation (`trial.should_checkpoint(step)`); the best and
the last are kept, the rest is dropped.
"""

from collections.abc import Mapping, Sequence

from app.policy.configurations import best_of
from app.policy.facts import ReviewFacts, TrialFacts
from app.policy.rule import Rule, Severity, Stage
from app.policy.verdicts import Clear, Finding, Inconclusive, Judged, Verdict

NEAR = 1.0  # evaluation intervals
ACTION = "Save a checkpoint at every evaluation (trial.should_checkpoint)."


def check(facts: ReviewFacts) -> Verdict:
    """Judge the checkpoints of the best configuration."""
    best = facts.best
    if best is None:
        return Inconclusive(("trials",), "no trial has completed yet")
    is_external = facts.study.definition.job == "external"
    if is_external and not any(trial.checkpoint_steps for trial in facts.trials):
        return Inconclusive(("checkpoints",), "whoever ran these trials reported no checkpoints")
    limit = facts.setting("CKP305.near_intervals", NEAR)
    ran = {trial.trial_id: trial for one in facts.study.rounds for trial in one.trials}
    gaps = {trial.trial_id: _gap(trial, _saved(trial, ran)) for trial in best.trials}
    missing = tuple(i for i, gap in gaps.items() if gap is None or gap > limit)
    known = [gap for gap in gaps.values() if gap is not None]
    judged = Judged(
        {"gap_intervals": gaps},
        statistic=max(known, default=None),
        threshold=limit,
        n_used=len(gaps),
        trial_ids=missing,
    )
    if not missing:
        return Clear(judged, "the best configuration has a checkpoint at its best step")
    message = f"{len(missing)} of {len(gaps)} best trials have no checkpoint near their best step"
    return Finding(message, ACTION, judged)


def _saved(trial: TrialFacts, ran: Mapping[str, TrialFacts]) -> tuple[int, ...]:
    """Steps of the checkpoints on its curve, which begins with that of the trial it resumed."""
    origin = ran.get(trial.resume.trial_id) if trial.resume else None
    if trial.resume is None or origin is None:
        return trial.checkpoint_steps
    before = [step for step in _saved(origin, ran) if step <= trial.resume.step]
    return (*before, *trial.checkpoint_steps)


def _gap(trial: TrialFacts, saved: Sequence[int]) -> float | None:
    """Evaluation intervals between the best step and the nearest checkpoint; None without any."""
    step = best_of(trial)[1]
    return min((abs(step - each) / trial.interval_steps for each in saved), default=None)


RULE = Rule(
    code="CKP305",
    name="no-checkpoint-near-best-step",
    title="No checkpoint at or near the best step",
    claims=("P-7",),
    severity=Severity.WARN,
    explanation=__doc__,
    checks={Stage.ROUND_REVIEW: check},
    settings={"CKP305.near_intervals": NEAR},
)
