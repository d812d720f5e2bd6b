"""A worker that was cut off for longer than a lease comes back: what it trained meanwhile is heard
before anybody may take it over."""

from sqlalchemy import update

from app.db.tables import attempts, trials
from app.services.spent_limits import end_spent_studies
from tests.contract.lab import Lab
from tests.contract.slot import Attempt, Slot, attempt_row, attended, expire, lapse, study_row


def lapsed_ones(lab: Lab, count: int = 3) -> list[Attempt]:
    """One a slot; all are marked."""
    found = [Slot(lab, slot=str(number)).claim() for number in range(count)]
    for attempt in found[1:]:
        expire(lab, attempt)
    lapse(lab, found[0])
    return found


def hearings_end(lab: Lab) -> None:
    """Whoever was given time to speak has had it."""
    with lab.context.database.writing() as connection:
        is_marked = attempts.c.claimable_at.is_not(None)
        connection.execute(update(attempts).where(is_marked).values(claimable_at=1.0))
        is_heard = trials.c.claimable_at.is_not(None)
        connection.execute(update(trials).where(is_heard).values(claimable_at=2.0))


def test_a_returning_worker_is_given_what_waits_and_finishes_what_it_trained(lab: Lab) -> None:
    study = lab.create(trials=6)
    trained = lapsed_ones(lab)
    newer = [
        Slot(lab, slot=str(number)).claim(
            after={"attempt_id": older.id, "token": older.claim["token"]}
        )
        for number, older in enumerate(trained)
    ]
    assert not {one.trial_id for one in newer} & {one.trial_id for one in trained}
    assert {one.run()["state"] for one in (*trained, *newer)} == {"completed"}
    assert study_row(lab, study["id"])["steps_lost"] == 0


def test_nobody_else_takes_over_what_a_returning_worker_will_tell(lab: Lab) -> None:
    lab.create(trials=1)
    (trained,) = lapsed_ones(lab, 1)
    assert Slot(lab, slot="1").ask().status_code == 204
    assert Slot(lab, worker="w2").ask().status_code == 204
    assert trained.run()["state"] == "completed"


def test_until_its_worker_asks_a_lapsed_attempt_is_taken_over(lab: Lab) -> None:
    lab.create(trials=1)
    (trained,) = lapsed_ones(lab, 1)
    assert Slot(lab, worker="w2").claim().trial_id == trained.trial_id


def test_an_attempt_that_says_nothing_although_its_worker_is_back_is_taken_over(lab: Lab) -> None:
    """The slot that ran it is gone; were it heard first again and again, its trial would hang."""
    lab.create(trials=1)
    (silent,) = lapsed_ones(lab, 1)
    assert Slot(lab, slot="1").ask().status_code == 204
    hearings_end(lab)
    attended(lab)
    assert Slot(lab, slot="1").claim().trial_id == silent.trial_id
    assert attempt_row(lab, silent.id)["state"] == "lost"


def test_an_attempt_that_was_heard_and_lapses_again_is_heard_first_again(lab: Lab) -> None:
    lab.create(trials=1)
    (trained,) = lapsed_ones(lab, 1)
    assert Slot(lab, slot="1").ask().status_code == 204
    assert trained.heartbeat(2).status_code == 200
    lapse(lab, trained)
    assert Slot(lab, slot="1").ask().status_code == 204
    assert trained.run()["state"] == "completed"


def test_after_a_restart_of_the_machine_there_is_nothing_to_hear(lab: Lab) -> None:
    lab.create(trials=1)
    (trained,) = lapsed_ones(lab, 1)
    assert Slot(lab, slot="1", boot_id="another").claim().trial_id == trained.trial_id


def test_a_spent_study_ends_once_its_lapsed_attempts_were_heard(lab: Lab) -> None:
    job = {"command": ["x"], "resumable": False}  # so that the successor would pay all again
    study = lab.create(trials=2, job=job, limits={"total_steps": 120})
    trained = Slot(lab).claim()
    assert trained.checkpoint(60).status_code == 200
    assert trained.heartbeat(62).status_code == 200
    lapse(lab, trained)
    assert Slot(lab, slot="1").ask().status_code == 204
    assert end_spent_studies(lab.context) == []
    hearings_end(lab)
    assert end_spent_studies(lab.context) == [study["id"]]
