"""Whose trial a slot gets: priority first, then fair between the studies, whoever races."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any  # Any: JSON

import pytest
from sqlalchemy import text

from app.db import claiming
from app.db.turns import Turn
from app.domain.ids import StudyId, WorkerId
from app.domain.reports import ClaimRequest, Offers
from app.services.taking import take
from tests.contract.lab import STUDY, Lab
from tests.contract.slot import Attempt, Slot, lapse


def claims(lab: Lab, count: int, first: int = 0) -> list[Attempt]:
    """One after the other, each by a slot of its own."""
    return [Slot(lab, slot=f"{first + number}").claim() for number in range(count)]


def study_of(attempt: Attempt) -> str:
    return str(attempt.claim["trial"]["study_id"])


def shares(attempts: list[Attempt]) -> Counter[str]:
    return Counter(study_of(attempt) for attempt in attempts)


def test_studies_of_one_priority_share_the_slots(lab: Lab) -> None:
    studies = [lab.create(name=f"s{number}", trials=20)["id"] for number in range(3)]
    assert shares(claims(lab, 12)) == dict.fromkeys(studies, 4)


def test_a_single_slot_goes_from_study_to_study(lab: Lab) -> None:
    for number in range(3):
        lab.create(name=f"s{number}", trials=4)
    slot, order = Slot(lab), []
    for _ in range(12):
        attempt = slot.claim()
        order.append(study_of(attempt))
        attempt.run()
    assert len(set(order[:3])) == 3
    assert order == order[:3] * 4


def test_a_study_that_comes_late_gets_the_next_slots_until_it_has_its_share(lab: Lab) -> None:
    lab.create(name="early", trials=50)
    first = claims(lab, 8)
    late = lab.create(name="late", trials=50)["id"]
    for attempt in first[:4]:
        attempt.run()
    assert shares(claims(lab, 4, first=8)) == {late: 4}


def test_a_slot_takes_first_what_needs_all_of_its_gpus(lab: Lab) -> None:
    """A trial on one GPU would let three of a slot of four stand idle while one of four waits."""
    jobs = {gpus: {"command": ["x"], "gpus": gpus} for gpus in (0, 1, 4)}
    made = {gpus: lab.create(name=f"g{gpus}", trials=3, job=jobs[gpus])["id"] for gpus in jobs}
    urgent = lab.create(name="urgent", trials=1, job=jobs[0], priority=1)["id"]

    def takes(slot: str, gpus: int) -> str:
        offers = {"commands": True, "gpus": gpus}
        return study_of(Slot(lab, slot=slot, offers=offers).claim())

    assert takes("a", 4) == urgent
    assert takes("b", 4) == made[4]
    assert takes("c", 1) == made[1]
    assert takes("d", 0) == made[0]
    assert {takes(f"e{number}", 4) for number in range(2)} == {made[4]}
    assert takes("f", 4) in (made[0], made[1])  # none of its size is left: rather than stand idle


def test_a_trial_counts_for_as_many_gpus_as_it_holds(lab: Lab) -> None:
    def gpu_slots(first: int, count: int) -> list[Attempt]:
        offers = {"commands": True, "gpus": 8}
        return [Slot(lab, slot=f"{first + n}", offers=offers).claim() for n in range(count)]

    wide = lab.create(name="wide", trials=20, job={"command": ["x"], "gpus": 4})["id"]
    narrow = lab.create(name="narrow", trials=20, job={"command": ["x"], "gpus": 1})["id"]
    none = lab.create(name="none", trials=20)["id"]
    assert shares(gpu_slots(0, 9)) == {wide: 1, narrow: 4, none: 4}
    assert shares(gpu_slots(9, 3)) == {wide: 1, narrow: 1, none: 1}


def test_a_study_that_was_idle_does_not_make_up_for_it(lab: Lab) -> None:
    early = lab.create(name="early", trials=50)["id"]
    for attempt in claims(lab, 6):
        attempt.run()
    late = lab.create(name="late", trials=50)["id"]
    assert shares(claims(lab, 8, first=6)) == {early: 4, late: 4}


def test_priority_comes_before_fairness(lab: Lab) -> None:
    lab.create(name="low", trials=8)
    high = lab.create(name="high", trials=6, priority=1)["id"]
    found = claims(lab, 8)
    assert [study_of(attempt) == high for attempt in found] == [True] * 6 + [False] * 2


def test_a_priority_that_is_changed_counts_from_the_next_claim_on(lab: Lab) -> None:
    lab.create(name="one", trials=8)
    other = lab.create(name="other", trials=8)["id"]
    assert lab.client.patch(f"/v1/studies/{other}", json={"priority": 3}).status_code == 200
    assert shares(claims(lab, 4)) == {other: 4}


def test_a_study_at_its_concurrency_leaves_the_slots_to_others(lab: Lab) -> None:
    capped = lab.create(name="capped", trials=9, concurrency=2, priority=1)["id"]
    other = lab.create(name="other", trials=9)["id"]
    assert shares(claims(lab, 6)) == {capped: 2, other: 4}


def test_claimers_at_once_respect_concurrency_and_leave_no_slot_idle(lab: Lab) -> None:
    capped = lab.create(name="capped", trials=9, concurrency=2, priority=1)["id"]
    other = lab.create(name="other", trials=9)["id"]
    slots = [Slot(lab, slot=str(number)) for number in range(10)]
    with ThreadPoolExecutor(10) as pool:
        found = list(pool.map(lambda slot: slot.claim(), slots))
    assert shares(found) == {capped: 2, other: 8}


def test_studies_that_a_slot_cannot_run_hide_no_other_however_many_they_are(lab: Lab) -> None:
    for number in range(18):
        lab.create(name=f"a{number}", job={**STUDY["job"], "labels": {"pool": "b"}}, priority=1)
    fits = lab.create(name="fits")["id"]
    assert study_of(Slot(lab).claim()) == fits


def test_a_lapsed_attempt_of_a_study_at_its_concurrency_is_taken_over(lab: Lab) -> None:
    lab.create(trials=9, concurrency=1)
    lost = Slot(lab).claim()
    assert Slot(lab, slot="1").ask().status_code == 204
    lapse(lab, lost)
    assert Slot(lab, worker="w2").claim().trial_id == lost.trial_id


@pytest.mark.parametrize(
    "full",
    [{"concurrency": 1}, {"job": {**STUDY["job"], "gpus": 1}, "limits": {"gpu_hours": 1}}],
)
def test_a_claim_holds_no_study_that_it_passed_over(
    postgres_lab: Lab, full: dict[str, Any]
) -> None:
    """Else two claims that pass two studies in different orders would wait for each other."""
    lab, offers = postgres_lab, {"commands": True, "gpus": 1}
    study_id = lab.create(trials=3, **full)["id"]
    Slot(lab, offers=offers).claim()
    asking = ClaimRequest(WorkerId("w1"), "boot", "1", "late", offers=Offers(1, commands=True))
    with lab.context.database.writing() as connection:
        turn = Turn(StudyId(study_id), lab.study(study_id)["definition"]["job"])
        door = replace(claiming.arrive(connection, asking), turns=(turn,))
        assert take(connection, lab.context.settings, asking, door) is None
        with lab.context.database.writing() as other:
            held = text("SELECT id FROM studies WHERE id = :id FOR UPDATE NOWAIT")
            assert other.scalar(held, {"id": study_id}) == study_id
