"""The one table of allowed moves."""

from enum import StrEnum

import pytest

from app.domain.errors import WrongState
from app.domain.states import (
    ENDED_STUDIES,
    LIVE_ATTEMPTS,
    TRANSITIONS,
    UNFINISHED_TRIALS,
    AttemptState,
    RecommendationState,
    RoundState,
    StudyState,
    TrialState,
    can_move,
    move,
)

NOUNS = (StudyState, RoundState, TrialState, AttemptState, RecommendationState)
BACK = {(TrialState.FAILED, TrialState.WAITING), (TrialState.CANCELLED, TrialState.WAITING)}


@pytest.mark.parametrize("noun", NOUNS)
def test_table_knows_every_state_of_the_noun_and_no_other(noun: type[StrEnum]) -> None:
    table = TRANSITIONS[noun]
    assert set(table) == set(noun)
    assert {to for allowed in table.values() for to in allowed} <= set(noun)


@pytest.mark.parametrize("noun", NOUNS)
def test_no_state_becomes_itself(noun: type[StrEnum]) -> None:
    assert all(state not in TRANSITIONS[noun][state] for state in noun)


def test_retry_of_a_failed_or_cancelled_trial_is_the_only_way_back() -> None:
    ended = set(TrialState) - UNFINISHED_TRIALS
    moves = {(old, new) for old in ended for new in TrialState if can_move(old, new)}
    assert moves == BACK


def test_attempt_that_ended_stays_as_it_ended() -> None:
    for old in set(AttemptState) - LIVE_ATTEMPTS:
        assert not any(can_move(old, new) for new in AttemptState)
    for old in LIVE_ATTEMPTS:
        assert all(can_move(old, new) for new in set(AttemptState) - LIVE_ATTEMPTS)


def test_attempt_that_was_heard_is_never_merely_leased_again() -> None:
    assert can_move(AttemptState.LEASED, AttemptState.RUNNING)
    assert not can_move(AttemptState.RUNNING, AttemptState.LEASED)


def test_cancelled_study_is_over_for_good_and_a_completed_one_may_go_on() -> None:
    assert {StudyState.COMPLETED, StudyState.CANCELLED} == ENDED_STUDIES
    assert not any(can_move(StudyState.CANCELLED, new) for new in StudyState)
    assert can_move(StudyState.COMPLETED, StudyState.ACTIVE)


def test_closed_round_opens_again_when_points_are_added() -> None:
    assert can_move(RoundState.CLOSED, RoundState.OPEN)
    assert not can_move(RoundState.CLOSED, RoundState.IN_REVIEW)


def test_recommendation_is_settled_once() -> None:
    settled = set(RecommendationState) - {RecommendationState.PROPOSED}
    assert all(can_move(RecommendationState.PROPOSED, new) for new in settled)
    assert not any(can_move(old, new) for old in settled for new in RecommendationState)


def test_allowed_move_answers_the_new_state() -> None:
    assert move("trial", TrialState.WAITING, TrialState.RUNNING) is TrialState.RUNNING


def test_refusal_names_both_states_and_what_is_possible() -> None:
    with pytest.raises(WrongState, match="this trial is failed, so it cannot become running") as e:
        move("trial", TrialState.FAILED, TrialState.RUNNING)
    assert e.value.hint == "from failed it can become: waiting"


def test_refusal_says_that_a_state_is_final() -> None:
    with pytest.raises(WrongState) as refused:
        move("study", StudyState.CANCELLED, StudyState.ACTIVE)
    assert "final" in refused.value.hint
