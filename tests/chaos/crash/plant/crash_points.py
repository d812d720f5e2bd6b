"""Where a process may be told to die: each point has a name in words, and the process that reaches
the armed one, as often as the plan says, kills itself as a power cut would. Standard library alone.
"""

import contextlib
import json
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

FOLDER = Path(os.environ["CRASH_FOLDER"])
PLAN = FOLDER / "plan.json"  # {"point": name, "nth": count}; gone: somebody has died there
SEEN = FOLDER / "seen"  # a line for each point that a process reached for the first time

_lock = threading.Lock()
_counts: Counter[str] = Counter()
_known: set[str] = set()
_plan_id = (0, 0)


def reached(point: str) -> None:
    """Note that this process is at the point; die there if the plan says so."""
    with _lock:
        _note(point)
        if _is_armed(point):
            os.kill(os.getpid(), signal.SIGKILL)


def around(call: Callable[..., Any], name: Callable[..., str]) -> Callable[..., Any]:  # Any: theirs
    """The same call between two points, before and after what `name` says of its arguments."""

    def wrapped(*args: Any, **kwargs: Any) -> Any:  # Any: whatever the call takes and gives
        said = name(*args, **kwargs)
        if not said:
            return call(*args, **kwargs)
        reached(f"{said.replace('*', 'before', 1)}")
        answer = call(*args, **kwargs)
        reached(f"{said.replace('*', 'after', 1)}")
        return answer

    return wrapped


def caller(*folders: str) -> str:
    """`file.function` of the nearest code of ours that lies in one of the folders, else nothing."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        file = Path(frame.f_code.co_filename)
        if any(f"/{folder}/" in str(file) for folder in folders):
            return f"{file.stem}.{frame.f_code.co_name}"
        frame = frame.f_back
    return ""


def _note(point: str) -> None:
    if point not in _known:
        _known.add(point)
        log = os.open(SEEN, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(log, f"{point}\n".encode())
        os.close(log)


def _is_armed(point: str) -> bool:
    """Whether this is the death that the plan asks for; only one process gets a yes."""
    global _plan_id  # noqa: PLW0603 - one process, one plan at a time, under the lock
    try:
        found = PLAN.stat()
        plan = json.loads(PLAN.read_text())
    except FileNotFoundError:
        return False
    if (found.st_ino, found.st_mtime_ns) != _plan_id:
        _plan_id = (found.st_ino, found.st_mtime_ns)
        _counts.clear()
    _counts[point] += 1
    if point != plan["point"] or _counts[point] < plan["nth"]:
        return False
    with contextlib.suppress(FileNotFoundError):
        PLAN.unlink()
        return True
    return False
