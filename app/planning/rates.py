"""Moving a configuration along its learning rate, and how far theory lets a value go."""

import math
from dataclasses import replace

from app.domain.rounds import RoundDefinition
from app.domain.space import Parameter, Params, Role, Scale, Value, is_active
from app.policy.rates import searched_rates

DIGITS = 12  # as the space writes its values
# A limit that must not be reached (momentum 1, rate 0) is approached by a tenth of what is left.
TOWARDS_LIMIT = 0.1
FRACTION_NAMES = ("dropout", "prob", "smoothing")
EXCLUSIVE_ONE_NAMES = ("momentum", "beta")


def rate_name(definition: RoundDefinition, params: Params) -> str | None:
    """The searched learning rate that is active in this configuration; None if none is searched."""
    active = (n for n in searched_rates(definition) if is_active(n, definition.parameters, params))
    return next((name for name in active if name in params), None)


def scaled(params: Params, name: str, factor: float) -> dict[str, Value]:
    """The same configuration with one value times `factor`; it may leave the box."""
    return {**params, name: rounded(float(params[name]) * factor)}


def rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def around(parameter: Parameter, name: str, center: float, decades: float) -> Parameter:
    """`decades` on either side of a value, within theory, on a log scale."""
    factor = 10.0**decades
    low, high = keep_natural(parameter, name, center / factor, center * factor)
    return replace(parameter, low=rounded(low), high=rounded(high), scale=Scale.LOG, step=None)


def keep_natural(parameter: Parameter, name: str, low: float, high: float) -> tuple[float, float]:
    """New bounds, cut to the natural limits; one that must not be reached is only approached."""
    least, is_least_open, most, is_most_open = natural_limits(parameter, name)
    old_low, old_high = parameter.bounds
    if is_least_open and low <= least:
        low = least + TOWARDS_LIMIT * (max(old_low, least) - least)
    if is_most_open and high >= most:
        high = most - TOWARDS_LIMIT * (most - min(old_high, most))
    return max(low, least), min(high, most)


def natural_limits(parameter: Parameter, name: str) -> tuple[float, bool, float, bool]:
    """(low, is open, high, is open): the user's own limits, else by role and name."""
    low, low_open, high, high_open = default_limits(parameter.role, name.lower())
    given = parameter.natural
    if given is not None and given.low is not None:
        low, low_open = given.low, low_open and given.low == low
    if given is not None and given.high is not None:
        high, high_open = given.high, high_open and given.high == high
    return low, low_open, high, high_open


def default_limits(role: Role, name: str) -> tuple[float, bool, float, bool]:
    """Where the user says nothing: probabilities 0..1, momentum below 1, rates above 0."""
    if any(word in name for word in EXCLUSIVE_ONE_NAMES):
        return 0.0, False, 1.0, True
    if any(word in name for word in FRACTION_NAMES):
        return 0.0, False, 1.0, True
    if role is Role.LEARNING_RATE:
        return 0.0, True, math.inf, False
    if role in (Role.REGULARIZATION, Role.WARMUP, Role.AUGMENTATION):
        return 0.0, False, math.inf, False
    if role in (Role.ARCHITECTURE, Role.BATCH_SIZE):
        return 1.0, False, math.inf, False
    return -math.inf, False, math.inf, False
