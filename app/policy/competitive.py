"""The competitive set C: rules about steps look at it, never at all trials (policy section 0)."""

from collections.abc import Sequence

from app.policy.facts import Configuration

WANTED = 5  # members that step rules need
FILL_FROM = 8  # below this many configurations nothing is filled up


def competitive_set(
    configurations: Sequence[Configuration], eps: float
) -> tuple[Configuration, ...]:
    """Configurations (given best first) within eps of the best, at most max(5, n/4) of them.

    From 8 configurations on, filled up to 5 from those no worse than the median. Three too-small
    rates whose best step is the end must not say "train longer" (P-17).
    """
    n = len(configurations)
    if n == 0:
        return ()
    tied = sum(c.best_value <= configurations[0].best_value + eps for c in configurations)
    cap = max(WANTED, n // 4)
    no_worse_than_median = (n + 1) // 2
    filled = min(WANTED, no_worse_than_median) if n >= FILL_FROM else 0
    return tuple(configurations[: max(min(tied, cap), filled)])
