"""What becomes of a learning-rate schedule when the horizon moves from T1 to T2 (policy 2.6).

One answer for `POST /v1/schedules/extension`, for the rounds that promote, and for check rounds.
"""

from dataclasses import dataclass, replace

from app.domain.recommendations import JudgedVerdict
from app.planning.extension_rules import (
    Alternative,
    move_milestones,
    offer_alternatives,
    resume_step,
    rewrite,
    with_decay,
)
from app.policy.engine import judge_schedule
from app.policy.schedule_changes import HOLDING_KINDS, ScheduleChange
from paceline.schedules import DECAY_SHAPES, Schedule, own_decay

SHORT_DECAY_FRACTION = 0.10  # of T2: under it a promoted wsd takes PROMOTED_DECAY_FRACTION
PROMOTED_DECAY_FRACTION = 0.20  # measured, 64 -> 4,096 steps: 1.930 with 6%, 1.893 with 20%
PROMOTED_RATE_FACTORS = (1.0, 0.5, 0.25)  # measured, T/8 -> T: 2.918 at factor 1, 2.086 at 1/4
CURVE_POINTS = 64  # evenly spaced, enough to draw; the corners come on top


@dataclass(frozen=True, slots=True)
class Curve:
    """Learning rates (absolute) at ascending updates; the last step is the horizon."""

    steps: tuple[int, ...]
    learning_rate: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Extension:
    """A schedule rewritten for another horizon; `reason` says by which rule.

    `schedule` is resolved (its decay a number of steps). The tiny-rate share is per added step.
    """

    schedule: Schedule
    curve_before: Curve
    curve_after: Curve
    added_steps_below_10_percent_of_peak: float
    resume_from_step: int
    alternatives: tuple[Alternative, ...]
    findings: tuple[JudgedVerdict, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class PromotedSchedule:
    """One variant of a winner for the next round: its rate times `rate_factor`, and why."""

    rate_factor: float
    extension: Extension
    why: str


def extend_schedule(
    schedule: Schedule,
    from_max_train_steps: int,
    to_max_train_steps: int,
    decay_steps: int | None = None,
) -> Extension:
    """Rewrite `schedule` of T1 = `from_max_train_steps` for T2 = `to_max_train_steps` (policy 2.6).

    `decay_steps` overrules the family's rule with a decay of that many steps at T2. The warmup
    stays. T2 < T1 cuts the plateau first, then shortens the decay. Findings never refuse. Raises
    ScheduleError if the schedule does not fit T1 or T2 (warmup > T2, decay > T2 - warmup, a decay
    for a step schedule).
    """
    old, new = from_max_train_steps, to_max_train_steps
    before = schedule.resolve(old)
    replace(before, decay_steps=None).validate(new)  # what the rule keeps, the warmup, must fit
    after = rewrite(before, old, new) if decay_steps is None else with_decay(before, decay_steps)
    after = after.resolve(new)
    change = ScheduleChange(before, after, old, new)
    return Extension(
        schedule=after,
        curve_before=sample_curve(before, old),
        curve_after=sample_curve(after, new),
        added_steps_below_10_percent_of_peak=change.added_tiny_share,
        resume_from_step=resume_step(before, after, old, new),
        alternatives=offer_alternatives(before, after, old, new),
        findings=tuple(v for v in judge_schedule(change) if v.verdict == "finding"),
        reason=explain(after, old, new),
    )


def clip_to_horizon(
    schedule: Schedule, max_train_steps: int, from_max_train_steps: int | None = None
) -> Schedule:
    """The schedule of a check round at `max_train_steps`: fractions stay, numbers stay if they fit.

    The warmup is cut to leave one step, the decay to what the warmup leaves. Milestones move only
    when `from_max_train_steps` is given (None: their old horizon is not known) and is longer.
    The answer is valid at `max_train_steps` (>= 1).
    """
    clipped = replace(schedule, warmup_steps=min(schedule.warmup_steps, max_train_steps - 1))
    left = max_train_steps - clipped.warmup_steps
    if own_decay(clipped, max_train_steps) > left:
        clipped = replace(clipped, decay_steps=left, decay_fraction=None)
    if clipped.kind != "step" or from_max_train_steps is None:
        return clipped
    is_shorter = max_train_steps < from_max_train_steps
    return (
        move_milestones(clipped, from_max_train_steps, max_train_steps) if is_shorter else clipped
    )


def promotion_schedules(
    schedule: Schedule, from_max_train_steps: int, to_max_train_steps: int
) -> tuple[PromotedSchedule, ...]:
    """The variants under which a winner runs at T2, the winner's own rate first (policy 2.6).

    A decay after a plateau takes a fifth of T2 where it would be under a tenth. Families whose
    decay is kept under a longer plateau come at 1, 1/2 and 1/4 of the rate. At T2 <= T1 there is
    one variant. Raises ScheduleError as `extend_schedule` does.
    """
    old, new = from_max_train_steps, to_max_train_steps
    decay_steps = promoted_decay(schedule.resolve(old), old, new) if new > old else None
    is_at_risk = new > old and schedule.kind in HOLDING_KINDS
    factors = PROMOTED_RATE_FACTORS if is_at_risk else (1.0,)
    scaled = [(factor, replace(schedule, peak=schedule.peak * factor)) for factor in factors]
    return tuple(
        PromotedSchedule(
            rate_factor=factor,
            extension=extend_schedule(variant, old, new, decay_steps),
            why=explain_variant(schedule.kind, factor, decay_steps, new),
        )
        for factor, variant in scaled
    )


def promoted_decay(before: Schedule, old: int, new: int) -> int | None:
    """A longer decay in steps for what already decays after a plateau; None: its own is kept.

    That is wsd, and a family that an earlier promotion gave a plateau.
    """
    has_plateau = before.kind == "wsd" or (
        before.kind in HOLDING_KINDS and before.decay_start(old) > before.warmup_steps
    )
    if not has_plateau or before.decay_length(new) >= SHORT_DECAY_FRACTION * new:
        return None
    return min(round(PROMOTED_DECAY_FRACTION * new), new - before.warmup_steps)


def explain_variant(kind: str, factor: float, decay_steps: int | None, new: int) -> str:
    if factor != 1.0:
        return (
            f"{factor:g} of the winner's rate: {kind} now holds the peak, and a rate tuned under "
            "a decay from the first step may be stable only while it decays"
        )
    if decay_steps is None:
        return "the winner's own rate"
    return (
        f"its own decay would be under a tenth of {new} steps; {decay_steps} steps "
        f"({decay_steps / new:.0%}) trained better in measured runs"
    )


def sample_curve(schedule: Schedule, max_train_steps: int) -> Curve:
    """64 evenly spaced updates and the corners of the schedule (every update of a short run)."""
    starts = set(schedule.pieces(max_train_steps))
    corners = {max(1, start - 1) for start in starts}
    jumps = starts if schedule.kind == "step" else set()
    even = {max(1, max_train_steps * i // CURVE_POINTS) for i in range(1, CURVE_POINTS + 1)}
    steps = tuple(sorted(even | corners | jumps))
    return Curve(steps, tuple(schedule.learning_rate(step, max_train_steps) for step in steps))


def explain(after: Schedule, old: int, new: int) -> str:
    """The rule in one sentence, with its numbers."""
    kind, decay = after.kind, after.decay_length(new)
    held = after.decay_start(new) - after.warmup_steps
    if kind == "step":
        return f"every milestone moves by {new - old} steps"
    if kind in DECAY_SHAPES and held > 0:
        return f"{kind}: the peak is held for {held} steps, then decays over {decay} steps"
    if kind in DECAY_SHAPES:
        return f"{kind}: the same peak and final ratio, the decay fills {decay} of {new} steps"
    if kind == "exponential":
        return f"exponential: the same peak, the same final ratio at step {new}"
    return f"{kind}: unchanged, run to step {new}"
