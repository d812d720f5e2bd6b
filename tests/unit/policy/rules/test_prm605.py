"""PRM605: more than three rounds want mature teams."""

import pytest

from app.domain.plans import PlanBudget, PlanRequest
from app.domain.recommendations import JudgedVerdict
from app.domain.studies import Maturity, Workload
from app.policy.plans import PlanFacts
from app.policy.rules.prm605_many_rounds_without_maturity import check_plan
from app.policy.verdicts import Clear, Finding, Verdict
from tests.unit.policy import builders as b
from tests.unit.policy.promoting import best_of, proposed, same, verdict_on

ALL = Maturity(modelling=True, pipelines=True, production=True)


def judged(rounds: int, maturity: Maturity | None = None, **settings: float) -> Verdict:
    request = PlanRequest(
        100_000, PlanBudget(steps=10**7), rounds_max=rounds, maturity=maturity or Maturity()
    )
    return check_plan(PlanFacts(request, (), {f"PRM605.{k}": v for k, v in settings.items()}))


def test_clear_where_everything_is_mature() -> None:
    found = judged(10, ALL)
    assert isinstance(found, Clear)
    assert found.judged.evidence == {"rounds": 10, "is_mature": True}


@pytest.mark.parametrize(
    "maturity",
    [Maturity(), Maturity(True, True, False), Maturity(True, False, True)],
)
def test_finding_where_one_of_the_three_is_missing(maturity: Maturity) -> None:
    found = judged(4, maturity)
    assert isinstance(found, Finding)
    assert "4 rounds" in found.message


def test_threshold_of_three_rounds_is_clear_and_can_be_set() -> None:
    assert isinstance(judged(3), Clear)
    assert isinstance(judged(4, usual_rounds=4.0), Clear)
    assert isinstance(judged(3, usual_rounds=2.0), Finding)


def climbing(horizons: int, **changes: object) -> JudgedVerdict:
    """A study with rounds at so many horizons, and a promotion to one more."""
    given = {"workload": Workload.COMPUTE_BOUND, **changes}
    study = b.definition(**given)
    rounds = [
        b.round_facts(
            study,
            b.sweep(study, b.valley(0.01), max_train_steps=1000 * n),
            n,
            max_train_steps=1000 * n,
        )
        for n in range(1, horizons + 1)
    ]
    facts = b.study_facts(study, *rounds)
    points = [same(t) for t in best_of(facts, 2, horizons)]
    return verdict_on(facts, proposed(facts, 9000, points), "PRM605", horizons)


def test_finding_for_a_promotion_to_the_fourth_horizon_of_a_study() -> None:
    found = climbing(3)
    assert (found.verdict, found.severity) == ("finding", "info")
    assert found.evidence["rounds"] == 4


def test_clear_for_a_promotion_to_the_third_horizon_or_of_a_mature_study() -> None:
    assert climbing(2).verdict == "clear"
    assert climbing(5, maturity=ALL).verdict == "clear"


def test_inconclusive_where_checks_move_the_horizon() -> None:
    assert climbing(3, workload=Workload.NOT_COMPUTE_BOUND).missing == ("compute_bound",)
