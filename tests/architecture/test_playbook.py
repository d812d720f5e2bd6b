"""docs/playbook.md is true: every claim has a home, and every home it names exists in the code."""

import ast
import re
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module

import pytest

from app.api.app import create_app
from app.db.database import Database
from app.policy.catalogue import RULES
from app.services.context import Context
from app.settings import Settings
from tests.architecture.sources import ROOT
from tests.unit.policy.test_catalogue import CLAIMS

PAGE = ROOT / "docs" / "playbook.md"
CITED = {rule.code: frozenset(rule.claims) for rule in RULES}


@dataclass(frozen=True)
class Row:
    """One claim of the table with the homes that it names."""

    claim: str
    words: str
    rules: tuple[str, ...]
    functions: tuple[str, ...]
    endpoints: tuple[str, ...]
    tests: tuple[str, ...]


def rows_of(page: str) -> list[Row]:
    """Read the tables: lines that begin with a claim."""
    lines = [line for line in page.splitlines() if line.startswith("| P-")]
    return [row_of(line) for line in lines]


def row_of(line: str) -> Row:
    """Read one line of a table."""
    claim, words, rules, *homes = (cell.strip() for cell in line.strip("|").split("|"))
    functions, endpoints, tests = (tuple(re.findall(r"`([^`]+)`", cell)) for cell in homes)
    return Row(claim, words, tuple(re.findall(r"\[(\w+)\]", rules)), functions, endpoints, tests)


def missing_homes(row: Row) -> list[str]:
    """Say what is wrong with a row."""
    found = [f"{r} does not exist" for r in row.rules if r not in CITED]
    found += [f"{r} does not cite it" for r in row.rules if row.claim not in CITED.get(r, ())]
    citing = (code for code, claims in CITED.items() if row.claim in claims)
    found += [f"{code} cites it and is not in its row" for code in citing if code not in row.rules]
    found += [f"app.{name} does not exist" for name in row.functions if not is_function(name)]
    found += [f"{one} is not served" for one in row.endpoints if one not in served()]
    found += [f"tests/{name} does not exist" for name in row.tests if not is_test(name)]
    if not row.words or not row.tests or not (row.rules or row.functions):
        found.append("it has no home: name a rule or a function, and a test")
    return [f"{row.claim}: {problem}" for problem in found]


def is_function(name: str) -> bool:
    """Whether `app.` + name is something that can be called."""
    module, _, function = f"app.{name}".rpartition(".")
    try:
        return callable(getattr(import_module(module), function, None))
    except ModuleNotFoundError:
        return False


def is_test(name: str) -> bool:
    """Whether the file below tests/ holds a test of that name."""
    file, _, function = name.partition("::")
    path = ROOT / "tests" / file
    return path.is_file() and function in functions_of(file)


@cache
def functions_of(file: str) -> frozenset[str]:
    """Names of the test functions in a file."""
    tree = ast.parse((ROOT / "tests" / file).read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@cache
def served() -> frozenset[str]:
    """Method and path of everything in the OpenAPI document."""
    app = create_app(Context(Database("sqlite://"), Settings()))
    paths = app.openapi()["paths"]
    return frozenset(f"{m.upper()} {path}" for path, methods in paths.items() for m in methods)


def test_every_claim_stands_once() -> None:
    claims = [row.claim for row in rows_of(PAGE.read_text())]
    assert sorted(claims) == sorted(CLAIMS)


@pytest.mark.parametrize("row", rows_of(PAGE.read_text()), ids=lambda row: row.claim)
def test_every_home_of_a_claim_exists(row: Row) -> None:
    assert missing_homes(row) == [], "docs/playbook.md is behind the code"


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"rules": ()}, "SPC201 cites it and is not in its row"),
        ({"rules": ("SPC999",)}, "SPC999 does not exist"),
        ({"rules": ("CKP301",)}, "CKP301 does not cite it"),
        ({"functions": ("planning.widening.narrow",)}, "planning.widening.narrow does not exist"),
        ({"functions": ("planning.no.such",)}, "planning.no.such does not exist"),
        ({"endpoints": ("GET /v1/audits",)}, "GET /v1/audits is not served"),
        ({"tests": ("architecture/test_playbook.py::test_x",)}, "test_x does not exist"),
        ({"tests": ("unit/test_none.py::test_x",)}, "test_none.py::test_x does not exist"),
        ({"tests": ()}, "it has no home"),
    ],
)
def test_a_home_that_is_not_there_is_named(
    changes: dict[str, tuple[str, ...]], complaint: str
) -> None:
    (row,) = (row for row in rows_of(PAGE.read_text()) if row.claim == "P-17")
    changed = replace(row, **changes)  # type: ignore[arg-type]  # every value is a tuple of words
    assert any(complaint in problem for problem in missing_homes(changed))
