"""All mutants, and the few that every run of the tests tries to test the runner itself."""

from tests.mutants import (
    budget,
    commands,
    faults,
    fence,
    leases,
    lineage,
    node,
    predecessors,
    repeats,
)
from tests.mutants.mutant import Mutant

ALL: tuple[Mutant, ...] = (
    *fence.MUTANTS,
    *repeats.MUTANTS,
    *leases.MUTANTS,
    *budget.MUTANTS,
    *lineage.MUTANTS,
    *commands.MUTANTS,
    *node.MUTANTS,
    *faults.MUTANTS,
    *predecessors.MUTANTS,
)
FEW = (  # of seconds each
    "states: every move is allowed",
    "budget: steps lost are spent",
    "lineage: the resuming claim masks nothing",
)


def named(name: str) -> Mutant:
    """The mutant of that name."""
    return next(mutant for mutant in ALL if mutant.name == name)
