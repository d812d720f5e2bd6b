"""The decay trap: annealing moves best steps to the end, so they prove nothing (P-4, P-11)."""

from app.policy.facts import ReviewFacts, TrialFacts

HALF = 0.5  # of the peak, in the last quarter


def is_annealed(facts: ReviewFacts) -> bool:
    """Whether the rate of some competitive trial falls below half its peak in the last quarter."""
    return any(_falls(trial) for c in facts.competitive for trial in c.trials)


def constant_part(facts: ReviewFacts) -> int:
    """The step up to which every competitive trial still trains at its full rate (T - D)."""
    starts = [
        trial.schedule.decay_start(trial.max_train_steps)
        for configuration in facts.competitive
        for trial in configuration.trials
        if trial.schedule is not None
    ]
    return min(starts, default=0)


def _falls(trial: TrialFacts) -> bool:
    """Every decay is monotone, so the rate is lowest at the last update."""
    schedule, horizon = trial.schedule, trial.max_train_steps
    return schedule is not None and schedule.learning_rate(horizon, horizon) < HALF * schedule.peak
