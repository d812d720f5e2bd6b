"""PRM602 broken and blocking: more points at this horizon, once, and never for what only warns."""

from dataclasses import replace

import pytest

from app.domain.recommendations import JudgedVerdict
from app.domain.rounds import Action, Purpose
from app.domain.studies import Binding, Workload
from app.planning.ranks import recheck_ranks
from app.policy.facts import StudyFacts, Waiver
from tests.unit.planning.cases import case_of, study_of, tune_round, verdict
from tests.unit.policy.builders import definition

CLIMB = {"workload": Workload.COMPUTE_BOUND, "production_steps": 100_000}


def broken(binding: Binding = Binding.ENFORCE) -> JudgedVerdict:
    return verdict("PRM602", evidence={"state": "broken"}, binding=binding)


def climbed(action: Action | None = None, trials: int | None = 9) -> StudyFacts:
    """A round at 1,000 steps, one at 4,000, and another one there by some action."""
    study = definition(**CLIMB)
    rounds = [tune_round(study, 1), tune_round(study, 2, max_train_steps=4000)]
    if action is not None:
        last = tune_round(study, 3, max_train_steps=4000, action=action)
        rounds.append(replace(last, definition=replace(last.definition, trials=trials)))
    return study_of(study, *rounds)


def test_a_broken_order_that_blocks_asks_for_new_points_at_this_horizon() -> None:
    draft = recheck_ranks(case_of(climbed(), broken()))
    assert draft is not None
    assert draft.action is Action.COLLECT_EVIDENCE
    assert draft.proposal is not None
    assert (draft.proposal.max_train_steps, draft.proposal.trials) == (4000, 10)
    assert draft.proposal.points == ()
    assert draft.acting == ("PRM602",)


def test_it_asks_once_for_each_horizon() -> None:
    assert recheck_ranks(case_of(climbed(Action.COLLECT_EVIDENCE), broken())) is None
    assert recheck_ranks(case_of(climbed(Action.PROMOTE), broken())) is not None


def test_old_points_that_were_run_to_their_end_are_not_the_new_ones() -> None:
    again = climbed(Action.COLLECT_EVIDENCE, trials=None)
    assert recheck_ranks(case_of(again, broken())) is not None


@pytest.mark.parametrize("said", [broken(Binding.WARN), broken(Binding.OFF), verdict("PRM602")])
def test_what_only_warns_asks_for_nothing(said: JudgedVerdict) -> None:
    assert recheck_ranks(case_of(climbed(), said)) is None


def test_what_is_waived_asks_for_nothing() -> None:
    waived = replace(climbed(), waivers=(Waiver("PRM602", None, "two seeds disagree"),))
    assert recheck_ranks(case_of(waived, broken())) is None


def test_a_final_round_asks_for_nothing() -> None:
    study = climbed()
    final = tune_round(study.definition, 3, max_train_steps=8000, purpose=Purpose.FINAL)
    finished = study_of(study.definition, *study.rounds, final)
    assert recheck_ranks(case_of(finished, broken())) is None
