"""`make mutants`: tries them two at a time, prints who killed each, and fails if one survived."""

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from tests.chaos import figures
from tests.mutants.catalogue import ALL
from tests.mutants.mutant import Mutant, MutantOutdated
from tests.mutants.runner import NoProof, Verdict, refuse_red, try_mutant

AT_ONCE = 2


def main() -> int:
    """The exit status: 0 once every chosen mutant was killed."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("words", nargs="*", help="choose mutants whose names contain one of them")
    words = parser.parse_args().words
    chosen = [m for m in ALL if not words or any(word in m.name for word in words)]
    if not chosen:
        parser.error(f"no mutant's name contains {' or '.join(words)}: see tests/mutants")
    started_at = time.monotonic()
    try:
        refuse_red(chosen)
    except NoProof as error:
        _say(str(error))
        return 1
    with ThreadPoolExecutor(AT_ONCE) as pool:
        told = list(pool.map(_row, chosen))
    killed = told.count(True)
    _say(f"\n{killed} of {len(chosen)} mutants killed in {time.monotonic() - started_at:.0f} s")
    figures.record("mutants of the safety code", faults=len(chosen), killed=killed)
    return 0 if killed == len(chosen) else 1


def _row(mutant: Mutant) -> bool:
    """One line of the table, as soon as it is known."""
    try:
        verdict = try_mutant(mutant)
    except (MutantOutdated, NoProof) as error:
        _say(f"| {mutant.name} | NO PROOF: {error} |")
        return False
    _say(_line(verdict))
    return verdict.killed_by is not None


def _line(verdict: Verdict) -> str:
    return (
        f"| {verdict.mutant.name} | {verdict.killed_by or 'SURVIVED'} | {verdict.seconds:.0f} s |"
    )


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
