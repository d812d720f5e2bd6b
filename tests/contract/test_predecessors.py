"""A slot may claim its next trial while the last one's reports are still on their way: what is then
spared, and what no such claim may change."""

from typing import Any

import pytest

from tests.contract.lab import Lab
from tests.contract.slot import Attempt, Slot, attempt_row, attended, expire, lapse, study_row

Json = Any  # JSON, as the contract says


def after(attempt: Attempt, token: str | None = None) -> Json:
    return {"attempt_id": attempt.id, "token": token or attempt.claim["token"]}


def state_of(lab: Lab, attempt: Attempt) -> str:
    return str(attempt_row(lab, attempt.id)["state"])


def test_a_predecessor_still_reports_and_finishes(lab: Lab) -> None:
    study = lab.create()
    older = Slot(lab).claim()
    newer = Slot(lab).claim(after=after(older))
    assert newer.trial_id != older.trial_id
    assert state_of(lab, older) == "leased"
    assert older.run()["state"] == "completed"
    assert newer.run()["state"] == "completed"
    row = study_row(lab, study["id"])
    assert (row["steps_spent"], row["steps_reserved"]) == (128, 0)


def test_the_token_of_another_attempt_names_no_predecessor(lab: Lab) -> None:
    lab.create()
    older = Slot(lab).claim()
    other = Slot(lab, slot="1").claim()
    refused = Slot(lab).ask(after=after(older, other.claim["token"]))
    assert refused.status_code == 409
    assert refused.json()["type"].endswith("stale-attempt")
    assert state_of(lab, older) == "leased"


def test_any_other_unfinished_attempt_of_the_slot_is_lost(lab: Lab) -> None:
    lab.create()
    first = Slot(lab).claim()
    second = Slot(lab).claim(after=after(first))
    third = Slot(lab).claim(after=after(second))
    states = [state_of(lab, attempt) for attempt in (first, second, third)]
    assert states == ["lost", "leased", "leased"]
    assert first.measure([2], [0.5]).status_code == 409


def test_a_claim_that_names_no_predecessor_ends_both(lab: Lab) -> None:
    lab.create()
    first = Slot(lab).claim()
    second = Slot(lab).claim(after=after(first))
    Slot(lab).claim()
    assert [state_of(lab, first), state_of(lab, second)] == ["lost", "lost"]


def test_the_attempt_of_another_slot_spares_nothing_here(lab: Lab) -> None:
    lab.create()
    elsewhere, mine = Slot(lab).claim(), Slot(lab, slot="1").claim()
    Slot(lab, slot="1").claim(after=after(elsewhere))
    assert [state_of(lab, elsewhere), state_of(lab, mine)] == ["leased", "lost"]


def test_the_same_request_answers_the_same_attempt_once_its_predecessor_has_ended(lab: Lab) -> None:
    lab.create()
    older = Slot(lab).claim()
    first = Slot(lab).ask(request_id="once", after=after(older))
    older.run()
    again = Slot(lab).ask(request_id="once", after=after(older))
    assert first.status_code == 200
    assert first.content == again.content


def test_a_predecessor_counts_against_the_concurrency_until_it_is_finished(lab: Lab) -> None:
    lab.create(concurrency=1)
    older = Slot(lab).claim()
    assert Slot(lab).ask(after=after(older)).status_code == 204
    older.run()
    assert Slot(lab).ask(after=after(older)).status_code == 200


def test_the_place_that_a_finish_will_free_goes_to_no_lower_priority(lab: Lab) -> None:
    high = lab.create(name="high", priority=2, concurrency=1)
    lab.create(name="low", priority=1)
    older = Slot(lab).claim()
    assert Slot(lab).ask(after=after(older)).status_code == 204
    older.run()
    assert Slot(lab).claim().claim["trial"]["study_id"] == high["id"]


def test_the_steps_that_a_finish_will_give_back_are_for_those_who_come_first(lab: Lab) -> None:
    high = lab.create(name="high", priority=2, limits={"total_steps": 100})
    lab.create(name="low", priority=1)
    older = Slot(lab).claim()
    assert Slot(lab).ask(after=after(older)).status_code == 204
    assert older.measure([30], [0.5]).status_code == 200
    assert older.finish(last_step=30).status_code == 200
    assert Slot(lab).claim().claim["trial"]["study_id"] == high["id"]


@pytest.mark.parametrize("is_limited", [True, False])
def test_where_all_studies_share_a_limit_the_finish_comes_first(
    lab: Lab, *, is_limited: bool
) -> None:
    lab.create()
    if is_limited:
        assert lab.client.patch("/v1/budget", json={"total_steps": 10_000}).status_code == 200
    older = Slot(lab).claim()
    answer = Slot(lab).ask(after=after(older)).status_code
    assert answer == (204 if is_limited else 200)


def test_a_limited_study_with_room_for_both_gives_its_next_trial(lab: Lab) -> None:
    study = lab.create(limits={"total_steps": 128}, concurrency=2)
    older = Slot(lab).claim()
    Slot(lab).claim(after=after(older))
    assert study_row(lab, study["id"])["steps_reserved"] == 128
    assert Slot(lab, slot="1").ask().status_code == 204


def test_the_order_is_that_after_the_finish(lab: Lab) -> None:
    lab.create(name="other")
    Slot(lab, slot="1").claim()
    mine = lab.create(name="mine")
    older = Slot(lab).claim()
    assert older.claim["trial"]["study_id"] == mine["id"]
    newer = Slot(lab).claim(after=after(older))
    assert newer.claim["trial"]["study_id"] == mine["id"]


def test_a_worker_that_dies_between_leaves_both_to_the_sweep(lab: Lab) -> None:
    study = lab.create(trials=2)
    older = Slot(lab).claim()
    newer = Slot(lab).claim(after=after(older))
    expire(lab, older)
    lapse(lab, newer)
    attended(lab)
    heirs = [Slot(lab, worker="w2", slot=slot).claim() for slot in "01"]
    assert {heir.trial_id for heir in heirs} == {older.trial_id, newer.trial_id}
    assert [state_of(lab, older), state_of(lab, newer)] == ["lost", "lost"]
    assert older.finish().status_code == 409
    assert {heir.run()["state"] for heir in heirs} == {"completed"}
    assert study_row(lab, study["id"])["steps_reserved"] == 0


def test_a_claim_never_takes_its_predecessor_however_long_that_one_was_silent(lab: Lab) -> None:
    lab.create(trials=1)
    older = Slot(lab, boot_id="then").claim()
    lapse(lab, older)
    assert Slot(lab, boot_id="now").ask(after=after(older)).status_code == 204
    assert older.run()["state"] == "completed"
