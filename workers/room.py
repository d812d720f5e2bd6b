"""Whether the disks that a slot writes to can be written and have room: asked before each claim and
while a training runs, so that a full disk is the node's trouble and never counts against a trial.
"""

import shutil
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote, urlsplit

LEAST_FREE_BYTES = 32 << 20  # a trial folder's: logs until they are cut, reports, a checkpoint
ANSWER_SECONDS = 0.5  # a disk that takes longer hangs, and is not waited for until it has answered


class Disks:
    """The disks of one node, which all of its slots ask."""

    def __init__(self, places: Iterable[Path]) -> None:
        self._disks = [_Disk(place) for place in places]
        for disk in self._disks:
            disk.start()

    def why_full(self) -> str | None:
        """Which disk is full, and what to do; None: all have room, as far as they answer."""
        return next((why for disk in self._disks if (why := disk.why_full())), None)

    def close(self) -> None:
        for disk in self._disks:
            disk.close()


class _Disk(threading.Thread):
    """Asks one disk, in a thread of its own: where a mount hangs, this one alone hangs with it."""

    def __init__(self, place: Path) -> None:
        super().__init__(name=f"disk-{place}", daemon=True)
        self._place = place
        self._news = threading.Condition()
        self._asked = self._answered = 0  # how often
        self._answer: str | None = None
        self._hangs = self._is_closed = False

    def why_full(self) -> str | None:
        """As of now; where the disk hangs, as of its latest answer."""
        with self._news:
            self._asked += 1
            mine = self._asked
            self._news.notify_all()
            if not self._hangs:
                self._hangs = not self._news.wait_for(
                    lambda: self._answered >= mine, ANSWER_SECONDS
                )
            return self._answer

    def run(self) -> None:
        while (asked := self._next_question()) is not None:
            answer = why_full(self._place)
            with self._news:
                self._answer, self._answered, self._hangs = answer, asked, False
                self._news.notify_all()

    def close(self) -> None:
        with self._news:
            self._is_closed = True
            self._news.notify_all()

    def _next_question(self) -> int | None:
        with self._news:
            self._news.wait_for(lambda: self._is_closed or self._asked > self._answered)
            return None if self._is_closed else self._asked


def why_full(place: Path) -> str | None:
    """What to do about a disk without room; None: it has room, or others have to complain of it."""
    try:
        free = shutil.disk_usage(place).free
    except OSError:
        return None
    if free >= LEAST_FREE_BYTES:
        return None
    return (
        f"the disk of {place} is full: {free / 2**20:.0f} MiB free, "
        f"{LEAST_FREE_BYTES / 2**20:.0f} are needed: make room there (ended trial folders, "
        "checkpoints that nobody needs), and the slot goes on by itself"
    )


def why_not_writable(folder: Path) -> str | None:
    """What keeps trial folders from being made in `folder`, tried for real; None: nothing."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".probe-", dir=folder) as probe:
            (Path(probe) / "reports.jsonl").write_text("{}\n")
    except OSError as error:
        return (
            f"{folder} cannot be written ({error.strerror or error}): look at its mount and its "
            "permissions, and the slot goes on by itself"
        )
    return None


def places(state_dir: Path, store_url: str) -> tuple[Path, ...]:
    """The trial folders' disk, and the checkpoint store's if that is a folder."""
    parts = urlsplit(store_url)
    store = (Path(unquote(parts.path)),) if parts.scheme == "file" else ()
    return (state_dir.resolve(), *store)
