"""Optuna on the same PostgreSQL: the same work through its public interface."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import optuna
from optuna.storages import RDBStorage

from tests.support.databases import postgres_database

optuna.logging.set_verbosity(logging.WARNING)


@contextmanager
def peer_study(server: str) -> Iterator[optuna.Study]:
    """A study with a random sampler in a fresh database."""
    with postgres_database(server) as url:
        address = url.replace("postgresql://", "postgresql+psycopg://")
        storage = RDBStorage(address)
        study = optuna.create_study(storage=storage, sampler=optuna.samplers.RandomSampler(seed=1))
        study.set_user_attr("address", address)
        yield study
        storage.remove_session()
        storage.engine.dispose()


def play_trial(study: optuna.Study, points: int) -> None:
    """Ask, report `points` values, tell."""
    trial = study.ask()
    trial.suggest_float("learning_rate", 1e-4, 1.0, log=True)
    for step in range(1, points + 1):
        trial.report(1.0 / step, step)
    study.tell(trial, 1.0 / points)


def address_of(study: optuna.Study) -> str:
    """The address that a new client of this study would be given."""
    return str(study.user_attrs["address"])
