"""A descent rests on one seed: the longer horizon runs under the new seeds before the end."""

from dataclasses import dataclass

import pytest

from app.domain.rounds import Action, Purpose
from app.domain.studies import Limits
from tests.unit.planning.simulated import RIGHT_HORIZON, Played, Problem, play, study_definition

BOX = (1e-3, 0.9)


@dataclass(frozen=True)
class LuckyFirstSeed(Problem):
    """Under seed 0 it learns so fast that a quarter of the right horizon does as well."""

    def curve(self, rate: float, steps: list[int], seed: int) -> list[float]:
        speed = self.speed_steps / 8 if seed == 0 else self.speed_steps
        return Problem(speed, self.noise).curve(rate, steps, seed)


def after_the_first_final(played: Played) -> list[Action]:
    return played.actions[played.actions.index(Action.PROMOTE) + 1 :]


def test_a_horizon_reduced_by_the_luck_of_one_seed_is_given_up_again() -> None:
    played = play(study_definition(*BOX, RIGHT_HORIZON), LuckyFirstSeed())
    assert Action.REDUCE_HORIZON in played.actions
    assert after_the_first_final(played) == [
        Action.CHECK_HORIZON,
        Action.PROMOTE,
        Action.FINISH,
    ]
    assert played.horizons == [RIGHT_HORIZON, RIGHT_HORIZON // 4, RIGHT_HORIZON]
    assert "luck of one seed" in played.advice[-2].sentence


def test_the_check_runs_the_longer_horizons_best_under_the_final_rounds_seeds() -> None:
    played = play(study_definition(*BOX, RIGHT_HORIZON), LuckyFirstSeed())
    final = next(r for r in played.study.rounds if r.definition.purpose is Purpose.FINAL)
    check = next(r for r in played.study.rounds if r.definition.checks == final.number)
    assert check.definition.max_train_steps == RIGHT_HORIZON
    assert check.definition.seeds == final.definition.seeds[:2]
    assert len({t.point_key for t in check.trials}) == 1


def test_a_descent_that_holds_under_new_seeds_ends_where_it_came_to() -> None:
    played = play(study_definition(*BOX, RIGHT_HORIZON * 16), Problem())
    assert Action.REDUCE_HORIZON in played.actions
    assert after_the_first_final(played) == [Action.CHECK_HORIZON, Action.FINISH]


@pytest.mark.parametrize("seeds", [(0, 1), (0, 1, 2)])
def test_a_descent_that_several_seeds_judged_needs_no_second_look(seeds: tuple[int, ...]) -> None:
    played = play(study_definition(*BOX, RIGHT_HORIZON * 16, seeds=seeds), Problem())
    assert Action.REDUCE_HORIZON in played.actions
    assert after_the_first_final(played) == [Action.FINISH]


def test_a_level_that_was_only_checked_is_tuned_before_it_is_trusted() -> None:
    played = play(study_definition(*BOX, RIGHT_HORIZON * 4), LuckyFirstSeed())
    assert played.horizons == [RIGHT_HORIZON * 4, RIGHT_HORIZON // 4, RIGHT_HORIZON]
    assert Action.EXTEND_HORIZON in after_the_first_final(played)
    assert played.end == "finished"


def test_without_room_for_another_horizon_nothing_is_asked() -> None:
    study = study_definition(*BOX, RIGHT_HORIZON * 4, limits=Limits(rounds=2))
    played = play(study, LuckyFirstSeed())
    assert after_the_first_final(played) == [Action.FINISH]
