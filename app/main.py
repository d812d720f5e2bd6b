"""Wiring: a context from settings, the API server, the conductor; the CLI starts them."""

import ipaddress
import secrets
from contextlib import suppress
from pathlib import Path

import uvicorn
from sqlalchemy.engine import make_url

from app.api.app import create_app
from app.conductor.duties import duties
from app.conductor.loop import Conductor
from app.db import migrate
from app.db.database import Database
from app.domain.errors import WrongState
from app.services.context import Context
from app.services.health import check_ready
from app.services.tokens import adopt_token, has_tokens
from app.settings import Settings
from app.stores.opening import open_store

TOKEN_FILE = "token"


def create_context(settings: Settings) -> Context:
    """The context of a server process."""
    return Context(Database(settings.resolved_database_url), settings)


def prepare_embedded(settings: Settings) -> Context:
    """Data folder, schema and first token for `paceline up`; repeated starts find them again."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    migrate.upgrade(settings.resolved_database_url)
    context = create_context(settings)
    ensure_token(context, settings.data_dir / TOKEN_FILE)
    return context


def ensure_token(context: Context, file: Path) -> str:
    """The token in the file (0600), made if there is none, valid in this database."""
    if not file.exists():
        file.touch(mode=0o600)
    file.chmod(0o600)
    text = file.read_text().strip()
    if not text:
        text = f"pl_{secrets.token_urlsafe(32)}"
        file.write_text(text + "\n")
    adopt_token(context, "data folder", text)
    return text


def api_server(context: Context) -> uvicorn.Server:
    """The API on its host and port. Raises WrongState if the schema is not at head, or nobody
    could sign in; StoreUnusable."""
    check_database(context)
    settings = context.settings
    check_store(settings.resolved_store)
    if not is_loopback(settings.host) and not has_tokens(context):
        raise WrongState(
            f"{settings.host} is reachable from outside and no token exists",
            hint="first: paceline token create NAME --scopes admin --database-url URL",
        )
    app = create_app(context)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=5,
        server_header=False,
    )
    server = uvicorn.Server(config)
    app.state.waiters.is_stopping = lambda: server.should_exit
    return server


def check_database(context: Context) -> None:
    """Raises WrongState naming the database and the command that mends it: the one that answers
    may not be the one that was meant."""
    try:
        check_ready(context)
    except WrongState as unready:
        place = make_url(context.database.url).render_as_string(hide_password=True)
        raise WrongState(f"{unready} ({place})", hint=unready.hint) from unready


def check_store(url: str) -> None:
    """Raises StoreUnusable where no checkpoint can ever lie; a store that is away is waited for."""
    with suppress(OSError):
        open_store(url)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def create_conductor(context: Context) -> Conductor:
    """The conductor over this context. Raises WrongState if the schema is not at head."""
    check_database(context)
    return Conductor(context, duties(context.settings))
