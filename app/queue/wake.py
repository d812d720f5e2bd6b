"""Wake-ups: a content-free message on a queue says that there may be work, and nothing else.

Losing one costs a sweep, receiving one twice claims nothing; so no message is worth waiting for.
"""

from celery import Celery
from kombu.exceptions import OperationalError

WAKE_TASK = "paceline.wake"  # workers/celery_app.py receives it
EXPIRES_SECONDS = 60  # an old wake-up says nothing that the next sweep does not say
SOCKET_SECONDS = 5


class WakeUpNotSent(Exception):
    """The broker did not take the message; the next sweep sends another."""


class WakeUpSender:
    """Sends wake-ups through one broker; keeps its connection."""

    def __init__(self, broker: str) -> None:
        self._app = Celery("paceline", broker=broker, set_as_current=False)
        self._app.conf.update(
            task_serializer="json",
            accept_content=["json"],
            task_ignore_result=True,
            task_publish_retry=False,  # the outbox is what tries again
            broker_connection_timeout=SOCKET_SECONDS,
            broker_transport_options={
                "socket_timeout": SOCKET_SECONDS,
                "socket_connect_timeout": SOCKET_SECONDS,
                "socket_keepalive": True,
                "health_check_interval": 10,
                "max_retries": 0,
            },
        )

    def wake(self, queue: str) -> None:
        """Say on a queue that there may be work. Raises WakeUpNotSent within seconds."""
        try:
            self._app.send_task(WAKE_TASK, queue=queue, expires=EXPIRES_SECONDS, retry=False)
        except (OperationalError, OSError) as error:
            raise WakeUpNotSent(
                f"no wake-up on queue {queue}: the broker does not answer ({error})"
            ) from error

    def close(self) -> None:
        self._app.close()
