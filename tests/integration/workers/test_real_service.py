"""The worker against the real service: what it reports is what the API tells afterwards."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.main import TOKEN_FILE, api_server, create_conductor, prepare_embedded
from app.settings import Settings
from paceline.client import Client
from tests.integration.workers.programs import FILES_ALONE, SDK, python
from tests.support.waiting import free_port, wait_until
from workers import slot
from workers.node import Node
from workers.options import WorkerOptions

Json = Any  # JSON, as the contract says


class Service:
    """API and conductor on SQLite, in threads of this process, as `paceline up` runs them."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(
            data_dir=folder / "data", port=free_port(), heartbeat_seconds=0.5, grace_seconds=4.0
        )
        self.context = prepare_embedded(self.settings)
        self.token = (self.settings.data_dir / TOKEN_FILE).read_text().strip()
        self.url = f"http://127.0.0.1:{self.settings.port}"
        self.client = Client(self.url, self.token)
        self.start()
        self.conductor = create_conductor(self.context)
        self.conductor.start()

    def start(self) -> None:
        """Start the API, for the first time or again on the same port."""
        self._server = api_server(self.context)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        wait_until(lambda: self._server.started, seconds=30, what="the API is up")

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(30)

    def close(self) -> None:
        self.conductor.stop()
        self.client.close()
        self.stop()
        self.context.database.close()

    def trial(self, number: int = 0) -> Json:
        return self.client.get(f"/v1/trials/{self.trials()[number]['id']}")

    def trials(self) -> list[Json]:
        study = self.client.get("/v1/studies")["items"][0]["id"]
        items: list[Json] = self.client.get(f"/v1/studies/{study}/trials")["items"]
        return items


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    service = Service(tmp_path)
    yield service
    service.close()


@pytest.fixture
def node(service: Service, tmp_path: Path) -> Iterator[Node]:
    node = Node(
        WorkerOptions(
            url=service.url,
            token=service.token,
            state_dir=tmp_path / "state",
            store=service.settings.resolved_store,
            allow_commands=True,
        )
    )
    node.start()
    yield node
    node.stop()
    assert node.wait(30)


def study(command: list[str], **changes: Json) -> Json:
    return {
        "name": "worker",
        "objective": {"metric": "val_error", "direction": "minimize"},
        "job": {"command": command, "resumable": True},
        "parameters": {
            "learning_rate": {
                "type": "float",
                "low": 1e-3,
                "high": 1.0,
                "scale": "log",
                "role": "learning_rate",
            },
        },
        "fixed": {"width": {"value": 64, "role": "architecture"}},
        "max_train_steps": 40,
        "evaluate_every_steps": 2,
        "trials": 1,
        "autopilot": "off",
        **changes,
    }


def test_trial_runs_to_its_end_and_everything_is_told(service: Service, node: Node) -> None:
    del node
    service.client.post("/v1/studies", study(python(FILES_ALONE)))
    wait_until(lambda: service.trials()[0]["state"] == "completed", seconds=60, what="completed")
    trial = service.trial()
    attempt = trial["attempts"][0]
    assert (trial["last_step"], trial["censored"], trial["best_step"]) == (40, False, 40)
    assert (attempt["state"], attempt["reason"], attempt["exit_code"]) == (
        "succeeded",
        "completed",
        0,
    )
    curve = service.client.get(f"/v1/trials/{trial['id']}/curve", {"metric": "val_error"})
    assert curve["points_total"] == 40
    logs = service.client.get(f"/v1/attempts/{attempt['id']}/logs")
    assert logs["stdout"].strip() == "trained 64"
    assert service.client.get(f"/v1/attempts/{attempt['id']}")["code"]["digest"]
    assert service.client.get("/v1/workers")["items"][0]["shares_store"] is True


def test_pause_preempts_and_resume_goes_on_from_the_checkpoint(
    service: Service, node: Node
) -> None:
    del node
    made = service.client.post("/v1/studies", study(python(SDK, pause=0.1)))
    wait_until(lambda: service.trial()["checkpoints"], seconds=60, what="first checkpoint")
    service.client.post(f"/v1/studies/{made['id']}/pause")
    wait_until(
        lambda: service.trial()["attempts"][0]["state"] == "preempted", seconds=60, what="released"
    )
    service.client.post(f"/v1/studies/{made['id']}/resume")
    wait_until(lambda: service.trials()[0]["state"] == "completed", seconds=60, what="completed")
    first, second = sorted(service.trial()["attempts"], key=lambda one: int(one["number"]))
    assert 0 < second["start_step"] == first["last_step"] < 40
    trial = service.trial()
    assert trial["last_step"] == 40
    root = Path(trial["checkpoints"][0]["store"].removeprefix("file://"))
    stored = {str(path.relative_to(root)) for path in root.rglob("*.json")}
    assert stored == {one["key"] for one in trial["checkpoints"]}, "superfluous ones are dropped"


def test_cancel_of_a_study_ends_its_training(service: Service, node: Node) -> None:
    del node
    made = service.client.post("/v1/studies", study(python(SDK, pause=60)))
    wait_until(lambda: service.trials()[0]["state"] == "running", seconds=60, what="running")
    service.client.post(f"/v1/studies/{made['id']}/cancel")
    service.client.post("/v1/studies", study(python(FILES_ALONE), name="next"))
    wait_until(
        lambda: (
            "completed" in [one["state"] for one in service.client.get("/v1/studies")["items"]]
            or any(
                trial["state"] == "completed"
                for one in service.client.get("/v1/studies")["items"]
                for trial in service.client.get(f"/v1/studies/{one['id']}/trials")["items"]
            )
        ),
        seconds=60,
        what="the slot is free for the next study",
    )


def test_restart_of_the_api_stops_no_training_and_loses_no_report(
    service: Service, node: Node
) -> None:
    del node
    service.client.post("/v1/studies", study(python(FILES_ALONE, pause=0.1)))
    wait_until(lambda: service.trial()["last_step"], seconds=60, what="first reports")
    service.stop()
    service.start()
    wait_until(lambda: service.trials()[0]["state"] == "completed", seconds=60, what="completed")
    trial = service.trial()
    assert len(trial["attempts"]) == 1
    curve = service.client.get(f"/v1/trials/{trial['id']}/curve", {"metric": "val_error"})
    assert curve["points_total"] == 40


def test_nan_makes_a_diverged_trial(service: Service, node: Node) -> None:
    del node
    program = FILES_ALONE.replace("1 / step", "float('nan') if step > 5 else 1.0")
    service.client.post("/v1/studies", study(python(program)))
    wait_until(lambda: service.trials()[0]["state"] == "diverged", seconds=60, what="diverged")


def test_lost_checkpoint_costs_no_failure_and_the_trial_starts_from_what_is_left(
    service: Service, node: Node
) -> None:
    del node
    made = service.client.post("/v1/studies", study(python(SDK, pause=0.1)))
    wait_until(lambda: service.trial()["checkpoints"], seconds=60, what="first checkpoint")
    service.client.post(f"/v1/studies/{made['id']}/pause")
    wait_until(
        lambda: service.trial()["attempts"][0]["state"] == "preempted", seconds=60, what="released"
    )
    last = max(service.trial()["checkpoints"], key=lambda one: int(one["step"]))
    root = Path(last["store"].removeprefix("file://"))
    (root / last["key"]).unlink()
    service.client.post(f"/v1/studies/{made['id']}/resume")
    wait_until(lambda: service.trials()[0]["state"] == "completed", seconds=60, what="completed")
    attempts = sorted(service.trial()["attempts"], key=lambda one: int(one["number"]))
    assert [one["reason"] for one in attempts] == [
        "preempted",
        "checkpoint_missing",
        "completed",
    ]
    assert attempts[2]["start_step"] < last["step"]


def test_idle_worker_does_not_finish_its_long_poll_before_it_ends(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slot, "LONG_POLL_SECONDS", 30)
    node = Node(WorkerOptions(url=service.url, token=service.token, state_dir=tmp_path / "state"))
    node.start()
    node.stop()
    assert node.wait(15), "the slot still waits for work"
