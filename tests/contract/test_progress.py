"""Measurements and checkpoints: stored once, refused whole, masked by a resume."""

import pytest

from app.db import chunks
from app.db.merging import CHUNK_POINTS
from app.domain.ids import AttemptId
from tests.contract.lab import Lab
from tests.contract.slot import Attempt, Slot, lapse


def test_a_batch_sent_again_is_counted_and_stored_once(lab: Lab) -> None:
    lab.create()
    attempt = Slot(lab).claim()
    first = attempt.measure([2, 4], [0.5, 0.4]).json()
    again = attempt.measure([2, 4, 6], [0.5, 0.4, 0.3]).json()
    assert first == {"accepted": 2, "repeated": 0, "last_step": 4}
    assert again == {"accepted": 1, "repeated": 2, "last_step": 6}
    assert _curve(lab, attempt)["last"] == [0.5, 0.4, 0.3]


def test_another_value_for_a_known_step_is_refused_and_the_first_is_kept(lab: Lab) -> None:
    lab.create()
    attempt = Slot(lab).claim()
    attempt.measure([2, 4], [0.5, 0.4])
    answer = attempt.measure([4, 6], [0.7, 0.3])
    assert (answer.status_code, answer.json()["type"]) == (409, "conflicting-measurement")
    assert "val_error at step 4" in answer.json()["detail"]
    assert _curve(lab, attempt)["last"] == [0.5, 0.4]


def test_a_batch_beyond_the_horizon_is_refused_whole(lab: Lab) -> None:
    lab.create()
    attempt = Slot(lab).claim()
    answer = attempt.measure([62, 64, 65, 66], [0.4, 0.3, 0.2, 0.1])
    assert (answer.status_code, answer.json()["type"]) == (422, "horizon-exceeded")
    assert answer.json()["first_refused_step"] == 65
    assert lab.get(f"/v1/trials/{attempt.trial_id}")["best_value"] is None
    assert attempt.measure([62, 64], [0.4, 0.3]).status_code == 200


def test_words_stand_for_non_finite_values_and_repeat_as_such(lab: Lab) -> None:
    lab.create()
    attempt = Slot(lab).claim()
    batch = [0.5, "nan", "inf", "-inf", None]
    steps = [2, 4, 6, 8, 10]
    assert attempt.measure(steps, batch).json()["accepted"] == 4
    assert attempt.measure(steps, batch).json() == {"accepted": 0, "repeated": 5, "last_step": 10}
    assert _curve(lab, attempt)["last"] == [0.5, "nan", "inf", "-inf"]


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"steps": [2], "metrics": {"val_error": ["NaN"]}}, "nan"),
        ({"steps": [2], "metrics": {"val_error": [0.1, 0.2]}}, "2 values"),
        ({"steps": [4, 2], "metrics": {"val_error": [0.1, 0.2]}}, "ascend"),
        ({"steps": [2, 2], "metrics": {"val_error": [0.1, 0.2]}}, "ascend"),
        ({"steps": [-1], "metrics": {"val_error": [0.1]}}, "between 0"),
        ({"steps": [1.5], "metrics": {"val_error": [0.1]}}, "int"),
        ({"steps": [True], "metrics": {"val_error": [0.1]}}, "int"),
        ({"steps": [2], "metrics": {"9": [0.1]}}, "metric name"),
        ({"steps": [2], "metrics": {"val_error": [0.1]}, "extra": 1}, "unknown field"),
    ],
)
def test_a_malformed_batch_is_a_422_that_says_why(
    lab: Lab, body: dict[str, object], word: str
) -> None:
    lab.create()
    answer = Slot(lab).claim().post("measurements", body)
    assert answer.status_code == 422
    assert word in answer.json()["detail"]


def test_a_bare_nan_token_is_a_400(lab: Lab) -> None:
    lab.create()
    attempt = Slot(lab).claim()
    answer = lab.client.post(
        f"/v1/attempts/{attempt.id}/measurements",
        content=b'{"steps": [2], "metrics": {"val_error": [NaN]}}',
        headers={
            "Content-Type": "application/json",
            "Paceline-Attempt-Token": attempt.claim["token"],
        },
    )
    assert answer.status_code == 400


def test_the_best_step_is_the_earliest_of_the_best_whatever_the_order_of_batches(lab: Lab) -> None:
    lab.create()
    attempt = Slot(lab).claim()
    attempt.measure([8, 10], [0.2, 0.4])
    attempt.measure([2, 4], [0.5, 0.2])
    trial = lab.get(f"/v1/trials/{attempt.trial_id}")
    assert (trial["best_step"], trial["best_value"], trial["last_step"]) == (4, 0.2, 10)
    assert _curve(lab, attempt)["steps"] == [2, 4, 8, 10]


def test_single_points_share_a_chunk_and_a_full_chunk_is_left_alone(lab: Lab) -> None:
    lab.create(max_train_steps=5000, evaluate_every_steps=1)
    attempt = Slot(lab).claim()
    first = list(range(1, CHUNK_POINTS))
    attempt.measure(first, [1.0] * len(first))
    for step in range(CHUNK_POINTS, CHUNK_POINTS + 4):
        attempt.measure([step], [0.5])
    with lab.context.database.reading() as connection:
        stored = chunks.load(connection, [AttemptId(attempt.id)], None)
    sizes = [chunk.steps.size for chunk in stored[AttemptId(attempt.id), "val_error"]]
    assert sizes == [CHUNK_POINTS, 3]


def test_a_checkpoint_knows_the_value_at_its_step(lab: Lab) -> None:
    lab.create()
    attempt = Slot(lab).claim()
    attempt.measure([2, 4, 6], [0.5, 0.3, 0.4])
    assert attempt.checkpoint(4).json()["value"] == 0.3
    assert attempt.checkpoint(6).json()["value"] == 0.4
    assert attempt.checkpoint(7).json()["value"] is None
    kept = lab.get(f"/v1/trials/{attempt.trial_id}")["checkpoints"]
    assert [(one["step"], one["value"]) for one in kept] == [(4, 0.3), (7, None)]  # best, last


def test_a_checkpoint_beyond_the_horizon_is_refused(lab: Lab) -> None:
    lab.create()
    answer = Slot(lab).claim().checkpoint(65)
    assert answer.status_code == 422
    assert "65" in answer.json()["detail"]


def test_a_resume_masks_what_came_after_its_checkpoint(lab: Lab) -> None:
    lab.create(trials=1)
    old = Slot(lab).claim()
    old.measure([2, 4, 6, 8], [0.5, 0.4, 0.1, "nan"])
    old.checkpoint(4)
    lapse(lab, old)
    new = Slot(lab, worker="w2").claim()
    assert new.claim["resume"]["step"] == 4
    assert new.claim["resume"]["checkpoint"]["key"] == f"{old.id}/4"
    trial = lab.get(f"/v1/trials/{new.trial_id}")
    assert (trial["best_step"], trial["best_value"], trial["last_step"]) == (4, 0.4, 4)
    new.measure([6, 8], [0.3, 0.35])
    curve = _curve(lab, new)
    assert (curve["steps"], curve["last"]) == ([2, 4, 6, 8], [0.5, 0.4, 0.3, 0.35])
    assert lab.get(f"/v1/trials/{new.trial_id}")["best_step"] == 6
    masked = lab.get(f"/v1/trials/{new.trial_id}/curve?metric=val_error&attempt={old.id}")
    assert masked["last"] == [0.5, 0.4, 0.1, "nan"]
    assert new.finish().json()["state"] == "completed"


def test_a_job_that_is_not_resumable_starts_anew_and_masks_everything(lab: Lab) -> None:
    job = {"command": ["x"], "resumable": False}
    lab.create(trials=1, job=job)
    old = Slot(lab).claim()
    old.measure([0, 2, 4], [0.9, 0.5, 0.1])
    old.checkpoint(4)
    lapse(lab, old)
    new = Slot(lab, worker="w2").claim()
    assert new.claim["resume"] is None
    trial = lab.get(f"/v1/trials/{new.trial_id}")
    assert (trial["best_step"], trial["best_value"], trial["last_step"]) == (None, None, 0)
    new.measure([2], [0.6])
    assert _curve(lab, new)["steps"] == [2]


def test_a_checkpoint_that_is_missing_is_forgotten_and_the_one_before_is_used(lab: Lab) -> None:
    lab.create(trials=1)
    first = Slot(lab).claim()
    first.measure([2, 4, 6, 8], [0.5, 0.2, 0.3, 0.4])
    first.checkpoint(4)  # the best, so it is kept beside the last
    first.checkpoint(8)
    first.finish("preempted", 8)
    second = Slot(lab).claim()
    assert second.claim["resume"]["step"] == 8
    second.finish("preempted", 8, reason="checkpoint_missing")
    third = Slot(lab).claim()
    assert third.claim["resume"]["step"] == 4
    trial = lab.get(f"/v1/trials/{third.trial_id}")
    assert (trial["best_step"], trial["best_value"]) == (4, 0.2)
    third.finish("preempted", 4, reason="checkpoint_missing")
    assert Slot(lab).claim().claim["resume"] is None


def test_a_worker_without_the_shared_store_is_not_sent_to_it(lab: Lab) -> None:
    lab.create(trials=1)
    worker = {"worker": "w2", "boot_id": "b", "name": "n", "version": "1", "slots": []}
    answer = lab.client.post("/v1/workers", json={**worker, "store_nonce": "not this one"})
    assert answer.json()["shares_store"] is False
    old = Slot(lab).claim()
    old.measure([2, 4], [0.5, 0.4])
    old.checkpoint(4)
    old.finish("preempted", 4)
    alone = Slot(lab, worker="w2").claim()
    assert alone.claim["resume"] is None
    alone.measure([2, 4], [0.6, 0.5])
    alone.checkpoint(4)
    alone.finish("preempted", 4)
    own = Slot(lab, worker="w2").claim()
    assert own.claim["resume"]["checkpoint"]["key"] == f"{alone.id}/4"


def _curve(lab: Lab, attempt: Attempt) -> dict[str, list[object]]:
    found = lab.get(f"/v1/trials/{attempt.trial_id}/curve?metric=val_error")
    return dict(found)
