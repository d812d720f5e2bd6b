"""A review that raises: a person sees it over the API, and it is tried again with a back-off."""

from typing import Any

import pytest
from sqlalchemy import select, update

from app.conductor.review import review_rounds
from app.db import service_state
from app.db.tables import rounds
from app.services import reviews
from tests.contract.lab import Lab

Json = Any  # JSON, as the contract says


def test_a_review_that_raises_says_so_and_is_tried_again_later(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    def broken(*_args: Json, **_more: Json) -> Json:
        calls.append(1)
        raise ZeroDivisionError("the adviser divided by nothing")

    study_id = lab.create()["id"]
    lab.train(study_id)
    assert lab.study(study_id)["problem"] is None
    monkeypatch.setattr(reviews, "consult", broken)
    assert review_rounds(lab.context) == 0
    assert _seconds_to_next_try(lab) > -60, "the next try has its time"
    _try_again_at(lab, 4e9)
    assert review_rounds(lab.context) == 0, "not before that time"
    assert len(calls) == 1
    study = lab.study(study_id)
    assert study["waiting_for"] == "review"
    round_one = lab.get(f"/v1/studies/{study_id}/rounds/1")
    assert "ZeroDivisionError: the adviser divided by nothing" in round_one["problem"]
    assert round_one["trace_id"] in round_one["problem"]
    assert study["problem"] == round_one["problem"]
    _try_again_at(lab, 0.0)
    review_rounds(lab.context)
    assert "failed 2 times" in lab.study(study_id)["problem"]
    monkeypatch.undo()
    _try_again_at(lab, 0.0)
    assert review_rounds(lab.context) == 1
    study = lab.study(study_id)
    assert (study["problem"], study["waiting_for"]) == (None, "acceptance")


def test_points_added_to_a_round_whose_review_failed_open_it_without_the_problem(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: Json, **_more: Json) -> Json:
        raise ZeroDivisionError

    study_id = lab.create()["id"]
    lab.train(study_id)
    monkeypatch.setattr(reviews, "consult", broken)
    review_rounds(lab.context)
    answer = lab.client.post(f"/v1/studies/{study_id}/rounds/1/trials", json={"count": 1})
    assert answer.status_code == 201, answer.text
    assert lab.study(study_id)["problem"] is None


def _seconds_to_next_try(lab: Lab) -> float:
    with lab.context.database.reading() as connection:
        again_at = connection.scalar(select(rounds.c.review_again_at))
        assert again_at is not None
        return float(again_at) - service_state.clock(connection)


def _try_again_at(lab: Lab, moment: float) -> None:
    with lab.context.database.writing() as connection:
        connection.execute(update(rounds).values(review_again_at=moment))
