"""`paceline demo`: a whole real study on the embedded service, told round by round."""

import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any  # Any: JSON of the service

import typer

import paceline
from paceline.cli.output import verdict_lines
from paceline.cli.studies import progress_line, read_definition, sign_in_link

STUDY = Path(paceline.__file__).resolve().parents[1] / "examples" / "digits" / "study.yaml"
POLL_SECONDS = 0.3


def demo(
    study: Annotated[Path, typer.Option(help="the definition to run")] = STUDY,
    data_dir: Annotated[Path, typer.Option("--data-dir")] = Path(".paceline"),
    once: Annotated[bool, typer.Option("--once", help="end when the study ends")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="end with one JSON line")] = False,
) -> None:
    """Run a real study from its first round to the final checkpoint."""
    from app.logs import configure_logging  # noqa: PLC0415 - a server's import, only here
    from app.settings import Settings  # noqa: PLC0415 - as above
    from paceline.cli.embedded import running  # noqa: PLC0415 - as above
    from paceline.cli.signals import Signals  # noqa: PLC0415 - as above
    from paceline.client import Client  # noqa: PLC0415 - as above

    configure_logging(as_json=True, warnings_only=True)
    definition = read_definition(study)
    definition["job"]["directory"] = str(study.resolve().parent)
    if study == STUDY:
        definition["job"]["python"] = sys.executable  # whatever environment happens to be active
    settings = Settings(data_dir=data_dir, port=_free_port())
    with Signals() as signals, running(settings, slots=os.cpu_count() or 2) as service:
        say = typer.echo if not as_json else _say_on_stderr
        with Client(service.url, service.token_file.read_text().strip()) as client:
            story = Story(client, say)
            outcome = story.run(definition, signals.wait)
            if as_json:
                print_line(outcome)
            elif not once and sys.stdout.isatty():
                typer.echo("the service stays up for the page; Ctrl-C ends it")
                signals.wait()
    if outcome["best"] is None:
        raise typer.Exit(1)


def _say_on_stderr(words: str) -> None:
    typer.echo(words, err=True)


def print_line(value: dict[str, Any]) -> None:  # Any: JSON
    """One JSON object on one line."""
    import json  # noqa: PLC0415 - keeps --help fast

    typer.echo(json.dumps(value))


def _free_port(wanted: int = 8731) -> int:
    """The usual port, or any free one if somebody has it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return _free_port(0)
        return int(probe.getsockname()[1])


class Story:
    """Follows one study and tells what happens."""

    def __init__(self, client: Any, say: Callable[[str], None]) -> None:  # Any: a Client
        self._client = client
        self._say = say
        self._told: set[int] = set()
        self._line = ""

    def run(self, definition: dict[str, Any], wait: Callable[[float], bool]) -> dict[str, Any]:
        """Post the study, follow it to its end (or until told to stop), and sum it up."""
        began = time.monotonic()
        study = self._client.post("/v1/studies", definition)
        self._say(f"study {study['id']}: {definition['name']}, {definition.get('trials')} trials")
        self._say(f"page: {sign_in_link(self._client, study['id'])}\n")
        while study["state"] == "active" and study["waiting_for"] != "acceptance":
            if wait(POLL_SECONDS):
                break
            study = self._client.get(f"/v1/studies/{study['id']}")
            self._tell(study)
        self._tell(study)
        return self._sum_up(study, time.monotonic() - began)

    def _tell(self, study: dict[str, Any]) -> None:  # Any: JSON
        for one in study["rounds"]:
            if one["state"] == "closed" and one["round"] not in self._told:
                self._told.add(one["round"])
                self._tell_round(study["id"], one)
        line = progress_line(study)
        if line != self._line and sys.stderr.isatty():
            typer.echo(f"\r\x1b[2K{line}", nl=False, err=True)
        self._line = line

    def _tell_round(self, study_id: str, one: dict[str, Any]) -> None:  # Any: JSON
        if sys.stderr.isatty():
            typer.echo("\r\x1b[2K", nl=False, err=True)
        trials = sum(one["counts"].values())
        proposed = f", proposed by {one['action']}" if one["action"] else ""
        self._say(
            f"\nround {one['round']} ({one['purpose']}{proposed}): "
            f"{trials} trials x {one['max_train_steps']} steps"
        )
        for line in verdict_lines(self._verdicts(study_id, one["round"])):
            self._say(line)
        for advice in self._client.get(f"/v1/studies/{study_id}/recommendations")["items"]:
            if advice["round"] == one["round"]:
                self._say(f"  => {advice['action']}: {advice['sentence']}")

    def _verdicts(self, study_id: str, number: int) -> list[dict[str, Any]]:  # Any: JSON
        path = f"/v1/studies/{study_id}/rounds/{number}/assessment"
        verdicts: list[dict[str, Any]] = self._client.get(path)["verdicts"]  # Any: JSON
        return verdicts

    def _sum_up(self, study: dict[str, Any], seconds: float) -> dict[str, Any]:  # Any: JSON
        self._say(f"\nstudy {study['state']} after {seconds:.0f} s")
        best = study["best"]
        if best is not None:
            trial = self._client.get(f"/v1/trials/{best['trial_id']}")
            self._say(f"winner: {trial['params']} at {trial['max_train_steps']} steps")
            self._say(f"best {best['value']:.6g} at step {best['step']}")
            if best["checkpoint"]:
                self._say(f"checkpoint: {best['checkpoint']['store']}/{best['checkpoint']['key']}")
        self._say(f"\nnext: paceline up, then in another terminal: paceline best {study['id']}")
        return {
            "study_id": study["id"],
            "seconds": round(seconds, 1),
            "rounds": [self._round_summary(study["id"], one) for one in study["rounds"]],
            "best": best,
        }

    def _round_summary(self, study_id: str, one: dict[str, Any]) -> dict[str, Any]:  # Any: JSON
        verdicts = self._verdicts(study_id, one["round"])
        return {
            "purpose": one["purpose"],
            "max_train_steps": one["max_train_steps"],
            "trials": sum(one["counts"].values()),
            "verdicts": [{"code": v["code"], "verdict": v["verdict"]} for v in verdicts],
        }
