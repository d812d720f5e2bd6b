"""Reads docker-compose.yml as the engine would: variables filled in, anchors merged."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from tests.architecture.sources import ROOT

TEXT = (ROOT / "docker-compose.yml").read_text()
VARIABLE = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<name>\w+)(?:(?P<how>:[-?])(?P<words>[^}]*))?\})")
SECRETS = {"PACELINE_POSTGRES_PASSWORD": "sesame1", "PACELINE_REDIS_PASSWORD": "sesame2"}


class MissingVariableError(Exception):
    """A variable without a value, with the words that the engine would show."""


@dataclass(frozen=True)
class Service:
    """One service of the compose file."""

    name: str
    definition: dict[str, Any]  # Any: YAML

    @property
    def argv(self) -> list[str]:
        """Entry point and command as one line; the images' entry point is `paceline`."""
        ours = "build" in self.definition or "paceline" in self.definition["image"]
        entrypoint = self.definition.get("entrypoint", ["paceline"] if ours else [])
        return [*entrypoint, *self.definition.get("command", [])]

    @property
    def environment(self) -> dict[str, str]:
        """The variables that the process gets."""
        return {name: str(value) for name, value in self.definition["environment"].items()}

    @property
    def is_ours(self) -> bool:
        """Whether the service runs one of our images."""
        return "build" in self.definition


def interpolate(text: str, values: Mapping[str, str]) -> str:
    """Fill in `${NAME}`, `${NAME:-default}`, `${NAME:?complaint}` and `$$`."""

    def fill(match: re.Match[str]) -> str:
        if match["dollar"]:
            return "$"
        value = values.get(match["name"], "")
        if not value and match["how"] == ":?":
            raise MissingVariableError(f"{match['name']}: {match['words']}")
        return value or (match["words"] if match["how"] == ":-" else "")

    return VARIABLE.sub(fill, text)


def read_compose(values: Mapping[str, str] = SECRETS) -> dict[str, Any]:  # Any: YAML
    """The whole file with these variables set."""
    lines = [line for line in TEXT.splitlines() if not line.lstrip().startswith("#")]
    document: dict[str, Any] = yaml.safe_load(interpolate("\n".join(lines), values))  # Any: YAML
    return document


def services() -> dict[str, Service]:
    """Every service by name."""
    return {name: Service(name, one) for name, one in read_compose()["services"].items()}


def variables() -> set[str]:
    """The names that the file reads from .env."""
    return {match["name"] for match in VARIABLE.finditer(TEXT) if match["name"]}
