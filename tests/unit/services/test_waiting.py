"""What a study waits for: the first that applies of limit, review, trials, acceptance."""

from dataclasses import replace

import pytest

from app.domain.states import StudyState
from app.services.waiting import Situation, waiting_for

EVERYTHING = Situation(
    StudyState.ACTIVE,
    is_limited=True,
    has_review=True,
    has_trials=True,
    has_recommendation=True,
)


def test_the_first_that_applies_is_named() -> None:
    assert waiting_for(EVERYTHING) == "limit"
    freed = replace(EVERYTHING, is_limited=False)
    assert waiting_for(freed) == "review"
    judged = replace(freed, has_review=False)
    assert waiting_for(judged) == "trials"
    trained = replace(judged, has_trials=False)
    assert waiting_for(trained) == "acceptance"
    assert waiting_for(replace(trained, has_recommendation=False)) is None


@pytest.mark.parametrize("state", [StudyState.DRAFT, StudyState.COMPLETED, StudyState.CANCELLED])
def test_a_study_that_does_not_run_waits_for_nothing(state: StudyState) -> None:
    assert waiting_for(replace(EVERYTHING, state=state)) is None


def test_what_the_autopilot_takes_waits_for_nobody_but_for_a_limit_it_would_pass() -> None:
    taken = Situation(StudyState.ACTIVE, has_recommendation=True, is_automatic=True)
    assert waiting_for(taken) is None
    assert waiting_for(replace(taken, is_affordable=False)) == "limit"
    by_hand = replace(taken, is_automatic=False, is_affordable=False)
    assert waiting_for(by_hand) == "acceptance"


def test_a_paused_study_still_waits_for_its_limit_or_acceptance_but_for_no_trial() -> None:
    paused = replace(EVERYTHING, state=StudyState.PAUSED)
    assert waiting_for(paused) == "limit"
    assert waiting_for(replace(paused, is_limited=False, has_review=False)) is None
    advised = Situation(StudyState.PAUSED, has_recommendation=True)
    assert waiting_for(advised) == "acceptance"
