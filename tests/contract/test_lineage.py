"""What never joins a trial: steps and checkpoints off its lineage, a second trial of its point."""

import pytest
from sqlalchemy import Table, insert, select
from sqlalchemy.exc import IntegrityError

from app.db.tables import attempts, trials
from tests.contract.lab import Json, Lab
from tests.contract.slot import Slot, lapse

POINT = {"params": {"learning_rate": 0.01}}


def test_a_checkpoint_off_the_lineage_is_never_resumed(lab: Lab) -> None:
    lab.create(trials=1)
    alone = {"worker": "w2", "boot_id": "b", "name": "n", "version": "1", "slots": []}
    lab.client.post("/v1/workers", json=alone)  # without the shared store
    first = Slot(lab).claim()
    first.measure([2, 4], [0.5, 0.4])
    first.checkpoint(4)
    lapse(lab, first)
    second = Slot(lab, worker="w2").claim()
    assert second.claim["resume"] is None, "it cannot read that store: the first part is masked"
    lapse(lab, second)
    assert Slot(lab).claim().claim["resume"] is None, "its own checkpoint counts no longer"


def test_a_step_before_the_resume_never_becomes_the_best(lab: Lab) -> None:
    lab.create(trials=1)
    old = Slot(lab).claim()
    old.measure([2, 4], [0.5, 0.4])
    old.checkpoint(4)
    lapse(lab, old)
    new = Slot(lab, worker="w2").claim()
    assert new.claim["resume"]["step"] == 4
    new.measure([2, 6], [0.1, 0.3])
    trial = lab.get(f"/v1/trials/{new.trial_id}")
    assert (trial["best_step"], trial["best_value"]) == (6, 0.3)
    curve = lab.get(f"/v1/trials/{new.trial_id}/curve?metric=val_error")
    assert (curve["steps"], curve["last"]) == ([2, 4, 6], [0.5, 0.4, 0.3])


def test_points_said_twice_are_one_trial(lab: Lab) -> None:
    study = lab.create(points=[POINT["params"]], trials=2)
    path = f"/v1/studies/{study['id']}/rounds/1/trials"
    before = len(lab.trials(study["id"]))
    answer = lab.client.post(path, json={"points": [POINT, POINT]})
    assert answer.status_code in (201, 422), answer.text
    assert len(lab.trials(study["id"])) == before


@pytest.mark.parametrize(
    ("table", "changes"),
    [
        (trials, {"id": "trial_other", "number": 99}),
        (attempts, {"id": "attempt_other", "request_id": "other", "slot": "9"}),
    ],
    ids=["trial", "attempt"],
)
def test_the_database_itself_refuses_a_trial_or_attempt_twice(
    lab: Lab, table: Table, changes: Json
) -> None:
    lab.create(trials=1)
    Slot(lab).claim()
    with lab.context.database.reading() as connection:
        row = dict(connection.execute(select(table)).mappings().one())
    with pytest.raises(IntegrityError), lab.context.database.writing() as connection:
        connection.execute(insert(table).values(row | changes))
