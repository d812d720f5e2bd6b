"""SPC201: the best learning rate lies on the boundary of the search space."""

import math
from dataclasses import replace

import pytest

from app.domain.rounds import Action, Purpose
from app.domain.space import NaturalLimits
from app.domain.studies import Binding
from app.policy.engine import is_enforced_finding
from tests.unit.policy import builders as b


@pytest.mark.parametrize(("optimum", "side"), [(1e-6, "low"), (10.0, "high")])
def test_finding_on_either_edge(optimum: float, side: str) -> None:
    verdict = b.verdict_of(b.tune_study(b.valley(optimum)), "SPC201")
    assert is_enforced_finding(verdict)
    assert (verdict.evidence["side"], verdict.evidence["strength"]) == (side, "edge")
    assert (verdict.evidence["low"], verdict.evidence["high"]) == (1e-4, 1.0)
    assert verdict.evidence["parameter"] == "learning_rate"


def test_clear_when_the_best_lies_inside() -> None:
    verdict = b.verdict_of(b.tune_study(b.valley(0.01)), "SPC201")
    assert verdict.verdict == "clear"
    assert verdict.evidence["best"] == pytest.approx(0.01)
    assert verdict.evidence["side"] is None


def test_clear_at_a_natural_edge_which_spc203_names() -> None:
    study = b.tune_study(lambda rate: math.inf if rate > 0.2 else b.valley(0.3)(rate))
    assert b.verdict_of(study, "SPC201").verdict == "clear"
    assert b.verdict_of(study, "SPC203").verdict == "finding"


def test_clear_at_a_natural_limit() -> None:
    parameters = {"learning_rate": b.rate_parameter(natural=NaturalLimits(high=1.0))}
    assert b.verdict_of(b.tune_study(b.valley(10.0), parameters=parameters), "SPC201").verdict == (
        "clear"
    )


def test_inconclusive_when_everything_diverged() -> None:
    verdict = b.verdict_of(b.tune_study(lambda _: math.inf), "SPC201")
    assert (verdict.verdict, verdict.missing) == ("inconclusive", ("alive",))


def test_finding_low_when_the_window_sits_on_the_cliff() -> None:
    study = b.tune_study(lambda rate: math.inf if rate > 2e-3 else 0.1 + rate)
    verdict = b.verdict_of(study, "SPC201")
    assert (verdict.evidence["side"], verdict.evidence["strength"]) == ("low", "edge")


def test_finding_is_only_suspect_when_an_interior_rate_ties() -> None:
    value_of = {rate: 0.3 + 0.01 * i for i, rate in enumerate(b.rates())}
    value_of[b.rates()[0]] = 0.1
    value_of[b.rates()[4]] = 0.1
    flat = b.tune_study(lambda rate: value_of[rate] + (1e-12 if rate == b.rates()[4] else 0))
    verdict = b.verdict_of(flat, "SPC201")
    assert verdict.evidence["strength"] == "suspect"
    assert verdict.binding is Binding.WARN


def test_finding_for_the_branch_that_has_it() -> None:
    parameters = {
        "optimizer": b.choice("adam", "sgd"),
        "adam_lr": b.rate_parameter(when={"optimizer": "adam"}),
        "sgd_lr": b.rate_parameter(when={"optimizer": "sgd"}),
    }
    schedule = b.ScheduleDefinition(kind="constant", peak=b.RoleReference(b.Role.LEARNING_RATE))
    study = b.definition(parameters=parameters, schedule=schedule)
    trials = [
        b.trial(study, {"optimizer": kind, f"{kind}_lr": rate}, b.falling(b.valley(best)(rate)))
        for kind, best in (("adam", 0.01), ("sgd", 10.0))
        for rate in b.rates()
    ]
    found = b.verdicts_of(b.study_facts(study, b.round_facts(study, trials)), "SPC201")
    assert [v.verdict for v in found] == ["clear", "finding"]


def test_finding_on_a_linear_scale() -> None:
    parameters = {"learning_rate": b.number(0.1, 0.9, role=b.Role.LEARNING_RATE)}
    study = b.definition(parameters=parameters)
    over = [0.1 + 0.1 * i for i in range(9)]
    trials = b.sweep(study, lambda rate: 1.0 - rate, over)
    verdict = b.verdict_of(b.study_facts(study, b.round_facts(study, trials)), "SPC201")
    assert verdict.evidence["side"] == "high"


@pytest.mark.parametrize("purpose", [Purpose.CHECK, Purpose.FINAL, Purpose.LR_SWEEP])
def test_inconclusive_for_other_purposes(purpose: Purpose) -> None:
    study = b.definition()
    trials = b.sweep(study, b.valley(10.0))
    facts = b.study_facts(study, b.round_facts(study, trials, purpose=purpose))
    assert b.verdict_of(facts, "SPC201").missing == ("purpose",)


def test_inconclusive_for_a_promoted_round() -> None:
    study = b.tune_study(b.valley(10.0))
    promoted = replace(study.rounds[0], action=Action.PROMOTE)
    facts = b.study_facts(study.definition, promoted)
    assert b.verdict_of(facts, "SPC201").missing == ("purpose",)


def test_inconclusive_without_a_searched_rate() -> None:
    study = b.definition(parameters={"momentum": b.number()}, schedule=b.fixed_schedule(0.1))
    trials = [b.trial(study, {"momentum": i / 9}, b.falling(0.1 + i / 90)) for i in range(9)]
    facts = b.study_facts(study, b.round_facts(study, trials))
    assert b.verdict_of(facts, "SPC201").missing == ("learning_rate",)


def test_inconclusive_when_the_metric_never_changes() -> None:
    verdict = b.verdict_of(b.alike([[0.5] * 50] * 9), "SPC201")
    assert verdict.missing == ("signal",)
    assert "never changed" in verdict.message


@pytest.mark.parametrize("count", [0, 1])
def test_inconclusive_with_zero_or_one_trial(count: int) -> None:
    study = b.definition()
    trials = b.sweep(study, b.valley(10.0))[:count]
    facts = b.study_facts(study, b.round_facts(study, trials))
    assert b.verdict_of(facts, "SPC201").missing == ("trials",)


def test_threshold_is_five_values_of_a_grid_and_eight_random_ones() -> None:
    def judged(count: int, sampler: b.SamplerDefinition) -> str:
        study = b.tune_study(b.valley(10.0), b.rates(count=count), sampler=sampler)
        return b.verdict_of(study, "SPC201").verdict

    assert [judged(n, b.GRID) for n in (4, 5)] == ["inconclusive", "finding"]
    assert [judged(n, b.RANDOM) for n in (7, 8)] == ["inconclusive", "finding"]


def test_threshold_of_random_points_is_a_margin_at_the_end() -> None:
    """With 9 values the margin is 2/10 of the range: log positions .19 and .21 lie on its sides.

    What lies further out ties: a clearly worse value there would show that the best was passed.
    """

    def judged(position: float) -> str:
        best = 10 ** (-4 + 4 * position)
        over = sorted({*b.rates(count=8), best})
        study = b.tune_study(lambda r: 0.1 if r <= best else 0.5, over, sampler=b.RANDOM)
        return b.verdict_of(study, "SPC201").verdict

    assert [judged(position) for position in (0.19, 0.21)] == ["finding", "clear"]


def test_threshold_of_many_random_points_is_a_tenth_of_the_range() -> None:
    def judged(position: float) -> str:
        best = 10 ** (-4 + 4 * position)
        over = sorted({*b.rates(count=40), best})
        study = b.tune_study(lambda r: 0.1 if r <= best else 0.5, over, sampler=b.RANDOM)
        return b.verdict_of(study, "SPC201").verdict

    assert [judged(position) for position in (0.09, 0.11)] == ["finding", "clear"]
