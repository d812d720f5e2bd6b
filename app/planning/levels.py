"""Levels: what is known at each horizon of a descent or climb, and whether it pays."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist

from app.planning.case import Case, Reviews
from app.planning.history import check_rounds, is_same_problem, tune_rounds_of_setting
from app.policy.facts import Configuration, ReviewFacts, RoundFacts

LEAST_ANSWERS = 2  # a check with fewer answers nothing
PLOTTING = 0.375  # Blom: a normal's expected best of n is the quantile (n - .375) / (n + .25)


@dataclass(frozen=True, slots=True)
class Level:
    """One horizon: usable configurations, best first; a value per answer (inf: diverged)."""

    horizon_steps: int
    facts: ReviewFacts
    values: Mapping[str, float]
    is_answered: bool = True
    times_asked: int = 0

    @property
    def configurations(self) -> tuple[Configuration, ...]:
        return self.facts.configurations

    @property
    def best_value(self) -> float:
        return self.configurations[0].best_value if self.configurations else math.inf


def own_level(case: Case) -> Level:
    """The subject's horizon itself."""
    return _level(case.facts, case.horizon_steps)


def check_levels(case: Case) -> dict[int, Level]:
    """The setting's check rounds by horizon; one that was asked twice is one level."""
    checked = {r.number for r in tune_rounds_of_setting(case)}
    rounds = [r for r in check_rounds(case.study) if r.definition.checks in checked]
    by_horizon: dict[int, list[RoundFacts]] = {}
    for asked in rounds:
        by_horizon.setdefault(asked.definition.max_train_steps, []).append(asked)
    return {h: _asked_level(case.reviews, asked) for h, asked in by_horizon.items()}


def is_no_worse(level: Level, reference: float) -> bool:
    """A shorter horizon must reach the longer one's value: no bonus of eps."""
    return level.best_value <= reference


def has_paid(longer: Level, shorter: Level, eps: float) -> bool:
    """Twice the horizon pays: paired mean gain > eps / (2 sqrt k), or the best gains > eps / 2.

    Both beyond what picking the best of more evaluations gains by itself.
    """
    luck = gain_of_luck(longer, shorter)
    paired, count = paired_gain(longer, shorter)
    if count and paired - luck > eps / (2 * math.sqrt(count)):
        return True
    return shorter.best_value - longer.best_value - luck > eps / 2


def gain_of_luck(longer: Level, shorter: Level) -> float:
    """What the best checkpoint of a flat curve gains because there are more of them to pick from.

    sigma_eval of the shorter horizon, times how much the expected best of n normal draws grows.
    """
    few, many = evaluations(shorter), evaluations(longer)
    if not 1 < few < many:
        return 0.0
    return shorter.facts.noise.eval * (expected_best(many) - expected_best(few))


def evaluations(level: Level) -> int:
    """How often each of its runs was evaluated."""
    definition = level.facts.round.definition
    return definition.max_train_steps // definition.interval_steps


def expected_best(draws: int) -> float:
    """Of so many standard normal draws, in standard deviations above their mean."""
    return NormalDist().inv_cdf((draws - PLOTTING) / (draws + 1 - 2 * PLOTTING))


def paired_gain(longer: Level, shorter: Level) -> tuple[float, int]:
    """(mean gain over the points that ran at both horizons, how many these are)."""
    keys = [k for k in longer.values if math.isfinite(shorter.values.get(k, math.inf))]
    gains = [shorter.values[k] - longer.values[k] for k in keys]
    return (sum(gains) / len(gains) if gains else 0.0), len(gains)


@dataclass(frozen=True, slots=True)
class Bracket:
    """Up to `worse_below` every horizon is too short, from `unpaid_above` on too long."""

    worse_below: int = 0
    unpaid_above: int | None = None

    def forbids_down(self, horizon_steps: int) -> bool:
        return horizon_steps <= self.worse_below

    def forbids_up(self, horizon_steps: int) -> bool:
        return self.unpaid_above is not None and horizon_steps >= self.unpaid_above


def known_bracket(case: Case) -> Bracket:
    """The bracket from all checks on the same problem: it only narrows."""
    checked = {r.definition.checks or 0 for r in check_rounds(case.study)}
    subjects = (case.study.round(number) for number in sorted(checked))
    parts = [
        _bracket_of(case.reviews, subject)
        for subject in subjects
        if is_same_problem(subject.definition, case.subject.definition)
    ]
    ceilings = [p.unpaid_above for p in parts if p.unpaid_above is not None]
    return Bracket(
        worse_below=max((p.worse_below for p in parts), default=0),
        unpaid_above=min(ceilings, default=None),
    )


def _bracket_of(reviews: Reviews, subject: RoundFacts) -> Bracket:
    facts = reviews.of(subject.number)
    own = _level(facts, subject.definition.max_train_steps)
    asked = [r for r in check_rounds(reviews.study) if r.definition.checks == subject.number]
    levels = [_asked_level(reviews, [r]) for r in asked]
    answered = sorted((x for x in levels if x.is_answered), key=lambda x: x.horizon_steps)
    worse = [
        x.horizon_steps
        for x in answered
        if x.horizon_steps < own.horizon_steps and not is_no_worse(x, own.best_value)
    ]
    ceiling = None
    climb = [own, *(x for x in answered if x.horizon_steps > own.horizon_steps)]
    for shorter, longer in pairwise(climb):
        if has_paid(longer, shorter, facts.noise.eps):
            worse.append(shorter.horizon_steps)
        else:
            ceiling = longer.horizon_steps
            break
    return Bracket(max(worse, default=0), ceiling)


def _asked_level(reviews: Reviews, asked: list[RoundFacts]) -> Level:
    latest = asked[-1]
    level = _level(reviews.of(latest.number), latest.definition.max_train_steps)
    own_keys = {t.point_key for r in asked for t in r.trials}
    answers = {k: v for k, v in level.values.items() if k in own_keys}
    wanted = min(LEAST_ANSWERS, len(own_keys))
    is_answered = bool(own_keys) and len(answers) >= wanted
    return Level(level.horizon_steps, level.facts, answers, is_answered, len(asked))


def _level(facts: ReviewFacts, horizon_steps: int) -> Level:
    values = {c.point_key: c.best_value for c in facts.configurations}
    values.update(dict.fromkeys(_dead_keys(facts), math.inf))
    return Level(horizon_steps, facts, values)


def _dead_keys(facts: ReviewFacts) -> Iterable[str]:
    return (c.point_key for c in facts.dead)
