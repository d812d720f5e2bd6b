"""The rounds that look for a first horizon (P-15, P-16): a constant rate, one seed, and nothing on
that slows training down."""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from app.domain.errors import InvalidDefinition
from app.domain.rounds import Point, Purpose, RoundDefinition, evaluation_interval
from app.domain.schedules import ScheduleDefinition
from app.domain.space import Fixed, Parameter, Parameters, Role, Scale, Value, active_params
from app.domain.studies import SamplerDefinition, SamplerKind, StudyDefinition
from app.planning.rates import natural_limits, rate_name, rounded
from app.policy.switches import SLOWING_ROLES, off_value

PROBE_RATES = 5
SWEEP_DECADES = 3.0  # P-16: at least
SWEEP_RATES = 7  # P-16: at least
WIDEST_GAP = SWEEP_DECADES / (SWEEP_RATES - 1)  # decades between rates of a sweep
NARROWEST_GAP = 0.2
LEAST_EVALUATIONS = 20  # a round, so that a fit can be located
LOG_SPAN = (
    1000.0  # of a linear range that begins at 0: its lowest probe lies a 1000th below the top
)


def first_probe(definition: StudyDefinition, base: RoundDefinition) -> RoundDefinition:
    """Five log-spaced rates over the searched range; `base`: the study's tune round there.

    Raises InvalidDefinition where no rate is searched, or where something cannot be switched off.
    """
    refuse_always_on(definition.parameters)
    params = plain_params(definition)
    name = rate_name(base, params)
    if name is None:
        raise InvalidDefinition(
            "`max_train_steps: auto` sweeps the learning rate, and none is searched",
            hint="give the learning rate a range (role: learning_rate), or give max_train_steps a "
            "number",
        )
    low, high = positive_bounds(base.parameters[name])
    rates = [
        rounded(float(low * (high / low) ** (i / (PROBE_RATES - 1)))) for i in range(PROBE_RATES)
    ]
    probe = replace(
        plain_round(base, Purpose.PROBE),
        seeds=definition.seeds[:1],
        points=tuple(Point({**params, name: rate}) for rate in rates),
    )
    every = evaluation_interval(definition.evaluate_every_steps, base.max_train_steps)
    return evaluated(probe, min(every, base.max_train_steps // LEAST_EVALUATIONS), definition)


def plain_round(base: RoundDefinition, purpose: Purpose) -> RoundDefinition:
    """The same round at a constant rate, switched off what slows training, without points yet."""
    return replace(
        base,
        purpose=purpose,
        checks=None,
        fixed=switched_off(base.fixed),
        schedule=ScheduleDefinition(kind="constant", peak=base.schedule.peak),
        sampler=SamplerDefinition(SamplerKind.QUASI_RANDOM, base.sampler.seed),
        trials=None,
        points=(),
    )


def evaluated(
    probe: RoundDefinition, every_steps: int, definition: StudyDefinition
) -> RoundDefinition:
    """The round with its evaluations, and the last of them but one as a place to go on from: so a
    sweep at the same horizon repeats the probe's rates for next to nothing."""
    every = max(1, every_steps)
    last = (probe.max_train_steps - 1) // every * every
    kept = (last,) if definition.is_resumable and last > 0 else ()
    return replace(probe, evaluate_every_steps=every, checkpoint_steps=kept)


def plain_params(definition: StudyDefinition) -> dict[str, Value]:
    """One configuration to probe with: off, else the first of the user's own points, else the
    middle of each range and the first of all choices; the smallest batch, which needs most steps.
    """
    own = definition.points[0] if definition.points else {}
    space = definition.parameters
    values = {name: own.get(name, _plain_value(p)) for name, p in space.items()}
    batches = {n: _least(p) for n, p in space.items() if p.role is Role.BATCH_SIZE}
    return active_params(space, {**values, **batches, **off_params(space)})


def off_params(space: Parameters) -> dict[str, Value]:
    """Searched augmentation and regularisation at `off`, as far as anything switches them off."""
    found = {n: off_value(p) for n, p in space.items() if p.role in SLOWING_ROLES}
    return {
        name: off
        for name, off in found.items()
        if off is not None and (space[name].is_numeric or space[name].contains(off))
    }


def refuse_always_on(space: Parameters) -> None:
    """Raises InvalidDefinition where no value switches an augmentation or regularisation off."""
    known = off_params(space)
    for name, parameter in space.items():
        if parameter.role in SLOWING_ROLES and name not in known:
            raise InvalidDefinition(
                f"`max_train_steps: auto` probes without {parameter.role}, and no choice of {name} "
                "switches it off",
                hint=f"add a choice such as none to {name}, or say which one does: `off`",
            )


def _plain_value(parameter: Parameter) -> Value:
    return parameter.value_at(0.5 if parameter.is_numeric else 0.0)


def _least(parameter: Parameter) -> Value:
    numbers = [c for c in parameter.choices or () if isinstance(c, int | float)]
    return min(numbers) if numbers else parameter.value_at(0.0)


def switched_off(fixed: Fixed) -> Fixed:
    """Augmentation and regularisation at `off` (P-16)."""
    off = {n: off_value(value) for n, value in fixed.items() if value.role in SLOWING_ROLES}
    known = {name: replace(fixed[name], value=v) for name, v in off.items() if v is not None}
    return {**fixed, **known}


def positive_bounds(parameter: Parameter) -> tuple[float, float]:
    """The ends of a rate's range, both above 0."""
    low, high = parameter.bounds
    return (low if low > 0 else high / LOG_SPAN), high


def sweep_rates(
    parameter: Parameter, name: str, center: float, tried: Sequence[float]
) -> list[float]:
    """At least seven rates over three decades around the given one, within theory.

    Where the rates tried are an even grid, theirs are hit again: these runs can be resumed.
    """
    gap = _gap(tried)
    each_side = math.ceil(SWEEP_DECADES / 2 / gap - 1e-9)
    least, is_open, most, is_closed = natural_limits(parameter, name)
    room_down = _room(center, least, gap, is_open=is_open)
    room_up = _room(center, most, gap, is_open=is_closed)
    up = min(each_side, room_up)
    down = min(2 * each_side - up, room_down)
    up = min(2 * each_side - down, room_up)
    rates = [rounded(center * 10 ** (gap * i)) for i in range(-down, up + 1)]
    return [_same(rate, tried) for rate in rates]


def beyond(parameter: Parameter, wider: Parameter, count: int) -> list[float]:
    """Log-spaced rates in what a wider range adds at one end, the new end among them."""
    (low, high), (new_low, new_high) = positive_bounds(parameter), positive_bounds(wider)
    start, end = (low, new_low) if new_low < low else (high, new_high)
    return sorted(rounded(start * (end / start) ** (i / count)) for i in range(1, count + 1))


def swept_box(parameters: Parameters, name: str, rates: Sequence[float]) -> Parameters:
    """The space with the rate's range from the lowest to the highest of these."""
    box = replace(parameters[name], low=min(rates), high=max(rates), scale=Scale.LOG, step=None)
    return {**parameters, name: box}


def _gap(tried: Sequence[float]) -> float:
    """Decades between the sweep's rates: half a decade, or the tried grid's own, divided evenly."""
    places = [math.log10(rate) for rate in sorted(set(tried)) if rate > 0]
    gaps = [b - a for a, b in pairwise(places)]
    if len(gaps) < 2 or max(gaps) - min(gaps) > 1e-6 * max(gaps):
        return WIDEST_GAP
    gap = gaps[0] / max(1, math.ceil(gaps[0] / WIDEST_GAP - 1e-9))
    return gap if gap >= NARROWEST_GAP else WIDEST_GAP


def _room(center: float, limit: float, gap: float, *, is_open: bool) -> int:
    """How many steps of `gap` decades fit between a rate and where theory ends."""
    if not math.isfinite(limit) or limit <= 0:
        return math.ceil(SWEEP_DECADES / gap)
    steps = abs(math.log10(limit / center)) / gap
    return max(0, math.ceil(steps - 1e-9) - 1 if is_open else math.floor(steps + 1e-9))


def _same(rate: float, tried: Sequence[float]) -> float:
    """The rate as it was tried, where rounding alone sets them apart."""
    return next((one for one in tried if math.isclose(one, rate, rel_tol=1e-9)), rate)
