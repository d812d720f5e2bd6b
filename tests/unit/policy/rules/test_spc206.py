"""SPC206: too many searched dimensions for the number of trials."""

import pytest

from app.domain.plans import PlanBudget, PlanRequest
from app.domain.recommendations import JudgedVerdict
from app.domain.rounds import Purpose
from app.domain.studies import SamplerDefinition, SamplerKind
from app.policy.engine import admit_round, judge_plan
from app.policy.plans import PlanFacts
from tests.unit.policy import builders as b
from tests.unit.policy.planned import plan_of


def admitted(trials: int | None, dimensions: int, **changes: object) -> b.JudgedVerdict:
    parameters = {f"x{i}": b.number() for i in range(dimensions)}
    study = b.definition(parameters=parameters, schedule=b.fixed_schedule(0.1), trials=trials)
    later = b.round_definition(study, **changes)
    verdicts = admit_round(b.study_facts(study), later)
    return next(v for v in verdicts if v.code == "SPC206")


def test_clear_for_one_dimension() -> None:
    assert admitted(3, 1).verdict == "clear"


def test_finding_says_how_many_are_wanted() -> None:
    verdict = admitted(12, 4)
    assert verdict.verdict == "finding"
    assert verdict.evidence["wanted"] == 30


def test_clear_when_earlier_rounds_at_this_horizon_fill_the_space() -> None:
    study = b.tune_study(b.valley(0.01), trials=9)
    parameters = {"learning_rate": b.rate_parameter(), "momentum": b.number()}
    later = b.round_definition(study.definition, parameters=parameters, trials=1)
    assert [v.verdict for v in admit_round(study, later) if v.code == "SPC206"] == ["clear"]


def test_clear_for_a_grid_that_is_large_enough() -> None:
    grid = SamplerDefinition(SamplerKind.GRID, points={"x0": 4, "x1": 3})
    assert admitted(None, 2, sampler=grid).verdict == "clear"


def test_inconclusive_for_other_purposes() -> None:
    assert admitted(3, 4, purpose=Purpose.CHECK, checks=1).missing == ("purpose",)


@pytest.mark.parametrize(("dimensions", "wanted"), [(2, 10), (3, 25), (4, 30), (5, 40)])
def test_threshold_grows_with_the_dimensions(dimensions: int, wanted: int) -> None:
    assert admitted(wanted, dimensions).verdict == "clear"
    assert admitted(wanted - 1, dimensions).verdict == "finding"


def planned(trials: int, dimensions: int | None, *horizons: int) -> JudgedVerdict:
    asked = PlanRequest(1000, PlanBudget(steps=10**6), dimensions=dimensions)
    facts = PlanFacts(asked, (plan_of(*horizons, trials=trials),) if horizons else ())
    (found,) = (v for v in judge_plan(facts) if v.code == "SPC206")
    return found


def test_finding_for_a_plan_names_the_thin_first_rounds() -> None:
    found = planned(15, 6, 100, 1000)
    assert found.verdict == "finding"
    assert "100-1000: 15 configurations for 6 dimensions; 50 are wanted" in found.message
    assert found.evidence["configurations"] == {"100-1000": 15}


def test_clear_for_a_plan_whose_first_rounds_are_full() -> None:
    assert planned(50, 6, 100, 1000).verdict == "clear"


def test_inconclusive_for_a_plan_without_dimensions_or_without_a_first_round() -> None:
    assert planned(15, None, 100, 1000).missing == ("dimensions",)
    assert planned(15, 6, 1000).missing == ("plan",)
    assert planned(15, 6).missing == ("plan",)
