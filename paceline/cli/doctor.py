"""`paceline doctor`: is the service there, may I talk to it, would a job of this study start here;
and with --node: would a worker work here, and if not, what is in the way?"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any  # Any: YAML and JSON

import typer

from paceline.checks import Check, State, fail, ok, worst
from paceline.cli import workers
from paceline.cli.connection import AsJson, TokenFile, Url, connect
from paceline.cli.output import next_command, print_json
from paceline.cli.servers import worker_options
from paceline.cli.studies import read_definition

MARKS = {State.OK: "ok ", State.WARN: "!  ", State.FAIL: "!! "}
WORKER_FLAGS = {"allow_extra_args": True, "ignore_unknown_options": True}


def doctor(
    context: typer.Context,
    url: Url = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
    job: Annotated[
        Path | None, typer.Option("--job", help="a study: would its job start here?")
    ] = None,
    node: Annotated[
        bool,
        typer.Option(
            "--node", help="would a worker work here? takes every flag of paceline worker"
        ),
    ] = False,
) -> None:
    """Check the service, with --node this node, and with --job that a study's job starts here."""
    if context.args and not node:
        raise typer.BadParameter(f"{context.args[0]}: flags of a worker go with --node")
    flags = _worker_flags(context.args) if node else {}
    flags |= {"url": url, "token_file": token_file}
    checks = _node_checks(flags) if node else _service_checks(url, token_file)
    if job is not None:
        checks += _job_checks(read_definition(job), flags)
    if as_json:
        print_json([_document(check) for check in checks])
    else:
        _print(checks, is_node=node)
    if worst(checks) is State.FAIL:
        raise typer.Exit(1)


def _document(check: Check) -> dict[str, Any]:  # Any: JSON
    return {
        "check": check.name,
        "ok": not check.has_failed,
        "state": check.state,
        "seen": check.seen,
        "hint": check.hint,
    }


def _print(checks: Sequence[Check], *, is_node: bool) -> None:
    """One sentence, a line a check, and what to type next."""
    typer.echo(f"{_sentence(checks, 'This node' if is_node else 'The service')}\n")
    for check in checks:
        typer.echo(f"{MARKS[check.state]}{check.name}: {check.seen}")
        if check.state is not State.OK:
            typer.echo(f"     -> {check.hint}")
    if worst(checks) is State.FAIL:
        next_command("paceline doctor --node" if is_node else "paceline doctor")
    else:
        next_command("paceline worker" if is_node else "paceline worker ls")


def _sentence(checks: Sequence[Check], what: str) -> str:
    failed = sum(check.state is State.FAIL for check in checks)
    warned = sum(check.state is State.WARN for check in checks)
    if failed:
        return f"{what} needs you: {failed} of {len(checks)} checks failed, {warned} warn."
    if warned:
        return f"{what} works, but {warned} of {len(checks)} checks warn."
    return f"{what} is well: all {len(checks)} checks are ok."


def _worker_flags(words: list[str]) -> dict[str, Any]:  # Any: values of all types
    """Read as `paceline worker` reads them, without starting one."""
    command = typer.main.get_command(workers.app)
    context = command.make_context("paceline doctor --node", [*words], allow_extra_args=False)
    return dict(context.params)


def _node_checks(flags: dict[str, Any]) -> list[Check]:  # Any: values of all types
    from workers.checks.node import node_checks  # noqa: PLC0415 - a worker's import

    return node_checks(worker_options(flags))


def _service_checks(url: str | None, token_file: Path | None) -> list[Check]:
    from paceline.client import ClientError, ServiceNotFound  # noqa: PLC0415 - keeps --help fast

    try:
        client = connect(url, token_file)
        version = client.get("/version")["version"]
        ready = client.get("/readyz")
        workers = [one for one in client.get("/v1/workers")["items"] if one["is_live"]]
    except (ClientError, ServiceNotFound) as error:
        return [fail("service", str(error), "paceline up, or paceline login URL")]
    slots = sum(len(one["slots"]) for one in workers)
    seen = f"{len(workers)} workers, {slots} slots"
    return [
        ok("service", f"{client.url}, version {version}, {ready.get('database')}"),
        ok("workers", seen) if slots else fail("workers", seen, "paceline worker --url ..."),
        *[_store_check(one) for one in workers],
    ]


def _store_check(worker: dict[str, Any]) -> Check:  # Any: JSON
    if worker.get("shares_store", True):
        return ok("store", f"{worker['name']} shares the checkpoint store")
    seen = f"{worker['name']} does not share the checkpoint store"
    hint = "give api and workers the same --store, or trials start anew when they change nodes"
    return fail("store", seen, hint)


def _job_checks(definition: dict[str, Any], flags: dict[str, Any]) -> list[Check]:  # Any: YAML
    from workers.checks.jobs import job_checks  # noqa: PLC0415 - a worker's import

    job = definition.get("job")
    if not isinstance(job, dict):
        return [ok("job", "external: somebody else's runner claims its trials")]
    return job_checks(job, worker_options(flags | {"allow_commands": True}))
