"""Configurations, not trials: replicates of one point are one configuration with a mean."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from app.policy.divergence import is_complete
from app.policy.facts import Configuration, TrialFacts

INFINITELY_BAD = float("inf")


@dataclass(slots=True)
class _Group:
    usable: list[TrialFacts] = field(default_factory=list)
    diverged: list[TrialFacts] = field(default_factory=list)


def best_of(trial: TrialFacts) -> tuple[float, int]:
    """What retrospective checkpoint selection picks (P-7): best value and its earliest step."""
    index = int(trial.objective.argmin())
    if np.isnan(trial.objective[index]):  # argmin stops at NaN; nanargmin costs ten times as much
        index = int(np.nanargmin(trial.objective))
    return float(trial.objective[index]), int(trial.steps[index])


def group_trials(
    trials: Sequence[TrialFacts], diverged: Iterable[TrialFacts]
) -> tuple[tuple[Configuration, ...], tuple[Configuration, ...]]:
    """(usable configurations, best first; dead ones). Independent of the order of the trials.

    A configuration is dead if at least half of its finished replicates diverged: what explodes
    under every other seed is no result to build on.
    """
    dead_ids = {trial.trial_id for trial in diverged}
    groups: dict[str, _Group] = defaultdict(_Group)
    for trial in sorted(trials, key=lambda t: (t.point_key, t.seed, t.trial_id)):
        if trial.trial_id in dead_ids:
            groups[trial.point_key].diverged.append(trial)
        elif is_complete(trial):
            groups[trial.point_key].usable.append(trial)
    made = [_configuration(key, group) for key, group in groups.items()]
    usable = [c for c in made if c.trials]
    # Ties go to the earlier best step: the point's key depends on the unit of its values.
    return (
        tuple(sorted(usable, key=lambda c: (c.best_value, c.best_steps, c.point_key))),
        tuple(c for c in made if not c.trials),
    )


def _configuration(key: str, group: _Group) -> Configuration:
    usable, n_diverged = group.usable, len(group.diverged)
    params = (usable or group.diverged)[0].params
    if n_diverged >= len(usable):
        return Configuration(key, params, (), INFINITELY_BAD, (), n_diverged)
    bests = [best_of(trial) for trial in usable]
    mean = float(np.mean([value for value, _ in bests]))
    return Configuration(key, params, tuple(usable), mean, tuple(s for _, s in bests), n_diverged)
