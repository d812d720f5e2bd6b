"""Prefix reuse: a trial begins with another trial's checkpoint, and pays only what is left."""

from dataclasses import replace

from sqlalchemy import update

from app.db import rounds, trials
from app.db.rounds import NewRound
from app.db.tables import checkpoints
from app.db.trials import Place
from app.domain.ids import StudyId, TrialId
from app.domain.rounds import Resume
from app.domain.trials import NewTrial
from paceline.schedules import Schedule
from tests.contract.lab import Lab
from tests.contract.slot import Attempt, Slot, attempt_row


def test_the_trial_begins_with_the_origin_s_points_on_its_own_grid(lab: Lab) -> None:
    origin, study_id = _trained_origin(lab)
    _longer(lab, study_id, origin)
    heir = Slot(lab).claim()
    assert heir.claim["resume"]["step"] == 60
    assert heir.claim["resume"]["checkpoint"]["key"] == f"{origin.id}/60"
    assert attempt_row(lab, heir.id)["reserved_steps"] == 128 - 60
    trial = lab.get(f"/v1/trials/{heir.trial_id}")
    assert (trial["best_step"], trial["best_value"], trial["last_step"]) == (20, 0.2, 60)
    heir.measure([80, 100], [0.3, 0.1])
    curve = lab.get(f"/v1/trials/{heir.trial_id}/curve?metric=val_error")
    assert curve["steps"] == [20, 40, 60, 80, 100]
    assert heir.finish(last_step=128).json()["best_value"] == 0.1


def test_a_checkpoint_that_is_gone_makes_it_pay_all(lab: Lab) -> None:
    origin, study_id = _trained_origin(lab)
    _longer(lab, study_id, origin)
    with lab.context.database.writing() as connection:
        connection.execute(update(checkpoints).values(is_forgotten=True))
    heir = Slot(lab).claim()
    assert heir.claim["resume"] is None
    assert attempt_row(lab, heir.id)["reserved_steps"] == 128
    trial = lab.get(f"/v1/trials/{heir.trial_id}")
    assert (trial["resume"], trial["best_step"]) == (None, None)


def test_a_stored_resume_whose_schedule_no_longer_agrees_makes_it_pay_all(lab: Lab) -> None:
    origin, study_id = _trained_origin(lab)
    lower = replace(Schedule.from_dict(origin.claim["schedule"]), peak=0.001)
    _longer(lab, study_id, origin, lower)
    heir = Slot(lab).claim()
    assert heir.claim["resume"] is None
    assert attempt_row(lab, heir.id)["reserved_steps"] == 128
    assert lab.get(f"/v1/trials/{heir.trial_id}")["resume"] is None


def _trained_origin(lab: Lab) -> tuple[Attempt, StudyId]:
    study_id = StudyId(lab.create(trials=1)["id"])
    origin = Slot(lab).claim()
    steps = [10, 20, 30, 40, 50, 60, 64]
    origin.measure(steps, [0.05, 0.2, 0.01, 0.3, 0.4, 0.5, 0.001])
    origin.checkpoint(60)
    origin.finish()
    return origin, study_id


def _longer(lab: Lab, study_id: StudyId, origin: Attempt, schedule: Schedule | None = None) -> None:
    """A second round to step 128, evaluated every 20 steps, from the origin's step 60, under its
    schedule unless another one is given."""
    new = NewTrial(
        point_index=0,
        point_key="{}",
        params=origin.claim["trial"]["params"],
        seed=0,
        schedule=schedule or Schedule.from_dict(origin.claim["schedule"]),
        resume=Resume(TrialId(origin.trial_id), 60),
    )
    with lab.context.database.writing() as connection:
        definition = rounds.get(connection, study_id, 1).definition
        rounds.insert_one(connection, study_id, NewRound(2, definition))
        trials.insert_many(connection, Place(study_id, 2, 128, 20), [new])
