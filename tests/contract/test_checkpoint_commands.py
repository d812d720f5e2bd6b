"""`paceline checkpoints` on the database and the store themselves: it says before it deletes."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.domain.ids import StudyId
from app.services.context import Context
from paceline.cli.main import app
from tests.contract.lab import Lab
from tests.contract.test_pruning import close_round, context, run_all

__all__ = ["context"]  # a fixture


def test_prune_says_what_would_go_and_deletes_it_when_told(
    lab: Lab,
    context: Context,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    study_id = StudyId(lab.create(trials=3)["id"])
    placed = list(run_all(lab, context, 3).values())
    close_round(lab, study_id)
    where = ["--database-url", lab.context.settings.database_url]
    where += ["--store", context.settings.resolved_store]

    said = _run("prune", study_id, "--keep-best", "1", *where)
    assert "the best of the study" in said
    assert "2 may go, which frees 14 bytes" in said
    assert "--delete" in said
    assert all(path.exists() for path in placed)

    listed = json.loads(_run("ls", study_id, "--keep-best", "1", "--json", *where))
    assert (len(listed["kept"]), listed["freed_bytes"]) == (1, 14)

    assert "2 deleted, 14 bytes freed" in _run(
        "prune", study_id, "--keep-best", "1", "--delete", *where
    )
    assert [path.exists() for path in placed] == [True, False, False]
    assert "0 orphans" in _run("orphans", *where)


def _run(*words: str) -> str:
    done = CliRunner().invoke(app, ["checkpoints", *words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output
