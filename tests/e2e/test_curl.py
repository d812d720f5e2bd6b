"""The curl calls of the documents, taken from there and run with curl."""

import json
import re
import shutil
import subprocess
from typing import Any

import pytest

from tests.e2e.processes import REPOSITORY
from tests.e2e.services import Embedded, is_settled

Json = Any  # JSON, as the contract says


def calls_of(document: str) -> dict[str, str]:
    """The lines of the document's shell block, by the number of their comment."""
    blocks = re.findall(r"```sh\n(.*?)```", (REPOSITORY / document).read_text(), re.DOTALL)
    (block,) = (block for block in blocks if "# 1. " in block)
    calls = re.split(r"^# (\d)\. .*$", block, flags=re.MULTILINE)
    return {"0": calls[0]} | dict(zip(calls[1::2], calls[2::2], strict=True))


class Shell:
    """Runs a document's lines in the folder where `up` was typed."""

    def __init__(self, embedded: Embedded, document: str = "README.md") -> None:
        self._calls = calls_of(document)
        self._directory = embedded.home
        self._start = self._calls["0"].replace("8731", str(embedded.port))
        assert str(embedded.port) in self._start

    def call(self, number: str, **variables: str) -> Json:
        """What the numbered call answers, with these shell variables set."""
        words = "\n".join(f"{name}={value}" for name, value in variables.items())
        script = f"set -eu\n{self._start}\n{words}\n{self._calls[number]}"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self._directory,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{script}\n{done.stderr}"
        return json.loads(done.stdout)


@pytest.mark.slow
def test_five_calls_of_the_readme_run_a_study_with_curl_alone(embedded: Embedded) -> None:
    assert shutil.which("curl"), "this test runs the README's lines: install curl"
    embedded.start()
    shutil.copytree(REPOSITORY / "examples" / "digits", embedded.home / "examples" / "digits")
    shell = Shell(embedded)
    study_id = shell.call("1")["id"]
    trials = shell.call("2", STUDY=study_id)["items"]
    assert len(trials) == 8
    early = shell.call("3", STUDY=study_id)
    assert early["status"] == 404
    assert early["hint"]

    embedded.service.until_study(study_id, is_settled, "the first review")
    recommendation = shell.call("3", STUDY=study_id)
    assert recommendation["state"] == "proposed"
    opened = shell.call("4", STUDY=study_id, RECOMMENDATION=recommendation["id"])
    assert opened["round"] == 2
    watched = shell.call("5", STUDY=study_id)
    assert watched["round"] == 2
    assert watched["max_train_steps"] == opened["max_train_steps"]


@pytest.mark.slow
def test_calls_of_the_guide_judge_plan_extend_and_explain(embedded: Embedded) -> None:
    assert shutil.which("curl"), "this test runs the guide's lines: install curl"
    embedded.start()
    shell = Shell(embedded, "docs/reading-advice.md")
    assert shell.call("1")["recommendation"]["sentence"].endswith(".")
    assert len(shell.call("2")["alternatives"]) > 1
    assert shell.call("3")["schedule"]["decay_steps"] == 900
    assert shell.call("4")["code"] == "SPC201"
