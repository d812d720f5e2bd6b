"""`paceline doctor`: is the service there, may I talk to it, and would a job of this study start
on this node?"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any  # Any: YAML and JSON

import typer

from paceline.cli.connection import AsJson, TokenFile, Url, connect
from paceline.cli.output import print_json
from paceline.cli.studies import read_definition

PROBE = (
    "import sys, paceline; "
    "print(sys.executable); print(sys.version.split()[0]); print(paceline.__file__)"
)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: what it is, whether it is right, what was seen, what to do."""

    name: str
    is_right: bool
    seen: str
    hint: str = ""


def doctor(
    url: Url = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
    job: Annotated[
        Path | None, typer.Option("--job", help="a study: would its job start here?")
    ] = None,
) -> None:
    """Check the service, and with --job that a study's job starts on this node."""
    checks = _service_checks(url, token_file)
    if job is not None:
        checks += _job_checks(read_definition(job))
    if as_json:
        print_json(
            [{"check": c.name, "ok": c.is_right, "seen": c.seen, "hint": c.hint} for c in checks]
        )
    else:
        for check in checks:
            typer.echo(f"{'ok ' if check.is_right else '!! '}{check.name}: {check.seen}")
            if check.hint and not check.is_right:
                typer.echo(f"     -> {check.hint}")
    if not all(check.is_right for check in checks):
        raise typer.Exit(1)


def _service_checks(url: str | None, token_file: Path | None) -> list[Check]:
    from paceline.client import ClientError, ServiceNotFound  # noqa: PLC0415 - keeps --help fast

    try:
        client = connect(url, token_file)
        version = client.get("/version")["version"]
        ready = client.get("/readyz")
        workers = client.get("/v1/workers")["items"]
    except (ClientError, ServiceNotFound) as error:
        return [Check("service", False, str(error), "paceline up, or paceline login URL")]
    slots = sum(len(one["slots"]) for one in workers)
    return [
        Check("service", True, f"{client.url}, version {version}, {ready.get('database')}"),
        Check(
            "workers",
            slots > 0,
            f"{len(workers)} workers, {slots} slots",
            "paceline worker --url ...",
        ),
        *[_store_check(one) for one in workers],
    ]


def _store_check(worker: dict[str, Any]) -> Check:  # Any: JSON
    shares = bool(worker.get("shares_store", True))
    seen = f"{worker['name']} {'shares' if shares else 'does not share'} the checkpoint store"
    hint = "give api and workers the same --store, or trials start anew when they change nodes"
    return Check("store", shares, seen, hint)


def _job_checks(definition: dict[str, Any]) -> list[Check]:  # Any: YAML
    job = definition.get("job")
    if not isinstance(job, dict):
        return [Check("job", True, "external: somebody else's runner claims its trials")]
    try:
        return _started(job)
    except (ValueError, OSError, RuntimeError, subprocess.SubprocessError) as error:
        return [Check("job", False, str(error), "mend the job, or run this where the worker runs")]


def _started(job: dict[str, Any]) -> list[Check]:  # Any: YAML
    from workers.command import CannotRun, job_command  # noqa: PLC0415 - a worker's import
    from workers.options import WorkerOptions  # noqa: PLC0415 - as above

    try:
        command = job_command(job, WorkerOptions(allow_commands=True))
    except CannotRun as error:
        return [Check("job", False, str(error), "mend the job, or run this where the worker runs")]
    program, folder = command.argv[0], command.directory
    if not _is_python(program):
        return [Check("job", True, f"{program} in {folder} (no Python: files alone)")]
    done = _probe(program, folder, job.get("env", {}))
    if done.returncode:
        return [Check("job", False, done.stderr.strip()[-500:], "does this Python start alone?")]
    executable, version, _ = done.stdout.split("\n", 2)
    scripts = [word for word in command.argv[1:] if word.endswith(".py")]
    missing = [word for word in scripts if not (folder / word).exists()]
    return [
        Check("python", True, f"{executable} ({version})"),
        Check("import paceline", True, "works in that Python"),
        Check("script", not missing, json.dumps(scripts), f"missing in {folder}: {missing}"),
    ]


def _probe(
    program: str, folder: Path, job_env: dict[str, str]
) -> "subprocess.CompletedProcess[str]":
    """Start the job's Python as a worker would, in the same environment, and import the SDK."""
    from workers.environment import (  # noqa: PLC0415 - a worker's import
        copy_sdk,
        our_variables,
        training_environment,
    )

    with tempfile.TemporaryDirectory() as scratch:
        ours = our_variables(Path(scratch), copy_sdk(Path(scratch)), (), job_env)
        return subprocess.run(
            [program, "-c", PROBE],
            cwd=folder,
            env=training_environment(os.environ, (), job_env, ours),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


def _is_python(program: str) -> bool:
    return "python" in Path(program).name or program == sys.executable
