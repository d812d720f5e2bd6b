"""SPC202: another numeric parameter's best value lies on its boundary."""

from collections.abc import Callable

import numpy as np
import pytest

from app.domain.recommendations import JudgedVerdict
from app.domain.space import NaturalLimits, Parameter
from tests.unit.policy import builders as b


def judged(
    value_of: Callable[[float], float], count: int = 24, parameter: Parameter | None = None
) -> JudgedVerdict:
    """Rates and a momentum that is independent of them; the outcome follows the momentum."""
    momentum = parameter or b.number(0.0, 1.0)
    parameters = {"learning_rate": b.rate_parameter(), "momentum": momentum}
    study = b.definition(parameters=parameters, sampler=b.RANDOM, trials=count)
    at = np.random.default_rng(3).permutation(np.linspace(0, 1, count))
    over = b.rates(count=count)
    made = [
        b.trial(study, {"learning_rate": r, "momentum": float(m)}, b.falling(value_of(float(m))))
        for r, m in zip(over, at, strict=True)
    ]
    return b.verdict_of(b.study_facts(study, b.round_facts(study, made)), "SPC202")


@pytest.mark.parametrize(("slope", "side"), [(-0.3, "high"), (0.3, "low")])
def test_finding_on_either_side(slope: float, side: str) -> None:
    verdict = judged(lambda m: 0.5 + slope * m)
    assert verdict.verdict == "finding"
    assert (verdict.evidence["parameter"], verdict.evidence["side"]) == ("momentum", side)


def test_clear_when_the_best_lies_inside() -> None:
    assert judged(lambda m: 0.2 + (m - 0.5) ** 2).verdict == "clear"


def test_clear_for_irrelevant_parameters() -> None:
    luck = np.random.default_rng(5)
    called = [judged(lambda _: float(luck.uniform(0.1, 0.5))).verdict for _ in range(20)]
    assert called.count("finding") <= 3


def test_clear_when_everything_ties() -> None:
    assert judged(lambda _: 0.25).verdict == "clear"


def test_clear_at_a_natural_limit() -> None:
    capped = b.number(0.0, 1.0, natural=NaturalLimits(high=1.0))
    assert judged(lambda m: 0.5 - 0.3 * m, parameter=capped).verdict == "clear"


def test_clear_for_regularization_at_zero() -> None:
    dropout = b.number(0.0, 1.0, role=b.Role.REGULARIZATION)
    assert judged(lambda m: 0.5 + 0.3 * m, parameter=dropout).verdict == "clear"


def test_inconclusive_when_only_the_rate_is_searched() -> None:
    assert b.verdict_of(b.tune_study(b.valley(0.01)), "SPC202").missing == ("parameters",)


def test_threshold_is_the_smallest_p_that_can_be_reached() -> None:
    """3 of 7 reach .057, 3 of 8 .036: only the latter can fall below 5%."""
    assert judged(lambda m: 0.5 - 0.3 * m, count=7).missing == ("trials",)
    assert judged(lambda m: 0.5 - 0.3 * m, count=8).verdict == "finding"
