"""Trials stopped short of the horizon.

What it does: counts the trials of the setting that ended before their last step (censored), and
those that failed after they had measured something. They are kept out of every statistic about
best steps; a failed trial's best checkpoint stays valid.

Why it matters: the distribution of best steps (P-9) means something only over trials that had the
whole horizon (P-8): one that was stopped early has its best step early for no reason of its own.

What to do: find out why they stopped (an own early stopping, a time limit, a crash), switch early
stopping off, and run these points again.
"""

import numpy as np

from app.domain.states import UNFINISHED_TRIALS, TrialState
from app.policy.facts import ReviewFacts, TrialFacts
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
    short = [t for t in ended if _is_cut_off(t) and t.trial_id not in diverged]
    share = len(short) / len(ended)
    limit = facts.setting("HZN104.max_share", MAX_SHARE)
    judged = Judged(
        {
            "censored": sum(trial.censored for trial in short),
            "failed": sum(trial.state is TrialState.FAILED for trial in short),
            "share": share,
        },
        statistic=share,
        threshold=limit,
        n_used=len(ended),
        trial_ids=tuple(trial.trial_id for trial in short),
    )
    if share <= limit:
        return Clear(judged, f"{len(short)} of {len(ended)} trials stopped short")
    message = (
        f"{len(short)} of {len(ended)} trials stopped before step {facts.horizon} or failed; they "
        "are left out of everything that is said about steps"
    )
    return Finding(message, ACTION, judged)


def _is_cut_off(trial: TrialFacts) -> bool:
    """Stopped short, or failed with something measured: its best checkpoint stays valid."""
    has_failed = trial.state is TrialState.FAILED and bool(np.isfinite(trial.objective).any())
    return trial.censored or has_failed


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
