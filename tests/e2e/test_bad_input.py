"""What people and programs send by mistake: each is refused in the documented way, and nothing of
what was there is lost.
"""

import http.client
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from paceline.client import Client, ProblemError
from tests.e2e.processes import Fleet
from tests.e2e.services import Embedded, Service

Json = Any  # JSON, as the contract says
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One embedded service for all of these; nobody runs external jobs but the test."""
    fleet = Fleet(tmp_path_factory.mktemp("bad-input"))
    try:
        embedded = Embedded(fleet, slots=1)
        embedded.start()
        service = embedded.service
        yield service
        service.client.close()
    finally:
        fleet.close()


def definition(**changes: Json) -> dict[str, Json]:
    rate = {"type": "float", "low": 1e-3, "high": 1e-1, "scale": "log", "role": "learning_rate"}
    return {
        "name": "bad-input",
        "objective": {"metric": "val_error", "direction": "minimize"},
        "job": "external",
        "parameters": {"learning_rate": rate},
        "max_train_steps": 20,
        "evaluate_every_steps": 1,
        "trials": 2,
        **changes,
    }


class Runner:
    """Somebody's own runner: claims a trial of one study and reports by hand."""

    def __init__(self, client: Client, study_id: str, worker: str = "") -> None:
        self.client, self.study_id = client, study_id
        self.worker = worker or uuid.uuid4().hex
        self.claim = client.post("/v1/claims", self._claim_body())

    def _claim_body(self) -> dict[str, Json]:
        return {
            "worker": self.worker,
            "boot_id": "boot",
            "slot": "0",
            "request_id": uuid.uuid4().hex,
            "queue": "cpu",
            "offers": {"gpus": 0, "entrypoints": [], "commands": False, "labels": {}},
            "study_id": self.study_id,
            "wait_seconds": 0,
        }

    @property
    def path(self) -> str:
        return f"/v1/attempts/{self.claim['attempt_id']}"

    @property
    def headers(self) -> dict[str, str]:
        return {"Paceline-Attempt-Token": self.claim["token"]}

    @property
    def trial(self) -> Json:
        return self.client.get(f"/v1/trials/{self.claim['trial']['id']}")

    def report(self, steps: list[int], values: list[Json]) -> Json:
        body = {"steps": steps, "metrics": {"val_error": values}}
        return self.client.post(f"{self.path}/measurements", body, headers=self.headers)

    def finish(self, last_step: int) -> Json:
        body = {
            "outcome": "completed",
            "reason": "completed",
            "exit_code": 0,
            "last_step": last_step,
        }
        return self.client.post(f"{self.path}/finish", body, headers=self.headers)


@pytest.fixture
def runner(service: Service) -> Runner:
    study_id = service.client.post("/v1/studies", definition())["id"]
    return Runner(service.client, study_id)


def refusal(client: Client, path: str, body: Json, **more: Json) -> ProblemError:
    with pytest.raises(ProblemError) as refused:
        client.post(path, body, **more)
    assert refused.value.detail, "a refusal says what is wrong"
    return refused.value


@pytest.mark.parametrize("name", ["epochs", "max_train_steps", "num_steps", "n_iters"])
def test_horizon_hidden_in_the_search_space_is_refused_by_its_rule(
    service: Service, name: str
) -> None:
    space = definition()["parameters"] | {name: {"type": "int", "low": 10, "high": 100}}
    refused = refusal(service.client, "/v1/studies", definition(parameters=space))
    assert refused.status == 422
    assert [finding["code"] for finding in refused.findings] == ["HZN102"]
    assert name in refused.findings[0]["message"]


def test_measurement_beyond_the_horizon_is_refused_and_nothing_of_its_batch_is_kept(
    runner: Runner,
) -> None:
    runner.report([1, 2], [0.5, 0.4])
    body = {"steps": [3, 20, 21, 22], "metrics": {"val_error": [0.3, 0.2, 0.1, 0.1]}}
    refused = refusal(runner.client, f"{runner.path}/measurements", body, headers=runner.headers)
    assert (refused.status, refused.kind) == (422, "horizon-exceeded")
    assert refused.document["first_refused_step"] == 21
    assert runner.trial["last_step"] == 2
    assert runner.report([3, 20], [0.3, 0.2])["accepted"] == 2


def raw_post(service: Service, path: str, body: bytes, **headers: str) -> tuple[int, str]:
    """Bytes as they are, which no JSON library would send."""
    connection = http.client.HTTPConnection(service.url.removeprefix("http://"), timeout=30)
    token = service.token_file.read_text().strip()
    said = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", **headers}
    try:
        connection.request("POST", path, body, said)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize("token", ["NaN", "Infinity", "-Infinity"])
def test_bare_token_that_is_no_json_is_refused(
    service: Service, runner: Runner, token: str
) -> None:
    body = f'{{"steps": [1], "metrics": {{"val_error": [{token}]}}}}'.encode()
    headers = {"Paceline-Attempt-Token": runner.claim["token"]}
    status, said = raw_post(service, f"{runner.path}/measurements", body, **headers)
    assert status == 400, said
    assert runner.trial["last_step"] == 0


def test_token_of_an_attempt_that_was_replaced_is_stale(service: Service, runner: Runner) -> None:
    runner.report([1], [0.5])
    successor = Runner(service.client, runner.study_id, runner.worker)
    body = {"steps": [2], "metrics": {"val_error": [0.1]}}
    refused = refusal(service.client, f"{runner.path}/measurements", body, headers=runner.headers)
    assert (refused.status, refused.kind) == (409, "stale-attempt")
    assert successor.claim["attempt_id"] != runner.claim["attempt_id"]


def test_token_of_another_attempt_is_refused(service: Service, runner: Runner) -> None:
    other = Runner(service.client, runner.study_id)
    body = {"steps": [1], "metrics": {"val_error": [0.1]}}
    refused = refusal(service.client, f"{runner.path}/measurements", body, headers=other.headers)
    assert refused.kind == "stale-attempt"
    assert runner.trial["last_step"] == 0


def test_body_of_fifty_megabytes_is_refused_with_the_limit(service: Service) -> None:
    body = b'{"name": "' + b"x" * 50_000_000 + b'"}'
    try:
        status, said = raw_post(service, "/v1/studies", body)
    except (BrokenPipeError, ConnectionResetError):
        pytest.fail("the service hung up without saying why")
    assert status == 413
    assert "2 MiB" in said or "2097152" in said.replace(",", ""), said


@pytest.mark.parametrize("where", ["study", "objective", "parameter", "claim"])
def test_unknown_field_is_refused_and_named(service: Service, where: str) -> None:
    body = definition()
    if where == "study":
        body["max_train_epochs"] = 3
    elif where == "objective":
        body["objective"]["max_train_epochs"] = 3
    elif where == "parameter":
        body["parameters"]["learning_rate"]["max_train_epochs"] = 3
    path = "/v1/claims" if where == "claim" else "/v1/studies"
    refused = refusal(service.client, path, {"max_train_epochs": 3} if where == "claim" else body)
    assert refused.status == 422
    assert "max_train_epochs" in refused.detail + refused.hint, str(refused)


def test_nan_in_a_measurement_makes_a_diverged_trial(runner: Runner) -> None:
    runner.report([1, 2], [0.5, "nan"])
    assert runner.finish(2)["state"] == "diverged"
    assert runner.trial["best_value"] == 0.5, "what was finite before still counts"


def test_other_value_for_a_known_step_is_refused_and_the_first_is_kept(runner: Runner) -> None:
    runner.report([1, 2], [0.5, 0.4])
    body = {"steps": [2, 3], "metrics": {"val_error": [0.1, 0.1]}}
    refused = refusal(runner.client, f"{runner.path}/measurements", body, headers=runner.headers)
    assert (refused.status, refused.kind) == (409, "conflicting-measurement")
    assert runner.trial["best_value"] == 0.4
    assert runner.report([2, 3], [0.4, 0.3])["repeated"] == 1


def test_finish_without_any_objective_value_is_a_failure(runner: Runner) -> None:
    assert runner.finish(20)["reason"] == "no-measurement"
    assert runner.trial["state"] == "failed"
