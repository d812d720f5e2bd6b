"""When each trial first fitted the training set perfectly (policy 2.4): interval-censored hits."""

from dataclasses import dataclass, field

import numpy as np

from app.domain.rounds import Purpose
from app.policy.divergence import has_nonfinite, is_complete
from app.policy.facts import ReviewFacts, TrialFacts
from app.policy.verdicts import Inconclusive

SLACK = 1e-9
SHARES = {"99": 0.01, "99.9": 0.001, "100": 0.0}  # percent fitted, as a distance from perfect


@dataclass(frozen=True, slots=True)
class Hits:
    """`steps`: trial id -> the hit; `previous`: the evaluation before it (the hit lies between).

    `unclear`: trials that fit at their last evaluation only. Who is in neither never reached it.
    """

    steps: dict[str, int] = field(default_factory=dict)
    previous: dict[str, int] = field(default_factory=dict)
    unclear: tuple[str, ...] = ()


def cannot_judge_fit(facts: ReviewFacts) -> Inconclusive | None:
    """Perfect fits are asked of probe and lr_sweep rounds with a known perfect value."""
    purpose = facts.round.definition.purpose
    if purpose not in (Purpose.PROBE, Purpose.LR_SWEEP):
        return Inconclusive(("purpose",), f"asked of probe and lr_sweep rounds, not of {purpose}")
    training = facts.study.definition.training_metric
    if training is None or training.perfect is None:
        why = "training_metric.perfect is not given: nobody can tell a perfect fit"
        return Inconclusive(("perfect",), why)
    if not any(_measured(trial)[1].size for trial in facts.trials):
        return Inconclusive(("trials",), "no trial has measured the training metric yet")
    return None


def find_hits(facts: ReviewFacts, tolerance: float | None = None) -> Hits:
    """Hits of all trials of the setting; a censored trial's counts: it happened. A diverged one has
    none: its rate is infinitely bad, whatever it reached before.

    `tolerance`: distance from perfect, else the training metric's own.
    """
    training = facts.study.definition.training_metric
    if training is None or training.perfect is None:
        return Hits()
    perfect = training.direction.sign * training.perfect
    within = (training.tolerance if tolerance is None else tolerance) + SLACK
    steps, previous, unclear = {}, {}, []
    diverged = {trial.trial_id for trial in facts.diverged}
    for trial in facts.trials:
        if trial.trial_id in diverged or not _ever_fits(trial, perfect, within):
            continue
        at, values = _measured(trial)
        fits = np.abs(values - perfect) <= within
        twice = np.flatnonzero(fits[:-1] & fits[1:])
        if twice.size:
            first = int(twice[0])
            steps[trial.trial_id] = int(at[first])
            previous[trial.trial_id] = int(at[first - 1]) if first else 0
        elif fits.size and fits[-1]:
            unclear.append(trial.trial_id)
    return Hits(steps, previous, tuple(unclear))


def told_of(trial: TrialFacts, hits: Hits, fastest: float) -> float | None:
    """The step to fit of one trial: inf where it did not come, None where nobody can tell.

    A trial that stopped short is known to be slower only once it has passed the fastest hit.
    """
    if trial.trial_id in hits.steps:
        return float(hits.steps[trial.trial_id])
    is_slower = is_complete(trial) or has_nonfinite(trial)
    is_slower = is_slower or (trial.censored and trial.last_step >= fastest)
    return np.inf if is_slower else None


def by_fit(facts: ReviewFacts, hits: Hits) -> list[TrialFacts]:
    """Trials that measured the training metric: fastest fit first, then by how close they came;
    diverged ones last."""
    diverged = {trial.trial_id for trial in facts.diverged}

    def rank(trial: TrialFacts) -> tuple[bool, float, float]:
        hit = hits.steps.get(trial.trial_id, np.inf)
        return trial.trial_id in diverged, hit, closest(trial)

    return sorted((t for t in facts.trials if _measured(t)[1].size), key=rank)


def closest(trial: TrialFacts) -> float:
    """The best value of the training metric, lower is better; inf without one."""
    return float(_measured(trial)[1].min(initial=np.inf))


def fit_table(facts: ReviewFacts) -> dict[str, int | None]:
    """The fastest step to fit 99, 99.9 and 100%, where perfect is 0 or 1; else nothing."""
    training = facts.study.definition.training_metric
    if training is None or training.perfect not in (0.0, 1.0):
        return {}
    return {
        name: min(find_hits(facts, share).steps.values(), default=None)
        for name, share in SHARES.items()
    }


def _ever_fits(trial: TrialFacts, perfect: float, within: float) -> bool:
    """Most never do, and are told from it at a glance."""
    return trial.training is not None and bool((np.abs(trial.training - perfect) <= within).any())


def _measured(trial: TrialFacts) -> tuple[np.ndarray, np.ndarray]:
    if trial.training is None:
        return np.array([], dtype=np.int64), np.array([])
    is_measured = np.isfinite(trial.training)
    return trial.steps[is_measured], trial.training[is_measured]
