"""How often to look again for those who found nothing, though work waits: labels that nobody has, a
study at its concurrency. Without a pause a large idle fleet would ask the database all the time.
"""

from collections.abc import Collection, Hashable
from dataclasses import dataclass

LEAST_SECONDS = 0.5  # between two looks of a place
LONGEST_SECONDS = 4.0  # when nothing is new
IN_VAIN_A_SECOND = 50.0  # of all places together, about a fifth of a core


@dataclass(frozen=True, slots=True)
class _Look:
    news: Hashable
    at: float
    pause_seconds: float


class Looks:
    """The latest look in vain of each place; times are of the monotonic clock. Pauses double while
    nothing is new; something new ends them early, but not so early that all places ask at once."""

    def __init__(self) -> None:
        self.news: Hashable = None
        """What is known of the work that waits: another value is news."""
        self._looks: dict[Hashable, _Look] = {}

    def is_due(self, place: Hashable, now: float) -> bool:
        """Whether the place may look: it has not yet, or its pause is over."""
        look = self._looks.get(place)
        if look is None:
            return True
        is_new = look.news != self.news
        return now >= look.at + (self._least_seconds() if is_new else look.pause_seconds)

    def was_in_vain(self, place: Hashable, now: float) -> None:
        """The place looked and found nothing that fits."""
        before = self._looks.get(place)
        pause = self._least_seconds()
        if before is not None and before.news == self.news:
            pause = max(pause, min(2 * before.pause_seconds, LONGEST_SECONDS))
        self._looks[place] = _Look(self.news, now, pause)

    def forget(self, waiting: Collection[Hashable], now: float) -> None:
        """Those that wait no more: they would slow down the others. Whoever asks again within its
        pause is known still, so a new request does not end it."""
        self._looks = {
            place: look
            for place, look in self._looks.items()
            if place in waiting or now < look.at + look.pause_seconds
        }

    def _least_seconds(self) -> float:
        return max(LEAST_SECONDS, len(self._looks) / IN_VAIN_A_SECOND)
