"""From the facts of a study to the facts of one review: done once, then asked by all rules."""

from collections.abc import Sequence

import numpy as np

from app.policy.competitive import competitive_set
from app.policy.configurations import group_trials
from app.policy.divergence import diverged_trials
from app.policy.facts import ReviewFacts, StudyFacts, TrialFacts
from app.policy.noise import measure_noise
from app.policy.progress import measure_progress
from app.policy.setting import trials_of_setting


def prepare(study: StudyFacts, round_number: int) -> ReviewFacts:
    """Everything that a rule may ask of a round's review. Linear in trials and points.

    Raises KeyError if the study has no such round.
    """
    trials = trials_of_setting(study, round_number)
    diverged = diverged_trials(trials)
    usable, dead = group_trials(trials, diverged)
    noise = measure_noise(usable, study.definition.objective.tolerance)
    return ReviewFacts(
        study=study,
        round=study.round(round_number),
        trials=trials,
        rounds_used=tuple(sorted({trial.round for trial in trials})),
        configurations=usable,
        competitive=competitive_set(usable, noise.eps),
        diverged=diverged,
        noise=noise,
        has_signal=has_signal(trials),
        settings=dict(study.definition.settings),
        dead=dead,
        progress=measure_progress(usable),
    )


def has_signal(trials: Sequence[TrialFacts]) -> bool:
    """Whether some curve leaves its first value; True while nothing at all was measured.

    Curves of one evaluation cannot leave their first value: there, different trials must differ.
    """
    if any(trial.has_nonfinite for trial in trials):
        return True
    curves = [trial.objective[np.isfinite(trial.objective)] for trial in trials]
    curves = [curve for curve in curves if curve.size]
    if not curves or any((curve != curve[0]).any() for curve in curves):
        return True
    is_single = all(curve.size == 1 for curve in curves)
    return is_single and len({float(curve[0]) for curve in curves}) > 1
