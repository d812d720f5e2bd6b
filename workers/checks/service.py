"""What the service tells a node: whether it answers, by which clock, which version, to which
token."""

import importlib.metadata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from paceline.checks import Check, fail, ok, warn
from paceline.client import Service, ServiceNotFound, find_service
from workers.checks.clock import ahead_of, compare_clocks, wall_seconds
from workers.options import WorkerOptions

Json = Mapping[str, Any]  # Any: JSON
TIMEOUT_SECONDS = 10.0
START_ONE = "start it with `paceline up` or `paceline api`, or give the worker another --url"
SCOPE = "workers"


@dataclass(frozen=True, slots=True)
class Told:
    """The service's answers. `problem`: why there are none; `refusal`: why the token got none;
    `ahead_seconds`: how far its clock is before this node's (None: it did not say)."""

    url: str = ""
    problem: str = ""
    refusal: str = ""
    version: str = ""
    ahead_seconds: float | None = None
    installation: Json | None = None

    @property
    def mark(self) -> str | None:
        """By which store and broker of this installation are known; None: it did not say."""
        return self.installation.get("mark") if self.installation else None

    @property
    def store(self) -> str:
        return str(self.installation["store"]) if self.installation else "the API's"


def ask(options: WorkerOptions) -> Told:
    """Ask as the worker would, without leaving a trace."""
    try:
        service = _service_of(options)
    except ServiceNotFound as error:
        return Told(problem=str(error))
    headers = {"Authorization": f"Bearer {service.token}"} if service.token else {}
    try:
        with httpx2.Client(
            base_url=service.url, headers=headers, timeout=TIMEOUT_SECONDS
        ) as client:
            return _told(client, service.url)
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, KeyError) as error:
        why = str(error) or type(error).__name__
        return Told(service.url, problem=f"{service.url} gives no answer of a service: {why}")


def _service_of(options: WorkerOptions) -> Service:
    if options.url and options.token:
        return Service(options.url, options.token, "options")
    found = find_service(options.url or None, options.token_file)
    return Service(found.url, options.token or found.token, found.source)


def _told(client: httpx2.Client, url: str) -> Told:
    asked_at = wall_seconds()
    answer = client.get("/version")
    ahead = ahead_of(answer.headers.get("date"), (asked_at + wall_seconds()) / 2)
    version = str(answer.raise_for_status().json()["version"])
    more = client.get("/v1/installation")
    if more.status_code == httpx2.codes.OK:
        return Told(url, version=version, ahead_seconds=ahead, installation=more.json())
    refusal = "" if more.status_code == httpx2.codes.NOT_FOUND else _words(more)
    return Told(url, refusal=refusal, version=version, ahead_seconds=ahead)


def _words(answer: httpx2.Response) -> str:
    try:
        return f"{answer.status_code}: {answer.json()['detail']}"
    except (ValueError, KeyError, TypeError):
        return f"{answer.status_code}"


def service_answers(told: Told) -> Check:
    if told.problem:
        return fail("service", told.problem, START_ONE)
    return ok("service", f"{told.url} answers, version {told.version}")


def token_is_accepted(told: Told) -> Check:
    new_token = f"paceline token create NAME --scopes {SCOPE}, and give it as --token-file"
    if told.problem:
        return warn("token", "not tried: the service does not answer", START_ONE)
    if told.refusal:
        return fail("token", f"the service answers {told.refusal}", new_token)
    if told.installation is None:
        return warn(
            "token",
            "not tried: this service is older than the question",
            "upgrade the API, then look again",
        )
    token = told.installation["token"]
    if not {SCOPE, "admin"} & set(token["scopes"]):
        scopes = ", ".join(token["scopes"]) or "none"
        seen = f"the token {token['name']} is known but lacks the scope {SCOPE}; it has {scopes}"
        return fail("token", seen, new_token)
    return ok("token", f"the token {token['name']} is accepted and may run trials")


def clocks_agree(told: Told) -> Check:
    if told.problem:
        return warn("clock", "not compared: the service does not answer", START_ONE)
    return compare_clocks(told.ahead_seconds)


def versions_agree(told: Told) -> Check:
    ours = importlib.metadata.version("paceline")
    return compare_versions(ours, told.version)


def compare_versions(ours: str, theirs: str) -> Check:
    """`theirs`: the API's; empty: it did not say."""
    if not theirs:
        return warn("version", f"{ours} here; the service's is not known", START_ONE)
    if ours == theirs:
        return ok("version", f"{ours}, as the API")
    is_newer = _parts(ours) > _parts(theirs)
    hint = (
        "upgrade the API first (paceline db upgrade, API, conductor): nodes come last"
        if is_newer
        else "upgrade this node when it suits: paceline worker drain NAME, then restart it"
    )
    return warn("version", f"{ours} here, {theirs} at the API", hint)


def _parts(version: str) -> tuple[int, ...]:
    """The leading numbers."""
    words = version.split("+")[0].split(".")
    return tuple(int("".join(filter(str.isdigit, word)) or 0) for word in words)
