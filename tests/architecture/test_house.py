"""The house keeps its rules, and each check is seen to bite on a planted violation."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.architecture import habits, names, sizes
from tests.architecture.sources import Source, read_python, read_sources

Check = Callable[[Source], Iterator[str]]

FULL_FUNCTION = "def crowded() -> None:\n" + "    print()\n" * 39
LONG_FUNCTION = FULL_FUNCTION + "    print()\n"
PLANTED: list[tuple[Check, str, str]] = [
    (sizes.long_files, "app/domain/trials.py", "x = 1\n" * 401),
    (sizes.long_files, "tests/unit/test_trials.py", "x = 1\n" * 601),
    (sizes.long_functions, "app/domain/trials.py", LONG_FUNCTION),
    (names.empty_module_names, "app/services/utils.py", ""),
    (names.empty_module_names, "workers/common/slots.py", ""),
    (names.foreign_words, "app/domain/epochs.py", ""),
    (names.foreign_words, "app/domain/trials.py", "class TrialPruner: ...\n"),
    (names.foreign_words, "app/db/tables.py", "class Row:\n    __tablename__ = 'rungs'\n"),
    (names.foreign_words, "app/db/tables.py", "rows = Table('experiments', metadata)\n"),
    (names.vague_test_names, "tests/unit/test_trials.py", "def test_trial() -> None: ...\n"),
    (habits.relative_imports, "app/domain/trials.py", "from .ids import TrialId\n"),
    (habits.busy_inits, "app/domain/__init__.py", '"""Nouns."""\nimport os\n'),
    (habits.busy_inits, "app/domain/__init__.py", ""),
    (habits.bare_ignores, "app/main.py", "x = 1  # noqa: E501\n"),
    (habits.bare_ignores, "app/main.py", "x = 1  # type: ignore[assignment]\n"),
    (habits.bare_ignores, "app/main.py", "x = 1  # fmt: skip\n"),
    (habits.sleeping_tests, "tests/unit/test_trials.py", "time.sleep(1)\n"),
    (habits.private_matters, "docs/install.md", "pip install --index" + "-url http://x\n"),
    (habits.private_matters, "docs/install.md", "cd /wo" + "rk/main && make\n"),
    (habits.private_matters, "Makefile", "cp x /ro" + "ot/\n"),
]
CHECKS_OF_PYTHON = sorted(
    {check for check, _, _ in PLANTED} - {habits.private_matters}, key=lambda check: check.__name__
)


@pytest.mark.parametrize("check", CHECKS_OF_PYTHON, ids=lambda check: check.__name__)
def test_every_python_file_keeps_the_rule(check: Check) -> None:
    assert [complaint for source in read_python() for complaint in check(source)] == []


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    found = [complaint for source in read_sources() for complaint in habits.private_matters(source)]
    assert found == []


@pytest.mark.parametrize(("check", "path", "text"), PLANTED)
def test_a_planted_violation_is_reported(
    check: Check, path: str, text: str, tmp_path: Path
) -> None:
    file = tmp_path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)

    (source,) = read_sources(tmp_path)

    assert len(list(check(source))) == 1


@pytest.mark.parametrize(
    ("check", "path", "text"),
    [
        (sizes.long_files, "tests/unit/test_trials.py", "x = 1\n" * 600),
        (sizes.long_functions, "app/domain/trials.py", FULL_FUNCTION),
        (names.foreign_words, "paceline/cli/epochs.py", "class Tuner: ...\n"),
        (names.foreign_words, "app/domain/strung.py", "class Surroundings: ...\n"),
        (habits.busy_inits, "paceline/__init__.py", "from paceline.sdk import trial\n"),
        (habits.bare_ignores, "app/main.py", "x = 1  # noqa: E501 - a link cannot be folded\n"),
        (habits.bare_ignores, "app/main.py", "x = 'write # noqa: E501'\n"),
        (habits.bare_ignores, "app/main.py", "x = 1  # type: ignore[misc]  # no stubs exist\n"),
        (habits.private_matters, "docs/install.md", "see docs/work and $HOME/root\n"),
    ],
)
def test_a_file_within_the_rules_is_left_alone(
    check: Check, path: str, text: str, tmp_path: Path
) -> None:
    file = tmp_path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)

    (source,) = read_sources(tmp_path)

    assert list(check(source)) == []
