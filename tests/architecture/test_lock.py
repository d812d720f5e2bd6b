"""What is locked is what pyproject.toml asks for, with hashes and without any address."""

import re
import tomllib

import pytest

from tests.architecture.sources import ROOT
from tools.lock import IMAGES, locked_extras

LOCKS = ("requirements.lock", "docker/server.lock", "docker/worker.lock")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def normal(requirement: str) -> str:
    """Spell the distribution that a requirement names as the lock does."""
    name = NAME.match(requirement)
    assert name is not None
    return re.sub(r"[-_.]+", "-", name.group()).lower()


def pinned(lock: str = "requirements.lock") -> dict[str, list[str]]:
    """Read each pinned version with its hashes."""
    pins: dict[str, list[str]] = {}
    for line in (ROOT / lock).read_text().splitlines():
        if line.startswith("    --hash="):
            pins[list(pins)[-1]].append(line)
        elif line and not line.startswith("#"):
            pins[line] = []
    return pins


def test_every_dependency_but_those_of_gp_is_locked() -> None:
    extras = PROJECT["optional-dependencies"]
    wanted = [*PROJECT["dependencies"], *(one for name in locked_extras() for one in extras[name])]

    names = {normal(pin) for pin in pinned()}

    assert {normal(requirement) for requirement in wanted} <= names
    assert "torch" not in names


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_is_exact_and_has_hashes(lock: str) -> None:
    pins = pinned(lock)

    assert len(pins) > 20
    assert [pin for pin, hashes in pins.items() if "==" not in pin or not hashes] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_no_address(lock: str) -> None:
    assert re.search(r"https?:|index|find-links|file:", (ROOT / lock).read_text()) is None


@pytest.mark.parametrize(("lock", "extras"), IMAGES.items())
def test_an_image_holds_what_its_extras_ask_for_in_the_tested_versions(
    lock: str, extras: tuple[str, ...]
) -> None:
    wanted = {normal(one) for name in extras for one in PROJECT["optional-dependencies"][name]}
    pins = {pin.split()[0] for pin in pinned(lock)}

    assert wanted <= {normal(pin) for pin in pins}
    assert pins <= {pin.split()[0] for pin in pinned()}


def test_the_worker_extra_brings_no_server_library() -> None:
    worker = {normal(requirement) for requirement in PROJECT["optional-dependencies"]["worker"]}

    assert worker.isdisjoint({"fastapi", "sqlalchemy", "optuna", "uvicorn", "psycopg"})
