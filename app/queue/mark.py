"""The mark that a conductor leaves in its broker, by which a node knows that its Redis is the same.
It is no message: it wakes nobody, and it is gone a minute after the last conductor."""

import redis

MARK_KEY = "paceline:installation"  # workers/checks/broker.py reads it
KEPT_SECONDS = 60
SOCKET_SECONDS = 1.0  # a broker that does not answer must not hold up a duty


def mark_broker(broker: str, mark: str) -> bool:
    """Whether the broker took it; if not, the next turn says it again."""
    limits = {"socket_timeout": SOCKET_SECONDS, "socket_connect_timeout": SOCKET_SECONDS}
    try:
        with redis.Redis.from_url(broker, **limits) as client:
            return bool(client.set(MARK_KEY, mark, ex=KEPT_SECONDS))
    except redis.RedisError:
        return False
