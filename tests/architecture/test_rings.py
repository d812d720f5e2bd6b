"""Every contract of import-linter bites: each is broken once in a copy of the code and reported."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.architecture.sources import ROOT

RULES = sorted(path.stem for path in (ROOT / "app" / "policy" / "rules").glob("[a-z]*.py"))
PLANTED = {
    "Rings: every import points inward": ("app/domain/trials.py", "app.policy.rule"),
    "The core is pure: no framework, no input or output": ("app/policy/rule.py", "redis"),
    "The nouns lean on nothing": ("app/domain/rounds.py", "numpy"),
    "Rules do not know each other": (
        f"app/policy/rules/{RULES[0]}.py",
        f"app.policy.rules.{RULES[1]}",
    ),
    "HTTP stays at the edge": ("app/services/health.py", "starlette"),
    "SQL stays in app.db": ("app/conductor/loop.py", "sqlalchemy"),
    "The API never imports a worker": ("app/api/app.py", "workers.options"),
    "Celery is spoken only in app.queue and workers": ("app/services/context.py", "celery"),
    "S3 is spoken only in app.stores": ("workers/checkpoints.py", "obstore"),
    "Optuna is spoken only in app.sampling": ("app/db/database.py", "optuna"),
    "The SDK stands alone": ("paceline/sdk.py", "rich"),
    "Workers speak HTTP, never SQL": ("workers/options.py", "sqlalchemy"),
    "From paceline the service knows the schedules alone": (
        "app/planning/rounds.py",
        "paceline.cli",
    ),
    "What users import knows no service": ("paceline/client.py", "app.settings"),
}


def contracts() -> set[str]:
    """The names of the contracts that pyproject.toml declares."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return {contract["name"] for contract in settings["tool"]["importlinter"]["contracts"]}


def lint(folder: Path) -> str:
    """Run import-linter on the code in a folder."""
    lint_imports = Path(sys.executable).parent / "lint-imports"
    command = [str(lint_imports), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout


def test_every_contract_has_a_planted_violation() -> None:
    assert set(PLANTED) == contracts()


def test_every_planted_violation_is_reported(tmp_path: Path) -> None:
    for name in ("app", "workers", "paceline"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for path, module in PLANTED.values():
        with (tmp_path / path).open("a") as file:
            file.write(f"\nimport {module}\n")

    broken = set(re.findall(r"^(.+) BROKEN$", lint(tmp_path), re.MULTILINE))

    assert broken == contracts()
