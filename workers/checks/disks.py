"""The folders that a worker writes to, and the limits of this machine that trainings run into."""

import fcntl
import resource
import shutil
import tempfile
from pathlib import Path

from paceline.checks import Check, fail, ok, warn
from workers.room import LEAST_FREE_BYTES

LOW_BYTES = 1 << 30  # some checkpoints and the logs of a few trials
LOW_SHARED_BYTES = 1 << 30  # containers begin with 64 MiB
LOW_OPEN_FILES = 4096  # a data loader sends every batch as a few open files
SHARED_MEMORY = Path("/dev/shm")
MOUNTS = Path("/proc/self/mountinfo")
NETWORKED = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "lustre", "beegfs", "ceph", "glusterfs", "9p", "afs"}
    | {"fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.s3fs", "fuse.juicefs", "fuse.rclone"}
)


def folder_works(name: str, folder: Path, flag: str) -> Check:
    """Written to, on a disk of this machine, and locks lock; nothing is made or left behind."""
    there = nearest(folder)
    try:
        has_locks = _locks_lock(there)
    except OSError as error:
        seen = f"{folder}: nothing can be written in {there} ({error.strerror or error})"
        return fail(name, seen, f"let the worker's user write there, or choose another {flag}")
    if not has_locks:
        seen = f"{folder}: two that lock a file there both believe they have it"
        return fail(name, seen, f"choose a folder on a local disk: {flag}")
    kind = filesystem_of(there, MOUNTS.read_text() if MOUNTS.exists() else "")
    if kind in NETWORKED:
        seen = f"{folder} lies on a network disk ({kind}): reports and locks wait for the network"
        return warn(name, seen, f"choose a folder on a local disk: {flag}")
    return ok(name, f"{folder} can be written and locked")


def nearest(folder: Path) -> Path:
    """The folder, or what there is of its parents."""
    path = folder.resolve()
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def _locks_lock(folder: Path) -> bool:
    """Whether a second lock on one file is refused. Raises OSError where nothing is written."""
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".paceline-doctor-") as first:
        first.write(b"x")
        first.flush()
        fcntl.flock(first, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with open(first.name, "rb") as second:
            try:
                fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
    return False


def filesystem_of(folder: Path, mounts: str) -> str:
    """The kind of the innermost mount; `mounts` as in /proc/self/mountinfo. Unknown: empty."""
    best, kind = Path(), ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        point = Path(before.split()[4].replace("\\040", " "))
        if folder.is_relative_to(point) and len(point.parts) >= len(best.parts):
            best, kind = point, after.split()[0]
    return kind


def disk_has_room(
    folders: list[Path], least_bytes: int = LEAST_FREE_BYTES, low_bytes: int = LOW_BYTES
) -> Check:
    """Below `least_bytes` a slot claims nothing; below `low_bytes` that day is near."""
    free, folder = min((shutil.disk_usage(nearest(one)).free, one) for one in folders)
    hint = f"make room on the disk of {folder}, or choose another folder"
    seen = f"{free / 2**20:.0f} MiB free on the disk of {folder}"
    if free < least_bytes:
        needed = f"{least_bytes / 2**20:.0f} are needed: slots claim nothing"
        return fail("free room", f"{seen}, {needed}", hint)
    if free < low_bytes:
        return warn("free room", f"{seen}: few checkpoints fit", hint)
    return ok("free room", seen)


def shared_memory_suffices(low_bytes: int = LOW_SHARED_BYTES) -> Check:
    name = "shared memory"
    if not SHARED_MEMORY.is_dir():
        return ok(name, f"no {SHARED_MEMORY} on this system")
    total = shutil.disk_usage(SHARED_MEMORY).total
    seen = f"{SHARED_MEMORY} holds {total / 2**20:.0f} MiB"
    if total < low_bytes:
        hint = "start the container with --shm-size 8g (Compose: shm_size), or --ipc host"
        return warn(name, f"{seen}: data loaders with workers die there of a bus error", hint)
    return ok(name, seen)


def open_files_suffice() -> Check:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < LOW_OPEN_FILES:
        seen = f"at most {soft} in one process (hard limit {hard}): data loaders may need more"
        hint = "ulimit -n 65536 before the worker, or LimitNOFILE=65536 in its unit"
        return warn("open files", seen, hint)
    return ok("open files", f"at most {soft} in one process")
