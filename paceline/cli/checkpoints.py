"""`paceline checkpoints`: what lies in the store and why, and deleting what nobody needs. It runs
where database and store can be reached, as the servers do; nothing goes without `--delete`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any  # Any: values of the server's modules, imported lazily

import typer

from paceline.cli.connection import AsJson
from paceline.cli.output import next_command, print_json, print_table
from paceline.cli.servers import DatabaseUrl, DataDir, Store, settings_from

app = typer.Typer(no_args_is_help=True, help="look after the checkpoint store")

Study = Annotated[str, typer.Argument(help="its id: paceline study ls", metavar="STUDY")]
KeepBest = Annotated[
    int, typer.Option("--keep-best", min=0, help="of each closed round, so many trials' best")
]
Delete = Annotated[bool, typer.Option("--delete", help="really delete; else only say what would")]
OlderThan = Annotated[
    float, typer.Option("--older-than-hours", help="younger ones may still be on their way")
]
COLUMNS = ("trial", "step", "value", "bytes", "kept because", "key")


@app.command("ls")
def list_checkpoints(
    study: Study,
    keep_best: KeepBest = 3,
    database_url: DatabaseUrl = None,
    store: Store = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List a study's checkpoints: why each is kept, or that it may go."""
    from app.services import pruning  # noqa: PLC0415 - a server's import, only here

    with _context(database_url, store, data_dir) as context:
        _show(pruning.preview(context, _id(study), keep_best), as_json)


@app.command()
def prune(  # noqa: PLR0913 - one argument a flag
    study: Study,
    keep_best: KeepBest = 3,
    delete: Delete = False,
    database_url: DatabaseUrl = None,
    store: Store = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Delete what no trial, round, advice or person needs any more; without --delete: say it."""
    from app.services import pruning  # noqa: PLC0415 - a server's import, only here

    with _context(database_url, store, data_dir) as context:
        if delete:
            _say_deleted(pruning.prune(context, _id(study), keep_best), as_json)
            return
        _show(pruning.preview(context, _id(study), keep_best), as_json)
    if not as_json:
        next_command(f"paceline checkpoints prune {study} --keep-best {keep_best} --delete")


@app.command()
def orphans(
    older_than_hours: OlderThan = 24.0,
    delete: Delete = False,
    database_url: DatabaseUrl = None,
    store: Store = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Find what lies in the store and is registered nowhere; with --delete: delete it."""
    from app.services import pruning  # noqa: PLC0415 - a server's import, only here

    with _context(database_url, store, data_dir) as context:
        if delete:
            _say_deleted(pruning.delete_orphans(context, older_than_hours), as_json)
            return
        found = pruning.find_orphans(context, older_than_hours)
    if as_json:
        print_json([{"key": one.key, "bytes": one.size_bytes} for one in found])
        return
    print_table(("bytes", "key"), [(one.size_bytes, one.key) for one in found])
    typer.echo(f"\n{len(found)} orphans, {sum(one.size_bytes for one in found)} bytes")
    if found:
        next_command("paceline checkpoints orphans --delete")


def _id(study: str) -> Any:
    from app.domain.ids import StudyId  # noqa: PLC0415 - a server's import, only here

    return StudyId(study)


@contextmanager
def _context(database_url: str | None, store: str | None, data_dir: Path | None) -> Iterator[Any]:
    from app.main import create_context  # noqa: PLC0415 - a server's import, only here
    from app.services.health import check_ready  # noqa: PLC0415 - as above

    settings = settings_from(database_url=database_url, store=store, data_dir=data_dir)
    context = create_context(settings)
    try:
        check_ready(context)
        yield context
    finally:
        context.database.close()


def _show(prospect: Any, as_json: bool) -> None:
    pruning, elsewhere = prospect.pruning, prospect.elsewhere
    if as_json:
        print_json(
            {
                "kept": [{**_document(one.checkpoint), "why": one.why} for one in pruning.kept],
                "superfluous": [_document(one) for one in pruning.superfluous],
                "elsewhere": [_document(one) for one in elsewhere],
                "freed_bytes": pruning.freed_bytes,
            }
        )
        return
    rows = [_row(one.checkpoint, one.why) for one in pruning.kept]
    rows += [_row(one, "(may go)") for one in pruning.superfluous]
    rows += [_row(one, f"it lies in {one.store}, out of reach") for one in elsewhere]
    print_table(COLUMNS, rows)
    typer.echo(
        f"\n{len(pruning.kept)} kept, {len(elsewhere)} out of reach, "
        f"{len(pruning.superfluous)} may go, which frees {pruning.freed_bytes} bytes"
    )


def _say_deleted(deleted: Any, as_json: bool) -> None:
    if as_json:
        said = {"deleted": deleted.count, "bytes": deleted.size_bytes, "problem": deleted.problem}
        print_json(said)
    else:
        typer.echo(f"{deleted.count} deleted, {deleted.size_bytes} bytes freed")
    if deleted.problem:
        typer.echo(f"error: the rest was not deleted: {deleted.problem}", err=True)
        typer.echo(
            "  -> nobody is offered it any more; later: paceline checkpoints orphans", err=True
        )
        raise typer.Exit(1)


def _row(one: Any, why: str) -> tuple[object, ...]:
    return (one.trial_id, one.step, one.value, one.bytes, why, one.key)


def _document(one: Any) -> dict[str, Any]:
    names = ("trial_id", "step", "value", "bytes", "store", "key")
    return {name: getattr(one, name) for name in names}
