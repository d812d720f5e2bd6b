"""Whether a job would start here: its command, its folder, its Python with the SDK in it."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from paceline.checks import Check, fail, ok, worst
from workers.checks.subject import Subject
from workers.command import CannotRun, Command, job_command
from workers.environment import copy_sdk, our_variables, training_environment
from workers.options import WorkerOptions

Json = Mapping[str, Any]  # Any: a study's job
PROBE = (
    "import sys, paceline; "
    "print(sys.executable); print(sys.version.split()[0]); print(paceline.__file__)"
)
HINT = "mend the job, or run this where the worker runs"
PROBE_SECONDS = 60.0


def entrypoints_start(subject: Subject) -> Check:
    """Every registered entrypoint, or free commands, or this worker has nothing to run."""
    options = subject.options
    if not options.entrypoints and not options.allow_commands:
        seen = "no entrypoint is registered and free commands are not allowed: nothing can run"
        return fail("jobs", seen, "--allow-commands, or [entrypoints] in paceline.toml")
    looked = [one for name in options.entrypoints for one in _of_entrypoint(name, options)]
    looked = looked or job_checks({"command": ["python"]}, options)
    trouble = next((one for one in looked if one.state is worst(looked)), None)
    if trouble and trouble.has_failed:
        return fail("jobs", f"{trouble.name}: {trouble.seen}", trouble.hint)
    what = ", ".join(sorted(options.entrypoints)) or "free commands"
    python = next((one.seen for one in looked if one.name == "python"), "no Python")
    return ok("jobs", f"{what} would start, with {python}")


def _of_entrypoint(name: str, options: WorkerOptions) -> list[Check]:
    checks = job_checks({"entrypoint": name}, options)
    return [Check(one.name, one.state, f"{name}: {one.seen}", one.hint) for one in checks]


def job_checks(job: Json, options: WorkerOptions) -> list[Check]:
    """What stands in the way of a study's job on this node."""
    try:
        return _started(job, job_command(job, options))
    except (CannotRun, ValueError, OSError, RuntimeError, subprocess.SubprocessError) as error:
        return [fail("job", str(error), HINT)]


def _started(job: Json, command: Command) -> list[Check]:
    program, folder = command.argv[0], command.directory
    if shutil.which(program) is None and not (folder / program).exists():
        seen = f"{program} is neither on PATH nor a file beneath {folder}"
        return [fail("job", seen, HINT)]
    if not _is_python(program):
        return [ok("job", f"{program} in {folder} (no Python: files alone)")]
    done = _probe(program, folder, job.get("env") or {})
    if done.returncode:
        return [fail("job", done.stderr.strip()[-500:], "does this Python start alone?")]
    executable, version, _ = done.stdout.split("\n", 2)
    scripts = [word for word in command.argv[1:] if word.endswith(".py")]
    missing = [word for word in scripts if not (folder / word).exists()]
    found = json.dumps(scripts)
    return [
        ok("python", f"{executable} ({version})"),
        ok("import paceline", "works in that Python"),
        fail("script", found, f"missing in {folder}: {missing}")
        if missing
        else ok("script", found),
    ]


def _probe(
    program: str, folder: Path, job_env: Mapping[str, str]
) -> "subprocess.CompletedProcess[str]":
    """Start the job's Python as a worker would, in the same environment, and import the SDK."""
    with tempfile.TemporaryDirectory() as scratch:
        ours = our_variables(Path(scratch), copy_sdk(Path(scratch)), (), job_env)
        return subprocess.run(
            [program, "-c", PROBE],
            cwd=folder,
            env=training_environment(os.environ, (), job_env, ours),
            capture_output=True,
            text=True,
            timeout=PROBE_SECONDS,
            check=False,
        )


def _is_python(program: str) -> bool:
    return "python" in Path(program).name or program == sys.executable
