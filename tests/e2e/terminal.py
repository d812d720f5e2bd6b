"""A person at a terminal: what commands print, and their exit codes."""

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.e2e.processes import Fleet

Json = Any  # JSON, as the contract says
USAGE, FINDING, NOT_FOUND, AUTH, CONFLICT, UNREACHABLE = 2, 3, 4, 5, 6, 7


@dataclass(frozen=True)
class Terminal:
    """A person in a folder, such as the one where `paceline up` was typed."""

    fleet: Fleet
    home: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return self.fleet.call(*words, directory=self.home, environment=self.environment)

    def type(self, *words: str) -> str:
        """What the command prints on stdout; it must succeed and have nothing to complain of."""
        done = self.run(*words)
        assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done.stdout

    def json(self, *words: str) -> Json:
        """The same with --json: one document, nothing else."""
        return json.loads(self.type(*words, "--json"))

    def fail(self, code: int, *words: str) -> str:
        """What the command says on stderr; it must exit with this code."""
        done = self.run(*words)
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        assert done.stderr.strip(), "a failure says why"
        return done.stderr
