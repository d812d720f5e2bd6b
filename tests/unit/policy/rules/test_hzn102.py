"""HZN102: a search parameter is a horizon in disguise."""

import pytest

from app.domain.recommendations import JudgedVerdict
from app.policy.engine import admit_round, admit_study, is_enforced_finding
from app.policy.rules.hzn102_horizon_in_search_space import ALIASES
from tests.unit.policy import builders as b


def admitted(*names: str) -> JudgedVerdict:
    study = b.definition(parameters={name: b.number() for name in names})
    return next(v for v in admit_study(study) if v.code == "HZN102")


def test_clear_for_ordinary_parameters() -> None:
    names = ("learning_rate", "warmup_steps", "decay_steps", "momentum", "width", "horizon")
    assert admitted(*names).verdict == "clear"


@pytest.mark.parametrize(
    "name",
    ["epochs", "num_train_steps", "T_max", "max_iter", "MaxEpochs", "trainer.max-epochs", "n_iter"],
)
def test_finding_for_the_horizon_under_another_name(name: str) -> None:
    verdict = admitted("learning_rate", name)
    assert is_enforced_finding(verdict)
    assert verdict.evidence["parameters"] == [name]


def test_finding_also_in_a_later_round() -> None:
    study = b.tune_study(b.valley(0.01))
    later = b.round_definition(study.definition, parameters={"epochs": b.number(1, 9)})
    assert any(v.code == "HZN102" and is_enforced_finding(v) for v in admit_round(study, later))


def test_inconclusive_without_parameters() -> None:
    assert admitted().missing == ("parameters",)


def test_threshold_is_the_whole_name() -> None:
    assert admitted("max_steps").verdict == "finding"
    assert admitted("max_steps_per_minute").verdict == "clear"
    assert len(ALIASES) >= 30
