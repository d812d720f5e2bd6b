"""A review reads the curves once: judge, adviser and the study's best share what was prepared."""

import pytest

from app.planning import case
from app.policy import audits, engine
from app.policy.facts import ReviewFacts, StudyFacts
from app.policy.prepare import prepare
from tests.contract.lab import Lab


def test_each_round_is_prepared_once_in_a_review(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared: list[int] = []

    def counting(study: StudyFacts, number: int) -> ReviewFacts:
        prepared.append(number)
        return prepare(study, number)

    for owner in (case, engine, audits):
        monkeypatch.setattr(owner, "prepare", counting)
    study_id = lab.judged(autopilot="off")
    assert prepared == [1]
    lab.accept(study_id)
    lab.train(study_id)
    prepared.clear()
    lab.review()
    assert sorted(prepared) == sorted(set(prepared))
    assert 2 in prepared
