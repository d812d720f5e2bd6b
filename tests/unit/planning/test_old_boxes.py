"""The boxes that a widened round skips."""

from dataclasses import replace

from app.planning.old_boxes import boxes_to_skip
from tests.unit.planning.cases import advice_on, clear, edge, usual_study


def test_a_widened_round_skips_the_box_searched_before_and_nothing_else() -> None:
    study = usual_study()
    wider = advice_on(study, edge("high"), *clear("HZN104")).proposal
    assert wider is not None
    assert boxes_to_skip(study, wider) == (study.definition.parameters,)


def test_more_points_in_the_same_box_or_at_another_horizon_skip_nothing() -> None:
    study = usual_study()
    own = study.rounds[0].definition
    wider = advice_on(study, edge("high"), *clear("HZN104")).proposal
    assert wider is not None
    assert boxes_to_skip(study, own) == ()
    assert boxes_to_skip(study, replace(wider, max_train_steps=2000)) == ()
