"""File systems of a few MiB, filled to the last block and freed again; some that refuse every write
or never answer. Mounting needs root."""

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MIB = 1 << 20
FUSE = Path("/dev/fuse")


def why_no_volumes() -> str | None:
    """Why this machine lends none; None: it does."""
    if not FUSE.exists():
        return f"mounting file systems that hang needs {FUSE}"
    return None if os.geteuid() == 0 else "mounting small file systems needs root"


@contextmanager
def small_volume(place: Path, mebibytes: int) -> Iterator[Path]:
    """A file system of its own at `place`, which is made; gone after the block."""
    place.mkdir(parents=True, exist_ok=True)
    size = f"size={mebibytes}m"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@contextmanager
def read_only(place: Path) -> Iterator[None]:
    """An empty file system that cannot be written lies over `place` until the block is left."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(place)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@contextmanager
def hanging(place: Path) -> Iterator[None]:
    """Whoever asks `place` anything waits until the block is left: nobody serves its requests."""
    server = os.open(FUSE, os.O_RDWR)
    said = f"fd={server},rootmode=40000,user_id=0,group_id=0".encode()
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        if libc.mount(b"hang", str(place).encode(), b"fuse", 0, said) != 0:
            raise OSError(ctypes.get_errno(), f"mount {place}")
        yield
    finally:
        os.close(server)
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@contextmanager
def filled(place: Path) -> Iterator[None]:
    """No block is free, and none for long that others free, until the block is left."""
    filler = place / "filler"
    try:
        fill(filler)
        yield
    finally:
        filler.unlink()


def fill(filler: Path) -> None:
    """Take whatever is free now."""
    with filler.open("ab", buffering=0) as file:
        for piece in (MIB, 4096):
            try:
                while True:
                    file.write(bytes(piece))
            except OSError:
                continue
