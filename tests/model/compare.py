"""What the service answers against what the model says, and what must hold whatever happened."""

import math
from collections import Counter

from app.domain.ids import StudyId
from app.domain.rounds import Round
from app.services.context import Context
from app.services.curves import CurveQuery, read_curves
from app.services.studies import read_study
from app.services.study_views import StudyView
from app.services.trials import TrialView, list_trials, wanted_trials
from tests.model.fleet import Fleet
from tests.model.nouns import Study, Trial

SLACK_SECONDS = 120.0  # what the test itself may take


def compare(context: Context, fleet: Fleet) -> None:
    """Raises AssertionError, naming the study or trial, where they differ."""
    for study in fleet.studies.values():
        view = read_study(context, StudyId(study.id))
        wanted = wanted_trials(StudyId(study.id), 1, None, "number")
        trials, _ = list_trials(context, wanted, None, 100)
        _compare_study(study, view)
        _compare_round(study, view.rounds[0], trials)
        for trial, found in zip(study.trials, trials, strict=True):
            _compare_trial(trial, found)
        _compare_curves(context, study)


def _compare_study(study: Study, view: StudyView) -> None:
    found = view.study
    assert str(found.state) == study.state, study.id
    steps, seconds = found.steps, found.gpu_seconds
    told = [int(number) for number in (steps.spent, steps.reserved, steps.beyond)]
    assert told == [study.steps_spent, study.steps_reserved, study.steps_lost], study.id
    assert math.isclose(seconds.reserved, study.seconds_reserved, abs_tol=0.01), study.id
    assert abs(seconds.spent - study.spent_seconds) < SLACK_SECONDS, study.id
    assert abs(seconds.beyond - study.overrun_seconds) < SLACK_SECONDS, study.id
    for usage in (steps, seconds):
        assert usage.limit is None or usage.spent + usage.reserved <= usage.limit + 0.001
    if study.state in ("active", "paused") and len(view.rounds) == 1:
        waits = "limit" if study.is_spent else "review" if study.round_state == "in_review" else ""
        is_told = (
            view.waiting_for == waits if waits else view.waiting_for not in ("limit", "review")
        )
        assert is_told, (study.id, waits, view.waiting_for)


def _compare_round(study: Study, found: Round, trials: list[TrialView]) -> None:
    assert str(found.state) == study.round_state, study.id
    recount = Counter(str(one.trial.state) for one in trials)
    counts = {str(name): count for name, count in found.counts.items() if count}
    assert counts == recount, study.id
    if study.concurrency is not None:
        claimed_beside = sum(one.trial.state == "running" for one in trials)
        assert claimed_beside <= max(study.concurrency, study.most_running), study.id


def _compare_trial(trial: Trial, view: TrialView) -> None:
    found = view.trial
    told = (found.state, found.reason, found.censored, found.best.last_step)
    assert told == (trial.state, trial.reason, trial.censored, trial.last_step), trial.id
    best = (found.best.step, found.best.value)
    assert best == (trial.best or (None, None)), trial.id
    assert found.failures == trial.failures, trial.id
    attempts = [
        (a.id, a.number, a.state, a.reason, a.start_step, a.last_step) for a in view.parts.attempts
    ]
    assert attempts == [
        (a.id, a.number, a.state, a.reason, a.start_step, a.last_step) for a in trial.attempts
    ], trial.id
    is_marked = trial.holder is not None and trial.holder.is_marked
    assert (found.claimable_at is not None) == is_marked, trial.id
    assert sum(attempt.is_live for attempt in trial.attempts) == (trial.state == "running")
    kept = sorted((one.attempt_id, one.step) for one in view.parts.checkpoints)
    saved = sorted((one.attempt, one.step) for one in trial.saved if not one.is_forgotten)
    assert kept == saved, trial.id


def _compare_curves(context: Context, study: Study) -> None:
    query = CurveQuery("val_error", 100)
    found = {curve.trial_id: curve for curve in read_curves(context, StudyId(study.id), 1, query)}
    for trial in study.trials:
        curve = found[next(key for key in found if key == trial.id)]
        assert list(map(int, curve.steps)) == sorted(trial.curve), trial.id
        told = [str(float(value)) for value in curve.last]
        assert told == [str(trial.curve[step]) for step in sorted(trial.curve)], trial.id
