"""WRK501: declared workload kind contradicted by the curves."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any  # Any: a builder forwards whatever a test wants to set

import numpy as np
import pytest

from app.domain.rounds import Purpose
from app.domain.schedules import ScheduleDefinition
from app.domain.studies import TrainingMetric, Workload
from tests.unit.policy import builders as b

BOUND, FREE = Workload.COMPUTE_BOUND, Workload.NOT_COMPUTE_BOUND
TRAINING = TrainingMetric("train_error", perfect=0.0, tolerance=0.001)
Shape = Callable[[float], float]


def slowly(progress: float) -> float:
    """A power law: every doubling gains 13%."""
    return float(max(progress, 0.02) ** -0.2)


def flat(progress: float) -> float:
    """Down by a third of the way, then flat."""
    return float(1 + max(0.0, 0.3 - progress))


def at_once(progress: float) -> float:
    """The first descent: a straight line towards nothing."""
    return 1.01 - progress


def fitting(progress: float) -> float:
    return max(0.0, 0.5 - progress)


def curve(shape: Shape, offset: float, count: int) -> list[float]:
    return [offset + shape((i + 1) / count) for i in range(count)]


def study_of(
    validation: Shape,
    training: Shape | None,
    *,
    trials: int = 9,
    count: int = 50,
    **changes: Any,
) -> b.StudyFacts:
    """One tune round whose trials differ a little, all with the same shapes."""
    study = b.definition(training_metric=TRAINING, **changes)
    made = []
    for i, rate in enumerate(b.rates(count=trials)):
        one = b.rate_trial(study, rate, curve(validation, 0.001 * i, count))
        told = None if training is None else np.array(curve(training, 0.0, count))
        made.append(replace(one, training=told))
    return b.study_facts(study, b.round_facts(study, made))


def judged(*shapes: Shape | None, **changes: Any) -> b.JudgedVerdict:
    validation, training = shapes
    assert validation is not None
    return b.verdict_of(study_of(validation, training, **changes), "WRK501")


def test_clear_when_a_compute_bound_workload_keeps_falling() -> None:
    verdict = judged(slowly, slowly, workload=BOUND)
    assert (verdict.verdict, verdict.evidence["regime"]) == ("clear", "compute_bound")


def test_clear_when_a_flat_workload_is_not_compute_bound() -> None:
    verdict = judged(flat, flat, workload=FREE)
    assert (verdict.verdict, verdict.evidence["regime"]) == ("clear", "not_compute_bound")


def test_clear_names_what_regularisation_binds() -> None:
    verdict = judged(flat, slowly, workload=FREE)
    assert (verdict.verdict, verdict.evidence["regime"]) == ("clear", "bound_by_regularization")


def test_finding_when_everything_still_falls_though_declared_otherwise() -> None:
    verdict = judged(slowly, slowly, workload=FREE)
    assert verdict.verdict == "finding"
    assert verdict.evidence["declared"] == "not_compute_bound"
    assert "compute_bound" in verdict.action


@pytest.mark.parametrize(
    ("validation", "training", "regime"),
    [
        (flat, flat, "not_compute_bound"),
        (slowly, fitting, "not_compute_bound"),
        (flat, slowly, "bound_by_regularization"),
    ],
)
def test_finding_when_compute_does_not_bind_though_declared(
    validation: Shape, training: Shape, regime: str
) -> None:
    verdict = judged(validation, training, workload=BOUND)
    assert (verdict.verdict, verdict.evidence["regime"]) == ("finding", regime)


def test_finding_follows_the_rounds_own_declaration() -> None:
    study = study_of(slowly, slowly, workload=FREE)
    own = replace(study.rounds[0].definition, workload=BOUND)
    bound = replace(study, rounds=(replace(study.rounds[0], definition=own),))
    assert b.verdict_of(bound, "WRK501").verdict == "clear"


@pytest.mark.parametrize(
    ("validation", "training", "missing", "changes"),
    [
        (at_once, at_once, "longer_horizon", {}),
        (slowly, None, "training_metric", {}),
        (slowly, flat, "trend", {}),
        (slowly, slowly, "trials", {"trials": 4}),
        (slowly, slowly, "evaluations", {"count": 10}),
    ],
)
def test_inconclusive_says_what_would_tell(
    validation: Shape, training: Shape | None, missing: str, changes: dict[str, int]
) -> None:
    verdict = judged(validation, training, workload=FREE, **changes)
    assert (verdict.verdict, verdict.missing) == ("inconclusive", (missing,))


def decaying(kind: str, **changes: Any) -> ScheduleDefinition:
    return ScheduleDefinition(kind=kind, peak="learning_rate", **changes)


@pytest.mark.parametrize("kind", ["linear", "cosine"])
def test_inconclusive_in_the_decay_trap(kind: str) -> None:
    verdict = judged(slowly, slowly, workload=FREE, schedule=decaying(kind))
    assert verdict.missing == ("constant_part",)


def test_clear_of_the_trap_before_the_decay_begins() -> None:
    schedule = decaying("wsd", decay_fraction=0.2)
    verdict = judged(slowly, slowly, workload=BOUND, schedule=schedule)
    assert (verdict.verdict, verdict.evidence["end_steps"]) == ("clear", 800)


def longer(study: b.StudyFacts, gain: float, shape: Sequence[float]) -> b.StudyFacts:
    """The study with a check round of the same points at twice the horizon."""
    first = study.rounds[0]
    again = [
        b.rate_trial(
            study.definition,
            float(t.params["learning_rate"]),
            [value - gain for value in shape],
            max_train_steps=2000,
        )
        for t in first.trials
    ]
    check = b.round_facts(study.definition, again, 2, max_train_steps=2000)
    return replace(study, rounds=(first, check))


@pytest.mark.parametrize(("gain", "regime"), [(0.05, "compute_bound"), (0.0, "not_compute_bound")])
def test_clear_of_the_trap_by_a_longer_round(gain: float, regime: str) -> None:
    study = study_of(slowly, slowly, schedule=decaying("linear"))
    told = b.verdict_of(longer(study, gain, curve(slowly, 0.005, 50)), "WRK501")
    assert told.evidence["regime"] == regime


def falling_by(half_gain: float) -> Shape:
    """The last half gains this much of what is reached."""
    return lambda progress: 1.0 + half_gain * 2 * (1 - progress)


def test_threshold_of_the_first_descent_is_a_quarter_and_may_be_set() -> None:
    assert judged(falling_by(0.24), slowly, workload=FREE).verdict == "finding"
    assert judged(falling_by(0.26), slowly, workload=FREE).missing == ("longer_horizon",)
    patient = {"WRK501.early_gain": 0.3}
    told = judged(falling_by(0.26), slowly, workload=FREE, settings=patient)
    assert told.verdict == "finding"


def test_threshold_of_flat_is_half_a_percent_over_the_last_30_percent() -> None:
    assert judged(falling_by(0.004), flat, workload=BOUND).verdict == "finding"
    assert judged(falling_by(0.02), slowly, workload=BOUND).verdict == "clear"


def test_inconclusive_on_other_purposes() -> None:
    study = study_of(slowly, slowly)
    final = replace(study.rounds[0].definition, purpose=Purpose.FINAL)
    told = replace(study, rounds=(replace(study.rounds[0], definition=final),))
    assert b.verdict_of(told, "WRK501").missing == ("purpose",)
