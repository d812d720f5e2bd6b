"""A promotion as the judge sees it: who comes from whom, in any order, and what went before."""

from hypothesis import given
from hypothesis import strategies as st

from app.domain.ids import TrialId
from app.domain.rounds import Origin, Point, Purpose, Relation
from app.domain.schedules import ScheduleDefinition
from app.policy.engine import assess_promotion
from app.policy.prepare import prepare
from app.policy.promotions import PromotionFacts, past_promotion, promotion_of
from tests.unit.policy import builders as b
from tests.unit.policy.promoting import best_of, proposed, same, tuned, variant

LINEAR = ScheduleDefinition("linear", "learning_rate")
STUDY = tuned(schedule=LINEAR)
REVIEW = prepare(STUDY, 1)
BEST, SECOND, THIRD = best_of(STUDY, 3)
HELD = ScheduleDefinition("linear", "learning_rate", decay_steps=1000)
POINTS = (
    same(BEST, HELD),
    variant(BEST, HELD, learning_rate=0.0025),
    same(SECOND),
    same(THIRD, HELD),
    Point({"learning_rate": 0.77}),
)


def facts_of(*points: Point, steps: int = 8000) -> PromotionFacts:
    return promotion_of(REVIEW, proposed(STUDY, steps, points), lambda _: False)


@given(st.permutations(POINTS))
def test_the_order_of_the_points_changes_no_verdict(points: list[Point]) -> None:
    def judged(given: tuple[Point, ...]) -> list[tuple[object, ...]]:
        found = assess_promotion(STUDY, 1, facts_of(*given))
        return [(v.code, v.verdict, v.message, v.statistic, sorted(v.trial_ids)) for v in found]

    assert judged(tuple(points)) == judged(POINTS)


@given(st.integers(1, 100_000))
def test_every_rule_of_the_stage_answers_once_at_any_horizon(steps: int) -> None:
    codes = [v.code for v in assess_promotion(STUDY, 1, facts_of(*POINTS, steps=steps))]
    assert len(codes) == len(set(codes))
    assert {"PRM601", "PRM603", "PRM604", "PRM606", "SCH701", "SCH702", "SCH704"} <= set(codes)


def test_points_that_come_from_no_trial_are_nobody_s_promotion() -> None:
    facts = facts_of(*POINTS)
    assert [w.trial_id for w in facts.winners] == [BEST.trial_id, SECOND.trial_id, THIRD.trial_id]
    assert len(facts.points) == 4


def test_a_point_without_an_origin_belongs_to_the_trial_of_the_same_configuration() -> None:
    (point,) = facts_of(Point(dict(SECOND.params))).points
    assert (point.source.trial_id, point.relation) == (SECOND.trial_id, Relation.SAME)


def test_a_relation_is_read_from_the_values_and_not_from_what_is_claimed() -> None:
    claimed = Point({"learning_rate": 0.5}, origin=Origin(TrialId(BEST.trial_id), Relation.SAME))
    (point,) = facts_of(claimed).points
    assert point.relation is Relation.VARIANT


def test_without_points_the_best_configuration_shows_what_becomes_of_the_schedule() -> None:
    fresh = b.round_definition(STUDY.definition, max_train_steps=8000, schedule=LINEAR)
    facts = promotion_of(REVIEW, fresh, lambda _: False)
    (change,) = facts.changes
    assert change.trial_id == BEST.trial_id
    assert change.after.decay_length(8000) == 8000


def test_a_past_promotion_is_read_from_the_origins_of_the_trials() -> None:
    later = [
        b.rate_trial(
            STUDY.definition,
            float(t.params["learning_rate"]),
            [1.0, 0.2],
            max_train_steps=8000,
            origin=Origin(TrialId(t.trial_id)),
        )
        for t in (BEST, SECOND)
    ]
    own = b.rate_trial(STUDY.definition, 0.5, [1.0, 0.3], max_train_steps=8000)
    second = b.round_facts(
        STUDY.definition, [*later, own], 2, purpose=Purpose.FINAL, max_train_steps=8000
    )
    study = b.study_facts(STUDY.definition, *STUDY.rounds, second)
    found = past_promotion(study, 2)
    assert found is not None
    assert found[0] == 1
    assert len(found[1].points) == 2
    assert past_promotion(study, 1) is None
