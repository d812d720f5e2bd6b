"""Hostile facts: whatever was reported, no rule fails, and evidence stays strict JSON."""

import json
from typing import Any  # Any: drawn values of any kind

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.rounds import Action, Origin, Purpose
from app.domain.schedules import ScheduleDefinition
from app.domain.states import TrialState
from app.domain.studies import Direction, TrainingMetric
from app.policy.catalogue import rules_of
from app.policy.engine import assess
from app.policy.horizon_number import recommended_number
from app.policy.prepare import prepare
from app.policy.rule import Stage
from tests.unit.policy import builders as b

value = st.sampled_from([0.0, -0.0, 0.1, 0.5, 1.0, 1e30, -1e30, 1e-300, 5e-324, float("nan")])
drawn_trial = st.fixed_dictionaries(
    {
        "rate": st.sampled_from([1e-4, 1e-3, 1e-2, 0.1, 1.0, 7.0]),
        "x": st.sampled_from([0, 1, 0.5, True]),
        "values": st.lists(value, max_size=6),
        "state": st.sampled_from(list(TrialState)),
        "seed": st.integers(0, 2),
        "censored": st.booleans(),
        "has_origin": st.booleans(),
        "is_nonfinite": st.booleans(),
    }
)
drawn_round = st.fixed_dictionaries(
    {
        "trials": st.lists(drawn_trial, max_size=12),
        "purpose": st.sampled_from(list(Purpose)),
        "horizon": st.sampled_from([1, 7, 1000, 2000]),
        "action": st.sampled_from([None, *Action]),
        "kind": st.sampled_from(["constant", "linear", "cosine", "inverse_sqrt"]),
    }
)


def build(rounds: list[dict[str, Any]], direction: Direction) -> b.StudyFacts:
    study = b.definition(
        parameters={"learning_rate": b.rate_parameter(), "x": b.number()},
        objective=b.Objective("metric", direction),
        training_metric=TrainingMetric("train", perfect=0.0, tolerance=0.1),
        sampler=b.RANDOM,
    )
    return b.study_facts(study, *(build_round(study, n, r) for n, r in enumerate(rounds, 1)))


def build_round(study: b.StudyDefinition, number: int, drawn: dict[str, Any]) -> Any:
    schedule = ScheduleDefinition(kind=drawn["kind"], peak="learning_rate")
    trials = []
    for index, made in enumerate(drawn["trials"]):
        curve = np.array(made["values"], dtype=float)
        trials.append(
            b.trial(
                study,
                {"learning_rate": made["rate"], "x": made["x"]},
                [0.0] * curve.size,
                max_train_steps=drawn["horizon"],
                steps=list(range(1, curve.size + 1)),
                objective=curve,
                training=curve.copy() if index % 2 else None,
                trial_id=f"{number}/{index}",
                state=made["state"],
                seed=made["seed"],
                censored=made["censored"],
                has_nonfinite=made["is_nonfinite"],
                origin=Origin(b.TrialId("o")) if made["has_origin"] else None,
            )
        )
    given = {"purpose": drawn["purpose"], "max_train_steps": drawn["horizon"]}
    return b.round_facts(study, trials, number, schedule=schedule, action=drawn["action"], **given)


@settings(max_examples=150, deadline=None)
@given(st.lists(drawn_round, min_size=1, max_size=3), st.sampled_from(list(Direction)))
def test_no_rule_fails_on_anything_reported(
    rounds: list[dict[str, Any]], direction: Direction
) -> None:
    study = build(rounds, direction)
    number = len(rounds)
    verdicts = assess(study, number).verdicts
    assert [v.evidence for v in verdicts if "rule" in v.missing] == []
    assert {v.code for v in verdicts} == {rule.code for rule in rules_of(Stage.ROUND_REVIEW)}
    json.dumps([[v.evidence, v.statistic, v.threshold] for v in verdicts], allow_nan=False)
    horizon = recommended_number(prepare(study, number))
    assert horizon.recommended >= 1
    if horizon.kind != "keep":
        ratio = horizon.recommended / study.round(number).definition.max_train_steps
        assert ratio >= 1.2 or ratio <= 0.8


@pytest.mark.parametrize("share", [3, 9])
def test_a_third_or_all_diverged_is_judged_on_what_is_left(share: int) -> None:
    over = b.rates()
    dead = set(over[-share:])
    study = b.tune_study(lambda r: float("inf") if r in dead else b.valley(1e-3)(r), over)
    verdicts = {v.code: v for v in assess(study, 1).verdicts}
    assert verdicts["SPC201"].verdict == ("clear" if share == 3 else "inconclusive")
    assert verdicts["SPC204"].verdict == ("clear" if share == 3 else "finding")


def test_exploded_but_finite_losses_rank_worst() -> None:
    """1e30 is a number, and no better than NaN."""
    study = b.definition()
    fine = [b.rate_trial(study, r, b.falling(b.valley(1e-2)(r))) for r in b.rates()[:7]]
    huge = [
        b.rate_trial(study, r, [1.0, 0.05, 1e30], loss=np.array([1.0, 1e10, 1e30]))
        for r in b.rates()[7:]
    ]
    made = [*(b.with_loss(t) for t in fine), *huge]
    facts = prepare(b.study_facts(study, b.round_facts(study, made)), 1)
    assert {t.trial_id for t in facts.diverged} == {t.trial_id for t in huge}
    assert facts.best is not None
    assert facts.best.params["learning_rate"] == pytest.approx(1e-2)
