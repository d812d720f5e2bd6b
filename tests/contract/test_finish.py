"""The end of an attempt: what becomes of its trial, its study's books and its round."""

import pytest

from app.db import trials
from app.domain.ids import TrialId
from tests.contract.lab import Lab
from tests.contract.slot import Slot, attempt_row, due, lapse, study_row


def test_a_finish_completes_the_trial_and_settles_its_steps(lab: Lab) -> None:
    study = lab.create(trials=2)
    attempt = Slot(lab).claim()
    trial = attempt.run(0.25)
    assert (trial["state"], trial["censored"], trial["best_value"]) == ("completed", False, 0.25)
    assert trial["attempts"][0]["state"] == "succeeded"
    steps = lab.study(study["id"])["budget"]["steps"]
    assert (steps["spent"], steps["reserved"], steps["lost"]) == (64, 0, 0)


def test_a_finish_said_again_answers_the_same(lab: Lab) -> None:
    study = lab.create(trials=2)
    attempt = Slot(lab).claim()
    first = attempt.run()
    assert attempt.finish().json() == first
    assert attempt.finish("failed").json() == first
    assert study_row(lab, study["id"])["steps_spent"] == 64


def test_an_end_before_the_horizon_is_censored(lab: Lab) -> None:
    lab.create(trials=2)
    attempt = Slot(lab).claim()
    attempt.measure([30], [0.3])
    trial = attempt.finish(last_step=30).json()
    assert (trial["state"], trial["censored"], trial["last_step"]) == ("completed", True, 30)


@pytest.mark.parametrize("outcome", ["completed", "failed", "diverged"])
def test_a_non_finite_value_makes_a_diverged_trial_whatever_was_sent(
    lab: Lab, outcome: str
) -> None:
    lab.create(trials=2)
    attempt = Slot(lab).claim()
    attempt.measure([2, 4], [0.3, "nan"])
    attempt.measure([4], ["inf"], metric="train_loss")
    trial = attempt.finish(outcome, 4).json()
    assert (trial["state"], trial["reason"], trial["best_value"]) == ("diverged", "diverged", 0.3)


def test_a_non_finite_value_of_any_metric_diverges(lab: Lab) -> None:
    lab.create(trials=2)
    attempt = Slot(lab).claim()
    attempt.measure([64], [0.3])
    attempt.measure([30], ["inf"], metric="train_loss")
    assert attempt.finish().json()["state"] == "diverged"


def test_an_end_without_any_objective_value_failed(lab: Lab) -> None:
    lab.create(trials=2)
    attempt = Slot(lab).claim()
    attempt.measure([64], [0.3], metric="train_loss")
    trial = attempt.finish().json()
    assert (trial["state"], trial["reason"]) == ("failed", "no-measurement")


def test_a_failure_is_tried_again_after_a_pause_until_the_attempts_are_used_up(lab: Lab) -> None:
    lab.create(trials=1)
    delays = []
    for _ in range(2):
        attempt = Slot(lab).claim()
        trial = attempt.finish("failed", 3, reason="crashed", exit_code=1).json()
        assert trial["state"] == "waiting"
        assert Slot(lab).ask().status_code == 204
        delays.append(_delay(lab, attempt.id))
        due(lab)
    assert 0 < delays[0] <= 5
    assert delays[1] == pytest.approx(2 * delays[0], abs=0.5)
    trial = Slot(lab).claim().finish("failed", 3, reason="out_of_memory").json()
    assert (trial["state"], trial["reason"]) == ("failed", "out_of_memory")
    assert [attempt["state"] for attempt in trial["attempts"]] == ["failed"] * 3


def test_pre_emptions_and_losses_never_count_as_failures(lab: Lab) -> None:
    lab.create(trials=1, job={"command": ["x"], "max_attempts": 1})
    for _ in range(3):
        assert Slot(lab).claim().finish("preempted", 3).json()["state"] == "waiting"
    lapse(lab, Slot(lab).claim())
    Slot(lab, worker="w2").claim()
    assert Slot(lab, worker="w2").claim().run()["state"] == "completed"


def test_a_retry_does_not_make_interruptions_of_the_failures_that_it_forgets(lab: Lab) -> None:
    lab.create(trials=2, job={"command": ["x"], "max_attempts": 3})
    while True:
        failing = Slot(lab).claim()
        if failing.finish("failed", 3, reason="crashed").json()["state"] == "failed":
            break
        due(lab)
    assert lab.client.post(f"/v1/trials/{failing.trial_id}/retry").status_code == 200
    for _ in range(3):  # as often as a trial may be interrupted without waiting
        again = Slot(lab).claim()
        assert again.trial_id == failing.trial_id, "it is claimable at once, and the first"
        again.finish("preempted", 3)


def test_the_last_end_of_a_round_hands_it_to_review(lab: Lab) -> None:
    study = lab.create(trials=2)
    Slot(lab).claim().run()
    assert lab.study(study["id"])["rounds"][0]["state"] == "open"
    Slot(lab).claim().run()
    found = lab.study(study["id"])
    assert (found["waiting_for"], found["rounds"][0]["state"]) == ("review", "in_review")
    assert found["rounds"][0]["counts"]["completed"] == 2


def test_the_best_trial_is_never_a_diverged_one_while_another_exists(lab: Lab) -> None:
    study = lab.create(trials=4)
    gone = Slot(lab).claim()
    gone.measure([2, 4], [0.01, "nan"])
    gone.finish("diverged", 4)
    assert study_row(lab, study["id"])["best_trial_id"] == gone.trial_id
    worse = Slot(lab).claim()
    worse.run(0.5)
    assert lab.study(study["id"])["best"]["trial_id"] == worse.trial_id
    better = Slot(lab).claim()
    better.run(0.4)
    Slot(lab).claim().run(0.45)
    best = lab.study(study["id"])["best"]
    assert (best["trial_id"], best["value"], best["step"]) == (better.trial_id, 0.4, 64)


def test_the_study_learns_its_speed(lab: Lab) -> None:
    study = lab.create(trials=2)
    Slot(lab).claim().run()
    assert lab.study(study["id"])["seconds_per_step"] > 0


def test_the_steps_of_a_resumed_attempt_are_paid_once(lab: Lab) -> None:
    study = lab.create(trials=1)
    first = Slot(lab).claim()
    first.measure([32], [0.5])
    first.checkpoint(32)
    first.finish("preempted", 32)
    second = Slot(lab).claim()
    assert attempt_row(lab, second.id)["reserved_steps"] == 32
    second.run()
    assert study_row(lab, study["id"])["steps_spent"] == 64


def _delay(lab: Lab, attempt_id: str) -> float:
    trial_id = lab.get(f"/v1/attempts/{attempt_id}")["trial_id"]
    ended_at = attempt_row(lab, attempt_id)["ended_at"]
    with lab.context.database.reading() as connection:
        not_before = trials.get(connection, TrialId(trial_id)).not_before
    return float(not_before - ended_at)
