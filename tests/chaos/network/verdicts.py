"""What may end a training while the network is bad: its own end, or a successor. Nothing else."""

from collections import Counter

from tests.chaos.history import History

MAY_END = {"succeeded", "lost"}


def ends_of(history: History) -> Counter[str]:
    """How the attempts ended. Raises AssertionError where an outage ended one of them."""
    attempts = [attempt for trial in history.trials for attempt in trial["attempts"]]
    wrong = [attempt for attempt in attempts if attempt["state"] not in MAY_END]
    assert not wrong, f"the outage ended {len(wrong)} attempts: {wrong}"
    return Counter(attempt["state"] for attempt in attempts)
