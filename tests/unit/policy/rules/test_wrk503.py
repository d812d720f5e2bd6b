"""WRK503: architecture, data, pipeline or code changed since the horizon was chosen."""

from dataclasses import replace
from typing import Any  # Any: a builder forwards whatever a test wants to set

from app.domain.space import FixedValue
from app.policy.engine import admit_round, admit_study
from app.policy.facts import RoundFacts
from tests.unit.policy import builders as b

TAGS = {"data": "v1", "pipeline": "p1"}


def width(value: int) -> dict[str, FixedValue]:
    return {"width": FixedValue(value, b.Role.ARCHITECTURE)}


def reviewed(number: int = 1, code: str | None = None, **changes: Any) -> RoundFacts:
    study = b.definition(fixed=width(64), tags=TAGS)
    trials = [replace(t, code=code) for t in b.sweep(study, b.valley(0.01))]
    made = b.round_facts(study, trials, number, **changes)
    return replace(made, codes=(code,) if code else ())


def admitted(*rounds: RoundFacts, **changes: Any) -> b.JudgedVerdict:
    study = b.study_facts(b.definition(fixed=width(64), tags=TAGS), *rounds)
    later = b.round_definition(study.definition, **changes)
    return next(v for v in admit_round(study, later) if v.code == "WRK503")


def searched(*choices: int) -> dict[str, Any]:
    parameters = {
        "learning_rate": b.rate_parameter(),
        "width": b.choice(*choices, role=b.Role.ARCHITECTURE),
    }
    return {"parameters": parameters, "fixed": {}}


def test_clear_when_nothing_changed() -> None:
    assert admitted(reviewed()).verdict == "clear"


def test_clear_when_fewer_architectures_are_left() -> None:
    before = reviewed(**searched(32, 64))
    assert admitted(before, fixed=width(64)).verdict == "clear"


def test_finding_names_the_tag_with_both_values() -> None:
    verdict = admitted(reviewed(), tags={**TAGS, "data": "v2"})
    assert verdict.verdict == "finding"
    assert verdict.evidence["changed"] == [{"name": "tag data", "before": "v1", "after": "v2"}]
    assert "v1 -> v2" in verdict.message
    assert "fewer" in verdict.action


def test_finding_for_another_pipeline_or_architecture() -> None:
    assert admitted(reviewed(), tags={"data": "v1"}).verdict == "finding"
    assert admitted(reviewed(), fixed=width(128)).verdict == "finding"
    assert admitted(reviewed(), **searched(64, 128)).verdict == "finding"


def test_finding_when_a_later_round_ran_other_code() -> None:
    check = replace(reviewed(2, "new"), definition=reviewed(2, purpose="check").definition)
    verdict = admitted(reviewed(1, "old"), check)
    assert verdict.evidence["changed"] == [{"name": "code", "before": "old", "after": "new"}]


def test_finding_at_the_review_of_a_round_that_ran_other_code() -> None:
    again = reviewed(2, "new", max_train_steps=2000)
    longer = [replace(t, max_train_steps=2000) for t in again.trials]
    study = b.study_facts(
        b.definition(tags=TAGS), reviewed(1, "old"), replace(again, trials=tuple(longer))
    )
    verdict = b.verdict_of(study, "WRK503", 2)
    assert (verdict.verdict, verdict.evidence["since"]) == ("finding", "round 1")


def test_finding_when_one_setting_ran_two_versions() -> None:
    made = reviewed(1, "old")
    mixed = (*made.trials[:6], *(replace(t, code="new") for t in made.trials[6:]))
    study = b.study_facts(b.definition(tags=TAGS), replace(made, trials=mixed))
    verdict = b.verdict_of(study, "WRK503")
    assert verdict.verdict == "finding"
    assert verdict.evidence["codes"] == ["new", "old"]
    odd = tuple(trial.trial_id for trial in mixed if trial.code == "new")
    assert verdict.trial_ids == odd, "those that did not run what most ran"
    assert f"{len(mixed) - len(odd)} of {len(mixed)} the same" in verdict.message


def test_finding_for_a_new_study_against_its_predecessor() -> None:
    before = b.study_facts(b.definition(fixed=width(64), tags=TAGS), reviewed())
    changed = b.definition(fixed=width(64), tags={**TAGS, "data": "v2"})
    (told,) = (v for v in admit_study(changed, before) if v.code == "WRK503")
    assert "previous study" in told.message


def test_inconclusive_without_a_reviewed_tune_round() -> None:
    assert admitted().missing == ("predecessor",)
    study = b.study_facts(b.definition(tags=TAGS), reviewed(1, "old"))
    assert b.verdict_of(study, "WRK503").missing == ("predecessor",)


def test_threshold_is_a_single_change() -> None:
    verdict = admitted(reviewed(), fixed=width(128), tags={**TAGS, "data": "v2"})
    assert (verdict.statistic, verdict.threshold) == (2.0, 0.0)
