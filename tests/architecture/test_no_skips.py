"""`make test` cannot pass by skipping: a skip under --no-skips is a failure."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT

SKIPPED_TEST = "import pytest\n\n\ndef test_it():\n    pytest.skip('no server')\n"
SKIPPED_MODULE = "import pytest\n\npytest.importorskip('no_such_package_anywhere')\n"
EXPECTED_FAILURE = "import pytest\n\n\n@pytest.mark.xfail\ndef test_it():\n    assert False\n"


def exit_code(text: str, folder: Path, *options: str) -> int:
    """Run one test file under our conftest in a pytest of its own."""
    (folder / "test_it.py").write_text(text)
    (folder / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-q", *options, str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode


@pytest.mark.parametrize("text", [SKIPPED_TEST, SKIPPED_MODULE])
def test_a_skip_fails_the_run_that_allows_none(text: str, tmp_path: Path) -> None:
    assert exit_code(text, tmp_path) in (0, 5)
    assert exit_code(text, tmp_path, "--no-skips") in (1, 2)


def test_an_expected_failure_is_no_skip(tmp_path: Path) -> None:
    assert exit_code(EXPECTED_FAILURE, tmp_path, "--no-skips") == 0
