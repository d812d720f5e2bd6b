"""Ends what is left of a training whose keeper was killed: everything that works for its folder,
known by the one variable that every process of a training has, in whatever group it is.
"""

import contextlib
import os
import signal
from pathlib import Path

ROUNDS = 50  # a family that forks while it is killed; each round is all of it


def end_all_of(trial_folder: Path) -> int:
    """SIGKILL, until nobody is left; how many there were. Elsewhere than Linux: nobody is found."""
    ended = 0
    for _ in range(ROUNDS):
        alive = at_work_for(trial_folder)
        if not alive:
            break
        for pid in alive:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        ended += len(alive)
    return ended


def at_work_for(trial_folder: Path) -> list[int]:
    """The processes of this user whose training's folder it is."""
    said = f"PACELINE_TRIAL_DIR={trial_folder}".encode()
    return [
        int(entry.name)
        for entry in Path("/proc").glob("[0-9]*")
        if int(entry.name) != os.getpid() and said in _environment(entry)
    ]


def _environment(entry: Path) -> list[bytes]:
    """Empty for processes of others and for those that have ended."""
    try:
        return (entry / "environ").read_bytes().split(b"\0")
    except OSError:
        return []
