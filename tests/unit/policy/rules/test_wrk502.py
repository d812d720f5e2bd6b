"""WRK502: gradient variance raised since the horizon was chosen."""

from dataclasses import replace
from typing import Any  # Any: values of parameters by name, forwarded

import numpy as np
import pytest

from app.domain.rounds import Purpose
from app.domain.space import FixedValue
from app.domain.states import RoundState
from app.policy.engine import admit_round, admit_study
from app.policy.facts import Progress, RoundFacts
from tests.unit.policy import builders as b

Values = dict[str, Any]  # Any: as above
OFF: Values = {"batch_size": 128, "dropout": 0.0, "augmentation": "none", "decay": 0.0}
ROLES = {
    "batch_size": b.Role.BATCH_SIZE,
    "dropout": b.Role.REGULARIZATION,
    "augmentation": b.Role.AUGMENTATION,
    "decay": b.Role.REGULARIZATION,
}
ON: Values = {"dropout": 0.1}


def fixed(**values: Any) -> dict[str, FixedValue]:
    return {name: FixedValue(value, ROLES[name]) for name, value in {**OFF, **values}.items()}


def reviewed(
    number: int, steps: int | None = None, horizon: int = 1000, **values: Any
) -> RoundFacts:
    """A reviewed tune round under these values that falls straight for so many steps."""
    study = b.definition(fixed=fixed(**values))
    made = b.round_facts(study, (), number, max_train_steps=horizon)
    return replace(made, progress=straight(steps) if steps else None)


def straight(steps: int) -> Progress:
    return Progress(np.arange(1, 101) * steps, np.linspace(1.0, 0.1, 100))


def admitted(*rounds: RoundFacts, horizon: int = 1000, **values: Any) -> b.JudgedVerdict:
    """What is said of a round under these values after those."""
    study = b.study_facts(b.definition(fixed=fixed()), *rounds)
    later = b.round_definition(study.definition, fixed=fixed(**values), max_train_steps=horizon)
    return next(v for v in admit_round(study, later) if v.code == "WRK502")


def test_clear_when_nothing_changed() -> None:
    assert admitted(reviewed(1)).verdict == "clear"


@pytest.mark.parametrize("values", [{"batch_size": 256}, {"dropout": 0.1}])
def test_clear_when_the_variance_falls(values: Values) -> None:
    before = reviewed(1, dropout=0.3)
    assert admitted(before, **{"dropout": 0.3, **values}).verdict == "clear"


def test_finding_by_the_batch_law_is_a_bracket() -> None:
    verdict = admitted(reviewed(1), batch_size=32)
    assert verdict.verdict == "finding"
    evidence = verdict.evidence
    assert (evidence["factor_low"], evidence["factor_high"]) == (1.0, 4.0)
    assert evidence["source"] == "batch law"
    assert evidence["changed"] == [{"name": "batch_size", "before": 128, "after": 32}]
    assert "between x1 and x4" in verdict.message


@pytest.mark.parametrize(
    ("values", "factor"),
    [
        ({"dropout": 0.1}, 1.5),
        ({"augmentation": "flip"}, 1.5),
        ({"dropout": 0.1, "augmentation": "flip"}, 2.0),
        ({"dropout": 0.1, "augmentation": "flip", "decay": 1e-4}, 2.0),
    ],
)
def test_finding_by_the_default_plan(values: Values, factor: float) -> None:
    evidence = admitted(reviewed(1), **values).evidence
    assert (evidence["factor_high"], evidence["source"]) == (factor, "default")
    assert evidence["steps_before"] == 1000


def test_finding_multiplies_batch_law_and_default() -> None:
    evidence = admitted(reviewed(1), batch_size=64, dropout=0.1).evidence
    assert (evidence["factor_low"], evidence["factor_high"]) == (1.5, 3.0)
    assert evidence["source"] == "batch law and default"


def test_finding_of_another_augmentation_may_be_a_weaker_one() -> None:
    evidence = admitted(reviewed(1, augmentation="crop"), augmentation="flip").evidence
    assert (evidence["factor_low"], evidence["factor_high"]) == (1.0, 1.5)


def test_finding_when_a_range_can_run_more_than_before() -> None:
    study = b.study_facts(b.definition(fixed=fixed()), reviewed(1))
    searched = {"dropout": b.number(0.0, 0.5, role=b.Role.REGULARIZATION)}
    now = {name: one for name, one in fixed().items() if name != "dropout"}
    later = b.round_definition(study.definition, fixed=now, parameters=searched)
    verdict = next(v for v in admit_round(study, later) if v.code == "WRK502")
    assert verdict.evidence["changed"] == [{"name": "dropout", "before": 0.0, "after": [0.0, 0.5]}]


def test_finding_respects_what_off_means() -> None:
    """A keep probability of 1 is off, and 0.9 is less of it than 0.8."""

    def kept(value: float) -> dict[str, FixedValue]:
        return {"keep": FixedValue(value, b.Role.REGULARIZATION, off=1.0)}

    def told(before: float, after: float) -> str:
        study = b.definition(fixed=kept(before))
        facts = b.study_facts(study, b.round_facts(study, ()))
        later = b.round_definition(study, fixed=kept(after))
        return next(v.verdict for v in admit_round(facts, later) if v.code == "WRK502")

    assert told(1.0, 0.9) == "finding"
    assert told(0.9, 0.8) == "finding"
    assert told(0.8, 0.9) == "clear"


def test_finding_learns_the_factor_from_two_rounds() -> None:
    rounds = (reviewed(1, 200), reviewed(2, 500, **ON), reviewed(5))
    evidence = admitted(*rounds, **ON).evidence
    assert evidence["factor_low"] == evidence["factor_high"] == 2.5
    assert evidence["source"] == "rounds 1 and 2"


def test_finding_learns_nothing_where_more_than_that_changed() -> None:
    other = reviewed(2, 500, **ON)
    tagged = replace(other, definition=replace(other.definition, tags={"data": "v2"}))
    recoded = replace(other, codes=("abc",))
    longer = replace(other, definition=replace(other.definition, max_train_steps=4000))
    for changed in (tagged, recoded, longer):
        source = admitted(reviewed(1, 200), changed, reviewed(3), **ON).evidence["source"]
        assert source == "default"


def test_finding_learns_from_accepted_horizons() -> None:
    def accepted(number: int, horizon: int, **values: Any) -> RoundFacts:
        made = reviewed(number, horizon=horizon, **values)
        return replace(made, definition=replace(made.definition, purpose=Purpose.FINAL))

    rounds = (
        reviewed(1, horizon=400),
        accepted(2, 400),
        reviewed(3, **ON),
        accepted(4, 1200, **ON),
    )
    evidence = admitted(*rounds, reviewed(5), **ON).evidence
    assert (evidence["factor_high"], evidence["source"]) == (3.0, "rounds 1 and 3")


def test_finding_learns_the_critical_batch_from_other_sizes() -> None:
    """Real first fits at batch 128, 32, 8: 64, 128, 448. From the first two the law says x3."""
    rounds = (reviewed(1, 64), reviewed(2, 128, batch_size=32))
    evidence = admitted(*rounds, batch_size=8).evidence
    assert evidence["factor_high"] == pytest.approx(3.0)
    assert evidence["source"] == "batch law, as rounds 1 and 2 show it"


def test_inconclusive_without_a_reviewed_tune_round() -> None:
    assert admitted(**ON).missing == ("predecessor",)
    still_open = replace(reviewed(1), state=RoundState.OPEN)
    assert admitted(still_open, **ON).missing == ("predecessor",)


def test_finding_for_a_new_study_against_its_predecessor() -> None:
    before = b.study_facts(b.definition(fixed=fixed()), reviewed(3))
    verdicts = admit_study(b.definition(fixed=fixed(**ON)), before)
    (told,) = (v for v in verdicts if v.code == "WRK502")
    assert told.verdict == "finding"
    assert "round 3 of the previous study" in told.message


def test_finding_stands_in_the_review_of_the_changed_round() -> None:
    first, second = reviewed(1), reviewed(2, **ON)
    study = b.study_facts(b.definition(fixed=fixed()), first, second)
    assert b.verdict_of(study, "WRK502", 1).missing == ("predecessor",)
    assert b.verdict_of(study, "WRK502", 2).verdict == "finding"


def test_threshold_is_a_horizon_raised_by_the_factor() -> None:
    assert admitted(reviewed(1), horizon=1499, **ON).verdict == "finding"
    assert admitted(reviewed(1), horizon=1500, **ON).verdict == "clear"
