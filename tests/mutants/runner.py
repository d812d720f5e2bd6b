"""Runs mutants: for each a copy of the tree with one safety broken, and the tests that see it.

A mutant is killed when a test fails, or when the tests have not ended long after they should have.
Anything else that goes wrong (no such test, a tree that does not import) is no proof, and is told.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.mutants.mutant import Mutant

ROOT = Path(__file__).parents[2]
LEFT_OUT = (".git", ".venv", ".scratch", ".paceline", ".hypothesis", ".*_cache", "node_modules")
LIMIT_SECONDS = 240.0  # of one mutant's tests; unbroken they take some 10
FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)
TESTS_FAILED = 1  # pytest's exit status; others mean that it could not run them


class NoProof(Exception):
    """The tests could not be run, so that nothing is known."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a mutant; `killed_by` None: it survived."""

    mutant: Mutant
    killed_by: str | None
    seconds: float


def try_mutant(mutant: Mutant, limit_seconds: float = LIMIT_SECONDS) -> Verdict:
    """Break the safety in a copy and run its killers. Raises MutantOutdated or NoProof."""
    started_at = time.monotonic()
    with copied_tree() as tree:
        mutant.apply(tree)
        shutil.rmtree((tree / mutant.file).parent / "__pycache__", ignore_errors=True)
        killed_by = _run(tree, mutant.killers, limit_seconds)
    return Verdict(mutant, killed_by, time.monotonic() - started_at)


def refuse_red(mutants: Sequence[Mutant]) -> None:
    """Raises NoProof if a killer fails without any mutant: then its red shows nothing."""
    killers = sorted({killer for mutant in mutants for killer in mutant.killers})
    with copied_tree() as tree:
        red = _run(tree, killers, len(killers) * LIMIT_SECONDS)
    if red:
        raise NoProof(f"{red} fails on the unbroken tree: make it green first")


@contextmanager
def copied_tree() -> Iterator[Path]:
    """A copy of the tree; at the end nothing that was started in it is left."""
    with tempfile.TemporaryDirectory(prefix="paceline-mutant-") as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True)
        try:
            yield tree
        finally:
            _end_leftovers(folder)


def _run(tree: Path, tests: Sequence[str], limit_seconds: float) -> str | None:
    """The first test that fails, or None; a time limit that passes is a failure, too."""
    scratch = tree.parent / "tmp"
    scratch.mkdir()
    settings = {"PYTHONPATH": str(tree), "TMPDIR": str(scratch)}
    options = ("-x", "-q", "-rfE", "-p", "no:randomly", "-p", "no:cacheprovider", "--no-skips")
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *options, *tests],
        cwd=tree,
        env={**os.environ, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=limit_seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return f"the time limit of {limit_seconds:g} s"
    return _first_failure(process.returncode, output)


def _first_failure(status: int, output: str) -> str | None:
    if status == 0:
        return None
    found = FAILED.search(output)
    if status != TESTS_FAILED or found is None:
        raise NoProof(f"pytest ended with {status}:\n{output[-3000:]}")
    return found[1]


def _end_leftovers(folder: str) -> None:
    """Kill what a broken keeper or a killed test left running in the folder."""
    for process in psutil.process_iter():
        try:
            is_ours = any(folder in word for word in (process.cwd(), *process.cmdline()))
            if is_ours and process.pid != os.getpid():
                process.kill()
        except psutil.Error:
            continue
