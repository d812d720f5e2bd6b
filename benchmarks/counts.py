"""Statements and commits of one trial's life, counted in this process: free of noise, so CI
asserts them, too."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fastapi.testclient import TestClient
from sqlalchemy import Engine, event

from app.api.app import create_app
from app.db.database import Database
from app.services.context import Context
from app.services.tokens import SCOPES, create_token
from app.settings import Settings
from benchmarks import optuna_peer
from benchmarks.service import POINTS, definition, fresh_database, play_trial
from benchmarks.table import Row


@dataclass
class Counted:
    """What the engines of this process did meanwhile."""

    statements: int = 0
    commits: int = 0


@contextmanager
def counting() -> Iterator[Counted]:
    """Counts statements and commits of every engine in this process."""
    counted = Counted()

    def on_statement(*_: object) -> None:
        counted.statements += 1

    def on_commit(_: object) -> None:
        counted.commits += 1

    event.listen(Engine, "before_cursor_execute", on_statement)
    event.listen(Engine, "commit", on_commit)
    try:
        yield counted
    finally:
        event.remove(Engine, "before_cursor_execute", on_statement)
        event.remove(Engine, "commit", on_commit)


class Posting:
    """A TestClient that posts as the real client does."""

    def __init__(self, client: TestClient) -> None:
        self._client = client

    def post(self, path: str, body: object, headers: dict[str, str] | None = None) -> object:
        answer = self._client.post(path, json=body, headers=headers)
        answer.raise_for_status()
        return answer.json() if answer.content else None


def count_trial(database_url: str) -> Counted:
    """One trial's life through the API, in the middle of a study of five."""
    context = Context(Database(database_url), Settings(database_url=database_url))
    token = create_token(context, "bench", SCOPES).text
    client = TestClient(create_app(context), headers={"Authorization": f"Bearer {token}"})
    posting = Posting(client)
    study = client.post("/v1/studies", json=definition(5)).json()["id"]
    play_trial(posting, study, "bench")  # the first one warms caches
    with counting() as counted:
        play_trial(posting, study, "bench")
    context.database.close()
    return counted


def measure(server: str) -> list[Row]:
    """Ours against the peer's."""
    with fresh_database(server) as url:
        ours = count_trial(url)
    with optuna_peer.peer_study(server) as study:
        optuna_peer.play_trial(study, 1)
        with counting() as peer:
            optuna_peer.play_trial(study, POINTS)
    return [
        Row(
            "statements a trial",
            ours.statements,
            peer.statements,
            "",
            "<= 20",
            is_higher_better=False,
        ),
        Row("commits a trial", ours.commits, peer.commits, "", "<= 4", is_higher_better=False),
    ]
