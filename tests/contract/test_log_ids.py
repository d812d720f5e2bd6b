"""Real log lines of the API and of the conductor: they say which request, study, trial and attempt
they are about."""

import io
import json
import logging
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import structlog

from app.api import waiting as polling
from app.api.log_ids import ids_in
from app.conductor import autopilot, review, suggest
from app.conductor.autopilot import apply_autopilot
from app.conductor.loop import Conductor, Duty
from app.conductor.review import review_rounds
from app.conductor.suggest import suggest_points
from app.logs import configure_logging
from app.main import api_server
from app.services import attempts, reviews, workers
from app.services.context import Context
from app.services.tokens import SCOPES, create_token
from tests.contract.lab import Lab
from tests.contract.slot import Slot
from tests.support.waiting import free_port, wait_until

Json = Any  # JSON, as the contract says


class Log(io.StringIO):
    """What a process would write to stderr."""

    def lines(self, event: str) -> list[dict[str, Json]]:
        found = [json.loads(line) for line in self.getvalue().splitlines()]
        return [one for one in found if one["event"] == event]

    def line(self, event: str) -> dict[str, Json]:
        """The last of this event."""
        return self.lines(event)[-1]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[Log]:
    """The processes' own configuration, writing here; loggers are looked up anew."""
    written = Log()
    monkeypatch.setattr("sys.stderr", written)
    monkeypatch.setattr(logging.root, "handlers", [])
    level = logging.root.level
    configure_logging(as_json=True)
    structlog.configure(cache_logger_on_first_use=False)
    yield written
    logging.root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def broken(*_args: Json, **_more: Json) -> Json:
    raise ZeroDivisionError("divided by nothing")


@pytest.fixture
def client(lab: Lab, tmp_path: Path) -> Iterator[httpx2.Client]:
    """A client of the API as it is served, over one connection that is kept."""
    changes = {"port": free_port(), "store": str(tmp_path / "store")}
    context = Context(lab.context.database, lab.context.settings.model_copy(update=changes))
    server = api_server(context)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started, seconds=30, what="the API is up")
    token = {"Authorization": f"Bearer {create_token(lab.context, 'log', SCOPES).text}"}
    with httpx2.Client(base_url=f"http://127.0.0.1:{changes['port']}", headers=token) as client:
        yield client
    server.should_exit = True
    thread.join(30)


def test_a_request_that_crashes_is_logged_with_its_id_and_the_ids_of_its_path(
    lab: Lab, client: httpx2.Client, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.create()
    attempt = Slot(lab).claim()
    monkeypatch.setattr(attempts, "show_attempt", broken)
    answer = client.get(f"/v1/attempts/{attempt.id}", headers={"X-Request-Id": "from-the-proxy"})
    assert answer.status_code == 500
    line = log.line("request failed")
    assert (line["request_id"], line["attempt_id"]) == ("from-the-proxy", attempt.id)
    assert line["trace_id"] in answer.json()["detail"]


def test_what_libraries_log_is_a_json_line_with_the_same_ids(
    client: httpx2.Client, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "show_attempt", broken)
    client.get("/v1/attempts/a1", headers={"X-Request-Id": "from-the-proxy"})
    wait_until(lambda: "Exception in ASGI" in log.getvalue(), seconds=30, what="uvicorn's line")
    line = log.line("Exception in ASGI application\n")
    assert (line["logger"], line["level"]) == ("uvicorn.error", "error")
    assert (line["request_id"], line["attempt_id"]) == ("from-the-proxy", "a1")
    assert "ZeroDivisionError: divided by nothing" in line["exception"]


def test_the_next_request_of_a_connection_has_an_id_of_its_own_and_no_former_ids(
    client: httpx2.Client, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "list_workers", broken)
    named = client.get("/v1/attempts/a1", headers={"X-Request-Id": "first"})
    assert named.status_code == 404
    assert client.get("/v1/workers").status_code == 500
    line = log.line("request failed")
    assert line["path"] == "/v1/workers"
    assert "attempt_id" not in line
    assert re.fullmatch("[0-9a-f]{16}", line["request_id"])


def test_a_request_id_that_is_no_plain_word_is_replaced(client: httpx2.Client) -> None:
    for said in ("a b", "x" * 65, "{}", "\N{LATIN SMALL LETTER E WITH ACUTE}"):
        answer = client.get("/version", headers={b"X-Request-Id": said.encode("latin-1")})
        assert re.fullmatch("[0-9a-f]{16}", answer.headers["X-Request-Id"]), said
    answer = client.get("/version", headers={"X-Request-Id": "a-1.b_2:c"})
    assert answer.headers["X-Request-Id"] == "a-1.b_2:c"


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("/v1/studies/s-1/rounds/2/assessment", {"study_id": "s-1"}),
        ("/v1/trials/t_1", {"trial_id": "t_1"}),
        ("/v1/attempts/a1/measurements", {"attempt_id": "a1"}),
        ("/v1/studies", {}),
        ("/v1/studies/a%0Ab/trials", {}),
        ("/v1/studies/s/trials", {"study_id": "s"}),
    ],
)
def test_what_a_path_names_is_read_from_it(path: str, named: dict[str, str]) -> None:
    assert ids_in(path) == named


def test_what_the_poller_logs_is_of_no_request(
    lab: Lab, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    def looked(*_args: Json) -> list[int]:
        structlog.get_logger().info("looked for everybody")
        return []

    monkeypatch.setattr(polling, "gpu_counts_waiting", looked)
    assert Slot(lab).ask(wait_seconds=1).status_code == 204
    assert "request_id" not in log.line("looked for everybody")


def test_a_review_that_fails_names_its_study_also_in_what_others_log_meanwhile(
    lab: Lab, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    study_id = lab.create()["id"]
    lab.train(study_id)
    monkeypatch.setattr(reviews, "consult", broken)
    review_rounds(lab.context)
    line = log.line("review failed")
    assert (line["study_id"], line["round"]) == (study_id, 1)


@pytest.mark.parametrize(
    ("duty", "module", "asked", "does", "event"),
    [
        (suggest_points, suggest, "rounds_owing", "top_up", "suggesting failed"),
        (apply_autopilot, autopilot, "open_recommendations", "try_accepting", "autopilot failed"),
    ],
)
def test_a_duty_that_fails_for_one_study_names_it(  # noqa: PLR0913 - one argument a name
    lab: Lab,
    log: Log,
    monkeypatch: pytest.MonkeyPatch,
    duty: Json,
    module: Json,
    asked: str,
    does: str,
    event: str,
) -> None:
    monkeypatch.setattr(module, asked, lambda _: [("s1", 1)])
    monkeypatch.setattr(module, does, broken)
    duty(lab.context)
    assert log.line(event)["study_id"] == "s1"


def test_a_duty_that_fails_as_a_whole_names_its_last_study_and_the_next_duty_names_none(
    lab: Lab, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    study_id = lab.create()["id"]
    lab.train(study_id)
    monkeypatch.setattr(reviews, "consult", broken)
    monkeypatch.setattr(review, "note_failure", broken)
    duties = [Duty("review", 9.0, review_rounds), Duty("sweep", 9.0, broken)]
    conductor = Conductor(lab.context, duties)
    conductor.start()
    wait_until(lambda: log.getvalue().count("duty failed") == 2, seconds=30, what="both failed")
    conductor.stop()
    first, second = log.lines("duty failed")
    assert (first["duty"], first["study_id"]) == ("review", study_id)
    assert second["duty"] == "sweep"
    assert "study_id" not in second
