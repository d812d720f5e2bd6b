"""Where the judge must not fool itself: one case for each item of the policy's list."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from app.domain.errors import InvalidInput
from app.domain.rounds import Purpose
from app.domain.schedules import ScheduleDefinition
from app.domain.space import Fixed, FixedValue, NaturalLimits, Scale
from app.domain.states import TrialState
from app.domain.studies import Direction, TrainingMetric
from app.planning.extension import extend_schedule
from app.planning.study_best import study_best
from app.policy.engine import admit_round, assess, is_enforced_finding
from app.policy.noise import evaluation_noise
from app.policy.prepare import prepare
from app.services.audit_curves import read_columns
from paceline.schedules import Schedule, ScheduleError
from tests.support.hostile import ITEMS
from tests.unit.policy import builders as b

INF = math.inf
Case = Callable[[], None]
CASES: dict[str, Case] = {}


def case(item: str) -> Callable[[Case], Case]:
    """Put a case into the table."""

    def listed(check: Case) -> Case:
        CASES[item] = check
        return check

    return listed


def says(study: b.StudyFacts, code: str) -> str:
    """A rule's answer about the first round, the worst of its parameters."""
    found = {v.verdict for v in b.verdicts_of(study, code)}
    return next(v for v in ("finding", "inconclusive", "clear") if v in found)


def strengths(study: b.StudyFacts) -> set[object]:
    return {v.evidence.get("strength") for v in b.verdicts_of(study, "SPC201")}


def test_every_item_of_the_list_has_its_case() -> None:
    assert list(CASES) == list(ITEMS)


@case("ties and plateaus")
def ties_are_no_edge_and_a_dead_metric_is_no_evidence() -> None:
    tied = b.tune_study(lambda _: 0.1)
    assert strengths(tied) <= {None, "suspect"}
    flat = b.alike([[0.5] * 50] * 9)
    codes = ("SPC201", "SPC205", "CKP301", "CKP302", "CKP304", "CKP307")
    assert {says(flat, code) for code in codes} == {"inconclusive"}


@case("maximised metrics")
def the_edge_of_an_accuracy_lies_where_it_is_highest() -> None:
    """Facts are direction-normalised: an accuracy arrives with its sign turned."""
    upwards = b.Objective("accuracy", Direction.MAXIMIZE)
    study = b.definition(objective=upwards)
    trials = b.sweep(study, lambda rate: b.valley(10.0)(rate) - 1.0)
    (verdict,) = b.verdicts_of(b.study_facts(study, b.round_facts(study, trials)), "SPC201")
    assert verdict.evidence["side"] == "high"
    best = study_best(b.study_facts(study, b.round_facts(study, trials)))
    assert best is not None
    assert best.value > 0


@case("NaN, Inf, 1e30")
def an_exploded_trial_is_infinitely_bad_whatever_it_reported() -> None:
    study = b.definition()
    values = {"nan": math.nan, "inf": INF, "-inf": -INF, "1e30": 1e30}
    for reported in values.values():
        last = b.rate_trial(study, 1.0, [1.0, 2.0, reported])
        loss = np.where(np.isfinite(last.objective), last.objective, np.nan)
        fine = [b.with_loss(t) for t in b.sweep(study, b.valley(1e-3), b.rates()[:8])]
        facts = b.study_facts(study, b.round_facts(study, [*fine, replace(last, loss=loss)]))
        assert [t.trial_id for t in prepare(facts, 1).diverged] == [last.trial_id]
        assert says(facts, "SPC201") == "clear"


@case("evaluation only at the end")
def one_evaluation_says_nothing_about_steps() -> None:
    facts = b.tune_study(b.valley(1e-2))
    last = [replace(t, steps=t.steps[-1:], objective=t.objective[-1:]) for t in _trials(facts)]
    thin = b.study_facts(facts.definition, b.round_facts(facts.definition, last))
    assert {says(thin, code) for code in ("CKP301", "CKP302", "CKP304")} == {"inconclusive"}
    assert (says(thin, "CKP303"), says(thin, "SPC201")) == ("finding", "clear")


@case("different evaluation grids")
def grids_of_their_own_do_not_move_the_edge() -> None:
    study = b.definition()
    counts = (20, 25, 40, 50, 80, 30, 24, 33, 61)
    trials = [
        b.rate_trial(study, rate, b.falling(b.valley(10.0)(rate), count=count))
        for rate, count in zip(b.rates(), counts, strict=True)
    ]
    (verdict,) = b.verdicts_of(b.study_facts(study, b.round_facts(study, trials)), "SPC201")
    assert (verdict.verdict, verdict.evidence["side"]) == ("finding", "high")


@case("duplicate or out-of-order steps after a resume")
def steps_that_do_not_ascend_are_refused_with_their_place() -> None:
    for steps in ([1, 2, 2, 3], [1, 3, 2, 4]):
        with pytest.raises(InvalidInput, match="2 follows"):
            read_columns("trial a", {"steps": steps, "metrics": {"loss": [1.0] * 4}})


@case("stopped at target")
def a_trial_that_was_stopped_is_no_best_step_at_its_end() -> None:
    study = b.definition()
    cut = [replace(t, censored=True) for t in b.sweep(study, b.valley(1e-2))]
    facts = b.study_facts(study, b.round_facts(study, cut))
    assert (says(facts, "HZN104"), says(facts, "CKP302")) == ("finding", "inconclusive")


@case("a single rate")
def one_rate_run_often_is_one_value() -> None:
    study = b.definition()
    seeds = [b.rate_trial(study, 0.01, b.falling(0.1 + i / 100), seed=i) for i in range(10)]
    facts = b.study_facts(study, b.round_facts(study, seeds))
    assert says(facts, "SPC201") == "inconclusive"


@case("a linear-scale rate")
def positions_follow_the_scale_of_the_parameter() -> None:
    over = [float(x) for x in np.linspace(0.01, 0.3, 9)]
    linear = {"learning_rate": b.rate_parameter(0.01, 0.3, scale=Scale.LINEAR)}
    inside = b.tune_study(lambda r: 0.1 + (r - 0.12) ** 2, over, parameters=linear)
    edge = b.tune_study(lambda r: 0.1 + (r - 0.4) ** 2, over, parameters=linear)
    assert (says(inside, "SPC201"), says(edge, "SPC201")) == ("clear", "finding")


@case("bounds set by theory")
def an_optimum_at_a_natural_limit_is_no_edge() -> None:
    bounded = {"learning_rate": b.rate_parameter(natural=NaturalLimits(high=1.0))}
    at_the_limit = b.tune_study(b.valley(10.0), parameters=bounded)
    assert says(at_the_limit, "SPC201") == "clear"
    assert says(b.tune_study(b.valley(10.0)), "SPC201") == "finding"


@case("conditional rates")
def the_rate_of_one_optimiser_is_not_the_rate_of_the_other() -> None:
    """Three Adam rates that improve to their end prove nothing about nine SGD rates."""
    branch = {
        name: b.rate_parameter(when={"optimizer": name.removesuffix("_lr")})
        for name in ("sgd_lr", "adam_lr")
    }
    study = b.definition(
        parameters={"optimizer": b.choice("sgd", "adam"), **branch},
        schedule=b.fixed_schedule(1.0),
    )
    sgd = [
        b.trial(study, {"optimizer": "sgd", "sgd_lr": r}, b.falling(b.valley(1e-2)(r)))
        for r in b.rates()
    ]
    adam = [
        b.trial(study, {"optimizer": "adam", "adam_lr": r}, b.falling(0.05 + r))
        for r in (1e-4, 1e-3, 1e-2)
    ]
    facts = b.study_facts(study, b.round_facts(study, [*sgd, *adam]))
    found = {v.evidence["parameter"]: v.verdict for v in b.verdicts_of(facts, "SPC201")}
    assert found == {"sgd_lr": "clear", "adam_lr": "inconclusive"}


@case("seeds counted as trials")
def three_rates_under_five_seeds_are_three_values() -> None:
    study = b.definition(sampler=b.RANDOM)
    trials = [
        b.rate_trial(study, rate, b.falling(b.valley(1e-5)(rate) + seed / 1000), seed=seed)
        for rate in (1e-3, 1e-2, 1e-1)
        for seed in range(5)
    ]
    facts = b.study_facts(study, b.round_facts(study, trials))
    assert {says(facts, code) for code in ("SPC201", "CKP302")} == {"inconclusive"}


@case("warmup > T1")
def a_warmup_that_fills_the_horizon_is_enforced() -> None:
    study = b.definition(
        schedule=ScheduleDefinition("constant", "learning_rate", warmup_steps=b.HORIZON)
    )
    found = admit_round(b.study_facts(study), b.round_definition(study))
    assert [v.code for v in found if is_enforced_finding(v)] == ["HZN105"]


@case("decay > T2")
def a_decay_longer_than_the_new_horizon_is_refused_or_shortened() -> None:
    with pytest.raises(ScheduleError, match="decay"):
        extend_schedule(Schedule("wsd", 0.1, decay_steps=200), 1000, 2000, decay_steps=5000)
    cut = extend_schedule(Schedule("linear", 0.1, decay_steps=800), 1000, 500).schedule
    assert cut.decay_length(500) == 500


@case("T2 < T1")
def a_shorter_horizon_cuts_the_plateau_before_the_decay() -> None:
    shorter = extend_schedule(Schedule("wsd", 0.1, decay_steps=200), 1000, 600)
    assert (shorter.schedule.decay_start(600), shorter.resume_from_step) == (400, 400)
    assert shorter.added_steps_below_10_percent_of_peak == 0.0


@case("batch change and extension at once")
def a_longer_round_under_another_batch_is_said_to_be_two_changes() -> None:
    batch: dict[int, Fixed] = {
        size: {"batch_size": FixedValue(size, role=b.Role.BATCH_SIZE)} for size in (256, 32)
    }
    study = b.definition(fixed=batch[256])
    first = b.round_facts(study, b.sweep(study, b.valley(1e-2)))
    longer = b.round_definition(study, fixed=batch[32], max_train_steps=4 * b.HORIZON)
    found = admit_round(b.study_facts(study, first), longer)
    assert {"SPC208"} <= {v.code for v in found if v.verdict == "finding"}


@case("all diverged")
def nothing_alive_has_no_best_rate() -> None:
    facts = b.tune_study(lambda _: INF)
    assert (says(facts, "SPC204"), says(facts, "SPC201")) == ("finding", "inconclusive")


@case("a third diverged")
def the_dead_rank_worst_and_are_not_dropped() -> None:
    """Without them the last stable rate would be an edge of what was tried."""
    facts = b.tune_study(lambda rate: INF if rate > 0.05 else b.valley(1.0)(rate))
    assert (says(facts, "SPC201"), says(facts, "SPC204")) == ("clear", "clear")
    assert (says(facts, "SPC203"), len(prepare(facts, 1).dead)) == ("finding", 3)


@case("a quantised metric")
def noise_of_a_quantised_metric_is_half_a_step_of_it() -> None:
    steps = np.round(np.array(b.falling(0.1)) * 20) / 20
    assert evaluation_noise(steps) == pytest.approx(0.025)
    assert evaluation_noise(np.full(50, 0.5)) == 0.0


@case("trial failed after its best checkpoint")
def its_best_is_valid_and_the_trial_is_flagged() -> None:
    study = b.definition()
    *others, best = b.sweep(study, b.valley(1.0))
    failed = replace(best, state=TrialState.FAILED, steps=best.steps[:40])
    failed = replace(failed, objective=best.objective[:40])
    facts = b.study_facts(study, b.round_facts(study, [*others, failed]))
    named = study_best(facts)
    assert named is not None
    assert named.trial_id == failed.trial_id
    assert b.verdict_of(facts, "HZN104").trial_ids == (failed.trial_id,)
    assert failed not in [t for c in prepare(facts, 1).configurations for t in c.trials]


@case("training metric measured on augmented data")
def a_fit_of_augmented_data_sets_no_horizon() -> None:
    study = b.definition(
        training_metric=TrainingMetric("train_error", perfect=0.0, tolerance=0.001),
        fixed={"augmentation": FixedValue("crop", role=b.Role.AUGMENTATION, off="none")},
    )
    sweep = [replace(t, training=t.objective) for t in b.sweep(study, lambda _: 0.0)]
    facts = b.study_facts(study, b.round_facts(study, sweep, purpose=Purpose.LR_SWEEP))
    assert is_enforced_finding(b.verdict_of(facts, "INI402"))


@case("script that exits non-zero on NaN")
def a_failed_trial_that_reported_nan_has_diverged() -> None:
    study = b.definition()
    fine = b.sweep(study, b.valley(1e-3), b.rates()[:8])
    crashed = replace(b.exploded(study, 1.0), state=TrialState.FAILED)
    facts = b.study_facts(study, b.round_facts(study, [*fine, crashed]))
    assert [t.trial_id for t in prepare(facts, 1).diverged] == [crashed.trial_id]
    assert len(prepare(facts, 1).dead) == 1


@case("one trial")
def one_trial_is_too_little_for_every_verdict_on_the_space() -> None:
    study = b.definition()
    facts = b.study_facts(study, b.round_facts(study, [b.rate_trial(study, 0.1, b.falling(0.1))]))
    codes = ("SPC201", "CKP301", "CKP302", "CKP304", "CKP306")
    assert {says(facts, code) for code in codes} == {"inconclusive"}


@case("zero trials")
def an_empty_round_finds_nothing() -> None:
    study = b.definition()
    found = assess(b.study_facts(study, b.round_facts(study, ())), 1).verdicts
    assert not [v.code for v in found if v.verdict == "finding"]
    assert not [v.code for v in found if "rule" in v.missing]


@case("10,000 trials")
def ten_thousand_trials_are_judged_by_their_values() -> None:
    study = b.definition(sampler=b.RANDOM)
    over = b.rates(count=64)
    trials = [
        b.rate_trial(study, over[i % 64], [1.0, b.valley(10.0)(over[i % 64])], seed=i // 64)
        for i in range(10_000)
    ]
    facts = b.study_facts(study, b.round_facts(study, trials))
    (verdict,) = b.verdicts_of(facts, "SPC201")
    assert (verdict.evidence["side"], verdict.evidence["values_tried"]) == ("high", 64)


@case("irrelevant parameters")
def seven_irrelevant_parameters_gain_no_edge() -> None:
    names = [f"x{i}" for i in range(7)]
    parameters = {"learning_rate": b.rate_parameter(), **{name: b.number() for name in names}}
    study = b.definition(parameters=parameters, sampler=b.RANDOM)
    drawn = np.random.default_rng(5).random((32, 7))
    trials = [
        b.trial(
            study,
            {"learning_rate": rate, **dict(zip(names, map(float, row), strict=True))},
            b.falling(b.valley(1e-2)(rate)),
        )
        for rate, row in zip(b.rates(count=32), drawn, strict=True)
    ]
    assert says(b.study_facts(study, b.round_facts(study, trials)), "SPC202") == "clear"


def _trials(facts: b.StudyFacts) -> tuple[b.TrialFacts, ...]:
    return facts.rounds[0].trials


@pytest.mark.parametrize("item", ITEMS)
def test_it_does_not_fool_itself_with(item: str) -> None:
    CASES[item]()
