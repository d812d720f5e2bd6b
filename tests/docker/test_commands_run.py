"""The command lines of the services, executed outside an engine against private servers: schema,
first token, API, conductor and a worker that registers, as `docker compose up` would order them.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import redis

from paceline.client import Client
from tests.architecture.sources import ROOT
from tests.docker import dockerfiles
from tests.docker.compose import SECRETS, services
from tests.support.databases import postgres_database
from tests.support.redis import RedisServer, redis_binary
from tests.support.waiting import free_port, wait_until

SERVICES = services()


@dataclass
class Stage:
    """Where the services' addresses and folders lie outside an engine."""

    folder: Path
    database_url: str
    broker: str
    port: int = field(default_factory=free_port)
    started: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def here(self, text: str) -> str:
        """Translate one word or variable of the compose file to this machine."""
        secrets = list(SECRETS.values())
        places = {
            f"postgresql://paceline:{secrets[0]}@postgres:5432/paceline": self.database_url,
            f"redis://:{secrets[1]}@redis:6379/0": self.broker,
            "http://api:8731": self.url,
            "http://127.0.0.1:8731": self.url,
            "8731": str(self.port),
            "0.0.0.0": "127.0.0.1",
            "/var/lib/paceline": str(self.folder),
            "/opt/paceline/docker": str(ROOT / "docker"),
            "/jobs": str(self.folder),
        }
        for there, place in places.items():
            text = text.replace(there, place)
        return text

    def environment(self, name: str) -> dict[str, str]:
        """The variables of a service, and the PATH on which our `paceline` lies."""
        own = {key: self.here(value) for key, value in SERVICES[name].environment.items()}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        locks = {"PACELINE_LOCK_DIR": str(self.folder / "locks")}
        return {**own, **locks, "PATH": path, "HOME": str(self.folder), "PYTHONPATH": str(ROOT)}

    def call(self, name: str) -> "subprocess.CompletedProcess[str]":
        """Run a one-shot service to its end."""
        argv = [self.here(word) for word in SERVICES[name].argv]
        done = subprocess.run(
            argv,
            env=self.environment(name),
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done

    def start(self, name: str) -> "subprocess.Popen[bytes]":
        """Start a service that stays."""
        argv = [self.here(word) for word in SERVICES[name].argv]
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                argv, env=self.environment(name), cwd=self.folder, stdout=log, stderr=log
            )
        self.started.append(process)
        return process

    def is_healthy(self, name: str) -> bool:
        """Run the health check of a service, its own or its image's."""
        definition = SERVICES[name].definition
        image = dockerfiles.parse((ROOT / definition["build"]["dockerfile"]).read_text())
        command = definition.get("healthcheck", {}).get("test", [])[1:]
        words = [self.here(word) for word in command or dockerfiles.healthcheck(image)]
        environment = self.environment(name)
        return (
            subprocess.run(words, env=environment, capture_output=True, check=False).returncode == 0
        )

    def wait_until_healthy(self, name: str) -> None:
        """Poll a service's health check; the log tells why it stays ill."""
        log = self.folder / f"{name}.log"
        wait_until(lambda: self.is_healthy(name), seconds=90, every=0.2, what=f"{name}, see {log}")


@pytest.fixture
def stage(postgres_url: str, tmp_path: Path) -> Iterator[Stage]:
    for folder in ("tokens", "store", "worker", "redis"):
        (tmp_path / folder).mkdir()
    broker = RedisServer(tmp_path / "redis", password="sesame", durable=True)
    broker.start()
    with postgres_database(postgres_url) as database_url:
        stage = Stage(tmp_path, database_url, broker.url)
        yield stage
        for process in reversed(stage.started):
            process.terminate()
            process.wait(timeout=60)
    broker.stop()


def test_the_services_come_up_in_their_order_and_a_worker_registers(stage: Stage) -> None:
    stage.call("migrate")
    stage.call("migrate")  # every `up` runs it again
    stage.call("worker-token")
    token = (stage.folder / "tokens" / "workers").read_text()
    stage.call("worker-token")
    assert (stage.folder / "tokens" / "workers").read_text() == token
    admin = stage.call("admin-token").stdout.splitlines()[-1]

    assert not stage.is_healthy("api")
    for name in ("api", "conductor", "worker-cpu"):
        stage.start(name)
        stage.wait_until_healthy(name)

    with Client(stage.url, admin) as client:
        (worker,) = wait_until(
            lambda: client.get("/v1/workers")["items"], seconds=90, what="a worker to register"
        )
    assert worker["commands"] is False
    assert all(process.poll() is None for process in stage.started)


def test_the_workers_token_is_for_its_owner_alone_and_no_more_than_a_token(stage: Stage) -> None:
    stage.call("migrate")

    stage.call("worker-token")

    file = stage.folder / "tokens" / "workers"
    assert file.stat().st_mode & 0o077 == 0
    assert len(file.read_text().split()) == 1
    assert [path.name for path in file.parent.iterdir()] == ["workers"]


def test_the_broker_asks_for_its_password_and_writes_an_append_only_file(tmp_path: Path) -> None:
    port = free_port()
    shell, flag, line = SERVICES["redis"].argv
    where = f"{redis_binary()} --port {port} --bind 127.0.0.1 --dir {tmp_path} --loglevel warning"
    argv = [shell, flag, line.replace("redis-server", where)]
    server = subprocess.Popen(argv, env=SERVICES["redis"].environment)
    password = SERVICES["redis"].environment["REDISCLI_AUTH"]
    try:
        with redis.Redis(port=port, password=password) as client:
            wait_until(lambda: answers(client), what="the broker of the compose file")
            assert client.config_get("appendonly") == {"appendonly": "yes"}
        with redis.Redis(port=port) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
    finally:
        server.terminate()
        server.wait(timeout=20)


def answers(client: "redis.Redis") -> bool:
    """Tell whether the server takes commands now."""
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False
