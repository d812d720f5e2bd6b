"""`paceline worker`: run one here (the bare command), or look after those that registered."""

from pathlib import Path
from typing import Annotated, Any  # Any: JSON of the service

import typer

from paceline.cli.connection import AsJson, TokenFile, Url, connect
from paceline.cli.output import next_command, print_json, print_table
from paceline.cli.servers import Broker, Store, run_worker
from paceline.cli.trials import all_items

app = typer.Typer(
    invoke_without_command=True,
    help="run trainings on this node's slots; or, with a command, look after workers",
)

WorkerName = Annotated[str, typer.Argument(help="its name or id", metavar="WORKER")]
Json = dict[str, Any]  # Any: JSON
SHOWN_STAYS = 3  # of a slot, the latest; --json has more


@app.callback()
def worker(  # noqa: PLR0913 - one argument a flag
    context: typer.Context,
    url: Annotated[str | None, typer.Option("--url", help="address of the service")] = None,
    token_file: Annotated[
        Path | None, typer.Option("--token-file", help="file that holds the token")
    ] = None,
    name: Annotated[str | None, typer.Option(help="what people call this node")] = None,
    slots: Annotated[
        int | None, typer.Option(help="how many CPU slots (default: 1, beside GPU slots none)")
    ] = None,
    gpus_per_slot: Annotated[
        str | None,
        typer.Option(help="2: as many slots of 2 GPUs as fit; 4,2,1,1: these", metavar="SIZES"),
    ] = None,
    queue: Annotated[
        str | None, typer.Option(help="one for all slots (default: cpu, gpu-K by their size)")
    ] = None,
    label: Annotated[list[str] | None, typer.Option(help="k=v that jobs may ask for")] = None,
    root: Annotated[
        Path | None, typer.Option(help="relative job folders lie here (default: .)")
    ] = None,
    store: Store = None,
    state_dir: Annotated[
        Path | None, typer.Option(help="its id and trial folders (default: .paceline/worker)")
    ] = None,
    lock_dir: Annotated[Path | None, typer.Option(help="GPU locks of this node")] = None,
    allow_commands: Annotated[bool, typer.Option("--allow-commands", help="run any argv")] = False,
    pass_env: Annotated[list[str] | None, typer.Option(help="variables to hand on")] = None,
    broker: Broker = None,
    gpu_free_fraction: Annotated[
        float | None, typer.Option(help="of a GPU's memory: with more in use it is not free (0.1)")
    ] = None,
    simulated_gpus: Annotated[
        Path | None, typer.Option(help="a JSON list of GPUs to take for this node's own")
    ] = None,
) -> None:
    """Run trainings on this node's slots."""
    flags = {key: value for key, value in locals().items() if key != "context"}
    if context.invoked_subcommand is None:
        run_worker(flags)


@app.command("ls")
def list_workers(url: Url = None, token_file: TokenFile = None, as_json: AsJson = False) -> None:
    """List workers: what they offer, and what each slot does and did."""
    items = all_items(connect(url, token_file), "/v1/workers", {"limit": 500})
    if as_json:
        print_json({"items": items, "next_cursor": None})
        return
    print_table(
        ("worker", "version", "state", "seen", "store", "runs", "labels", "id"),
        [_worker_row(item) for item in items],
    )
    live = [item for item in items if item["is_live"]]
    rows = [_slot_row(item, slot) for item in live for slot in item["slots"]]
    if rows:
        typer.echo("")
        print_table(("worker", "slot", "queue", "GPUs", "state", "last attempts"), rows)
    for item in live:
        for slot in item["slots"]:
            if slot["problem"]:
                typer.echo(f"\n{item['name']} slot {slot['slot']}: {slot['problem']}")


@app.command()
def drain(
    name: WorkerName, url: Url = None, token_file: TokenFile = None, as_json: AsJson = False
) -> None:
    """Take no new work; what runs checkpoints and moves on to other nodes."""
    _set("drain", name, connect(url, token_file), as_json)


@app.command()
def cordon(
    name: WorkerName, url: Url = None, token_file: TokenFile = None, as_json: AsJson = False
) -> None:
    """Take no new work; what runs goes on to its end."""
    _set("cordon", name, connect(url, token_file), as_json)


@app.command()
def uncordon(
    name: WorkerName, url: Url = None, token_file: TokenFile = None, as_json: AsJson = False
) -> None:
    """Take work again, after a cordon or a drain."""
    _set("uncordon", name, connect(url, token_file), as_json)


def _set(what: str, name: str, client: Any, as_json: bool) -> None:  # Any: imported lazily
    found = client.post(f"/v1/workers/{_id_of(client, name)}/{what}", {})
    if as_json:
        print_json(found)
        return
    busy = sum(slot["state"] == "busy" for slot in found["slots"])
    typer.echo(f"{found['name']} is {found['state']}; {busy} of its slots are busy")
    next_command("paceline worker ls" if what == "uncordon" else f"paceline worker uncordon {name}")


def _id_of(client: Any, name: str) -> str:  # Any: imported lazily
    """The id itself, or that of the one worker so named; of several the one that is there."""
    items = all_items(client, "/v1/workers", {"limit": 500})
    named = [item for item in items if name in (item["id"], item["name"])]
    live = [item for item in named if item["is_live"]]
    found = [item["id"] for item in (live if len(live) == 1 else named)]
    if len(found) > 1:
        typer.echo(f"error: {len(found)} workers are named {name}: {', '.join(found)}", err=True)
        typer.echo("  -> give the id instead", err=True)
        raise typer.Exit(2)
    return str(found[0]) if found else name


def _worker_row(item: Json) -> tuple[object, ...]:
    runs = [*item["entrypoints"], *(["commands"] if item["commands"] else [])]
    labels = ",".join(f"{key}={value}" for key, value in (item["labels"] or {}).items())
    return (
        item["name"],
        item["version"],
        item["state"] if item["is_live"] else "away",
        "now" if item["is_live"] else item["last_seen_at"],
        "shared" if item["shares_store"] else "its own",
        ",".join(runs) or None,
        labels or None,
        item["id"],
    )


def _slot_row(item: Json, slot: Json) -> tuple[object, ...]:
    devices = ",".join(device["name"] or device["id"] for device in slot["devices"])
    last = " ".join(_stay(stay) for stay in slot["attempts"][:SHOWN_STAYS])
    return (
        item["name"],
        slot["slot"],
        slot["queue"],
        f"{slot['gpus']} ({devices})" if devices else slot["gpus"],
        slot["state"],
        last or None,
    )


def _stay(stay: Json) -> str:
    """`succeeded 10:04:05-10:20:31`; of one that runs, what it runs."""
    began = stay["started_at"][11:19]
    if stay["ended_at"]:
        return f"{stay['state']} {began}-{stay['ended_at'][11:19]}"
    return f"{stay['state']} {stay['trial_id']} {began}-"
