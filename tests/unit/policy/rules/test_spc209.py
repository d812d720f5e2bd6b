"""SPC209: regularisation searched although nothing fits the training set."""

from dataclasses import replace
from typing import Any  # Any: a builder forwards whatever a test wants to set

import numpy as np

from app.domain.studies import TrainingMetric
from tests.unit.policy import builders as b

PERFECT = TrainingMetric("train_error", perfect=0.0, tolerance=0.01)
SPACE = {
    "learning_rate": b.rate_parameter(),
    "dropout": b.number(0.0, 0.5, role=b.Role.REGULARIZATION, off=0.0),
}


def judged(
    ends: list[float], training_metric: TrainingMetric | None = PERFECT, **changes: Any
) -> b.JudgedVerdict:
    """Trials whose last training values are `ends`, each worse by 0.2 until then."""
    given = {"parameters": SPACE, "training_metric": training_metric, **changes}
    study = b.definition(**given)
    made = []
    for rate in b.rates():
        params = {"learning_rate": rate, "dropout": 0.1}
        one = b.trial(study, {n: params[n] for n in study.parameters}, b.falling(0.2))
        training = np.array([0.2 + ends[0]] * (50 - len(ends)) + ends)
        made.append(replace(one, training=training))
    return b.verdict_of(b.study_facts(study, b.round_facts(study, made)), "SPC209")


def test_clear_when_something_fits() -> None:
    verdict = judged([0.0, 0.0])
    assert (verdict.verdict, verdict.evidence["fitting"]) == ("clear", 9)


def test_finding_when_nothing_comes_near() -> None:
    verdict = judged([0.15, 0.12])
    assert (verdict.verdict, verdict.severity) == ("finding", "info")
    assert verdict.evidence["parameters"] == ["dropout"]
    assert "0.12 from perfect" in verdict.message


def test_inconclusive_when_nothing_regularises() -> None:
    verdict = judged([0.1, 0.1], parameters={"learning_rate": b.rate_parameter()})
    assert verdict.missing == ("regularization",)


def test_inconclusive_when_no_perfect_fit_is_known() -> None:
    assert judged([0.1, 0.1], None).missing == ("perfect",)
    assert judged([0.1, 0.1], replace(PERFECT, perfect=None)).missing == ("perfect",)


def test_inconclusive_when_only_the_last_evaluation_fits() -> None:
    assert judged([0.1, 0.0]).missing == ("evaluations",)


def test_threshold_is_the_training_metrics_own_tolerance() -> None:
    assert judged([0.0101, 0.0101]).verdict == "finding"
    assert judged([0.01, 0.01]).verdict == "clear"
