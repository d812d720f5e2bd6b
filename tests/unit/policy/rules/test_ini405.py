"""INI405: the sweep's grid is too coarse or too narrow."""

from dataclasses import replace

import pytest

from app.domain.rounds import Point, Purpose
from app.domain.studies import SamplerDefinition, SamplerKind
from app.policy.engine import admit_round
from tests.unit.policy import builders as b


def admitted(low: float, high: float, **changes: object) -> b.JudgedVerdict:
    study = b.definition(parameters={"learning_rate": b.rate_parameter(low, high)})
    given = {"purpose": Purpose.LR_SWEEP, "trials": None, **changes}
    verdicts = admit_round(b.study_facts(study), b.round_definition(study, **given))
    return next(v for v in verdicts if v.code == "INI405")


def grid(count: int) -> SamplerDefinition:
    return SamplerDefinition(SamplerKind.GRID, points={"learning_rate": count})


def test_clear_for_nine_rates_over_four_decades() -> None:
    assert admitted(1e-4, 1.0, sampler=grid(9)).verdict == "clear"


def test_finding_for_few_points_typed_by_hand() -> None:
    points = tuple(Point({"learning_rate": rate}) for rate in (1e-4, 1e-2, 1.0))
    verdict = admitted(1e-4, 1.0, points=points)
    assert verdict.verdict == "finding"
    assert verdict.evidence == {"rates": 3, "decades": pytest.approx(4.0)}


def test_inconclusive_for_other_purposes() -> None:
    assert admitted(1e-4, 1.0, purpose=Purpose.TUNE).missing == ("purpose",)


def test_inconclusive_without_a_searched_rate() -> None:
    given = {"parameters": {"momentum": b.number()}, "schedule": b.fixed_schedule(0.1)}
    assert admitted(1e-4, 1.0, **given).missing == ("learning_rate",)


def test_threshold_is_seven_rates_over_three_decades_less_rounding() -> None:
    assert [admitted(1e-3, 1.0, sampler=grid(n)).verdict for n in (6, 7)] == ["finding", "clear"]
    lows = (10**-2.97, 10**-2.99)
    assert [admitted(low, 1.0, sampler=grid(9)).verdict for low in lows] == ["finding", "clear"]


def points(low: float, high: float, count: int) -> tuple[Point, ...]:
    return tuple(Point({"learning_rate": rate}) for rate in b.rates(low, high, count))


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [({}, "clear"), ({"max_train_steps": 500}, "finding"), ({"purpose": Purpose.TUNE}, "finding")],
)
def test_clear_together_with_what_ran_before_at_the_same_horizon(
    changes: dict[str, object], verdict: str
) -> None:
    study = b.definition()
    sweep = {"purpose": Purpose.LR_SWEEP, "trials": None}
    ran = {**sweep, "points": points(1e-4, 0.1, 7), **changes}
    wider = {**sweep, "points": points(0.2, 1.0, 4)}
    rounds = [
        replace(b.round_facts(study, (), number), definition=b.round_definition(study, **given))
        for number, given in ((1, ran), (2, wider))
    ]
    assert b.verdict_of(b.study_facts(study, *rounds), "INI405", 2).verdict == verdict
