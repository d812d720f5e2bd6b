"""Whether the disks that a slot writes to have room: asked before each claim and while a training
runs, so that a full disk is the node's trouble and never counts against a trial."""

import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit

from workers.bench import Bench

LEAST_FREE_BYTES = (
    32 << 20
)  # for a trial folder: logs before they are cut, reports, a small checkpoint


def why_no_room(bench: Bench) -> str | None:
    """Which disk is full, and what to do; None: all have room. A disk that does not answer is
    for others to complain of."""
    for place in _places(bench):
        try:
            free = shutil.disk_usage(place).free
        except OSError:
            continue
        if free < LEAST_FREE_BYTES:
            return (
                f"the disk of {place} is full: {free / 2**20:.0f} MiB free, "
                f"{LEAST_FREE_BYTES / 2**20:.0f} are needed: make room there (ended trial folders, "
                "checkpoints that nobody needs), and the slot goes on by itself"
            )
    return None


def _places(bench: Bench) -> tuple[Path, ...]:
    """The trial folders' disk, and the checkpoint store's if that is a folder."""
    parts = urlsplit(bench.store.url)
    store = (Path(unquote(parts.path)),) if parts.scheme == "file" else ()
    return (bench.options.state_dir.resolve(), *store)
