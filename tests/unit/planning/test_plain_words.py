"""Every recommendation is one plain sentence, then numbers, then what would change it."""

from dataclasses import replace
from typing import Any  # Any: a test plants whatever is wrong

import pytest

from app.domain.recommendations import Advice, Reason
from app.domain.rounds import Action
from app.domain.studies import Workload
from app.planning.audits import advise_audit
from app.planning.case import Reviews
from app.policy.engine import assess
from tests.unit.planning.cases import advice_on, usual_study, verdict
from tests.unit.planning.plain_words import complaints
from tests.unit.planning.simulated import Problem, play, study_definition

BOXES = {"right": (1e-3, 0.9), "too low": (1e-6, 1e-3), "too high": (0.15, 30.0)}


@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("horizon", [32, 256, 4096])
@pytest.mark.parametrize("workload", Workload)
def test_every_advice_of_a_whole_study_reads_well(
    box: str, horizon: int, workload: Workload
) -> None:
    longest = 64 * horizon if workload is Workload.COMPUTE_BOUND else None
    study = study_definition(*BOXES[box], horizon, workload=workload, production_steps=longest)
    advice = play(study, Problem(noise=0.002)).advice
    assert advice
    assert [problem for one in advice for problem in complaints(one)] == []


@pytest.mark.parametrize("horizon", [32, 256, 4096])
def test_advice_on_an_audit_reads_well(horizon: int) -> None:
    rounds = play(study_definition(*BOXES["right"], horizon), Problem(noise=0.002)).study
    audited = replace(rounds, rounds=rounds.rounds[:1])
    advice = advise_audit(Reviews(audited), {1: assess(audited, 1)}, 1)
    assert complaints(advice) == []


def test_the_finding_that_is_answered_stands_first_in_the_reasons_with_its_numbers() -> None:
    played = play(study_definition(*BOXES["too low"], 256), Problem())
    first = played.advice[0]
    assert first.action is Action.WIDEN_SEARCH_SPACE
    assert first.reasons[0].code == "SPC201"
    assert "values tried" in first.reasons[0].message


def test_what_could_not_be_judged_is_named_with_what_it_misses() -> None:
    missing = verdict("SPC201", "inconclusive", missing=("trials",), message="5 of 8 values tried")
    study = usual_study(workload=Workload.COMPUTE_BOUND, production_steps=2000)
    advice = advice_on(study, missing)
    assert any("5 of 8 values tried" in doubt for doubt in advice.would_change_my_mind)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"sentence": "Train longer"}, "not a sentence"),
        ({"sentence": "Train longer.", "reasons": ()}, "without a number"),
        ({"would_change_my_mind": ()}, "would_change_my_mind is empty"),
        ({"reasons": (Reason("SPC205", "1 of 12 tie with the best Add points"),)}, "full stop"),
        ({"sentence": "The best value is None after 12 steps."}, "not for people"),
        ({"sentence": "Trials say so.. Do something about 3."}, "not for people"),
    ],
)
def test_what_does_not_read_well_is_named(changes: dict[str, Any], complaint: str) -> None:
    advice: Advice = replace(advice_on(usual_study()), **changes)
    assert any(complaint in problem for problem in complaints(advice))
