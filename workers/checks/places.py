"""Who is at work on this node: which slots and GPUs are locked, by whom, and what a worker that is
gone left behind."""

import fcntl
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from paceline.checks import Check, fail, ok, warn
from workers.checks.subject import Subject
from workers.launch import KEEPER_PROGRAM
from workers.orphans import at_work_for

PROCESSES = Path("/proc")  # elsewhere than on Linux nobody is found


@dataclass(frozen=True, slots=True)
class Holders:
    """The processes that hold some locks; both empty although one is held: another user's."""

    workers: tuple[int, ...]
    keepers: tuple[int, ...]

    def __str__(self) -> str:
        words = [f"worker {pid}" for pid in self.workers]
        words += [f"keeper {pid}" for pid in self.keepers]
        return ", ".join(words) or "a process of another user"


def slots_are_ours(subject: Subject) -> Check:
    """A worker that runs here is well; keepers without one are a worker that was killed."""
    state_dir = subject.options.state_dir
    held = held_locks((state_dir / "slots").glob("*.lock"))
    if not held:
        return ok("slots", f"no worker runs in {state_dir}")
    holders, slots = holders_of(held), ", ".join(sorted(path.stem for path in held))
    if holders.keepers and not holders.workers:
        return warn(
            "slots",
            f"slots {slots} are held by {holders}: their worker is gone, their trainings end "
            "within the grace",
            "start the worker: it waits up to a minute for them",
        )
    return ok("slots", f"slots {slots} of {state_dir} are held by {holders}")


def gpus_are_not_taken(subject: Subject) -> Check:
    """By another worker of this node, whose state folder is another one."""
    ids = {subject.lock_of(gpu): gpu.id for gpu in subject.gpus}
    if not ids:
        return ok("GPU locks", "no slot has a GPU")
    ours = holders_of(held_locks((subject.options.state_dir / "slots").glob("*.lock")))
    foreign = [path for path in held_locks(ids) if not _are_among(holders_of([path]), ours)]
    if foreign:
        taken = ", ".join(ids[path] for path in foreign)
        seen = f"{taken} locked by {holders_of(foreign)}, which does not work in this state folder"
        return fail("GPU locks", seen, "stop that worker, or part them by CUDA_VISIBLE_DEVICES")
    return ok("GPU locks", f"{len(ids)} GPUs, none locked by another worker")


def nothing_is_left_over(subject: Subject) -> Check:
    """Trial folders with weights and no worker: its next start ends and tidies them."""
    state_dir = subject.options.state_dir
    folders = [path.parent for path in (state_dir / "trials").glob("*/checkpoints")]
    if not folders or held_locks((state_dir / "slots").glob("*.lock")):
        return ok("leftovers", "none of a worker that is gone")
    pids = [pid for folder in folders for pid in at_work_for(folder.resolve())]
    seen = f"{len(folders)} trial folders of a worker that is gone lie in {state_dir}"
    if pids:
        seen += f"; processes still work for them: {', '.join(map(str, pids))}"
    return warn("leftovers", seen, "start the worker: it ends and tidies them before it claims")


def held_locks(paths: Iterable[Path]) -> list[Path]:
    """Those that somebody holds now; none is made."""
    return [path for path in paths if _is_held(path)]


def _is_held(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # not there, or not ours to read
        return False
    return False


def holders_of(locks: Iterable[Path]) -> Holders:
    """Whoever has one of the files open. A lock is inherited: the kernel names its first owner
    only, who may be gone."""
    wanted = {str(path.resolve()) for path in locks}
    pids = [int(entry.name) for entry in PROCESSES.glob("[0-9]*") if wanted & _open_files(entry)]
    keepers = [pid for pid in pids if _is_keeper(pid)]
    return Holders(tuple(pid for pid in pids if pid not in keepers), tuple(keepers))


def _open_files(process: Path) -> set[str]:
    """Empty for processes of others and for those that have ended."""
    found: set[str] = set()
    with suppress(OSError):
        for entry in (process / "fd").iterdir():
            with suppress(OSError):  # closed meanwhile
                found.add(os.readlink(entry))
    return found


def _is_keeper(pid: int) -> bool:
    try:
        words = (PROCESSES / str(pid) / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return any(word.endswith(KEEPER_PROGRAM.name.encode()) for word in words)


def _are_among(some: Holders, others: Holders) -> bool:
    everybody = {*others.workers, *others.keepers}
    return bool({*some.workers, *some.keepers} & everybody)
