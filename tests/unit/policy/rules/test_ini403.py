"""INI403: nothing fits the training set perfectly."""

from dataclasses import replace

import numpy as np
import pytest

from app.domain.rounds import Purpose
from app.domain.studies import Direction, TrainingMetric
from tests.unit.policy import builders as b

ERROR = TrainingMetric("train_error", perfect=0.0, tolerance=0.01)


def swept(*training: list[float], metric: TrainingMetric | None = ERROR) -> b.StudyFacts:
    study = b.definition(training_metric=metric)
    over = b.rates(count=max(2, len(training)))
    made = [
        b.rate_trial(study, rate, b.falling(0.1, count=len(values)), training=np.array(values))
        for rate, values in zip(over, training, strict=False)
    ]
    return b.study_facts(study, b.round_facts(study, made, purpose=Purpose.LR_SWEEP))


def test_clear_gives_the_first_of_two_consecutive_fits() -> None:
    verdict = b.verdict_of(swept([0.5, 0.0, 0.5, 0.0, 0.0], [0.5, 0.4, 0.3, 0.2, 0.1]), "INI403")
    assert verdict.verdict == "clear"
    assert list(verdict.evidence["hit_steps"].values()) == [800]
    assert list(verdict.evidence["after_steps"].values()) == [600]


def test_clear_counts_the_hit_of_a_trial_that_stopped_early() -> None:
    study = swept([0.0, 0.0, 0.0])
    short = tuple(replace(t, censored=True) for t in study.rounds[0].trials)
    study = replace(study, rounds=(replace(study.rounds[0], trials=short),))
    assert b.verdict_of(study, "INI403").verdict == "clear"


def test_clear_for_an_accuracy_that_is_perfect_at_one() -> None:
    accuracy = TrainingMetric("train_accuracy", Direction.MAXIMIZE, perfect=1.0, tolerance=0.01)
    verdict = b.verdict_of(swept([-0.5, -0.9, -0.995, -1.0], metric=accuracy), "INI403")
    assert verdict.verdict == "clear"
    assert verdict.evidence["fit"] == {"99": 750, "99.9": None, "100": None}


def test_finding_when_nobody_reaches_it() -> None:
    assert b.verdict_of(swept([0.5, 0.3, 0.2], [0.5, 0.4, 0.3]), "INI403").verdict == "finding"


@pytest.mark.parametrize("metric", [None, TrainingMetric("train_error")])
def test_inconclusive_without_a_perfect_value(metric: TrainingMetric | None) -> None:
    assert b.verdict_of(swept([0.0, 0.0], metric=metric), "INI403").missing == ("perfect",)


def test_inconclusive_when_only_the_last_evaluation_fits() -> None:
    assert b.verdict_of(swept([0.5, 0.3, 0.0]), "INI403").missing == ("evaluations",)


def test_inconclusive_on_tune_rounds() -> None:
    assert b.verdict_of(b.tune_study(b.valley(0.01)), "INI403").missing == ("purpose",)


def test_threshold_is_the_tolerance() -> None:
    assert b.verdict_of(swept([0.5, 0.01, 0.01]), "INI403").verdict == "clear"
    assert b.verdict_of(swept([0.5, 0.0101, 0.0101]), "INI403").verdict == "finding"


def test_finding_when_the_only_fit_was_of_a_trial_that_diverged() -> None:
    study = swept([0.5, 0.0, 0.0], [0.5, 0.4, 0.3])
    ran = study.rounds[0]
    exploded = tuple(replace(t, has_nonfinite=i == 0) for i, t in enumerate(ran.trials))
    study = replace(study, rounds=(replace(ran, trials=exploded),))
    assert b.verdict_of(study, "INI403").verdict == "finding"
