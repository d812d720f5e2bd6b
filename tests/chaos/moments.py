"""Moments drawn by chance. A fault falls after a while that the seed chose; this is not how to wait
for something to happen (`tests/support/waiting.py` is).
"""

import threading


def let_pass(seconds: float) -> None:
    """Let the world run undisturbed for so long."""
    threading.Event().wait(seconds)
