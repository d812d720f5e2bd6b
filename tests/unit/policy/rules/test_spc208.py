"""SPC208: batch size is searched, or changed between rounds."""

from app.domain.space import FixedValue
from app.policy.engine import admit_round
from tests.unit.policy import builders as b
from tests.unit.policy.promoting import proposed, tuned, verdict_on


def fixed(size: int) -> dict[str, FixedValue]:
    return {"batch_size": FixedValue(size, b.Role.BATCH_SIZE)}


def admitted(first: dict[str, FixedValue], **changes: object) -> b.JudgedVerdict:
    study = b.tune_study(b.valley(0.01), fixed=first)
    later = b.round_definition(study.definition, **changes)
    return next(v for v in admit_round(study, later) if v.code == "SPC208")


def test_clear_for_one_batch_size() -> None:
    assert admitted(fixed(64)).verdict == "clear"


def test_finding_when_it_is_searched() -> None:
    size = b.choice(32, 64, role=b.Role.BATCH_SIZE)
    verdict = admitted({}, parameters={"batch": size, "learning_rate": b.rate_parameter()})
    assert (verdict.verdict, verdict.evidence["searched"]) == ("finding", ["batch"])


def test_finding_when_a_later_round_changes_it() -> None:
    verdict = admitted(fixed(64), fixed=fixed(32))
    assert (verdict.verdict, verdict.evidence["batch_sizes"]) == ("finding", [32, 64])


def test_inconclusive_when_nothing_has_the_role() -> None:
    assert admitted({}).missing == ("batch_size",)


def test_threshold_is_one_size_over_all_rounds() -> None:
    verdict = admitted(fixed(64))
    assert (verdict.statistic, verdict.threshold) == (1.0, 1.0)


def promoted(first: int, then: int, steps: int) -> b.JudgedVerdict:
    study = tuned(fixed=fixed(first))
    return verdict_on(study, proposed(study, steps, fixed=fixed(then)), "SPC208")


def test_clear_when_winners_go_on_with_their_batch_size() -> None:
    assert promoted(64, 64, 8000).verdict == "clear"


def test_finding_when_the_promotion_changes_it_and_the_horizon_at_once() -> None:
    verdict = promoted(64, 32, 8000)
    assert verdict.verdict == "finding"
    assert "from 64 to 32, and the horizon by 8x at once" in verdict.message
    assert verdict.evidence["changed"][0] == {"before": [64], "after": [32]}
    assert "at once" not in promoted(64, 32, 1000).message


def test_inconclusive_when_a_promotion_knows_no_batch_size() -> None:
    study = tuned()
    assert verdict_on(study, proposed(study, 8000), "SPC208").missing == ("batch_size",)
