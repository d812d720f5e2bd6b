"""A whole ladder, hands-free: horizons grow exponentially, ranks are re-checked at each, growth
stops where the top set is stable, and a new idea climbs the horizons that are there (P-31)."""

import math
from dataclasses import dataclass, replace

import pytest

from app.domain.recommendations import Advice
from app.domain.rounds import Action, Point, Purpose, Relation, RoundDefinition
from app.domain.space import FixedValue
from app.domain.states import TrialState
from app.domain.studies import Limits, StudyDefinition, Workload
from app.planning.adviser import advise
from app.planning.study_best import study_best
from tests.unit.planning.simulated import (
    BEST_RATE,
    Played,
    Problem,
    play,
    play_on,
    study_definition,
)

FIRST, PRODUCTION = 64, 64_000


@dataclass(frozen=True)
class Endless(Problem):
    """Training pays for ever, as a power of the steps, and the best rate stays where it is."""

    def truth(self, rate: float, step: int) -> float:
        return 0.3 * math.pow(step, -0.2) + 0.05 * math.log10(rate / BEST_RATE) ** 2


@dataclass(frozen=True)
class Drifting(Problem):
    """The best rate falls by ten between the first horizon and the next ones."""

    def truth(self, rate: float, step: int) -> float:
        best = 0.3 if step < 100 else 0.03
        return 0.3 * math.pow(step, -0.2) + 0.05 * math.log10(rate / best) ** 2


@dataclass(frozen=True)
class Reversing(Problem):
    """Six leaders nearly tie at the first horizon, and rank the other way round at the next."""

    def truth(self, rate: float, step: int) -> float:
        x, left = math.log10(rate / 0.1), 0.3 * math.pow(step, -0.2)
        if step >= 100:
            return left + 0.15 * (x + 1) ** 2
        slope = 0.2 * x if x > 0 else -1e-4 * x
        return 0.3 + left + slope + 0.05 * abs(x) * math.sin(math.pi * step / FIRST)


def launch(rounds: int | None = 6, **changes: object) -> StudyDefinition:
    """A compute-bound study whose production run is a thousand times its first horizon."""
    given: dict[str, object] = {
        "workload": Workload.COMPUTE_BOUND,
        "production_steps": PRODUCTION,
        "limits": Limits(rounds=rounds),
        **changes,
    }
    return study_definition(1e-3, 0.7, FIRST, **given)


def ranks_of(played: Played) -> list[str | None]:
    """PRM602's state of each round."""
    found = (played.assessments[r.number].verdicts for r in played.study.rounds)
    return [v.evidence.get("state") for verdicts in found for v in verdicts if v.code == "PRM602"]


def codes(advice: Advice) -> set[str]:
    return {reason.code for reason in advice.reasons}


def idea(played: Played, *rates: float) -> tuple[RoundDefinition, None]:
    """Somebody's own points, at the first horizon."""
    points = tuple(Point({"learning_rate": rate}) for rate in rates)
    first = played.study.rounds[0].definition
    return replace(first, trials=None, points=points, checkpoint_steps=()), None


def best_rate(played: Played) -> float:
    best = study_best(played.study)
    trials = [t for r in played.study.rounds for t in r.trials]
    found = next(t for t in trials if best is not None and t.trial_id == best.trial_id)
    return float(found.params["learning_rate"])


@pytest.mark.parametrize("noise", [0.0, 0.003])
def test_rounds_grow_by_the_same_factor_until_the_top_set_is_stable(noise: float) -> None:
    played = play(launch(), Endless(noise=noise))
    assert played.end == "finished"
    assert played.horizons == [64, 255, 1015, PRODUCTION]
    assert ranks_of(played)[1:3] == ["holds", "holds"]
    stopped = played.advice[2]
    assert any("growth stops" in r.message for r in stopped.reasons if r.code == "PRM602")
    spent = sum(t.last_step for r in played.study.rounds for t in r.trials)
    assert spent < 5 * PRODUCTION, "sixteen production runs would cost 16"


def test_every_promoted_round_runs_a_winner_and_a_runner_up_again() -> None:
    for one in play(launch(), Drifting()).study.rounds[1:]:
        again = [p for p in one.definition.points if p.origin is not None]
        assert sum(p.origin.relation is Relation.SAME for p in again if p.origin) >= 2


def test_growth_goes_on_while_the_best_rate_still_moves() -> None:
    played = play(launch(), Drifting())
    assert played.end == "finished"
    assert played.horizons == [64, 255, 1015, 4040, 16080, PRODUCTION]
    assert abs(math.log10(best_rate(played) / 0.03)) < 0.15


def test_broken_ranks_ask_for_more_points_once_and_the_climb_goes_on() -> None:
    played = play(launch(rounds=4, trials=48), Reversing())
    assert played.end == "finished"
    assert played.actions.count(Action.COLLECT_EVIDENCE) == 1
    asked = played.actions.index(Action.COLLECT_EVIDENCE)
    assert ranks_of(played)[asked] == "broken"
    collected = played.study.rounds[asked + 1].definition
    assert (collected.max_train_steps, collected.trials) == (played.horizons[1], 10)
    assert played.actions[asked + 1] is Action.PROMOTE
    assert "PRM602" in codes(played.advice[asked + 1])
    assert abs(math.log10(best_rate(played) / 0.01)) < 0.3


def test_a_new_idea_climbs_the_horizons_that_are_there_and_wins_at_the_last() -> None:
    played = play(launch(trials=8), Endless())
    ran = len(played.study.rounds)
    horizons = played.horizons
    assert best_rate(played) != 0.03
    play_on(played, idea(played, 0.03, 0.029, 0.5), Endless())
    assert played.end == "finished"
    climbed = [r.definition.max_train_steps for r in played.study.rounds[ran:]]
    assert climbed == horizons
    assert best_rate(played) == 0.03
    met = [r.message for a in played.advice[ran:] for r in a.reasons if r.code == "standing-winner"]
    assert len(met) == len(horizons) - 1
    assert all("without running again" in text for text in met)
    old = {
        p.params["learning_rate"] for r in played.study.rounds[:ran] for p in r.definition.points
    }
    for one in played.study.rounds[ran:]:
        assert not old & {p.params["learning_rate"] for p in one.definition.points}


def test_a_new_idea_that_wins_nothing_trains_nothing_and_changes_nothing() -> None:
    played = play(launch(trials=8), Endless())
    ran, best = len(played.study.rounds), best_rate(played)
    play_on(played, idea(played, 0.7, 0.6, 0.0011), Endless())
    assert len(played.study.rounds) == ran + 1
    assert (played.end, played.actions[-1]) == ("finished", Action.FINISH)
    assert best_rate(played) == best


def test_an_idea_that_loses_half_way_gives_the_word_back_to_the_standing_round() -> None:
    whole = play(launch(trials=8), Endless())
    rounds = replace(whole.study, rounds=whole.study.rounds[:2])
    half = Played(rounds, assessments={n: whole.assessments[n] for n in (1, 2)})
    before = advise(half.study, half.assessments, 2)
    given, _ = idea(half, 0.7, 0.6, 0.0011)
    after = play_on(half, (given, None), Endless()).advice[0]
    assert before.proposal is not None
    assert after.proposal == before.proposal
    assert (after.round, after.subject_round) == (3, 2)


def test_an_idea_that_loses_at_the_last_stage_leaves_the_standing_winner_named() -> None:
    played = play(launch(trials=8), Endless())
    final = played.study.rounds[-1].definition
    own = replace(final, points=(Point({"learning_rate": 0.7}),))
    best = best_rate(played)
    play_on(played, (own, None), Endless())
    assert played.actions[-1] is Action.FINISH
    assert "stays the best" in played.advice[-1].sentence
    assert best_rate(played) == best


def test_an_idea_with_other_fixed_values_climbs_alone_and_has_to_beat_the_standing_winner() -> None:
    played = play(launch(trials=8), Endless())
    ran, best, horizons = len(played.study.rounds), best_rate(played), played.horizons
    given, _ = idea(played, 0.2, 0.004, 0.01)
    other = replace(given, fixed={"width": FixedValue(64)})
    play_on(played, (other, None), Endless())
    assert played.end == "finished"
    climbed = [r.definition for r in played.study.rounds[ran:]]
    assert sorted({one.max_train_steps for one in climbed}) == horizons
    assert all(one.fixed == other.fixed for one in climbed)
    met = [r.message for a in played.advice[ran:] for r in a.reasons if r.code == "standing-winner"]
    assert met
    assert all("under other fixed values" in text for text in met)
    rate = best_rate(played)
    truths = [Endless().truth(one, PRODUCTION) for one in (rate, best)]
    assert truths[0] <= truths[1]


def test_winners_that_are_in_training_already_are_not_proposed_again() -> None:
    played = play(launch(trials=8), Endless())
    first, second = played.study.rounds[:2]
    running = tuple(replace(t, state=TrialState.RUNNING) for t in second.trials)
    study = replace(played.study, rounds=(first, replace(second, trials=running)))
    advice = advise(study, {1: played.assessments[1]}, 1)
    assert advice.action is Action.PROMOTE
    assert advice.proposal is None
    assert "in training" in advice.sentence


def test_without_production_in_reach_of_the_limit_the_last_round_is_production() -> None:
    played = play(launch(rounds=2), Endless())
    assert played.horizons == [FIRST, PRODUCTION]
    assert played.study.rounds[-1].definition.purpose is Purpose.FINAL
    assert "PRM604" in codes(played.advice[0])
