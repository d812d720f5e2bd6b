"""Whole attempts, from claim to finish, with real training processes."""

import json
import sys
from pathlib import Path

from tests.integration.workers.conftest import StartNode
from tests.integration.workers.ledger import Ledger, claim
from tests.integration.workers.programs import FILES_ALONE, SDK, python
from tests.support.waiting import wait_until


def finished(ledger: Ledger, *attempts: str) -> None:
    wait_until(
        lambda: set(attempts) <= set(ledger.finishes), seconds=30, what=f"{attempts} finished"
    )


def test_program_with_files_alone_completes_and_loses_no_report(
    ledger: Ledger, start_node: StartNode
) -> None:
    ledger.work.append(claim("a1", python(FILES_ALONE)))
    start_node()
    finished(ledger, "a1")
    assert ledger.steps("a1") == list(range(1, 21))
    end = ledger.finishes["a1"]
    assert (end["outcome"], end["reason"], end["exit_code"]) == ("completed", "completed", 0)
    assert end["last_step"] == 20
    assert ledger.logs["a1"]["stdout"] == "trained 64\n"
    assert set(ledger.code["a1"]) == {"commit", "digest"}


def test_slot_runs_one_attempt_after_the_other(ledger: Ledger, start_node: StartNode) -> None:
    ledger.work += [claim(f"a{n}", python(FILES_ALONE, pause=0)) for n in range(3)]
    start_node()
    finished(ledger, "a0", "a1", "a2")
    assert all(ledger.steps(f"a{n}") == list(range(1, 21)) for n in range(3))


def test_sdk_program_stores_checkpoints_after_their_measurements(
    ledger: Ledger, start_node: StartNode, tmp_path: Path
) -> None:
    ledger.work.append(claim("a1", python(SDK)))
    start_node()
    finished(ledger, "a1")
    assert [one["step"] for one in ledger.checkpoints] == list(range(1, 21))
    assert ledger.early_checkpoints == []
    last = ledger.checkpoints[-1]
    stored = tmp_path / "state" / "checkpoints" / last["key"]
    assert json.loads(stored.read_text()) == {"step": 20}
    assert stored.stat().st_size == last["bytes"]
    assert "a1" in last["key"]


def test_attempt_resumes_from_the_checkpoint_of_another(
    ledger: Ledger, start_node: StartNode
) -> None:
    ledger.work.append(claim("a1", python(SDK)))
    start_node()
    finished(ledger, "a1")
    half = ledger.checkpoints[9]
    where = {name: half[name] for name in ("store", "key", "bytes")}
    ledger.work.append(claim("a2", python(SDK), resume={"step": 10, "checkpoint": where}))
    finished(ledger, "a2")
    assert ledger.steps("a2") == list(range(11, 21))
    assert ledger.finishes["a2"]["outcome"] == "completed"


def test_missing_checkpoint_preempts_before_the_training_starts(
    ledger: Ledger, start_node: StartNode, tmp_path: Path
) -> None:
    where = {"store": (tmp_path / "state" / "checkpoints").as_uri(), "key": "s/t/a/10", "bytes": 5}
    ledger.work.append(claim("a1", python(SDK), resume={"step": 10, "checkpoint": where}))
    start_node()
    finished(ledger, "a1")
    assert ledger.finishes["a1"]["outcome"] == "preempted"
    assert ledger.finishes["a1"]["reason"] == "checkpoint_missing"
    assert ledger.steps("a1") == []


def test_checkpoints_that_the_service_names_are_dropped(
    ledger: Ledger, start_node: StartNode, tmp_path: Path
) -> None:
    ledger.work.append(claim("a1", python(SDK), evaluate_every_steps=10))
    ledger.drop = ["study-1/trial-of-a1/a1/10.json"]
    start_node()
    finished(ledger, "a1")
    folder = tmp_path / "state" / "checkpoints" / "study-1" / "trial-of-a1" / "a1"
    assert [path.name for path in folder.iterdir()] == ["20.json"]


def test_nan_makes_the_attempt_diverged(ledger: Ledger, start_node: StartNode) -> None:
    program = FILES_ALONE.replace("1 / step", "float('nan') if step > 5 else 1.0")
    ledger.work.append(claim("a1", python(program + "\nraise SystemExit(1)")))
    start_node()
    finished(ledger, "a1")
    assert ledger.finishes["a1"]["outcome"] == "diverged"
    assert ledger.curves["a1/val_error"][6] == "nan"


def test_exit_code_one_is_a_crash_and_its_words_are_kept(
    ledger: Ledger, start_node: StartNode
) -> None:
    ledger.work.append(claim("a1", python("raise ValueError('no such width')")))
    start_node()
    finished(ledger, "a1")
    end = ledger.finishes["a1"]
    assert (end["outcome"], end["reason"], end["exit_code"]) == ("failed", "crashed", 1)
    assert "no such width" in ledger.logs["a1"]["stderr"]


def test_kill_by_somebody_else_counts_as_out_of_memory(
    ledger: Ledger, start_node: StartNode
) -> None:
    ledger.work.append(claim("a1", python("import os; os.kill(os.getpid(), 9)")))
    start_node()
    finished(ledger, "a1")
    assert ledger.finishes["a1"]["reason"] == "out_of_memory"


def test_program_that_does_not_exist_is_a_crash_that_says_so(
    ledger: Ledger, start_node: StartNode
) -> None:
    ledger.work.append(claim("a1", ["/no/such/program"]))
    start_node()
    finished(ledger, "a1")
    end = ledger.finishes["a1"]
    assert (end["outcome"], end["reason"]) == ("failed", "crashed")
    assert "/no/such/program" in ledger.logs["a1"]["stderr"]


def test_worker_without_allow_commands_refuses_a_free_command(
    ledger: Ledger, start_node: StartNode
) -> None:
    ledger.work.append(claim("a1", python(FILES_ALONE)))
    start_node(allow_commands=False)
    finished(ledger, "a1")
    assert "--allow-commands" in ledger.logs["a1"]["stderr"]
    assert ledger.claims[0]["offers"]["commands"] is False


def test_registered_entrypoint_runs_without_allow_commands(
    ledger: Ledger, start_node: StartNode
) -> None:
    job: dict[str, object] = {"entrypoint": "train", "command": None, "directory": None, "env": {}}
    ledger.work.append(claim("a1", [], job=job))
    start_node(allow_commands=False, entrypoints={"train": python(FILES_ALONE)})
    finished(ledger, "a1")
    assert ledger.finishes["a1"]["outcome"] == "completed"
    assert ledger.registrations[0]["entrypoints"] == ["train"]


def test_conflicting_value_is_dropped_and_the_rest_of_its_batch_arrives(
    ledger: Ledger, start_node: StartNode
) -> None:
    ledger.curves["a1/val_error"] = {7: 0.5}
    ledger.work.append(claim("a1", python(FILES_ALONE, pause=0)))
    start_node()
    finished(ledger, "a1")
    assert ledger.steps("a1") == list(range(1, 21))
    assert ledger.curves["a1/val_error"][7] == 0.5


def test_steps_beyond_the_horizon_are_cut_and_the_training_is_stopped(
    ledger: Ledger, start_node: StartNode
) -> None:
    ledger.horizon = 20
    endless = FILES_ALONE.replace('context["max_train_steps"] + 1', "10**9")
    ledger.work.append(claim("a1", python(endless), grace_seconds=0.5))
    start_node()
    finished(ledger, "a1")
    assert ledger.steps("a1") == list(range(1, 21))
    end = ledger.finishes["a1"]
    assert (end["outcome"], end["last_step"]) == ("completed", 20)


def test_training_sees_a_rebuilt_environment_and_neither_token_nor_address(
    ledger: Ledger, start_node: StartNode
) -> None:
    program = "import json, os, sys; print(json.dumps([dict(os.environ), sys.path]))"
    job = {"command": python(program), "directory": None, "env": {"OMP_NUM_THREADS": "1"}}
    ledger.work.append(claim("a1", [], job=job))
    start_node()
    finished(ledger, "a1")
    variables, _ = json.loads(ledger.logs["a1"]["stdout"])
    assert variables["OMP_NUM_THREADS"] == "1"
    assert variables["PYTHONPATH"].endswith("/state/sdk")
    assert variables["CUDA_VISIBLE_DEVICES"] == ""
    assert [name for name in variables if name.startswith("PACELINE")] == ["PACELINE_TRIAL_DIR"]
    assert ledger.url not in json.dumps(variables)


def test_sdk_works_in_a_python_that_never_heard_of_paceline(
    ledger: Ledger, start_node: StartNode, tmp_path: Path
) -> None:
    bare = [str(Path(sys.base_prefix) / "bin" / "python3"), "-c", python(SDK)[2]]
    ledger.work.append(claim("a1", bare))
    start_node()
    finished(ledger, "a1")
    assert ledger.finishes["a1"]["outcome"] == "completed", ledger.finishes["a1"]
    package = {path.name for path in (tmp_path / "state" / "sdk" / "paceline").glob("*.py")}
    assert {"__init__.py", "schedules.py", "sdk.py"} <= package
    assert "client.py" not in package


def test_idle_worker_does_not_hammer_a_service_that_answers_at_once(
    ledger: Ledger, start_node: StartNode
) -> None:
    start_node()
    wait_until(lambda: len(ledger.claims) >= 3, seconds=30, what="three claims that found nothing")
    assert ledger.claimed_at[2] - ledger.claimed_at[0] >= 1.5


def test_repeated_claim_keeps_its_request_id_until_it_is_answered(
    ledger: Ledger, start_node: StartNode
) -> None:
    start_node()
    wait_until(lambda: ledger.claims, seconds=30, what="a first claim")
    ledger.is_silent = True
    wait_until(lambda: ledger.unanswered >= 3, seconds=30, what="claims without answer")
    assert len(set(ledger.unanswered_requests)) == 1
    ledger.is_silent = False
    ledger.work.append(claim("a1", python(FILES_ALONE)))
    finished(ledger, "a1")


def test_training_gets_every_resolved_number_in_its_context(
    ledger: Ledger, start_node: StartNode, tmp_path: Path
) -> None:
    ledger.work.append(claim("a1", python(FILES_ALONE), evaluate_every_steps=None))
    start_node()
    finished(ledger, "a1")
    context = json.loads((tmp_path / "state" / "trials" / "a1" / "context.json").read_text())
    assert context["evaluate_every_steps"] == 1
    assert context["max_train_steps"] == 20
    assert context["resume"] is None
    assert context["checkpoint_dir"] == str(tmp_path / "state" / "trials" / "a1" / "checkpoints")
