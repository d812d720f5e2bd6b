"""The broker, if the worker has one: it answers, and it is the conductor's."""

import redis

from paceline.checks import Check, fail, ok, warn
from workers.checks.subject import Subject

MARK_KEY = "paceline:installation"  # app/queue/mark.py writes it
SOCKET_SECONDS = 3.0
NAME = "broker"


def broker_is_ours(subject: Subject) -> Check:
    """Without one the worker long-polls; with one that is silent it still looks by itself."""
    if not subject.options.broker:
        return ok(NAME, "none: this worker asks the API and waits (long poll)")
    limits = {"socket_timeout": SOCKET_SECONDS, "socket_connect_timeout": SOCKET_SECONDS}
    try:
        with redis.Redis.from_url(subject.options.broker, **limits) as client:
            client.ping()
            found = client.get(MARK_KEY)
    except (redis.RedisError, ValueError) as error:
        hint = "start Redis, or correct --broker; without --broker the worker long-polls"
        return fail(NAME, f"Redis does not answer: {error}", hint)
    return _compared(found if isinstance(found, bytes) else None, subject.told.mark)


def _compared(found: bytes | None, mark: str | None) -> Check:
    if mark is None:
        return warn(
            NAME,
            "Redis answers; whether it is the conductor's is not known: the service did not tell",
            "look again when the service answers",
        )
    if found is None:
        return warn(
            NAME,
            "Redis answers, but no conductor was here within a minute: nobody wakes this worker",
            "start paceline conductor with the same --broker",
        )
    if found.decode(errors="replace") != mark:
        seen = "Redis answers, but it is another installation's"
        return fail(NAME, seen, "give conductor and workers the same --broker")
    return ok(NAME, "Redis answers, and the conductor is there")
