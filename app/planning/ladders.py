"""The ladder: how far up the next horizon lies. The planner's rounds and a study's climb are the
same steps (P-21, P-22, P-31)."""

AT_ONCE_GROWTH = 10  # production within 10x: no round between (P-21)
FIRST_SHARE = 0.1  # T1 of the production length (P-21)
WARMUP_ADVISE_SHARE = 0.05  # HZN105: from here on the warmup is added to the horizon


def first_steps(production_steps: int, warmup_steps: int, share: float = FIRST_SHARE) -> int:
    """T1: that share of the production length, with its warmup, and never more than the whole."""
    first = max(1, round(share * production_steps))
    return min(with_warmup(first, warmup_steps), production_steps)


def with_warmup(steps: int, warmup_steps: int) -> int:
    """A horizon with its warmup added, where that is over 5% of it (P-27a)."""
    return steps + warmup_steps if warmup_steps > WARMUP_ADVISE_SHARE * steps else steps


def next_step(steps: int, production_steps: int, horizons_left: int) -> int:
    """The horizon after `steps`: production at once if within 10x, else a geometric step.

    `horizons_left` counts those that may still come, production among them.
    """
    growth = production_steps / steps
    if growth <= AT_ONCE_GROWTH or horizons_left <= 1:
        return max(steps, production_steps)
    factor: float = growth ** (1 / horizons_left)
    return max(steps + 1, round(steps * factor))


def ladder(shortest: int, production_steps: int, rounds: int) -> tuple[int, ...]:
    """All horizons of a climb from the shortest to production, at most `rounds` of them."""
    horizons = [min(shortest, production_steps)]
    while horizons[-1] < production_steps:
        horizons.append(next_step(horizons[-1], production_steps, rounds - len(horizons)))
    return tuple(horizons)
