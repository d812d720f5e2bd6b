"""Hypothesis strategies for schedules that fit a horizon, shared by the schedule tests."""

from dataclasses import dataclass

from hypothesis import strategies as st

from paceline.schedules import DECAY_SHAPES, KINDS, Schedule


@dataclass(frozen=True)
class Case:
    """A schedule and a horizon it is valid at."""

    schedule: Schedule
    horizon: int


@st.composite
def cases(draw: st.DrawFn, kinds: tuple[str, ...] = KINDS, longest: int = 400) -> Case:
    horizon = draw(st.integers(1, longest))
    warmup = draw(st.integers(0, horizon))
    kind = draw(st.sampled_from(kinds))
    has_decay = kind in DECAY_SHAPES and draw(st.booleans())
    schedule = Schedule(
        kind=kind,
        peak=draw(st.floats(1e-6, 10.0)),
        warmup_steps=warmup,
        decay_steps=draw(st.integers(0, horizon - warmup)) if has_decay else None,
        final_fraction=draw(st.floats(0.01, 1.0)),
        power=draw(st.floats(0.5, 4.0)),
        milestones=tuple(sorted(draw(st.lists(st.integers(0, longest), max_size=4)))),
        factor=draw(st.floats(0.01, 1.0)),
    )
    return Case(schedule, horizon)
