"""The sweep's grid is too coarse or too narrow.

What it does: counts the learning rates that an lr_sweep round tries and the decades that they
span, together with those of earlier probe and sweep rounds at the same horizon and fixed values: a
sweep that is widened counts as one.

Why it matters: the sweep is a grid over the learning rate (P-16) whose fastest trial sets the
first `max_train_steps`. With few rates, or a narrow range, the fastest one tried is not the
fastest there is.

What to do: at least 7 rates, evenly spaced on a log scale over at least 3 decades.
"""

import math
from collections.abc import Sequence

from app.domain.rounds import Point, Purpose
from app.domain.space import Role
from app.policy.admission import RoundAdmission, at_review
from app.policy.rule import Rule, Severity, Stage
from app.policy.verdicts import Clear, Finding, Inconclusive, Judged, Verdict

LEAST_POINTS = 7  # P-16
SWEPT = (Purpose.PROBE, Purpose.LR_SWEEP)
LEAST_DECADES = 2.98  # three, less what rounding of typed rates takes
ACTION = "Sweep at least 7 rates, evenly spaced on a log scale over at least 3 decades."


def check(facts: RoundAdmission) -> Verdict:
    """Judge the grid of a sweep: its rates, by points and by sampler."""
    if facts.purpose is not Purpose.LR_SWEEP:
        return Inconclusive(("purpose",), f"asked of lr_sweep rounds, not of {facts.purpose}")
    names = [
        n for n, p in facts.parameters.items() if p.role is Role.LEARNING_RATE and p.is_numeric
    ]
    if not names:
        return Inconclusive(("learning_rate",), "no learning rate is searched")
    count, decades = min(_grid(facts, name) for name in names)
    least = facts.setting("INI405.least_points", LEAST_POINTS)
    span = facts.setting("INI405.least_decades", LEAST_DECADES)
    judged = Judged({"rates": count, "decades": decades}, float(count), least, n_used=count)
    message = f"{count} rates over {decades:.2f} decades"
    if count < least or decades < span:
        return Finding(f"{message}: too coarse or too narrow", ACTION, judged)
    return Clear(judged, message)


def _grid(facts: RoundAdmission, name: str) -> tuple[int, float]:
    """(how many rates, decades spanned) of one learning rate."""
    given = _rates(facts.points, name) | _rates(_points_before(facts), name)
    sampled = (facts.sampler.points or {}).get(name) or facts.trials or 0
    bounds = facts.parameters[name].bounds if sampled else ()
    return sampled + len(given), _decades([*given, *bounds])


def _points_before(facts: RoundAdmission) -> list[Point]:
    """Of earlier probes and sweeps that this round adds to."""
    return [
        point
        for earlier in facts.earlier
        if earlier.definition.purpose in SWEPT
        and earlier.definition.max_train_steps == facts.max_train_steps
        and earlier.definition.fixed == facts.fixed
        and earlier.definition.schedule == facts.schedule
        for point in earlier.definition.points
    ]


def _rates(points: Sequence[Point], name: str) -> set[float]:
    return {float(point.params[name]) for point in points if name in point.params}


def _decades(values: Sequence[float]) -> float:
    positive = [value for value in values if value > 0]
    return math.log10(max(positive) / min(positive)) if positive else 0.0


RULE = Rule(
    code="INI405",
    name="sweep-grid-too-coarse",
    title="The sweep's grid is too coarse or too narrow",
    claims=("P-16",),
    severity=Severity.WARN,
    explanation=__doc__,
    checks={Stage.ROUND_ADMISSION: check, Stage.ROUND_REVIEW: at_review(check)},
    settings={"INI405.least_points": LEAST_POINTS, "INI405.least_decades": LEAST_DECADES},
)
