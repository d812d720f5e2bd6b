"""Long polls: whoever waits is served as soon as there is work; whoever left claims nothing."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor

from app.api.metrics import Metrics
from app.api.waiting import Waiters
from app.domain.ids import StudyId, WorkerId
from app.domain.reports import ClaimRequest, Offers
from app.services.claims import Claimed
from tests.contract.lab import STUDY, Lab
from tests.contract.slot import Slot
from tests.support.waiting import wait_until

IN_VAIN = r'paceline_claim_seconds_count\{outcome="nothing"\} (\S+)'


def test_a_waiting_claim_is_served_when_a_study_arrives(lab: Lab) -> None:
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(Slot(lab).ask, wait_seconds=30)
        study = lab.create()
        answer = waiting.result(timeout=25)
    assert answer.status_code == 200
    assert answer.json()["trial"]["study_id"] == study["id"]


def test_a_wait_without_work_ends_with_204(lab: Lab) -> None:
    assert Slot(lab).ask(wait_seconds=0.2).status_code == 204


def test_everybody_who_waits_gets_a_trial_of_his_own(lab: Lab) -> None:
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(Slot(lab, slot=str(n)).ask, wait_seconds=30) for n in range(4)]
        lab.create(trials=4)
        answers = [one.result(timeout=25) for one in waiting]
    assert len({answer.json()["trial"]["id"] for answer in answers}) == 4


def test_a_client_that_left_claims_nothing(lab: Lab) -> None:
    async def scene() -> Claimed | None:
        waiters = Waiters(lab.context, Metrics(lab.context).claim_seconds)
        waiting = asyncio.create_task(waiters.claim(_request(), _has_left))
        while not waiters.count:
            await asyncio.sleep(0.01)
        await asyncio.to_thread(lab.create)
        return await waiting

    assert asyncio.run(scene()) is None
    assert {trial["state"] for trial in lab.trials(_only_study(lab))} == {"waiting"}


def test_work_that_nobody_can_do_is_not_asked_for_all_the_time(lab: Lab) -> None:
    """Eight slots of one worker wait for 4 s beside work for others: the database is asked at the
    first claim of each, and then for one slot at growing intervals."""
    lab.create(job={**STUDY["job"], "labels": {"zone": "nowhere"}})
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(Slot(lab, slot=str(n)).ask, wait_seconds=4) for n in range(8)]
        assert {one.result(timeout=25).status_code for one in waiting} == {204}
    (looks,) = re.findall(IN_VAIN, lab.client.get("/metrics").text)
    assert 8 < float(looks) <= 8 + 6


def test_whoever_looked_in_vain_is_served_when_fitting_work_arrives(lab: Lab) -> None:
    lab.create(job={**STUDY["job"], "labels": {"zone": "nowhere"}})
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(Slot(lab).ask, wait_seconds=30)
        wait_until(lambda: has_looked(lab), seconds=10, what="a look in vain")
        study = lab.create()
        answer = waiting.result(timeout=25)
    assert answer.json()["trial"]["study_id"] == study["id"]


def test_a_runner_whose_study_has_nothing_hides_no_other_of_its_name(lab: Lab) -> None:
    """Two runners under one name wait for a study each, beside work that neither can do."""
    empty, other = (str(lab.create(name=name)["id"]) for name in ("empty", "other"))
    for study_id in (empty, other):
        lab.client.post(f"/v1/studies/{study_id}/pause")
    lab.create(job={**STUDY["job"], "labels": {"zone": "nowhere"}})

    async def scene() -> Claimed | None:
        waiters = Waiters(lab.context, Metrics(lab.context).claim_seconds)
        first = asyncio.create_task(waiters.claim(_request("0", empty), _is_there))
        while not waiters.count:
            await asyncio.sleep(0.01)
        second = asyncio.create_task(waiters.claim(_request("1", other), _is_there))
        while waiters.count < 2:
            await asyncio.sleep(0.01)
        await asyncio.to_thread(lab.client.post, f"/v1/studies/{other}/resume")
        claimed = await second
        first.cancel()
        return claimed

    claimed = asyncio.run(scene())
    assert claimed is not None
    assert claimed.trial.study_id == other


def has_looked(lab: Lab) -> bool:
    return bool(re.findall(IN_VAIN, lab.client.get("/metrics").text))


async def _has_left() -> bool:
    return True


async def _is_there() -> bool:
    return False


def _request(slot: str = "0", study_id: str | None = None) -> ClaimRequest:
    return ClaimRequest(
        worker=WorkerId("w1"),
        boot_id="b",
        slot=slot,
        request_id=f"r{slot}",
        offers=Offers(commands=True),
        study_id=StudyId(study_id) if study_id else None,
        wait_seconds=10,
    )


def _only_study(lab: Lab) -> str:
    return str(lab.get("/v1/studies")["items"][0]["id"])
