"""What a promotion rule sees: a reviewed round, the round proposed after it, and who goes on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from app.domain.errors import InvalidDefinition
from app.domain.points import merged_schedule
from app.domain.recommendations import Assessment
from app.domain.rounds import Action, Point, Relation, RoundDefinition
from app.domain.schedules import Names, resolve
from app.domain.space import point_key
from app.policy.facts import ReviewFacts, RoundFacts, StudyFacts, TrialFacts
from app.policy.schedule_changes import ScheduleChange
from app.policy.verdicts import Inconclusive
from paceline.schedules import Schedule


@dataclass(frozen=True, slots=True)
class PromotedPoint:
    """A point of the proposed round beside the trial that it repeats (`same`) or varies."""

    point: Point
    relation: Relation
    source: TrialFacts
    schedule: Schedule | None  # in numbers at the new horizon; None: custom, or impossible


@dataclass(frozen=True, slots=True)
class PromotionFacts:
    """`points` in the order of the proposal, without those that come from no earlier trial.

    `trusted_steps`: the horizon from which ranks are known to hold up to the reviewed one: its own
    where it was tuned there or PRM602 passed, else the shorter one where its points were chosen.
    """

    review: ReviewFacts
    proposal: RoundDefinition
    points: tuple[PromotedPoint, ...]
    trusted_steps: int

    def setting(self, name: str, default: float) -> float:
        """The study's threshold of that name, or the rule's own default."""
        return self.review.setting(name, default)

    @property
    def from_steps(self) -> int:
        """T1: the horizon of the reviewed round."""
        return self.review.horizon

    @property
    def to_steps(self) -> int:
        """T2: the horizon of the proposed round."""
        return self.proposal.max_train_steps

    @property
    def growth(self) -> float:
        """T2 / T1."""
        return self.to_steps / self.from_steps

    @property
    def winners(self) -> tuple[TrialFacts, ...]:
        """One trial for each promoted configuration of the reviewed setting, the best first."""
        sources = {p.source.point_key: p.source for p in reversed(self.points)}
        judged = (c.point_key for c in (*self.review.configurations, *self.review.dead))
        return tuple(sources[key] for key in judged if key in sources)

    @property
    def placed(self) -> set[str]:
        """Configurations of the reviewed setting that get a place at the new horizon, or had one:
        what ran there already need not run again."""
        ran = {
            t.point_key
            for r in self.review.study.rounds
            for t in r.trials
            if self.growth > 1 and t.max_train_steps == self.to_steps
        }
        judged = {c.point_key for c in (*self.review.configurations, *self.review.dead)}
        return {w.point_key for w in self.winners} | (ran & judged)

    @property
    def changes(self) -> tuple[ScheduleChange, ...]:
        """What becomes of each promoted schedule; without promoted points, of the best one's."""
        pairs = [(p.source, p.schedule) for p in self.points]
        best = self.review.best
        if not pairs and best is not None:
            trial = best.trials[0]
            pairs = [(trial, schedule_of(self.proposal, Point(trial.params)))]
        return tuple(
            ScheduleChange(
                trial.schedule, after, trial.max_train_steps, self.to_steps, trial.trial_id
            )
            for trial, after in pairs
            if trial.schedule is not None and after is not None
        )

    def variants_of(self, source: TrialFacts) -> tuple[PromotedPoint, ...]:
        """The points that come from the same configuration, the unchanged one included."""
        return tuple(p for p in self.points if p.source.point_key == source.point_key)


def promotion_of(
    review: ReviewFacts, proposal: RoundDefinition, passed: Callable[[int], bool]
) -> PromotionFacts:
    """The proposed round as a promotion of the reviewed one.

    `passed` says of a round's number whether PRM602 found that its ranks hold. A point belongs to
    the trial that its origin names, else to the trial of the same configuration in the setting.
    """
    known = {t.trial_id: t for r in review.study.rounds for t in r.trials}
    by_key = {c.point_key: c.trials[0] for c in review.configurations}
    found = (_promoted(proposal, point, known, by_key) for point in proposal.points)
    return PromotionFacts(
        review=review,
        proposal=proposal,
        points=tuple(point for point in found if point is not None),
        trusted_steps=trusted_horizon(review.study, review.round, passed),
    )


def past_promotion(study: StudyFacts, number: int) -> tuple[int, RoundDefinition] | None:
    """The promotion that an earlier round's winners came by: (the round they were chosen in, the
    round as it was proposed then). None: nothing in it was promoted."""
    homes = {t.trial_id: t.round for r in study.rounds for t in r.trials}
    reached = study.round(number)
    points, sources = {}, set()
    for trial in reached.trials:
        home = homes.get(trial.origin.trial_id, number) if trial.origin else number
        if home < number:
            points[trial.point_key] = Point(trial.params, origin=trial.origin)
            sources.add(home)
    if not sources:
        return None
    return max(sources), replace(reached.definition, points=tuple(points.values()), trials=None)


def passed_recheck(assessments: Mapping[int, Assessment], number: int) -> bool:
    """Whether PRM602 found at that round that ranks hold."""
    found = assessments[number].verdicts if number in assessments else ()
    return any(v.code == "PRM602" and v.verdict == "clear" for v in found)


def _promoted(
    proposal: RoundDefinition,
    point: Point,
    known: dict[str, TrialFacts],
    by_key: dict[str, TrialFacts],
) -> PromotedPoint | None:
    named = known.get(point.origin.trial_id) if point.origin else None
    source = named or by_key.get(point_key(point.params))
    if source is None:
        return None
    is_same = point_key(point.params) == source.point_key
    relation = Relation.SAME if is_same else Relation.VARIANT
    return PromotedPoint(point, relation, source, schedule_of(proposal, point))


def schedule_of(definition: RoundDefinition, point: Point) -> Schedule | None:
    """A point's schedule in numbers; None where it has no formula or cannot run."""
    names = Names(definition.parameters, definition.fixed)
    schedule = merged_schedule(definition.schedule, point.schedule)
    try:
        return resolve(schedule, names, point.params, definition.max_train_steps)
    except InvalidDefinition:
        return None


def trusted_horizon(study: StudyFacts, reached: RoundFacts, passed: Callable[[int], bool]) -> int:
    """Down the promotions that led here, until a round was tuned by itself or passed PRM602."""
    known = {t.trial_id: t.round for r in study.rounds for t in r.trials}
    while _was_promoted(reached) and not passed(reached.number):
        origins = [t.origin.trial_id for t in reached.trials if t.origin is not None]
        sources = [known[o] for o in origins if known.get(o, reached.number) < reached.number]
        if not sources:
            break
        reached = study.round(max(sources))
    return reached.definition.max_train_steps


def _was_promoted(one: RoundFacts) -> bool:
    has_origins = bool(one.trials) and all(t.origin is not None for t in one.trials)
    return one.action is Action.PROMOTE or has_origins


def cannot_judge_winners(facts: PromotionFacts) -> Inconclusive | None:
    """A round that repeats nothing from the reviewed one promotes nobody."""
    if facts.winners:
        return None
    why = "no point of the round comes from a configuration that the reviewed round has judged"
    return Inconclusive(("winners",), why)
