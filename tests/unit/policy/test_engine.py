"""The engine: every rule present, bindings, waivers, thresholds of the study, failing closed."""

import json
import math
from dataclasses import replace
from typing import Any  # Any: fields that a test changes

import pytest

from app.domain.studies import Binding
from app.policy import engine
from app.policy.catalogue import rules_of
from app.policy.facts import Waiver
from app.policy.rule import Rule, Severity, Stage
from app.policy.verdicts import Verdict
from tests.unit.policy import builders as b


def explode(_: object) -> Verdict:
    raise ZeroDivisionError("boom")


BROKEN = Rule(
    code="TST999",
    name="broken",
    title="A broken rule",
    claims=("P-1",),
    severity=Severity.ERROR,
    default_binding=Binding.ENFORCE,
    explanation="",
    checks={Stage.ROUND_REVIEW: explode},
)


def edge(**changes: Any) -> b.StudyFacts:
    return b.tune_study(b.valley(10.0), **changes)


def test_every_review_rule_is_present_in_the_order_of_the_catalogue() -> None:
    for study in (edge(), b.tune_study(lambda _: math.inf), b.alike([])):
        codes = [v.code for v in engine.assess(study, 1).verdicts]
        assert codes == [rule.code for rule in rules_of(Stage.ROUND_REVIEW)]


def test_provisional_is_passed_on() -> None:
    assert engine.assess(edge(), 1, provisional=True).provisional


def test_unknown_round_is_an_error_of_the_caller() -> None:
    with pytest.raises(KeyError):
        engine.assess(edge(), 7)


def test_rule_that_raises_is_inconclusive_with_a_trace_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "rules_of", lambda _: (BROKEN,))
    (verdict,) = engine.assess(edge(), 1, trace_id="abc").verdicts
    assert (verdict.verdict, verdict.missing) == ("inconclusive", ("rule",))
    assert verdict.evidence["trace_id"] == "abc"
    assert "test_engine.py" in verdict.evidence["where"]
    assert not engine.is_enforced_finding(verdict)


def test_same_failure_has_the_same_derived_trace_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "rules_of", lambda _: (BROKEN,))
    ids = {engine.assess(edge(), 1).verdicts[0].evidence["trace_id"] for _ in range(2)}
    assert len(ids) == 1


def test_facts_that_cannot_be_prepared_leave_no_rule_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "prepare", lambda *_: 1 / 0)
    verdicts = engine.assess(edge(), 1).verdicts
    assert [v.code for v in verdicts] == [rule.code for rule in rules_of(Stage.ROUND_REVIEW)]
    assert {v.verdict for v in verdicts} == {"inconclusive"}


def test_binding_of_the_study_decides_what_a_finding_does() -> None:
    for binding in Binding:
        verdict = b.verdict_of(edge(bindings={"SPC201": binding}), "SPC201")
        assert verdict.binding is binding
        assert engine.is_enforced_finding(verdict) is (binding is Binding.ENFORCE)


def test_setting_of_the_study_moves_a_threshold() -> None:
    curves = [b.arriving(20)] * 5
    settings = {"CKP307.max_fraction": 0.5}
    assert b.verdict_of(b.alike(curves), "CKP307").verdict == "clear"
    assert b.verdict_of(b.alike(curves, settings=settings), "CKP307").verdict == "finding"


@pytest.mark.parametrize(("round_number", "is_waived"), [(None, True), (1, True), (2, False)])
def test_waiver_of_the_round_lets_a_finding_pass(round_number: int | None, is_waived: bool) -> None:
    study = edge()
    waiver = Waiver("SPC201", round_number, "the range is set by the hardware")
    verdict = b.verdict_of(replace(study, waivers=(waiver,)), "SPC201")
    assert verdict.verdict == "finding"
    assert verdict.waived is is_waived
    assert engine.is_enforced_finding(verdict) is not is_waived


def test_evidence_is_strict_json() -> None:
    for study in (edge(), b.tune_study(lambda _: math.inf), b.alike([])):
        for verdict in engine.assess(study, 1).verdicts:
            json.dumps([verdict.evidence, verdict.statistic, verdict.threshold], allow_nan=False)


def test_rounds_used_names_earlier_rounds_of_the_same_setting() -> None:
    study = b.definition()
    first = b.round_facts(study, b.sweep(study, b.valley(0.01)))
    second = b.round_facts(study, b.sweep(study, b.valley(0.01), [0.02, 0.05], round=2), 2)
    verdict = b.verdict_of(b.study_facts(study, first, second), "SPC201", 2)
    assert (verdict.rounds_used, verdict.n_used) == ((1, 2), 11)
