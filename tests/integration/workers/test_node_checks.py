"""`paceline doctor --node`, each check seen to find what it is there for: on real folders, locks,
keepers, brokers and servers."""

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from app.queue.mark import mark_broker
from paceline.checks import Check, State
from tests.integration.workers.conftest import REPOSITORY, StartProcess
from tests.integration.workers.ledger import Ledger, claim
from tests.integration.workers.programs import IGNORES_TERM, are_gone, python, treats_term
from tests.support.redis import own_redis
from tests.support.waiting import free_port, wait_until
from workers.checks import broker, disks, gpus, jobs, places, service, store
from workers.checks.node import CHECKS, node_checks
from workers.checks.subject import Subject
from workers.locks import PlaceLock
from workers.options import WorkerOptions
from workers.orphans import at_work_for, end_all_of

Json = Any  # JSON, as the contract says
GIB = 2**30
NONCE = "nonce"
MARK = "78377b525757b494427f89014f97d79928f3938d14eb51e20fb5dec9834eb304"  # SHA-256 of the nonce


Words = dict[str, Json]


class StandIn(BaseHTTPRequestHandler):
    """An API that says of itself what the test wants."""

    ahead_seconds = 0.0
    has_date = True
    version = "0.0"
    refused: int | None = None
    scopes = ("workers",)

    def do_GET(self) -> None:
        status, document = 200, Words(version=self.version)
        if self.path == "/v1/installation":
            document |= {"token": {"name": "n", "scopes": self.scopes}}
            document |= {"store": "file:///api", "mark": MARK}
            if self.refused:
                status, document = self.refused, {"detail": "this token is unknown"}
        data = json.dumps(document).encode()
        self.send_response_only(status)
        if self.has_date:
            self.send_header("Date", formatdate(time.time() + self.ahead_seconds, usegmt=True))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def api() -> Iterator[tuple[str, type[StandIn]]]:
    """Its address, and the class whose words a test changes."""
    handler = type("OwnStandIn", (StandIn,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", handler
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable and no file of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith(("PACELINE_", "CUDA_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


def node(tmp_path: Path, **changes: object) -> Subject:
    said = {"url": f"http://127.0.0.1:{free_port()}", "token": "t", "root": tmp_path}
    said |= {"state_dir": tmp_path / "state", "lock_dir": tmp_path / "locks"}
    return Subject(WorkerOptions.model_validate({**said, **changes}))


def told(api: tuple[str, type[StandIn]], **words: object) -> service.Told:
    for name, value in words.items():
        setattr(api[1], name, value)
    return service.ask(WorkerOptions(url=api[0], token="t"))


def assert_is(check: Check, state: State, *words: str) -> None:
    assert check.state is state, check
    assert all(word in f"{check.seen} {check.hint}" for word in words), check
    assert bool(check.hint) is (state is not State.OK), check


def test_a_service_that_is_away_is_a_failure_and_what_it_would_tell_is_not_known(
    tmp_path: Path,
) -> None:
    away = node(tmp_path).told
    assert_is(service.service_answers(away), State.FAIL, "127.0.0.1", "paceline up")
    for check in (service.token_is_accepted, service.clocks_agree, service.versions_agree):
        assert_is(check(away), State.WARN)


def test_what_is_no_service_at_all_is_a_failure(tmp_path: Path, ledger: Ledger) -> None:
    assert_is(service.service_answers(node(tmp_path, url=ledger.url).told), State.FAIL)


def test_a_token_is_tried_without_leaving_a_trace(api: Json) -> None:
    assert_is(service.service_answers(told(api)), State.OK)
    assert_is(service.token_is_accepted(told(api)), State.OK)
    assert_is(service.token_is_accepted(told(api, scopes=("admin",))), State.OK)
    reads = told(api, scopes=("studies:read",))
    assert_is(service.token_is_accepted(reads), State.FAIL, "studies:read", "--scopes workers")
    unknown = told(api, refused=401)
    assert_is(service.token_is_accepted(unknown), State.FAIL, "401", "unknown", "token create")
    older = told(api, refused=404)
    assert_is(service.token_is_accepted(older), State.WARN, "older")


@pytest.mark.parametrize(
    ("ahead", "state", "words"),
    [
        (0.0, State.OK, "within"),
        (3600.0, State.WARN, "3600 s ahead of"),
        (-60.0, State.WARN, "60 s behind"),
    ],
)
def test_a_clock_that_differs_is_told_and_does_not_matter_to_leases(
    api: Json, ahead: float, state: State, words: str
) -> None:
    check = service.clocks_agree(told(api, ahead_seconds=ahead))
    assert_is(check, state, words)
    assert ("leases do not depend on it" in check.seen) is (state is State.WARN)


def test_a_service_without_a_date_is_not_compared(api: Json) -> None:
    assert_is(service.clocks_agree(told(api, has_date=False)), State.WARN, "no Date")


def test_versions_that_differ_say_which_one_to_upgrade_first(api: Json) -> None:
    assert_is(service.versions_agree(told(api)), State.WARN, "upgrade the API first")
    assert_is(service.versions_agree(told(api, version="999.0")), State.WARN, "drain")
    ours = service.versions_agree(told(api)).seen.split()[0]
    assert_is(service.versions_agree(told(api, version=ours)), State.OK)
    assert "drain" in service.compare_versions("0.9.0", "0.10.0").hint, "ten is more than nine"


def test_a_folder_that_cannot_be_written_is_a_failure_and_nothing_is_made(tmp_path: Path) -> None:
    assert_is(disks.folder_works("state folder", tmp_path / "a" / "b", "--state-dir"), State.OK)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file" / "state", Path("/proc/self/state")):
        check = disks.folder_works("state folder", folder, "--state-dir")
        assert_is(check, State.FAIL, "--state-dir")


def test_a_disk_is_full_below_what_a_slot_needs_and_low_below_a_gibibyte(tmp_path: Path) -> None:
    enough = disks.disk_has_room([tmp_path / "state"], least_bytes=0, low_bytes=0)
    assert_is(enough, State.OK)
    assert_is(disks.disk_has_room([tmp_path], 0, 1 << 60), State.WARN, str(tmp_path))
    full = disks.disk_has_room([tmp_path], 1 << 60, 1 << 60)
    assert_is(full, State.FAIL, "claim nothing", "make room")


def test_little_shared_memory_is_a_warning() -> None:
    assert_is(disks.shared_memory_suffices(0), State.OK)
    assert_is(disks.shared_memory_suffices(1 << 60), State.WARN, "--shm-size")


def test_few_open_files_are_a_warning() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
        assert_is(disks.open_files_suffice(), State.WARN, "at most 1024", "LimitNOFILE")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    try:
        assert_is(disks.open_files_suffice(), State.OK)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_store_is_tried_with_a_checkpoint_of_which_nothing_stays(tmp_path: Path) -> None:
    own = node(tmp_path)
    assert_is(store.store_takes_checkpoints(own), State.OK, "will be made")
    missing = node(tmp_path, store=str(tmp_path / "mount"))
    assert_is(store.store_takes_checkpoints(missing), State.WARN, "mount")
    assert list(tmp_path.iterdir()) == [], "an empty mount point is not taken for a store"
    (tmp_path / "mount").mkdir()
    assert_is(store.store_takes_checkpoints(missing), State.OK)
    assert list((tmp_path / "mount").iterdir()) == []
    (tmp_path / "mount" / "doctor").touch()
    assert_is(store.store_takes_checkpoints(missing), State.FAIL, "--store")
    unusable = node(tmp_path, store="ftp://somewhere")
    assert_is(store.store_takes_checkpoints(unusable), State.FAIL, "ftp://somewhere")


def test_the_store_is_compared_with_the_api_s(tmp_path: Path, api: Json) -> None:
    shared = node(tmp_path, url=api[0], store=str(tmp_path / "store"))
    (tmp_path / "store").mkdir()
    assert_is(store.store_is_shared(shared), State.FAIL, "no mark", "file:///api")
    (tmp_path / "store" / ".paceline-store").write_text("another")
    assert_is(store.store_is_shared(shared), State.FAIL, "another installation")
    (tmp_path / "store" / ".paceline-store").write_text(f"{NONCE}\n")
    assert_is(store.store_is_shared(shared), State.OK)
    assert_is(store.store_is_shared(node(tmp_path, url=api[0])), State.WARN, "step 0")
    assert_is(store.store_is_shared(node(tmp_path)), State.WARN, "not compared")


def test_a_broker_is_asked_whose_it_is(tmp_path: Path, api: Json) -> None:
    assert_is(broker.broker_is_ours(node(tmp_path)), State.OK, "long poll")
    with own_redis() as server:
        subject = node(tmp_path, url=api[0], broker=server.url)
        assert_is(broker.broker_is_ours(subject), State.WARN, "no conductor")
        assert mark_broker(server.url, MARK)
        assert_is(broker.broker_is_ours(subject), State.OK)
        assert_is(broker.broker_is_ours(node(tmp_path, broker=server.url)), State.WARN, "not known")
        assert mark_broker(server.url, "another")
        assert_is(broker.broker_is_ours(subject), State.FAIL, "another installation")
        server.stop()
        assert_is(broker.broker_is_ours(subject), State.FAIL, "does not answer")
        assert not mark_broker(server.url, MARK)


def play(tmp_path: Path, used_gib: float, count: int = 2) -> Path:
    path = tmp_path / "gpus.json"
    one = {"name": "H100", "memory_bytes": 80 * GIB, "used_bytes": int(used_gib * GIB)}
    path.write_text(json.dumps([{**one, "id": f"GPU-{n}"} for n in range(count)]))
    return path


def test_gpus_are_parted_into_the_slots_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def partition(**changes: object) -> Check:
        return gpus.slots_have_gpus(node(tmp_path, simulated_gpus=play(tmp_path, 0), **changes))

    assert_is(partition(gpus_per_slot=1), State.OK, "2 of 2 visible")
    assert_is(partition(), State.WARN, "GPU-0, GPU-1", "--gpus-per-slot")
    assert_is(partition(gpus_per_slot=3), State.FAIL, "sees 2 GPUs")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert_is(partition(gpus_per_slot=1), State.OK, "1 of 1", "CUDA_VISIBLE_DEVICES=1")


def test_memory_in_use_is_told_unless_a_worker_of_this_node_holds_the_gpu(tmp_path: Path) -> None:
    free = node(tmp_path, gpus_per_slot=1, simulated_gpus=play(tmp_path, 1))
    assert_is(gpus.memory_is_free(free), State.OK, "free on 2")
    busy = node(tmp_path, gpus_per_slot=1, simulated_gpus=play(tmp_path, 60, count=1))
    assert_is(gpus.memory_is_free(busy), State.WARN, "61440 of 81920 MiB", "claims nothing")
    lock = PlaceLock(tmp_path / "locks" / "GPU-0.lock")
    lock.take("GPU-0")
    assert_is(gpus.memory_is_free(busy), State.OK, "1 belong to a worker")
    lock.release()


def test_a_gpu_that_another_worker_holds_is_a_failure(tmp_path: Path) -> None:
    subject = node(tmp_path, gpus_per_slot=1, simulated_gpus=play(tmp_path, 0))
    assert_is(places.gpus_are_not_taken(node(tmp_path)), State.OK, "no slot has a GPU")
    lock = PlaceLock(tmp_path / "locks" / "GPU-1.lock")
    assert_is(places.gpus_are_not_taken(subject), State.OK, "2 GPUs")
    lock.take("GPU-1")
    assert_is(places.gpus_are_not_taken(subject), State.FAIL, "GPU-1", f"worker {os.getpid()}")
    own_slot = PlaceLock(tmp_path / "state" / "slots" / "0.lock")
    own_slot.take("slot 0")
    assert_is(places.gpus_are_not_taken(subject), State.OK)
    own_slot.release()
    lock.release()


def test_a_killed_worker_leaves_a_keeper_then_a_folder_and_a_running_one_is_well(
    tmp_path: Path, ledger: Ledger, start_process: StartProcess
) -> None:
    subject = node(tmp_path)
    assert_is(places.slots_are_ours(subject), State.OK, "no worker")
    worker = start_process()
    ledger.work.append(claim("a1", python(IGNORES_TERM), grace_seconds=6.0))
    folder = tmp_path / "state" / "trials" / "a1"
    wait_until(
        lambda: any(treats_term(pid, "SigIgn") for pid in at_work_for(folder)),
        seconds=60,
        what="the training that ignores TERM",
    )
    assert_is(places.slots_are_ours(subject), State.OK, f"worker {worker.pid}", "keeper")
    assert_is(places.nothing_is_left_over(subject), State.OK)
    worker.kill()
    worker.wait()
    assert_is(places.slots_are_ours(subject), State.WARN, "slots 0", "keeper", "worker is gone")
    wait_until(lambda: "no worker" in places.slots_are_ours(subject).seen, seconds=60)
    assert_is(places.nothing_is_left_over(subject), State.WARN, "1 trial folders")


def test_a_training_whose_keeper_was_killed_is_found(
    tmp_path: Path, ledger: Ledger, start_process: StartProcess
) -> None:
    subject = node(tmp_path)
    worker = start_process()
    ledger.work.append(claim("a1", python(IGNORES_TERM)))
    folder = tmp_path / "state" / "trials" / "a1"
    wait_until(lambda: at_work_for(folder), seconds=60, what="the training")
    (lock,) = (tmp_path / "state" / "slots").glob("*.lock")
    keepers = places.holders_of([lock]).keepers
    worker.send_signal(signal.SIGSTOP)
    for pid in keepers:
        os.kill(pid, signal.SIGKILL)
    worker.kill()
    worker.wait()
    wait_until(lambda: are_gone(list(keepers)), seconds=30)
    left = at_work_for(folder)
    check = places.nothing_is_left_over(subject)
    end_all_of(folder)
    assert_is(check, State.WARN, "processes still work", *map(str, left))


def test_a_worker_that_has_nothing_to_run_is_a_failure(tmp_path: Path) -> None:
    def looked(**changes: object) -> Check:
        return jobs.entrypoints_start(node(tmp_path, **changes))

    (tmp_path / "train.py").touch()
    assert_is(looked(), State.FAIL, "--allow-commands")
    assert_is(looked(allow_commands=True), State.OK, "free commands")
    assert_is(looked(entrypoints={"train": ("python", "train.py")}), State.OK, "train would start")
    missing = looked(entrypoints={"a": ("python", "train.py"), "b": ("python", "gone.py")})
    assert_is(missing, State.FAIL, "b: ", "gone.py")
    assert_is(looked(entrypoints={"a": ("no-such-program",)}), State.FAIL, "no-such-program")
    assert_is(looked(entrypoints={"a": ("ls",)}), State.OK)


def test_one_check_that_breaks_hides_no_other(tmp_path: Path) -> None:
    gone = tmp_path / "gone.json"
    found = node_checks(node(tmp_path, gpus_per_slot=1, simulated_gpus=gone).options)
    assert len(found) == len(CHECKS)
    broken = [check for check in found if check.name == "doctor"]
    assert broken, "no list of GPUs: the checks that need it say so"
    assert all("gone.json" in check.seen and check.has_failed for check in broken)


def doctor(tmp_path: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "paceline.cli.main", "doctor", *words]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    return subprocess.run(
        command,
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_command_says_one_sentence_the_lines_and_what_to_type_next(
    tmp_path: Path, api: Json
) -> None:
    (tmp_path / "token").write_text("t")
    flags = ["--node", "--url", api[0], "--token-file", "token", "--allow-commands"]
    done = doctor(tmp_path, *flags)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("This node works, but ")
    assert lines[-1] == "next: paceline worker"
    assert "\n!  version: " in done.stdout, "a warning"
    failing = doctor(tmp_path, *flags, "--gpus-per-slot", "9", "--json")
    assert failing.returncode == 1
    found = {one["check"]: one for one in json.loads(failing.stdout)}
    assert (found["partition"]["state"], found["partition"]["ok"]) == ("fail", False)
    assert (found["version"]["state"], found["version"]["ok"]) == ("warn", True)
    assert "9" in found["partition"]["seen"]


def test_a_flag_that_no_worker_has_is_refused(tmp_path: Path) -> None:
    for words in (["--node", "--slotz", "2"], ["--slots", "2"], ["--node", "ls"]):
        assert doctor(tmp_path, *words).returncode == 2, words
