"""Seconds per step: measured between reports, shown on the trial, judged by WRK505."""

from sqlalchemy import select, update

from app.db.tables import attempts
from tests.contract.lab import Lab, bowl
from tests.contract.slot import Slot, attempt_row


def age(lab: Lab, attempt_id: str, seconds: float) -> None:
    """The attempt's first report came that much earlier."""
    from_step, from_at, to_step, to_at = attempt_row(lab, attempt_id)["pace"]
    with lab.context.database.writing() as connection:
        row = update(attempts).where(attempts.c.id == attempt_id)
        connection.execute(row.values(pace=[from_step, from_at - seconds, to_step, to_at]))


def test_a_trial_shows_its_seconds_per_step_without_its_start_up(lab: Lab) -> None:
    lab.create(trials=1)
    attempt = Slot(lab).claim()
    path = f"/v1/trials/{attempt.trial_id}"
    assert lab.get(path)["seconds_per_step"] is None
    attempt.measure([2, 4], [0.5, 0.4])
    attempt.measure([6], [0.3])
    assert lab.get(path)["seconds_per_step"] is None, "too short to tell"
    age(lab, attempt.id, 40.0)
    attempt.measure([44], [0.2])
    attempt.measure([2, 4], [0.5, 0.4])
    assert round(lab.get(path)["seconds_per_step"], 2) == 1.0


def test_equal_results_that_differ_in_speed_are_found_and_the_faster_is_promoted(lab: Lab) -> None:
    study_id = lab.create(
        workload="compute_bound",
        production_steps=256,
        objective={"metric": "val_error", "direction": "minimize", "tolerance": 10.0},
    )["id"]
    lab.train(study_id, bowl)
    with lab.context.database.writing() as connection:
        found = list(connection.execute(select(attempts.c.id, attempts.c.trial_id)))
        for row in found:
            seconds = 64.0 if row.trial_id == found[-1].trial_id else 128.0
            timed = update(attempts).where(attempts.c.id == row.id)
            connection.execute(timed.values(pace=[0, 0.0, 64, seconds]))
    lab.review()
    assessment = lab.get(f"/v1/studies/{study_id}/rounds/1/assessment")
    (verdict,) = (v for v in assessment["verdicts"] if v["code"] == "WRK505")
    assert verdict["verdict"] == "finding"
    assert {row["seconds_per_step"] for row in verdict["evidence"]["ranks"]} == {1.0, 2.0}
    best, *_ = lab.get(f"/v1/studies/{study_id}/recommendation")["promote"]
    assert best["trial_id"] == found[-1].trial_id
    assert "the faster goes first" in best["reason"]
