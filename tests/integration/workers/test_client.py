"""The HTTP client: what comes back, what is raised, and how the service is found."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from paceline.client import Client, ProblemError, Unreachable
from paceline.service import ServiceNotFound, find_service, write_client_file
from tests.support.waiting import free_port

PROBLEM = {
    "type": "https://paceline.dev/problems/stale-attempt",
    "title": "Stale",
    "status": 409,
    "detail": "attempt 2 holds the trial",
    "hint": "claim again",
    "findings": [{"code": "HZN101"}],
    "first_refused_step": 7,
}
ANSWERS: dict[str, tuple[int, str, bytes]] = {
    "/ok": (200, "application/json", b'{"a": 1}'),
    "/none": (204, "application/json", b""),
    "/problem": (409, "application/problem+json", json.dumps(PROBLEM).encode()),
    "/proxy": (502, "text/html", b"<h1>bad gateway</h1>"),
    "/broken": (200, "application/json", b'{"a": '),
}


class Handler(BaseHTTPRequestHandler):
    """Canned answers, and an echo of what was sent."""

    protocol_version = "HTTP/1.1"
    connections: set[tuple[str, int]]

    def answer(self) -> None:
        self.connections.add(self.client_address)
        length = int(self.headers.get("Content-Length") or 0)
        echo = {
            "method": self.command,
            "path": self.path,
            "token": self.headers["Authorization"],
            "extra": self.headers["X-Extra"],
            "body": self.rfile.read(length).decode(),
        }
        status, kind, data = ANSWERS.get(
            self.path, (200, "application/json", json.dumps(echo).encode())
        )
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815 - the standard library asks so

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def handler() -> type[Handler]:
    return type("Canned", (Handler,), {"connections": set()})


@pytest.fixture
def client(handler: type[Handler]) -> Iterator[Client]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
    with Client(f"http://127.0.0.1:{server.server_address[1]}/", "secret") as client:
        yield client
    server.shutdown()
    server.server_close()


def test_json_is_parsed_and_no_content_is_none(client: Client) -> None:
    assert client.get("/ok") == {"a": 1}
    assert client.post("/none", {}) is None


def test_token_body_parameters_and_headers_travel(client: Client) -> None:
    sent = client.post("/echo", {"x": [1]}, params={"page": 2}, headers={"X-Extra": "yes"})
    assert (sent["token"], sent["path"]) == ("Bearer secret", "/echo?page=2")
    assert json.loads(sent["body"]) == {"x": [1]}
    assert sent["extra"] == "yes"
    assert [client.patch("/e", {})["method"], client.delete("/e")["method"]] == ["PATCH", "DELETE"]


def test_problem_is_raised_with_all_that_it_says(client: Client) -> None:
    with pytest.raises(ProblemError) as caught:
        client.get("/problem")
    problem = caught.value
    assert (problem.status, problem.kind) == (409, "stale-attempt")
    assert (problem.title, problem.detail, problem.hint) == (
        "Stale",
        "attempt 2 holds the trial",
        "claim again",
    )
    assert problem.findings == [{"code": "HZN101"}]
    assert problem.document["first_refused_step"] == 7


def test_error_of_a_proxy_is_a_problem_without_type(client: Client) -> None:
    with pytest.raises(ProblemError, match="bad gateway") as caught:
        client.get("/proxy")
    assert caught.value.status == 502


def test_answer_that_was_cut_off_is_no_answer(client: Client) -> None:
    with pytest.raises(Unreachable, match="cut off"):
        client.get("/broken")


def test_connection_is_kept_alive(client: Client, handler: type[Handler]) -> None:
    for _ in range(5):
        client.get("/ok")
    assert len(handler.connections) == 1


def test_nobody_listening_is_unreachable_and_names_the_address() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with Client(url) as client, pytest.raises(Unreachable, match=url):
        client.get("/healthz")


def test_flags_beat_variables_beat_files(tmp_path: Path) -> None:
    token_file = tmp_path / "token"
    token_file.write_text("from-flag\n")
    write_client_file(tmp_path / ".paceline" / "client.json", "http://file", "from-file")
    variables = {"PACELINE_URL": "http://variable", "PACELINE_TOKEN": "from-variable"}
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)

    by_flag = find_service("http://flag", token_file, environment=variables, directory=inner)
    assert (by_flag.url, by_flag.token) == ("http://flag", "from-flag")
    by_variable = find_service(environment=variables, directory=inner)
    assert (by_variable.url, by_variable.token) == ("http://variable", "from-variable")
    in_file = tmp_path / "token-of-variable"
    in_file.write_text("from-its-file\n")
    named = {"PACELINE_URL": "http://variable", "PACELINE_TOKEN_FILE": str(in_file)}
    assert find_service(environment=named, directory=inner).token == "from-its-file"
    assert find_service(environment=named | variables, directory=inner).token == "from-variable"
    by_file = find_service(environment={}, directory=inner)
    assert (by_file.url, by_file.token) == ("http://file", "from-file")


def test_folder_of_the_user_comes_last(tmp_path: Path) -> None:
    variables = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    write_client_file(tmp_path / "config" / "paceline" / "client.json", "http://user", "t")
    assert find_service(environment=variables, directory=tmp_path).url == "http://user"


def test_token_of_a_file_is_never_sent_to_another_address(tmp_path: Path) -> None:
    write_client_file(tmp_path / ".paceline" / "client.json", "http://file", "from-file")
    found = find_service("http://elsewhere", environment={}, directory=tmp_path)
    assert found.token is None
    assert find_service("http://file/", environment={}, directory=tmp_path).token == "from-file"


def test_client_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "client.json"
    write_client_file(path, "http://file", "t")
    assert path.stat().st_mode & 0o777 == 0o600


def test_nothing_named_says_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(ServiceNotFound, match="paceline up"):
        find_service(environment={"HOME": str(tmp_path)}, directory=tmp_path)
    with pytest.raises(ServiceNotFound, match="nowhere"):
        find_service("http://x", tmp_path / "nowhere", environment={}, directory=tmp_path)
