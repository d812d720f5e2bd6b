"""Runs the keeper's own program, unchanged, with points around its start of a training, its words
and its signals."""

import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from crash_points import around  # type: ignore[import-not-found]  # beside this file


def said(descriptor: int, data: bytes) -> str:
    """The keeper's answers leave through descriptor 1."""
    return f"keeper * the word {data.split()[0].decode()}" if descriptor == 1 and data else ""


def signalled(_: int, number: Any) -> str:  # Any: a signal's number
    return f"keeper * the signal {int(number)} to the group" if number else ""


subprocess.Popen.__init__ = around(  # type: ignore[method-assign]  # the plant
    subprocess.Popen.__init__, lambda *_, **__: "keeper * the start of a training"
)
os.write = around(os.write, said)
os.killpg = around(os.killpg, signalled)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
