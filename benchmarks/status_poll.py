"""Status of a study: constant in the number of trials, against a new Optuna client reading its
trials."""

from functools import partial

import optuna

from benchmarks import optuna_peer
from benchmarks.service import definition
from benchmarks.table import Row, middle, seconds_each
from paceline.client import Client

SMALL, LARGE, POLLS, PEER_TRIALS = 100, 10_000, 30, 300


def measure(server: str, service: Client) -> list[Row]:
    """Milliseconds a poll, small and large, and the growth between them."""
    small, large = _poll_both(service)
    return [
        Row(
            f"status of a study of {LARGE} trials (peer: {PEER_TRIALS} trials, new client)",
            middle(large) * 1e3,
            middle(_peer(server)) * 1e3,
            "ms",
            "constant",
            is_higher_better=False,
            spread=(min(large) * 1e3, max(large) * 1e3),
        ),
        Row(
            f"status, {LARGE} over {SMALL} trials",
            middle(large) / middle(small),
            None,
            "x",
            "<= 1.3x",
        ),
    ]


def _poll_both(service: Client) -> tuple[list[float], list[float]]:
    """Seconds of each poll, small and large in turn, so that both meet the same machine: the
    database still tidies up after the 10,000 rows that were just written."""
    small, large = (
        service.post("/v1/studies", definition(trials), timeout=120)["id"]
        for trials in (SMALL, LARGE)
    )
    taken: dict[str, list[float]] = {small: [], large: []}
    for _ in range(POLLS):
        for study_id in taken:
            poll = partial(service.get, f"/v1/studies/{study_id}")
            taken[study_id].extend(seconds_each(poll, 1))
    return taken[small], taken[large]


def _peer(server: str) -> list[float]:
    with optuna_peer.peer_study(server) as study:
        for _ in range(PEER_TRIALS):
            study.add_trial(optuna.trial.create_trial(value=1.0))
        url = optuna_peer.address_of(study)
        return seconds_each(
            lambda: optuna.load_study(study_name=study.study_name, storage=url).trials, 3
        )
