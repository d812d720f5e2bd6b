"""By what a node knows that store and broker are this installation's."""

from hashlib import sha256

import pytest
import redis

from app.conductor.relay import mark_broker_as_ours
from app.queue.mark import MARK_KEY
from app.services.context import Context
from app.services.tokens import create_token
from app.services.workers import write_store_nonce
from app.stores.opening import open_store
from tests.contract.lab import Lab
from tests.support.redis import own_redis
from workers.checks import broker


def test_a_worker_s_token_reads_the_mark_that_the_store_s_nonce_makes(lab: Lab) -> None:
    write_store_nonce(lab.context)
    nonce = open_store(lab.context.settings.resolved_store).read_nonce()
    assert nonce is not None
    token = create_token(lab.context, "node", ("workers",)).text
    answer = lab.client.get("/v1/installation", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    found = answer.json()
    assert found["token"] == {"name": "node", "scopes": ["workers"]}
    assert found["mark"] == sha256(nonce.encode()).hexdigest()
    assert found["store"] == lab.context.settings.resolved_store
    assert found["version"] == lab.client.get("/version").json()["version"]
    assert nonce not in answer.text


def test_a_conductor_marks_its_broker_for_a_minute(lab: Lab) -> None:
    write_store_nonce(lab.context)
    with own_redis() as server:
        changes = {"broker": server.url}
        context = Context(lab.context.database, lab.context.settings.model_copy(update=changes))
        mark_broker_as_ours(context)
        with redis.Redis.from_url(server.url) as client:
            mark = lab.client.get("/v1/installation").json()["mark"]
            assert client.get(MARK_KEY) == mark.encode()
            assert 0 < client.ttl(MARK_KEY) <= 60
        server.stop()
        mark_broker_as_ours(context)  # nobody is there: the next turn says it again


def test_without_a_broker_nothing_is_marked(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.conductor.relay.mark_broker", None)
    mark_broker_as_ours(lab.context)


def test_both_sides_call_the_mark_the_same() -> None:
    assert broker.MARK_KEY == MARK_KEY
