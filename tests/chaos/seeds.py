"""Where the chance of a scenario comes from: one number, printed, that plays it again."""

import os
import random

NAME = "PACELINE_TEST_CHAOS_SEED"


def draw_seed() -> int:
    """The seed that the environment names, else a new one."""
    said = os.environ.get(NAME)
    return int(said) if said else random.SystemRandom().randrange(2**31)
