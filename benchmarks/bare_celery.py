"""The peer of a wake-up: a bare Celery worker under the same settings, whose task does nothing but
say that it ran."""

import os

import redis
from celery import Celery

from workers.celery_app import SETTINGS

BROKER, QUEUE, TASK, ANSWERS = "BARE_BROKER", "bare", "bare.answer", "bare-answers"

app = Celery("bare", broker=os.environ.get(BROKER), set_as_current=False)
app.conf.update(SETTINGS)
_client = redis.Redis.from_url(os.environ.get(BROKER, "redis://"))


def answer() -> None:
    """Where a result backend would put the result."""
    _client.rpush(ANSWERS, "ran")


app.task(answer, name=TASK, shared=False)
