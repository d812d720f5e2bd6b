"""From a job to the argv and the folder that run: which Python, entrypoint, directory."""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workers.options import WorkerOptions


class CannotRun(Exception):
    """The job asks for what this worker does not have or does not allow; the message says which."""


class DirectoryAway(OSError):
    """The job's folder is not there: a share may not be mounted on this node, and be on others."""


@dataclass(frozen=True, slots=True)
class Command:
    """What to start, and where."""

    argv: tuple[str, ...]
    directory: Path


def job_command(
    job: Mapping[str, Any],  # Any: JSON
    options: WorkerOptions,
    environment: Mapping[str, str] = os.environ,
) -> Command:
    """The command of a claimed job on this worker. Raises CannotRun, DirectoryAway."""
    directory = job_directory(job.get("directory"), options)
    argv = list(_argv(job, options))
    if argv[0] == "python":
        argv[0] = _python(job.get("python"), directory, environment)
    return Command(tuple(argv), directory)


def job_directory(said: str | None, options: WorkerOptions) -> Path:
    """Relative: beneath --root, links resolved; absolute: wants --allow-commands."""
    root = options.root.resolve()
    path = Path(said or ".")
    if path.is_absolute() and not options.allow_commands:
        raise CannotRun(
            f"job.directory {path} is absolute: start the worker with --allow-commands, "
            f"or give it relative to --root ({root})"
        )
    directory = (root / path).resolve()
    if not path.is_absolute() and not directory.is_relative_to(root):
        raise CannotRun(f"job.directory {path} leads out of --root ({root})")
    if not directory.is_dir():
        raise DirectoryAway(
            f"job.directory {directory} is not a folder on this node: mount or make it, or mend "
            "the study's job if it is nowhere"
        )
    return directory


def _argv(job: Mapping[str, Any], options: WorkerOptions) -> tuple[str, ...]:  # Any: JSON
    name = job.get("entrypoint")
    if name is not None:
        if name not in options.entrypoints:
            known = ", ".join(sorted(options.entrypoints)) or "none"
            raise CannotRun(f"entrypoint {name} is not registered here (registered: {known})")
        return tuple(options.entrypoints[name])
    if not options.allow_commands:
        raise CannotRun("this worker runs no free commands: start it with --allow-commands")
    return tuple(job["command"])


def _python(said: str | None, directory: Path, environment: Mapping[str, str]) -> str:
    """The job's Python; else that of the environment the worker was started in; else its own."""
    if said:
        found = shutil.which(said, path=environment.get("PATH"))
        beneath = directory / Path(said).expanduser()
        if found is None and not beneath.exists():
            raise CannotRun(f"job.python {said} is neither on PATH nor a file beneath {directory}")
        return str(beneath) if beneath.exists() else str(found)
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        candidate = Path(environment.get(name, "")) / "bin" / "python"
        if environment.get(name) and candidate.exists():
            return str(candidate)
    return sys.executable
