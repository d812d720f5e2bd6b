"""Workers and stores that are away: training and measurements go on, checkpoints arrive whole and
late, and nothing that cannot be seen is called missing."""

import sys
import threading
from pathlib import Path

import pytest

from app.stores.opening import open_store
from app.stores.store import Wanted
from tests.integration.workers.conftest import StartNode
from tests.integration.workers.ledger import Ledger, claim
from tests.integration.workers.programs import SDK, python
from tests.integration.workers.test_attempts import finished
from tests.support.s3 import BUCKET, CREDENTIALS, S3Server
from tests.support.waiting import wait_until

STORE = f"s3://{BUCKET}/workers"
SHOWS_ITS_ENVIRONMENT = SDK + "\nimport os; print(sorted(os.environ))"


def test_a_store_that_dies_holds_up_checkpoints_and_nothing_else(
    ledger: Ledger,
    start_node: StartNode,
    s3: S3Server,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    ledger.work.append(claim("a1", python(SHOWS_ITS_ENVIRONMENT, pause=0.1)))
    start_node(store=STORE)
    wait_until(lambda: ledger.checkpoints, seconds=60, what="a first checkpoint")
    s3.kill()
    wait_until(lambda: 20 in ledger.steps("a1"), seconds=60, what="measured to the last step")
    assert len(ledger.checkpoints) < 20
    assert "a1" not in ledger.finishes, "its last checkpoints are still owed"
    before = len(ledger.checkpoints)
    s3.start()
    finished(ledger, "a1")
    assert [one["step"] for one in ledger.checkpoints] == list(range(1, 21))
    assert ledger.finishes["a1"]["outcome"] == "completed"
    store = open_store(STORE)
    for one in ledger.checkpoints[before + 1 :]:  # the server forgot what it had
        wanted = Wanted(one["key"], one["bytes"], one["sha256"])
        assert store.fetch(wanted, tmp_path / "resume") is not None
    wait_until(lambda: "PATH" in ledger.logs["a1"]["stdout"], what="the training's environment")
    assert "AWS_" not in ledger.logs["a1"]["stdout"]
    said = capfd.readouterr()
    assert "checkpoint store away" in said.out + said.err
    assert CREDENTIALS["AWS_SECRET_ACCESS_KEY"] not in said.out + said.err


def test_an_attempt_resumes_from_s3(ledger: Ledger, start_node: StartNode, s3: S3Server) -> None:
    del s3  # it stands
    ledger.work.append(claim("a1", python(SDK)))
    start_node(store=STORE)
    finished(ledger, "a1")
    where = {name: ledger.checkpoints[9][name] for name in ("store", "key", "bytes", "sha256")}
    ledger.work.append(claim("a2", python(SDK), resume={"step": 10, "checkpoint": where}))
    finished(ledger, "a2")
    assert ledger.steps("a2") == list(range(11, 21))


@pytest.mark.parametrize("kind", ["s3", "file"])
def test_a_store_that_is_away_at_the_start_gives_the_attempt_back_and_the_checkpoint_stays(
    ledger: Ledger,
    start_node: StartNode,
    tmp_path: Path,
    kind: str,
    request: pytest.FixtureRequest,
) -> None:
    root = tmp_path / "mount"
    url = STORE if kind == "s3" else root.as_uri()
    server = request.getfixturevalue("s3") if kind == "s3" else None
    open_store(url).write_nonce("n0nce")
    start_node(store=url)
    wait_until(lambda: ledger.registrations, what="registered")
    if server:
        server.kill()
    else:
        root.rename(tmp_path / "unmounted")
        root.mkdir()
    where = {"store": url, "key": "s/t/a/10", "bytes": 5}
    short = {"grace_seconds": 0.5, "heartbeat_seconds": 0.1}
    resume = {"step": 10, "checkpoint": where}
    ledger.work.append(claim("a1", python(SDK), resume=resume, **short))
    finished(ledger, "a1")
    end = ledger.finishes["a1"]
    assert (end["outcome"], end["reason"], end["last_step"]) == ("preempted", "preempted", 10)
    assert "store" in end["logs"]["stderr"]
    assert ledger.heartbeats, "the lease was held meanwhile"


def test_a_damaged_checkpoint_is_missing(
    ledger: Ledger, start_node: StartNode, tmp_path: Path
) -> None:
    path = tmp_path / "store" / "s" / "t" / "a" / "10"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"weighty")
    url = (tmp_path / "store").as_uri()
    where = {"store": url, "key": "s/t/a/10", "bytes": 7, "sha256": "0" * 64}
    ledger.work.append(claim("a1", python(SDK), resume={"step": 10, "checkpoint": where}))
    start_node(store=url)
    finished(ledger, "a1")
    assert ledger.finishes["a1"]["reason"] == "checkpoint_missing"


def test_a_worker_without_the_extra_says_what_to_type(
    start_node: StartNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "app.stores.s3", raising=False)
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(ValueError, match=r"paceline\[s3\]"):
        start_node(store=STORE)


def test_a_worker_that_started_before_the_api_shares_the_store_that_the_api_marked(
    ledger: Ledger, start_node: StartNode, tmp_path: Path
) -> None:
    store = tmp_path / "shared"
    store.mkdir()
    ledger.is_silent = True

    def api_starts() -> None:
        wait_until(lambda: ledger.unanswered, seconds=30, what="a registration without answer")
        open_store(f"file://{store}").write_nonce("of-the-api")
        ledger.is_silent = False

    api = threading.Thread(target=api_starts)
    api.start()
    start_node(store=f"file://{store}")
    api.join()
    assert [said["store_nonce"] for said in ledger.registrations] == ["of-the-api"]


def test_a_worker_whose_store_was_away_at_its_start_shares_it_once_it_is_back(
    ledger: Ledger, start_node: StartNode, tmp_path: Path
) -> None:
    store = tmp_path / "shared"
    store.mkdir()
    start_node(store=f"file://{store}")
    wait_until(lambda: len(ledger.claims) > 1, seconds=30, what="an idle slot")
    open_store(f"file://{store}").write_nonce("of-the-api")
    wait_until(lambda: len(ledger.registrations) > 1, seconds=30, what="another registration")
    idle = len(ledger.claims)
    wait_until(lambda: len(ledger.claims) > idle + 1, seconds=30, what="an idle slot")
    assert [said["store_nonce"] for said in ledger.registrations] == [None, "of-the-api"]
