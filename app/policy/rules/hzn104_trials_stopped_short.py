"""Trials stopped short of the horizon.

What it does: counts the trials of the setting that ended before their last step (censored). They
are kept out of every statistic about best steps.

Why it matters: the distribution of best steps (P-9) means something only over trials that had the
whole horizon (P-8): one that was stopped early has its best step early for no reason of its own.

What to do: find out why they stopped (an own early stopping, a time limit, a crash), switch early
stopping off, and run these points again.
"""

from app.domain.states import UNFINISHED_TRIALS
from app.policy.facts import ReviewFacts
from app.policy.rule import Rule, Severity, Stage
from app.policy.verdicts import Clear, Finding, Inconclusive, Judged, Verdict

MAX_SHARE = 0.0  # any censored trial is said; over 20% the adviser asks for new evidence (P-9)
ACTION = "Switch early stopping off (or lift the limit that ended them) and run these points again."


def check(facts: ReviewFacts) -> Verdict:
    """Judge the share of censored trials among all that ended."""
    ended = [trial for trial in facts.trials if trial.state not in UNFINISHED_TRIALS]
    if not ended:
        return Inconclusive(("trials",), "no trial has ended yet")
    diverged = {trial.trial_id for trial in facts.diverged}
    short = [t for t in ended if t.censored and t.trial_id not in diverged]
    share = len(short) / len(ended)
    limit = facts.setting("HZN104.max_share", MAX_SHARE)
    judged = Judged(
        {"censored": len(short), "share": share},
        statistic=share,
        threshold=limit,
        n_used=len(ended),
        trial_ids=tuple(trial.trial_id for trial in short),
    )
    if share <= limit:
        return Clear(judged, f"{len(short)} of {len(ended)} trials stopped short")
    message = (
        f"{len(short)} of {len(ended)} trials stopped before step {facts.horizon}; they are left "
        "out of everything that is said about steps"
    )
    return Finding(message, ACTION, judged)


RULE = Rule(
    code="HZN104",
    name="trials-stopped-short",
    title="Trials stopped short of the horizon",
    claims=("P-8", "P-9"),
    severity=Severity.WARN,
    explanation=__doc__,
    checks={Stage.ROUND_REVIEW: check},
    settings={"HZN104.max_share": MAX_SHARE},
)
