"""The table of policy 2.6: how each family is rewritten, resumed, and what else it offers.

`before` is always resolved at the old horizon; `old` and `new` are the horizons T1 and T2 in steps.
"""

from dataclasses import dataclass, replace

from paceline.schedules import DECAY_SHAPES, Schedule, ScheduleError

COOLDOWN_FRACTIONS = (0.1, 0.2)  # of T2 (measured: 2.983 and 2.967 against 3.141 for constant)
LONGER_DECAY_FRACTIONS = (0.2, 0.4, 0.6)  # of T2 (measured: 20% 2.967, 60% 2.953)


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another schedule for the new horizon, and what speaks for it."""

    schedule: Schedule
    why: str


def rewrite(before: Schedule, old: int, new: int) -> Schedule:
    """The family's own rule: P-29a keeps a decay's steps, P-29b lets a full cosine fill T2."""
    if before.kind == "step":
        return move_milestones(before, old, new)
    if before.kind not in DECAY_SHAPES:
        return before
    left = new - before.warmup_steps
    is_full = before.decay_start(old) == before.warmup_steps
    if before.kind == "cosine" and is_full:
        return replace(before, decay_steps=left)
    return replace(before, decay_steps=min(before.decay_length(old), left))


def move_milestones(before: Schedule, old: int, new: int) -> Schedule:
    """Every milestone keeps its distance to the end; too short a horizon squeezes the distances."""
    start = before.decay_start(old)
    length = min(old - start, new - min(before.warmup_steps, start))
    squeeze = length / (old - start) if old > start else 1.0
    moved = (new - round((old - milestone) * squeeze) for milestone in before.milestones)
    return replace(before, milestones=tuple(moved))


def with_decay(before: Schedule, decay_steps: int) -> Schedule:
    """The schedule ending in a decay of that many steps; a kind without one holds, then decays."""
    if before.kind == "step":
        raise ScheduleError(
            f"a step schedule has milestones, not a decay of {decay_steps} steps; leave "
            "decay_steps out, or name kind wsd"
        )
    kind = before.kind if before.kind in DECAY_SHAPES else "wsd"
    return replace(before, kind=kind, decay_steps=decay_steps)


def resume_step(before: Schedule, after: Schedule, old: int, new: int) -> int:
    """The checkpoint of the old run from which the new one may go on."""
    kind, warmup = before.kind, before.warmup_steps
    if old == new:
        wanted = old
    elif new < old:
        wanted = {"constant": new, "wsd": after.decay_start(new)}.get(kind, warmup)
    elif kind in ("constant", "inverse_sqrt"):
        wanted = old
    else:
        wanted = before.decay_start(old) if kind in ("wsd", "step") else warmup
    return min(wanted, before.same_until(after, old, new))


def offer_alternatives(
    before: Schedule, after: Schedule, old: int, new: int
) -> tuple[Alternative, ...]:
    """What else is offered for a longer horizon, without what is already chosen."""
    if new <= old:
        return ()
    offers: dict[Schedule, str] = {}
    if before.kind == "step":
        stretched = tuple(round(milestone * new / old) for milestone in before.milestones)
        why = f"all milestones stretch by {new / old:g}, so every stair grows"
        offers[replace(before, milestones=stretched)] = why
    for decay_steps, why in offered_decays(before, old, new):
        if 0 < decay_steps <= new - before.warmup_steps:
            offers.setdefault(with_decay(before, decay_steps), why)
    return tuple(Alternative(offer, why) for offer, why in offers.items() if offer != after)


def offered_decays(before: Schedule, old: int, new: int) -> list[tuple[int, str]]:
    """Decay lengths in steps worth offering, each with its reason."""
    kept_steps = before.decay_length(old)
    kept = (kept_steps, f"the decay keeps its {kept_steps} steps after a longer plateau (P-29a)")
    longer = [
        (round(share * new), f"a decay over {share:.0%} of the horizon; long ones ended lower")
        for share in LONGER_DECAY_FRACTIONS
    ]
    cooldowns = [
        (round(share * new), f"a cooldown of {share:.0%}; a rate that never falls ends worse")
        for share in COOLDOWN_FRACTIONS
    ]
    hold = (longer[0][0], "the peak is held, then decays: no long stretch far below the peak")
    return {
        "constant": cooldowns,
        "cosine": [],
        "step": [],
        "wsd": longer,
        "inverse_sqrt": [hold],
        "exponential": [kept],
    }.get(before.kind, [kept, *longer])
