"""Pruning: only what nobody can resume from goes, the row before the object; orphans are found."""

import os
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from app.db import rounds, studies, trials
from app.db.database import Connection
from app.db.rounds import NewRound
from app.db.tables import checkpoints, recommendations
from app.db.trials import Place
from app.domain.errors import WrongState
from app.domain.ids import StudyId, TrialId
from app.domain.rounds import Resume
from app.domain.states import RoundState
from app.domain.trials import NewTrial
from app.services import pruning
from app.services.context import Context
from app.services.workers import write_store_nonce
from tests.contract.lab import Lab
from tests.contract.slot import Attempt, Slot

DAY_SECONDS = 86_400


@pytest.fixture
def context(lab: Lab, tmp_path: Path) -> Context:
    """The lab's service over a store of the test's own, which bears its mark."""
    settings = lab.context.settings.model_copy(update={"store": (tmp_path / "store").as_uri()})
    context = replace(lab.context, settings=settings)
    write_store_nonce(context)
    return context


def save(context: Context, attempt: Attempt, step: int) -> Path:
    """Put an object into the store and register it; where it lies."""
    study_id = attempt.claim["trial"]["study_id"]
    key = f"{study_id}/{attempt.trial_id}/{attempt.id}/{step}"
    path = lay(context, key)
    body = {"step": step, "store": context.settings.resolved_store, "key": key, "bytes": 7}
    assert attempt.post("checkpoints", body).status_code == 200
    return path


def lay(context: Context, key: str) -> Path:
    path = Path(context.settings.resolved_store.removeprefix("file://")) / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"weights")
    return path


def run_all(lab: Lab, context: Context, count: int) -> dict[str, Path]:
    """Train `count` trials, each worse than the one before; trial id -> its checkpoint."""
    placed = {}
    for number in range(count):
        attempt = Slot(lab).claim()
        attempt.measure([64], [0.1 * (number + 1)])
        placed[attempt.trial_id] = save(context, attempt, 64)
        attempt.finish()
    return placed


def close_round(lab: Lab, study_id: StudyId) -> None:
    """As a review would leave it, without advice."""
    with lab.context.database.writing() as connection:
        found = rounds.lock(connection, study_id, 1)
        if found.state is RoundState.IN_REVIEW:
            rounds.change_state(connection, found, RoundState.CLOSED)


def test_the_best_of_a_closed_round_stay_and_the_rest_goes(lab: Lab, context: Context) -> None:
    study_id = StudyId(lab.create(trials=5)["id"])
    placed = run_all(lab, context, 5)
    seen = pruning.preview(context, study_id, 2).pruning
    assert (len(seen.kept), seen.superfluous) == (5, ()), "the round is not closed yet"
    close_round(lab, study_id)
    seen = pruning.preview(context, study_id, 2).pruning
    assert {one.why for one in seen.kept} == {"the best of the study", "number 2 of round 1"}
    assert seen.freed_bytes == 3 * 7
    assert all(path.exists() for path in placed.values()), "a preview deletes nothing"
    assert pruning.prune(context, study_id, 2) == pruning.Deleted(3, 21)
    assert [path.exists() for path in placed.values()] == [True, True, False, False, False]
    shown = [lab.get(f"/v1/trials/{trial_id}")["checkpoints"] for trial_id in placed]
    assert [len(found) for found in shown] == [1, 1, 0, 0, 0]
    assert pruning.prune(context, study_id, 2).count == 0


def test_promotion_candidates_stay_until_their_study_is_over(lab: Lab, context: Context) -> None:
    study_id = StudyId(lab.create(trials=4)["id"])
    placed = run_all(lab, context, 4)
    lab.review()
    advice = lab.get(f"/v1/studies/{study_id}/recommendation")
    promoted = {one["trial_id"] for one in advice["promote"]}
    assert promoted
    seen = pruning.preview(context, study_id, 0).pruning
    kept = {one.checkpoint.trial_id: one.why for one in seen.kept}
    assert promoted <= set(kept)
    assert {kept[TrialId(one)] for one in promoted} == {"its trial may be promoted"}
    lab.client.post(f"/v1/studies/{study_id}/cancel")
    seen = pruning.preview(context, study_id, 0).pruning
    assert [one.checkpoint.trial_id for one in seen.kept] == [next(iter(placed))]


def test_what_an_open_proposal_resumes_stays(lab: Lab, context: Context) -> None:
    study_id = StudyId(lab.create(trials=4)["id"])
    placed = run_all(lab, context, 4)
    lab.review()
    last = list(placed)[-1]
    advice = lab.get(f"/v1/studies/{study_id}/recommendation")
    with lab.context.database.writing() as connection:
        query = update(recommendations).where(recommendations.c.id == advice["id"])
        stored = lab_advice(lab, study_id)
        stored["proposal"]["points"] = [
            {"params": {"learning_rate": 0.1}, "resume": {"trial_id": last, "step": 64}}
        ]
        stored["promote"] = []
        connection.execute(query.values(advice=stored))
    kept = pruning.preview(context, study_id, 0).pruning.kept
    assert "the open proposal begins with it" in [
        one.why for one in kept if one.checkpoint.trial_id == last
    ]


def lab_advice(lab: Lab, study_id: StudyId) -> dict[str, Any]:  # Any: JSON
    with lab.context.database.reading() as connection:
        table = recommendations
        query = table.select().where(table.c.study_id == study_id)
        return dict(connection.execute(query).mappings().one()["advice"])


def test_a_round_that_opens_while_pruning_waits_keeps_what_it_resumes(
    lab: Lab, context: Context
) -> None:
    """The opening holds the study; pruning must look only once it is committed."""
    study_id = StudyId(lab.create(trials=2)["id"])
    placed = run_all(lab, context, 2)
    close_round(lab, study_id)
    worst, path = list(placed.items())[-1]
    deleted: list[pruning.Deleted] = []
    thread = threading.Thread(
        target=lambda: deleted.append(pruning.prune(context, study_id, 1)), daemon=True
    )
    with lab.context.database.writing() as connection:
        studies.lock(connection, study_id)
        thread.start()
        thread.join(1.0)  # one that does not wait for the lock is done by now
        open_heir(connection, study_id, TrialId(worst))
    thread.join(60)
    assert [one.count for one in deleted] == [0]
    assert path.exists()
    heir = Slot(lab).claim()
    assert heir.claim["resume"]["step"] == 64
    assert heir.claim["resume"]["checkpoint"]["key"] in str(path)
    assert pruning.prune(context, study_id, 1).count == 0, "the heir runs, and may need it again"


def open_heir(connection: Connection, study_id: StudyId, origin: TrialId) -> None:
    """A second round whose one trial begins with the origin's last checkpoint."""
    found = trials.get(connection, origin)
    new = NewTrial(
        point_index=0,
        point_key="{}",
        params=found.params,
        seed=0,
        schedule=found.schedule,
        resume=Resume(origin, 64),
    )
    definition = rounds.get(connection, study_id, 1).definition
    rounds.insert_one(connection, study_id, NewRound(2, definition))
    trials.insert_many(connection, Place(study_id, 2, 128, 20), [new])


def test_a_lost_answer_names_again_what_may_be_deleted(lab: Lab, context: Context) -> None:
    lab.create()
    attempt = Slot(lab).claim()
    for step, value in ((10, 0.3), (20, 0.2), (30, 0.1)):
        attempt.measure([step], [value])
        save(context, attempt, step)
    place = {"store": context.settings.resolved_store, "bytes": 7}
    prefix = f"{attempt.claim['trial']['study_id']}/{attempt.trial_id}/{attempt.id}"
    body = {"step": 40, "key": f"{prefix}/40", **place}
    attempt.measure([40], [0.05])
    first = attempt.post("checkpoints", body).json()
    assert first["drop"] == [f"{prefix}/30"]
    again = attempt.post("checkpoints", body).json()
    assert set(again["drop"]) == {f"{prefix}/10", f"{prefix}/20", f"{prefix}/30"}


def test_orphans_are_old_objects_of_ended_attempts_that_no_row_names(
    lab: Lab, context: Context
) -> None:
    lab.create(trials=2)
    ended, live = Slot(lab).claim(), Slot(lab, slot="1").claim()
    ended.measure([64], [0.1])
    named = save(context, ended, 64)
    ended.finish()
    study_id = ended.claim["trial"]["study_id"]
    lost = lay(context, f"{study_id}/{ended.trial_id}/{ended.id}/32")
    on_its_way = lay(context, f"{study_id}/{live.trial_id}/{live.id}/10")
    foreign = lay(context, "study/trial/attempt/10")
    young = lay(context, f"{study_id}/{ended.trial_id}/{ended.id}/48")
    for path in (named, lost, on_its_way, foreign):
        past = time.time() - 2 * DAY_SECONDS
        os.utime(path, (past, past))
    found = pruning.find_orphans(context)
    assert [one.key.rpartition("/")[2] for one in found] == ["32"]
    assert lost.exists()
    assert pruning.delete_orphans(context) == pruning.Deleted(1, 7)
    assert [path.exists() for path in (named, lost, on_its_way, foreign, young)] == [
        *(True, False, True, True, True)
    ]
    with pytest.raises(WrongState, match="on their way"):
        pruning.find_orphans(context, 0.5)


def test_an_object_whose_row_was_forgotten_is_an_orphan(lab: Lab, context: Context) -> None:
    """What a crash between the commit and the deletion leaves."""
    lab.create(trials=1)
    attempt = Slot(lab).claim()
    attempt.measure([64], [0.1])
    path = save(context, attempt, 64)
    attempt.finish()
    with lab.context.database.writing() as connection:
        connection.execute(update(checkpoints).values(is_forgotten=True))
    past = time.time() - 2 * DAY_SECONDS
    os.utime(path, (past, past))
    assert [one.size_bytes for one in pruning.find_orphans(context)] == [7]


def test_a_store_that_bears_another_mark_is_left_alone(lab: Lab, context: Context) -> None:
    study_id = StudyId(lab.create(trials=2)["id"])
    placed = run_all(lab, context, 2)
    close_round(lab, study_id)
    root = Path(context.settings.resolved_store.removeprefix("file://"))
    (root / ".paceline-store").write_text("somebody else's")
    with pytest.raises(WrongState, match="does not bear the mark"):
        pruning.prune(context, study_id, 0)
    assert all(path.exists() for path in placed.values())
    assert pruning.preview(context, study_id, 0).pruning.superfluous, "nothing was forgotten"
