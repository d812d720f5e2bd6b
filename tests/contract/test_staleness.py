"""Horizons that went stale, over HTTP: warnings at creation and with hand-written rounds, verdicts
at the review; nothing is multiplied by itself."""

import math
from typing import Any

from sqlalchemy import select, update

from app.db.tables import attempts, trials
from app.domain.trials import Trial
from tests.contract.lab import STUDY, Lab, bowl

Json = Any  # JSON, as the contract says
OFF = {"dropout": {"value": 0.0, "role": "regularization", "off": 0.0}}
ON = {"dropout": {"value": 0.1, "role": "regularization", "off": 0.0}}


def verdict(lab: Lab, study_id: str, number: int, code: str) -> Json:
    assessment = lab.get(f"/v1/studies/{study_id}/rounds/{number}/assessment")
    (found,) = (v for v in assessment["verdicts"] if v["code"] == code)
    return found


def warned(study: Json, code: str) -> list[str]:
    return [words for words in study["warnings"] if words.startswith(code)]


def rehearsed(lab: Lab, **changes: Json) -> Json:
    answer = lab.client.post("/v1/studies?dry_run=true", json={**STUDY, **changes})
    assert answer.status_code == 200, answer.text
    return answer.json()


def run_by_hand(lab: Lab, study_id: str, **body: Json) -> Json:
    """A hand-written tune round at the study's horizon, trained and reviewed."""
    opened = lab.post_round(study_id, {"purpose": "tune", "trials": 8, **body})
    lab.train(study_id, slower_under_dropout)
    lab.review()
    return opened


def slower_under_dropout(trial: Trial, step: int) -> float:
    """Even rounds train with dropout, at a third of the pace."""
    pace = 3 if trial.round % 2 == 0 else 1
    away = math.log10(float(trial.params["learning_rate"]) / 0.03) ** 2 / 10
    return 0.1 + away + math.exp(-step / (4 * pace))


def write_code(lab: Lab, study_id: str, number: int, commit: str) -> None:
    """As the workers' heartbeats leave it."""
    own = select(trials.c.id).where(trials.c.study_id == study_id, trials.c.round == number)
    with lab.context.database.writing() as connection:
        recorded = update(attempts).where(attempts.c.trial_id.in_(own))
        connection.execute(recorded.values(code={"commit": commit, "digest": "clean"}))


def test_a_new_study_of_the_same_name_is_warned_of_what_changed(lab: Lab) -> None:
    lab.judged(fixed=OFF, tags={"data": "v1"})
    changes = {"fixed": ON, "tags": {"data": "v2"}}
    study, plan = lab.create(**changes), rehearsed(lab, **changes)
    for answer in (study, plan):
        (variance,), (data,) = warned(answer, "WRK502"), warned(answer, "WRK503")
        assert "dropout 0.0 -> 0.1" in variance
        assert "x1.5 (default)" in variance
        assert "tag data v1 -> v2" in data
    assert [v["code"] for v in plan["verdicts"]].count("WRK502") == 1
    assert study["rounds"][0]["max_train_steps"] == STUDY["max_train_steps"]


def test_a_study_is_not_compared_with_one_of_another_name_or_without_a_review(lab: Lab) -> None:
    lab.judged(fixed=OFF, name="another")
    lab.create(fixed=OFF)
    study = lab.create(fixed=ON)
    assert not warned(study, "WRK50")
    (told,) = (v for v in rehearsed(lab, fixed=ON)["verdicts"] if v["code"] == "WRK502")
    assert told["missing"] == ["predecessor"]


def test_the_newest_reviewed_study_of_the_name_counts(lab: Lab) -> None:
    lab.judged(fixed=OFF)
    lab.judged(fixed=ON)
    assert not warned(lab.create(fixed=ON), "WRK502")


def test_the_review_of_a_changed_round_marks_its_horizon_stale(lab: Lab) -> None:
    study_id = lab.judged(fixed=OFF)
    opened = run_by_hand(lab, study_id, fixed=ON, tags={"pipeline": "new"})
    assert opened["max_train_steps"] == STUDY["max_train_steps"]
    assert verdict(lab, study_id, 2, "WRK502")["evidence"]["source"] == "default"
    assert verdict(lab, study_id, 2, "WRK503")["verdict"] == "finding"
    advice = lab.get(f"/v1/studies/{study_id}/recommendation")
    reasons = {reason["code"]: reason["message"] for reason in advice["reasons"]}
    assert "x1.5 (default)" in reasons["WRK502"]
    assert "tag pipeline unset -> new" in reasons["WRK503"]


def test_a_hand_written_round_that_changes_something_comes_back_with_warnings(lab: Lab) -> None:
    study_id = lab.judged(fixed=OFF)
    opened = lab.post_round(study_id, {"purpose": "tune", "trials": 8, "fixed": ON})
    assert warned(opened, "WRK502")


def test_the_factor_is_learned_from_the_studys_own_rounds(lab: Lab) -> None:
    study_id = lab.judged(slower_under_dropout, fixed=OFF)
    run_by_hand(lab, study_id, fixed=ON)
    run_by_hand(lab, study_id, fixed=OFF)
    run_by_hand(lab, study_id, fixed=ON)
    evidence = verdict(lab, study_id, 4, "WRK502")["evidence"]
    assert evidence["source"] == "rounds 1 and 2"
    assert 1.5 < evidence["factor_high"] <= 3.5
    (told,) = warned(lab.create(fixed={**ON, **OFF}), "WRK50") or [""]
    assert not told, "nothing is raised against the last round"


def test_a_new_study_learns_from_the_rounds_of_the_one_before(lab: Lab) -> None:
    study_id = lab.judged(slower_under_dropout, fixed=OFF)
    run_by_hand(lab, study_id, fixed=ON)
    run_by_hand(lab, study_id, fixed=OFF)
    (told,) = warned(lab.create(fixed=ON), "WRK502")
    assert "rounds 1 and 2 of the previous study" in told


def test_another_version_of_the_code_is_a_finding_of_the_review(lab: Lab) -> None:
    study_id = lab.create()["id"]
    for number, commit in ((1, "a" * 40), (2, "b" * 40)):
        if number > 1:
            lab.post_round(study_id, {"purpose": "tune", "trials": 4, "tags": {"run": "again"}})
        lab.train(study_id, bowl)
        write_code(lab, study_id, number, commit)
        lab.review()
    found = verdict(lab, study_id, 2, "WRK503")["evidence"]["changed"]
    assert {"name": "code", "before": "aaaaaaaaaaaa clean", "after": "bbbbbbbbbbbb clean"} in found


def test_trials_of_one_setting_that_ran_two_versions_of_the_code_are_named(lab: Lab) -> None:
    study_id = lab.create()["id"]
    lab.train(study_id, bowl)
    write_code(lab, study_id, 1, "old")
    lab.client.post(f"/v1/studies/{study_id}/rounds/1/trials", json={"count": 2})
    with lab.context.database.writing() as connection:
        known = set(connection.scalars(select(attempts.c.id)))
    lab.train(study_id, bowl)
    with lab.context.database.writing() as connection:
        new = update(attempts).where(attempts.c.id.not_in(known))
        connection.execute(new.values(code={"commit": "new", "digest": "clean"}))
    lab.review()
    found = verdict(lab, study_id, 1, "WRK503")
    assert (found["verdict"], found["n_used"]) == ("finding", 10)
    assert len(found["evidence"]["codes"]) == 2


def audited(lab: Lab, *rounds: Json, **body: Json) -> list[Json]:
    """The verdicts of each audited round, by code."""
    rate = STUDY["parameters"]
    whole = {"objective": {"metric": "val_error", "direction": "minimize"}, "parameters": rate}
    answer = lab.client.post("/v1/audits", json={**whole, **body, "rounds": list(rounds)})
    assert answer.status_code == 200, answer.text
    return [{v["code"]: v for v in one["verdicts"]} for one in answer.json()["assessments"]]


def audit_round(name: str, pace: int = 1, **fields: Json) -> Json:
    """A tune round over eight rates whose errors fall at that pace."""
    steps = list(range(2, 66, 2))
    curves = [
        [0.1 + 0.01 * abs(i - 4) + math.exp(-step / (4 * pace)) for step in steps] for i in range(8)
    ]
    trials_told = [
        {
            "id": f"{name}{i}",
            "params": {"learning_rate": 0.003 * 1.9**i},
            "outcome": "completed",
            "curve": {"steps": steps, "metrics": {"val_error": values}},
        }
        for i, values in enumerate(curves)
    ]
    return {"purpose": "tune", "max_train_steps": 64, "trials": trials_told, **fields}


def test_an_audit_says_between_its_rounds_what_changed(lab: Lab) -> None:
    first, second = audited(
        lab,
        audit_round("a", fixed={"batch_size": {"value": 128, "role": "batch_size"}}),
        audit_round(
            "b",
            fixed={"batch_size": {"value": 32, "role": "batch_size"}},
            tags={"data": "more"},
        ),
    )
    assert first["WRK502"]["missing"] == first["WRK503"]["missing"] == ["predecessor"]
    evidence = second["WRK502"]["evidence"]
    assert (evidence["factor_low"], evidence["factor_high"]) == (1.0, 4.0)
    assert evidence["source"] == "batch law"
    assert second["WRK503"]["verdict"] == "finding"


def test_an_audit_learns_the_factor_from_its_curves(lab: Lab) -> None:
    *_, last = audited(
        lab,
        audit_round("a", fixed=OFF),
        audit_round("b", pace=3, fixed=ON),
        audit_round("c", fixed=OFF),
        audit_round("d", pace=3, fixed=ON),
    )
    evidence = last["WRK502"]["evidence"]
    assert evidence["source"] == "rounds 1 and 2"
    assert 2.0 <= evidence["factor_low"] <= evidence["factor_high"] <= 4.0
