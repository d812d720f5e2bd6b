"""How soon a link to PostgreSQL that died without a word is noticed, here and on the server.
By itself TCP waits a quarter of an hour for an answer and for hours on an idle connection; all that
time requests would hang here, and there locks would be held for a process that nobody can reach.
"""

from typing import Any

from sqlalchemy import URL

CONNECT_SECONDS = 5
SILENT_SECONDS = 10  # unanswered for so long, a connection is dead; a slow query is not
PROBE_EVERY_SECONDS = 2
PROBES = 3
IDLE_BEFORE_PROBES = SILENT_SECONDS - PROBES * PROBE_EVERY_SECONDS
# A process that is frozen answers every probe; only its silence within a transaction tells.
MOST_SECONDS_BETWEEN_STATEMENTS = 60

_OURS = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives_idle": IDLE_BEFORE_PROBES,
    "keepalives_interval": PROBE_EVERY_SECONDS,
    "keepalives_count": PROBES,
    "tcp_user_timeout": SILENT_SECONDS * 1000,
}
_SERVERS = {
    "tcp_keepalives_idle": IDLE_BEFORE_PROBES,
    "tcp_keepalives_interval": PROBE_EVERY_SECONDS,
    "tcp_keepalives_count": PROBES,
    "tcp_user_timeout": SILENT_SECONDS * 1000,
    "idle_in_transaction_session_timeout": MOST_SECONDS_BETWEEN_STATEMENTS * 1000,
}


def limits_for(url: URL) -> dict[str, Any]:  # Any: words and numbers of libpq
    """What to connect with. The URL's own `?connect_timeout=3` or `?options=-c...` comes first."""
    ours = {name: value for name, value in _OURS.items() if name not in url.query}
    servers = [f"-c {name}={value}" for name, value in _SERVERS.items()]
    own = url.query.get("options", "")
    chosen = [own] if isinstance(own, str) else list(own)
    return {**ours, "options": " ".join([*servers, *chosen]).strip()}
