"""Where the service is, and with which token: flags, then environment, then `.paceline/client.json`
of this folder or a parent, then the user's configuration folder.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

CLIENT_FILE = Path(".paceline") / "client.json"


@dataclass(frozen=True, slots=True)
class Service:
    """An address, its token (None: ask without), and where the two were found."""

    url: str
    token: str | None
    source: str


class ServiceNotFound(Exception):
    """No place names a service, or what it names cannot be read."""


def find_service(
    url: str | None = None,
    token_file: str | Path | None = None,
    *,
    environment: Mapping[str, str] = os.environ,
    directory: Path | None = None,
) -> Service:
    """The first place that names an address wins; a token given on its own beats its token."""
    here = directory or Path.cwd()
    said_token = _said_token(token_file, environment)
    said_url = url or environment.get("PACELINE_URL")
    source = "--url" if url else "PACELINE_URL"
    for path in _client_files(environment, here):
        found = _read_client_file(path)
        if said_url is None:
            return Service(found.url, said_token or found.token, str(path))
        if _same_address(found.url, said_url):
            return Service(said_url, said_token or found.token, source)
    if said_url is None:
        raise ServiceNotFound(
            "no service named: start one with `paceline up`, or give --url and --token-file, "
            "or set PACELINE_URL and PACELINE_TOKEN or PACELINE_TOKEN_FILE, "
            "or type `paceline login URL`"
        )
    return Service(said_url, said_token, source)


def write_client_file(path: Path, url: str, token: str) -> None:
    """Write the file that `find_service` reads, for its owner's eyes only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump({"url": url, "token": token}, file)


def user_client_file(environment: Mapping[str, str] = os.environ) -> Path:
    """The file that `paceline login` writes: <configuration folder>/paceline/client.json."""
    folder = environment.get("XDG_CONFIG_HOME") or Path(environment.get("HOME", "~")) / ".config"
    return Path(folder).expanduser() / "paceline" / "client.json"


def _client_files(environment: Mapping[str, str], here: Path) -> Iterator[Path]:
    candidates = [folder / CLIENT_FILE for folder in (here, *here.parents)]
    return (path for path in [*candidates, user_client_file(environment)] if path.is_file())


def _read_client_file(path: Path) -> Service:
    try:
        document = json.loads(path.read_text())
        token = document.get("token")
        if token is None and document.get("token_file"):
            token = _read_token(path.parent / document["token_file"])
        return Service(str(document["url"]), token, str(path))
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise ServiceNotFound(
            f'{path} is not {{"url", "token"}} ({error}): delete it, or type `paceline login URL`'
        ) from error


def _said_token(token_file: str | Path | None, environment: Mapping[str, str]) -> str | None:
    """By the flag, else by the token's variable, else by that of its file."""
    if not token_file and environment.get("PACELINE_TOKEN"):
        return environment["PACELINE_TOKEN"]
    file = token_file or environment.get("PACELINE_TOKEN_FILE")
    return _read_token(file) if file else None


def _read_token(path: str | Path) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise ServiceNotFound(
            f"cannot read the token file {path}: {error.strerror}; "
            "`paceline token create` makes one"
        ) from error


def _same_address(one: str, other: str) -> bool:
    return one.rstrip("/") == other.rstrip("/")
