"""Limits: what does not fit waits while something runs, and ends the study when nothing does."""

from sqlalchemy import update

from app.conductor.sweep import sweep_leases
from app.db.tables import attempts
from tests.contract.lab import Lab
from tests.contract.slot import Attempt, Slot, lapse, study_row


def test_what_does_not_fit_waits_while_something_is_reserved(lab: Lab) -> None:
    job = {"command": ["x"], "resumable": False}
    study = lab.create(trials=3, job=job, limits={"total_steps": 100})
    attempt = Slot(lab).claim()
    attempt.checkpoint(50)  # were it lost now, nothing would fit any more
    attempt.heartbeat(50)
    sweep_leases(lab.context)
    assert Slot(lab, slot="1").ask().status_code == 204
    assert lab.study(study["id"])["state"] == "active"
    assert attempt.heartbeat(51).json()["command"] == "continue"


def test_a_trial_that_does_not_fit_the_limit_says_so_itself(lab: Lab) -> None:
    study = lab.create(trials=3, limits={"total_steps": 128})
    Slot(lab).claim()
    first, second, third = lab.trials(study["id"], order="number")
    assert [first["state"], second["state"]] == ["running", "waiting"]
    assert {trial["waiting_for"] for trial in (first, second, third)} == {None}, "one more fits"
    Slot(lab, slot="1").claim()
    third = lab.get(f"/v1/trials/{third['id']}")
    assert (third["state"], third["waiting_for"]) == ("waiting", "limit")
    raised = lab.client.patch(f"/v1/studies/{study['id']}", json={"limits": {"total_steps": 192}})
    assert raised.status_code == 200, raised.text
    assert lab.get(f"/v1/trials/{third['id']}")["waiting_for"] is None


def test_a_trial_with_a_checkpoint_needs_only_the_rest_of_its_steps(lab: Lab) -> None:
    lab.create(trials=2, limits={"total_steps": 100})
    attempt = Slot(lab).claim()
    attempt.measure([40], [0.5])
    attempt.checkpoint(40)
    trial = attempt.finish("preempted", 40).json()
    assert (trial["state"], trial["waiting_for"]) == ("waiting", None), "24 of the 60 left"


def test_a_spent_limit_cancels_what_waits_and_pauses_the_study(lab: Lab) -> None:
    study = lab.create(trials=3, limits={"total_steps": 100})
    Slot(lab).claim().run()
    sweep_leases(lab.context)
    found = lab.study(study["id"])
    assert (found["state"], found["waiting_for"]) == ("paused", "limit")
    assert found["rounds"][0]["state"] == "in_review"
    states = [(trial["state"], trial["reason"]) for trial in lab.trials(study["id"])]
    assert sorted(states) == [("cancelled", "budget")] * 2 + [("completed", "completed")]


def test_a_study_with_room_for_one_more_trial_goes_on(lab: Lab) -> None:
    study = lab.create(trials=3, limits={"total_steps": 128})
    Slot(lab).claim().run()
    sweep_leases(lab.context)
    assert lab.study(study["id"])["state"] == "active"


def test_a_lapsed_attempt_whose_successor_fits_keeps_the_study_going(lab: Lab) -> None:
    study = lab.create(trials=1, limits={"total_steps": 64})
    lapse(lab, Slot(lab).claim())
    sweep_leases(lab.context)
    assert lab.study(study["id"])["state"] == "active"
    assert Slot(lab, worker="w2").claim().run()["state"] == "completed"


def test_a_lapsed_attempt_whose_successor_would_not_fit_ends_with_its_study(lab: Lab) -> None:
    study = lab.create(trials=2, limits={"total_steps": 100})
    first = Slot(lab).claim()
    first.measure([40], [0.5])
    first.finish("preempted", 40)  # 40 of 100 spent, and no checkpoint: 64 do not fit any more
    sweep_leases(lab.context)
    assert lab.study(study["id"])["waiting_for"] == "limit"
    assert {trial["reason"] for trial in lab.trials(study["id"])} == {"budget"}


def test_lapsed_attempts_alone_do_not_keep_a_spent_study_waiting(lab: Lab) -> None:
    job = {"command": ["x"], "resumable": False}  # so that the successor would pay all again
    study = lab.create(trials=2, job=job, limits={"total_steps": 120})
    attempt = Slot(lab).claim()
    attempt.checkpoint(60)
    attempt.heartbeat(62)
    lapse(lab, attempt)
    sweep_leases(lab.context)
    found = lab.study(study["id"])
    assert (found["state"], found["waiting_for"]) == ("paused", "limit")
    assert {trial["reason"] for trial in lab.trials(study["id"])} == {"budget"}
    steps = found["budget"]["steps"]
    assert (steps["spent"], steps["reserved"], steps["lost"]) == (60, 0, 2)
    assert attempt.measure([62], [0.4]).json()["type"] == "stale-attempt"


def test_gpu_seconds_before_any_speed_is_known_let_one_trial_run_at_a_time(lab: Lab) -> None:
    job = {"command": ["x"], "gpus": 1}
    study = lab.create(trials=3, job=job, limits={"gpu_hours": 1.0})
    slots = [Slot(lab, slot=str(n), offers={"commands": True, "gpus": 1}) for n in range(2)]
    first = slots[0].claim()
    assert slots[1].ask().status_code == 204
    assert study_row(lab, study["id"])["gpu_seconds_reserved"] == 3600.0
    first.run()
    row = study_row(lab, study["id"])
    assert row["gpu_seconds_reserved"] == 0.0
    assert 0 < row["gpu_seconds_spent"] < 3600.0
    assert [slot.ask().status_code for slot in slots] == [200, 200]


def test_gpu_seconds_are_never_promised_beyond_the_limit(lab: Lab) -> None:
    job = {"command": ["x"], "gpus": 1, "timeout_seconds": 10.0}
    study = lab.create(trials=2, job=job, limits={"gpu_hours": 100 / 3600})
    slots = [Slot(lab, slot=str(n), offers={"commands": True, "gpus": 1}) for n in range(2)]
    assert [slot.ask().status_code for slot in slots] == [200, 204]
    assert study_row(lab, study["id"])["gpu_seconds_reserved"] == 90.0  # 10 + grace + lease


def test_use_beyond_the_reservation_is_booked_beside_the_limit(lab: Lab) -> None:
    job = {"command": ["x"], "gpus": 1, "timeout_seconds": 10.0}
    study = lab.create(trials=1, job=job, limits={"gpu_hours": 90 / 3600})
    attempt = Slot(lab, offers={"commands": True, "gpus": 1}).claim()
    assert study_row(lab, study["id"])["gpu_seconds_reserved"] == 90.0  # 10 + grace + lease
    _begin_earlier(lab, attempt, 500.0)
    attempt.run()
    row = study_row(lab, study["id"])
    assert row["gpu_seconds_spent"] == 90.0
    assert 400.0 < row["gpu_seconds_overrun"] < 500.0


def _begin_earlier(lab: Lab, attempt: Attempt, seconds: float) -> None:
    with lab.context.database.writing() as connection:
        mine = update(attempts).where(attempts.c.id == attempt.id)
        connection.execute(mine.values(started_at=attempts.c.started_at - seconds))
