"""From the database to the frozen facts that judge and adviser are functions of."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from app.db import measurements, rounds, studies, trial_parts, trials, waivers
from app.db.chunks import Curve
from app.db.database import Connection
from app.db.studies import Study
from app.db.trial_parts import Run
from app.domain.ids import StudyId
from app.domain.rounds import Round
from app.domain.states import TrialState
from app.domain.studies import StudyDefinition
from app.domain.trials import Trial
from app.policy.facts import RoundFacts, StudyFacts, TrialFacts, Waiver
from app.policy.progress import restored

FAILED, CANCELLED = TrialState.FAILED, TrialState.CANCELLED  # nothing was learnt from these
Values = NDArray[np.float64]
Steps = NDArray[np.int64]


def load(connection: Connection, study_id: StudyId) -> StudyFacts:
    """Everything: curves, checkpoints, states. Raises MissingObject."""
    study = studies.get(connection, study_id)
    found = trials.of_study(connection, study_id)
    curves = measurements.curves_of_trials(connection, found, study.definition.metric_names)
    kept = trial_parts.checkpoint_steps(connection, [trial.id for trial in found])
    runs = trial_parts.runs_of_study(connection, study_id)
    facts: dict[int, list[TrialFacts]] = {}
    for trial in found:
        own = _trial_facts(study.definition, trial, curves.get(trial.id, {}), runs.get(trial.id))
        if trial.id in kept:
            own = replace(own, checkpoint_steps=kept[trial.id])
        facts.setdefault(trial.round, []).append(own)
    made = _study_facts(connection, study_id, facts)
    return replace(made, predecessor=predecessor(connection, made.definition, study))


def predecessor(
    connection: Connection, definition: StudyDefinition, study: Study | None = None
) -> StudyFacts | None:
    """The history of the newest study of that name, older than `study`, with a reviewed tune round;
    None: there is none."""
    found = studies.predecessor_of(connection, definition.name, study)
    return _history(connection, found) if found else None


def history(connection: Connection, study_id: StudyId) -> StudyFacts:
    """The outline with what its rounds ran and measured, and its predecessor's: enough to say what
    changed since a horizon was chosen."""
    made = _history(connection, study_id)
    study = studies.get(connection, study_id)
    return replace(made, predecessor=predecessor(connection, made.definition, study))


def _history(connection: Connection, study_id: StudyId) -> StudyFacts:
    made = outline(connection, study_id)
    codes = trial_parts.codes_by_round(connection, study_id)
    kept = rounds.evidence_of_study(connection, study_id, "WRK502", "best_so_far")
    known = tuple(
        replace(one, codes=codes.get(one.number, ()), progress=restored(kept.get(one.number)))
        for one in made.rounds
    )
    return replace(made, rounds=known)


def outline(connection: Connection, study_id: StudyId) -> StudyFacts:
    """The rounds without their trials: enough for questions of horizons, limits and gates."""
    return _study_facts(connection, study_id, {})


def _study_facts(
    connection: Connection, study_id: StudyId, facts: Mapping[int, list[TrialFacts]]
) -> StudyFacts:
    study = studies.get(connection, study_id)
    return StudyFacts(
        definition=study.definition,
        rounds=tuple(
            _round_facts(one, tuple(facts.get(one.number, ())))
            for one in rounds.of_study(connection, study_id)
        ),
        waivers=tuple(
            Waiver(w.code, w.round, w.reason, w.until)
            for w in waivers.valid_of_study(connection, study_id)
        ),
        seconds_per_step=study.seconds_per_step,
    )


def _round_facts(one: Round, own: tuple[TrialFacts, ...]) -> RoundFacts:
    codes = tuple(sorted({trial.code for trial in own if trial.code}))
    known = RoundFacts(one.number, one.definition, one.state, own, one.action, codes)
    ended_without = sum(one.counts[state] for state in (FAILED, CANCELLED))
    return replace(known, has_run=sum(one.counts.values()) > ended_without)


def _trial_facts(
    definition: StudyDefinition, trial: Trial, curves: Mapping[str, Curve], run: Run | None
) -> TrialFacts:
    steps = _all_steps(curves)
    training = definition.training_metric
    loss = definition.loss_metric
    objective = definition.objective
    return TrialFacts(
        trial_id=trial.id,
        round=trial.round,
        point_key=trial.point_key,
        params=trial.params,
        seed=trial.seed,
        state=trial.state,
        censored=trial.censored,
        max_train_steps=trial.max_train_steps,
        interval_steps=trial.interval_steps,
        schedule=trial.schedule,
        steps=steps,
        objective=_on_steps(steps, curves.get(objective.metric), objective.direction.sign),
        training=_on_steps(steps, curves.get(training.metric), training.direction.sign)
        if training
        else None,
        loss=_on_steps(steps, curves.get(loss), 1) if loss else None,
        has_nonfinite=_has_nonfinite(trial, curves),
        last_step=trial.best.last_step,
        origin=trial.origin,
        resume=trial.resume,
        seconds_per_step=run.seconds_per_step if run else None,
        code=run.code if run else None,
    )


def _has_nonfinite(trial: Trial, curves: Mapping[str, Curve]) -> bool:
    if trial.state is TrialState.DIVERGED or trial.best.first_nonfinite_step is not None:
        return True
    return any(not np.isfinite(values).all() for _, values in curves.values())


def _all_steps(curves: Mapping[str, Curve]) -> Steps:
    if not curves:
        return np.empty(0, np.int64)
    first, *others = (steps for steps, _ in curves.values())
    if all(np.array_equal(first, steps) for steps in others):  # the usual case, without a sort
        return first
    return np.unique(np.concatenate([steps for steps, _ in curves.values()])).astype(np.int64)


def _on_steps(steps: Steps, curve: Curve | None, sign: int) -> Values:
    """The metric where it was measured, lower is better; NaN elsewhere and where it was not
    finite."""
    values = np.full(steps.size, np.nan)
    if curve is not None:
        measured = np.where(np.isfinite(curve[1]), sign * curve[1], np.nan)
        values[np.searchsorted(steps, curve[0])] = measured
    return values
