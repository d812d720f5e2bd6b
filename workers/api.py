"""The attempt protocol over HTTP: every write carries the token, every refusal has one meaning."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import stamina

from paceline.client import Client, ProblemError, Unreachable

Json = Any  # parsed JSON whose shape the contract fixes
FIRST_SERVER_ERROR, TOO_LARGE = 500, 413
DISOWNED = frozenset({"stale-attempt", "not-found"})  # kinds of problems
PASSING_STATUSES = frozenset({401, 403, 408, 429})  # a token may be renewed, a crowd may pass
CLAIM_SLACK_SECONDS = 10.0
HEARTBEAT_TIMEOUT_SECONDS = 5.0


class StaleAttempt(Exception):
    """The attempt is no longer this worker's: kill its training, write nothing more."""


def will_pass(error: Exception) -> bool:
    """Whether asking again may help: no answer, the service's own failure, a refused sign-in."""
    if isinstance(error, ProblemError):
        return error.status >= FIRST_SERVER_ERROR or error.status in PASSING_STATUSES
    return isinstance(error, Unreachable)


def until_answered(is_wanted: Callable[[], bool] = lambda: True) -> Iterator[stamina.Attempt]:
    """Try again with backoff and jitter while trouble may pass and the effort is still wanted."""
    return stamina.retry_context(
        on=lambda error: is_wanted() and will_pass(error), attempts=None, timeout=None
    ).__iter__()


class AttemptApi:
    """The writes of one attempt. Raises StaleAttempt where the service disowns it; a page of a
    balancer without a backend is no word of the service's, but an outage."""

    def __init__(self, client: Client, attempt_id: str, token: str) -> None:
        self._client = client
        self._path = f"/v1/attempts/{attempt_id}"
        self._headers = {"Paceline-Attempt-Token": token}

    def heartbeat(self, body: Mapping[str, Json]) -> Json:
        return self._post("heartbeat", body, timeout=HEARTBEAT_TIMEOUT_SECONDS)

    def measurements(self, steps: list[int], metrics: Mapping[str, list[Json]]) -> Json:
        return self._post("measurements", {"steps": steps, "metrics": metrics})

    def checkpoint(self, body: Mapping[str, Json]) -> Json:
        return self._post("checkpoints", body)

    def finish(self, body: Mapping[str, Json]) -> Json:
        return self._post("finish", body)

    def _post(self, what: str, body: Mapping[str, Json], timeout: float | None = None) -> Json:
        try:
            return self._client.post(
                f"{self._path}/{what}", dict(body), headers=self._headers, timeout=timeout
            )
        except ProblemError as problem:
            if problem.kind in DISOWNED:
                raise StaleAttempt(str(problem)) from problem
            if problem.is_foreign and problem.status != TOO_LARGE:  # which halves of it may not be
                raise Unreachable(
                    f"somebody else than the service answered: {problem}"
                ) from problem
            raise


def claim(client: Client, body: Mapping[str, Json]) -> Json:
    """The claimed attempt, or None when there is no work within `wait_seconds`."""
    return client.post("/v1/claims", dict(body), timeout=body["wait_seconds"] + CLAIM_SLACK_SECONDS)
