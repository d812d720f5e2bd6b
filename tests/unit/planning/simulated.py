"""A study played to its end in-process, on a problem whose truth is known."""

import math
from dataclasses import dataclass, field, replace

import numpy as np

from app.domain.recommendations import Advice, Assessment
from app.domain.rounds import Action, Point, Purpose, RoundDefinition, evaluation_steps
from app.domain.schedules import Names, resolve
from app.domain.space import Value, point_key
from app.domain.states import RoundState, TrialState
from app.domain.studies import Autopilot, Objective, SamplerDefinition, StudyDefinition
from app.planning.adviser import advise
from app.planning.autopilot import is_acceptable_by_autopilot
from app.planning.rounds import first_round
from app.policy.engine import assess
from app.policy.facts import RoundFacts, StudyFacts, TrialFacts
from tests.unit.planning.plain_words import assert_reads_well
from tests.unit.policy.builders import definition, rate_parameter

BEST_RATE = 0.03
TOLERANCE = 0.01
RIGHT_HORIZON = 256  # the shortest that is within the tolerance of the best possible
MOST_ROUNDS = 25


@dataclass(frozen=True)
class Problem:
    """Loss falls with rate times steps, has its valley at BEST_RATE, and explodes beyond 1."""

    speed_steps: float = 50.0
    noise: float = 0.0
    fits_at: float | None = None  # steps to a perfect fit of the training set at BEST_RATE

    def curve(self, rate: float, steps: list[int], seed: int) -> list[float]:
        if rate > 1.0:
            return [1.0, 2.0, math.nan]
        random = np.random.default_rng([seed, int(rate * 1e9)])
        shift = random.normal(0, self.noise)
        wobble = random.normal(0, self.noise, len(steps))
        return [self.truth(rate, s) + shift + w for s, w in zip(steps, wobble, strict=True)]

    def truth(self, rate: float, step: int) -> float:
        left = math.exp(-step * rate / BEST_RATE / self.speed_steps)
        valley = 0.05 * math.log10(rate / BEST_RATE) ** 2
        return 0.1 + valley + (0.9 * left if left > 1e-3 else 0.0)

    def training(self, rate: float, step: int) -> float:
        """The training error: it falls in a straight line, the faster the higher the rate."""
        fits_at = math.inf if self.fits_at is None or rate > 1.0 else self.fits_at
        return max(0.0, 1.0 - step * rate / BEST_RATE / fits_at)


@dataclass
class Played:
    """What happened: the rounds, the advice after each, and how it ended."""

    study: StudyFacts
    advice: list[Advice] = field(default_factory=list)
    assessments: dict[int, Assessment] = field(default_factory=dict)
    end: str = "too many rounds"

    @property
    def actions(self) -> list[Action]:
        return [a.action for a in self.advice]

    @property
    def horizons(self) -> list[int]:
        """Of tune and final rounds, without repeats in a row."""
        found: list[int] = []
        for r in self.study.rounds:
            counted = r.definition.purpose in (Purpose.TUNE, Purpose.FINAL)
            if counted and r.definition.max_train_steps not in found[-1:]:
                found.append(r.definition.max_train_steps)
        return found


def study_definition(
    low: float, high: float, horizon_steps: int, **changes: object
) -> StudyDefinition:
    """The study that somebody types: one rate, 16 trials, hands-free."""
    given: dict[str, object] = {
        "parameters": {"learning_rate": rate_parameter(low, high)},
        "max_train_steps": horizon_steps,
        "objective": Objective("val_error", tolerance=TOLERANCE),
        "trials": 16,
        "sampler": SamplerDefinition(),
        **changes,
    }
    return definition(**given)


def play(study: StudyDefinition, problem: Problem) -> Played:
    """Rounds run, are reviewed and accepted as autopilot `on` does, until it finishes or waits."""
    return play_on(Played(StudyFacts(study, ())), (first_round(study), None), problem)


def play_on(
    played: Played, proposal: tuple[RoundDefinition, Action | None], problem: Problem
) -> Played:
    """The same from here: the next round is what a person, or a recommendation, proposes."""
    while (number := len(played.study.rounds) + 1) <= MOST_ROUNDS:
        played.study = _run(played.study, proposal, number, problem)
        played.assessments[number] = assess(played.study, number)
        advice = advise(played.study, played.assessments, number)
        assert_reads_well(advice)
        played.advice.append(advice)
        is_accepted, why = is_acceptable_by_autopilot(played.study, advice, Autopilot.ON)
        if advice.action is Action.FINISH or advice.proposal is None or not is_accepted:
            played.end = "finished" if advice.action is Action.FINISH and is_accepted else why
            return played
        proposal = (advice.proposal, advice.action)
    return played


def _run(
    study: StudyFacts,
    proposal: tuple[RoundDefinition, Action | None],
    number: int,
    problem: Problem,
) -> StudyFacts:
    given, action = proposal
    points = [*given.points, *_sampled(study, given)]
    trials = [
        _trial(given, point, seed, problem)
        for point in points
        for seed in (given.seeds if point.seeds is None else point.seeds)
    ]
    numbered = tuple(
        replace(t, round=number, trial_id=f"{number}.{i}") for i, t in enumerate(trials)
    )
    ran = RoundFacts(number, given, RoundState.CLOSED, numbered, action)
    return replace(study, rounds=(*study.rounds, ran))


def _sampled(study: StudyFacts, given: RoundDefinition) -> list[Point]:
    """Quasi-random, skipping points that fall into the boxes searched before at this horizon."""
    boxes = [
        r.definition.parameters
        for r in study.rounds
        if r.definition.trials
        and r.definition.purpose is Purpose.TUNE
        and r.definition.max_train_steps == given.max_train_steps
        and r.definition.parameters != given.parameters
    ]
    index = sum(len(r.trials) for r in study.rounds)
    found: list[Point] = []
    while len(found) < (given.trials or 0):
        index += 1
        params = {n: p.value_at(_van_der_corput(index)) for n, p in given.parameters.items()}
        if not any(all(b[n].contains(v) for n, v in params.items()) for b in boxes):
            found.append(Point(params))
    return found


def _van_der_corput(index: int) -> float:
    value, fraction = 0.0, 0.5
    while index:
        value += fraction * (index % 2)
        index, fraction = index // 2, fraction / 2
    return value


def _trial(given: RoundDefinition, point: Point, seed: int, problem: Problem) -> TrialFacts:
    params: dict[str, Value] = point.params
    horizon = given.max_train_steps
    names = Names(given.parameters, given.fixed)
    schedule = resolve(point.schedule or given.schedule, names, params, horizon)
    steps = evaluation_steps(given.interval_steps, horizon)
    values = problem.curve(schedule.peak, steps, seed)
    is_finite = all(math.isfinite(v) for v in values)
    best = steps[int(np.nanargmin(values))]
    return TrialFacts(
        trial_id="",
        round=0,
        point_key=point_key(params),
        params=params,
        seed=seed,
        state=TrialState.COMPLETED if is_finite else TrialState.DIVERGED,
        censored=False,
        max_train_steps=horizon,
        interval_steps=given.interval_steps,
        schedule=schedule,
        steps=np.array(steps[: len(values)], dtype=np.int64),
        objective=np.array(values),
        training=np.array([problem.training(schedule.peak, s) for s in steps[: len(values)]]),
        has_nonfinite=not is_finite,
        last_step=horizon if is_finite else steps[len(values) - 1],
        origin=point.origin,
        resume=point.resume,
        checkpoint_steps=tuple(sorted({best, horizon, *given.checkpoint_steps})),
    )
