"""The frame around every route: tokens, scopes, problems, the JSON layer, the description of the
interface."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import httpx2
import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from app.api.app import ROUTERS, create_app
from app.api.examples import STUDY
from app.db.database import Database
from app.services.context import Context
from app.services.tokens import SCOPES, create_token
from app.settings import Settings

OPEN = {"/healthz", "/readyz", "/version", "/v1/session"}


@dataclass(frozen=True)
class Service:
    """The application over a fresh database, and a client with every scope."""

    context: Context
    client: TestClient

    def with_scopes(self, *scopes: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {create_token(self.context, 'test', scopes).text}"}


@pytest.fixture
def service(database_url: str) -> Iterator[Service]:
    context = Context(Database(database_url), Settings(database_url=database_url))
    token = create_token(context, "test", SCOPES).text
    with TestClient(
        create_app(context),
        headers={"Authorization": f"Bearer {token}"},
        raise_server_exceptions=False,
    ) as client:
        yield Service(context, client)
    context.database.close()


def test_every_route_without_a_token_is_refused(service: Service) -> None:
    del service.client.headers["Authorization"]
    asked = 0
    every = [route for router in ROUTERS for route in router.routes]
    for route in (r for r in every if isinstance(r, APIRoute) and r.path not in OPEN):
        for method in route.methods or ():
            path = re.sub(r"{[^}]+}", "1", route.path)
            answer = service.client.request(method, path, json={})
            assert answer.status_code == 401, (method, path, answer.text)
            asked += 1
    assert asked > 30


def test_open_routes_answer_without_a_token(service: Service) -> None:
    del service.client.headers["Authorization"]
    for path in ("/healthz", "/readyz", "/version"):
        assert service.client.get(path).status_code == 200


def test_a_token_without_the_scope_is_refused_by_name(service: Service) -> None:
    answer = service.client.get("/v1/tokens", headers=service.with_scopes("studies:read"))
    assert answer.status_code == 403
    assert "admin" in answer.json()["detail"]


def test_repeated_wrong_tokens_are_slowed_down(service: Service) -> None:
    wrong = {"Authorization": "Bearer pl_wrong"}
    answers = [service.client.get("/v1/tokens", headers=wrong).status_code for _ in range(25)]
    assert set(answers[:20]) == {401}
    assert answers[-1] == 429


def test_a_revoked_token_is_refused_at_once(service: Service) -> None:
    made = service.client.post("/v1/tokens", json={"name": "x", "scopes": ["admin"]}).json()
    headers = {"Authorization": f"Bearer {made['token']}"}
    assert service.client.get("/v1/tokens", headers=headers).status_code == 200
    assert service.client.delete(f"/v1/tokens/{made['id']}").status_code == 204
    assert service.client.get("/v1/tokens", headers=headers).status_code == 401


def test_a_token_is_never_shown_again(service: Service) -> None:
    made = service.client.post("/v1/tokens", json={"name": "x", "scopes": ["workers"]}).json()
    assert made["token"] not in service.client.get("/v1/tokens").text


def test_a_sign_in_code_opens_one_session_that_only_reads(service: Service) -> None:
    code = service.client.post("/v1/session/codes").json()["code"]
    del service.client.headers["Authorization"]
    service.client.cookies.clear()
    assert service.client.post("/v1/session", json={"code": code}).status_code == 204
    assert service.client.get("/docs").status_code == 200
    assert service.client.post("/v1/session/codes").status_code == 401
    assert service.client.post("/v1/session", json={"code": code}).status_code == 401


HOSTILE = {
    "bare NaN": b'{"name": NaN, "scopes": ["admin"]}',
    "infinity": b'{"name": Infinity}',
    "too large a number": b'{"name": 1e999}',
    "lone surrogate": rb'{"name": "\ud800"}',
    "NUL": b'{"name": "a\\u0000b", "scopes": ["admin"]}',
    "nested deeply": b'{"a":' * 900 + b"1" + b"}" * 900,
    "broken": b'{"name": ',
    "empty": b"",
    "not UTF-8": b'{"name": "\xff"}',
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_hostile_json_is_a_400_problem(service: Service, body: bytes) -> None:
    answer = service.client.post(
        "/v1/tokens", content=body, headers={"Content-Type": "application/json"}
    )
    assert_is_problem(answer, 400)


def test_unknown_fields_and_wrong_types_are_named(service: Service) -> None:
    answer = service.client.post("/v1/tokens", json={"name": 3, "scopes": ["admin"], "scoops": 1})
    assert_is_problem(answer, 422)
    assert "scoops" in answer.json()["detail"]
    assert "name" in answer.json()["detail"]


def test_a_body_beyond_the_limit_is_a_413_with_the_limit(service: Service) -> None:
    body = b'{"name": "' + b"a" * (50 * 1024 * 1024) + b'"}'
    answer = service.client.post(
        "/v1/tokens", content=body, headers={"Content-Type": "application/json"}
    )
    assert_is_problem(answer, 413)
    assert str(2 * 1024 * 1024) in answer.json()["detail"]


def test_another_media_type_is_a_415(service: Service) -> None:
    answer = service.client.post("/v1/tokens", content=b"a=1", headers={"Content-Type": "text/csv"})
    assert_is_problem(answer, 415)


def test_an_unknown_path_and_a_wrong_method_are_problems(service: Service) -> None:
    assert_is_problem(service.client.get("/v1/nothing"), 404)
    assert_is_problem(service.client.put("/v1/tokens"), 405)


def test_the_description_is_openapi_3_1_with_bodies_and_examples(service: Service) -> None:
    document = service.client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    media = document["paths"]["/v1/studies"]["post"]["requestBody"]["content"]["application/json"]
    assert media["example"] == STUDY
    assert "Parameter" in document["components"]["schemas"]
    for name in re.findall(
        r"#/components/schemas/([\w.-]+)", service.client.get("/openapi.json").text
    ):
        assert name in document["components"]["schemas"]


def test_answers_carry_security_headers(service: Service) -> None:
    answer = service.client.get("/healthz")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def assert_is_problem(answer: httpx2.Response, status: int) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert answer.json()["detail"]
