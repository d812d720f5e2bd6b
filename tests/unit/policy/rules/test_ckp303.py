"""CKP303: too few evaluations to locate a best step."""

from app.policy.engine import admit_round
from tests.unit.policy import builders as b


def planned(every: int | None) -> str:
    study = b.tune_study(b.valley(0.01))
    later = b.round_definition(study.definition, evaluate_every_steps=every)
    return next(v for v in admit_round(study, later) if v.code == "CKP303").verdict


def measured(count: int) -> b.JudgedVerdict:
    return b.verdict_of(b.alike([b.falling(0.1, count=count)] * 9), "CKP303")


def test_clear_on_the_default_grid() -> None:
    assert planned(None) == "clear"


def test_finding_when_it_is_evaluated_only_at_the_end() -> None:
    assert planned(b.HORIZON) == "finding"
    assert measured(1).verdict == "finding"
    assert "at most 50" in measured(1).action


def test_inconclusive_before_anything_completed() -> None:
    study = b.definition()
    facts = b.study_facts(study, b.round_facts(study, ()))
    assert b.verdict_of(facts, "CKP303").missing == ("trials",)


def test_threshold_is_twenty() -> None:
    assert [planned(every) for every in (50, 53)] == ["clear", "finding"]
    assert [measured(n).verdict for n in (20, 19)] == ["clear", "finding"]
