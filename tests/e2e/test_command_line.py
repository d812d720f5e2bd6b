"""Every client command as people type it, with and without --json, and every exit code."""

import json
import math
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.processes import Fleet
from tests.e2e.services import Embedded, is_settled
from tests.e2e.terminal import (
    AUTH,
    CONFLICT,
    FINDING,
    NOT_FOUND,
    UNREACHABLE,
    USAGE,
    Terminal,
)
from tests.e2e.trainers import Bench, make_bench
from tests.support.waiting import free_port

Json = Any  # JSON, as the contract says
pytestmark = pytest.mark.slow


BLOCKED_JOB = {"command": ["python", "train.py"], "labels": {"nobody": "has"}}  # runs nowhere


@dataclass(frozen=True)
class Story:
    """A service with one reviewed study, which waits for a person."""

    terminal: Terminal
    bench: Bench
    study_id: str
    trial_id: str
    embedded: Embedded


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("command-line")
    fleet, bench = Fleet(folder), make_bench(folder / "bench")
    try:
        embedded = Embedded(fleet)
        embedded.start()
        terminal = Terminal(fleet, embedded.home)
        file = bench.write_definition(bench.definition())
        study_id = terminal.json("study", "create", str(file))["id"]
        service = embedded.service
        study = service.until_study(study_id, is_settled, "the first review")
        assert study["best"], study
        yield Story(terminal, bench, study_id, study["best"]["trial_id"], embedded)
        service.client.close()
    finally:
        fleet.close()


def test_study_is_checked_created_listed_shown_and_cancelled(story: Story) -> None:
    typed = story.terminal
    file = str(story.bench.write_definition(story.bench.definition(name="second"), "second.yaml"))
    said = typed.type("study", "validate", file)
    assert "64 steps" in said
    assert f"paceline study create {file}" in said
    plan = typed.json("study", "validate", file)
    assert plan["round"]["max_train_steps"] == 64
    assert plan["cost"]["steps"] == 8 * 64

    created = typed.type("study", "create", file)
    study_id = re.findall(r"paceline study watch (\S+)", created)[0]
    assert study_id in typed.type("study", "ls")
    assert {s["id"] for s in typed.json("study", "ls")["items"]} >= {study_id, story.study_id}
    assert "second" in typed.type("study", "show", study_id)
    assert typed.json("study", "show", study_id)["name"] == "second"
    assert "cancelled" in typed.type("study", "cancel", study_id)
    assert typed.json("study", "show", study_id)["state"] == "cancelled"
    assert "cancelled" in typed.fail(CONFLICT, "study", "resume", study_id)


def test_study_that_waits_for_a_person_is_watched_until_then(story: Story) -> None:
    said = story.terminal.type("study", "watch", story.study_id)
    assert f"paceline recommend {story.study_id}" in said
    assert story.terminal.json("study", "watch", story.study_id)["waiting_for"] == "acceptance"


def test_trials_are_listed_shown_drawn_and_their_logs_read(story: Story) -> None:
    typed, study_id, trial_id = story.terminal, story.study_id, story.trial_id
    assert trial_id in typed.type("trial", "ls", study_id)
    assert trial_id in typed.type("trial", "ls", study_id, "--round", "1", "--state", "completed")
    assert len(typed.json("trial", "ls", study_id, "--round", "1")["items"]) == 8
    assert typed.json("trial", "ls", study_id, "--state", "failed")["items"] == []
    assert "succeeded" in typed.type("trial", "show", trial_id)
    assert typed.json("trial", "show", trial_id)["attempts"][0]["exit_code"] == 0
    assert "32 points" in typed.type("trial", "curve", trial_id)
    assert "train_error" in typed.type("trial", "curve", trial_id, "--metric", "train_error")
    assert typed.json("trial", "curve", trial_id)["points_total"] == 32
    assert "trained to step 64" in typed.type("trial", "logs", trial_id)
    assert "trained to step 64" in typed.json("trial", "logs", trial_id)["stdout"]


def test_a_trial_is_cancelled_and_retried(story: Story) -> None:
    typed = story.terminal
    body = story.bench.definition(name="by-hand", trials=2, job=BLOCKED_JOB)
    file = story.bench.write_definition(body, "by_hand.yaml")
    study_id = typed.json("study", "create", str(file))["id"]
    first, second = (t["id"] for t in typed.json("trial", "ls", study_id)["items"])
    assert "is cancelled" in typed.type("trial", "cancel", first)
    assert "cancelled" in typed.fail(CONFLICT, "trial", "cancel", first)
    assert "is waiting" in typed.type("trial", "retry", first)
    assert typed.json("trial", "cancel", second)["state"] == "cancelled"
    assert typed.json("trial", "retry", second)["state"] == "waiting"
    typed.fail(NOT_FOUND, "trial", "retry", "trial_unknown")
    typed.type("study", "cancel", study_id)


def test_the_budget_of_all_studies_is_shown_set_and_taken_away(story: Story) -> None:
    typed = story.terminal
    spent = typed.json("budget")["steps"]["spent"]
    assert spent >= 8 * 64
    assert typed.json("budget", "--total-steps", str(spent + 100))["steps"]["remaining"] == 100
    file = story.bench.write_definition(story.bench.definition(name="all", trials=2), "all.yaml")
    study_id = typed.json("study", "create", str(file))["id"]
    said = typed.type("study", "watch", study_id)
    assert f"of {spent + 100} steps" in said
    assert "paceline budget --total-steps" in said
    assert str(spent + 100) in typed.type("budget")
    assert "neither" in typed.fail(USAGE, "budget", "--gpu-hours", "many")
    assert "lies below" in typed.fail(USAGE, "budget", "--total-steps", "1")
    assert typed.json("budget", "--total-steps", "none")["steps"]["limit"] is None
    typed.type("study", "cancel", study_id)


def test_recommendation_is_said_in_one_sentence_and_the_next_command(story: Story) -> None:
    said = story.terminal.type("recommend", story.study_id)
    advice = story.terminal.json("recommend", story.study_id)
    assert advice["sentence"] in said
    assert f"paceline recommend {story.study_id} --accept" in said


def test_accepted_recommendation_opens_the_next_round(story: Story) -> None:
    typed = story.terminal
    file = story.bench.write_definition(story.bench.definition(name="accepted"), "accepted.yaml")
    study_id = typed.json("study", "create", str(file))["id"]
    typed.type("study", "watch", study_id)
    said = typed.type("recommend", study_id, "--accept")
    assert "round 2" in said
    typed.type("study", "watch", study_id)
    assert typed.json("recommend", study_id, "--accept")["round"] >= 3


def test_round_of_ones_own_is_posted_closed_reviewed_and_given_more_points(
    story: Story, tmp_path: Path
) -> None:
    typed = story.terminal
    file = story.bench.write_definition(story.bench.definition(name="rounds"), "rounds.yaml")
    study_id = typed.json("study", "create", str(file))["id"]
    typed.type("study", "watch", study_id)
    own = tmp_path / "round.yaml"
    own.write_text("purpose: tune\nmax_train_steps: 64\ntrials: 3\n")
    said = typed.type("round", "post", study_id, str(own))
    assert said.startswith("round 2 (tune) is open: 3 trials of 64 steps")
    assert f"paceline study watch {study_id}" in said
    assert "round 2 (tune) is" in typed.type("round", "close", study_id, "2")
    typed.type("study", "watch", study_id)
    assert typed.json("round", "close", study_id, "2")["state"] == "closed"
    shown = typed.type("round", "show", study_id, "2")
    assert "round 2 (tune) is closed" in shown
    assert "SPC201" in shown
    assert typed.json("round", "show", study_id, "2")["provisional"] is False
    points = tmp_path / "points.yaml"
    points.write_text("points:\n- params: {learning_rate: 0.1}\n- params: {learning_rate: 0.2}\n")
    said = typed.type("round", "add", study_id, "2", "--points", str(points))
    assert said.startswith("round 2 (tune) has 2 more trials of 64 steps")
    assert len(typed.json("round", "add", study_id, "2", "--count", "1")["trials"]) == 1
    longer = tmp_path / "longer.json"
    longer.write_text('{"purpose": "tune", "max_train_steps": 64, "trials": 2}')
    assert typed.json("round", "post", study_id, str(longer))["round"] == 3
    typed.type("study", "cancel", study_id)
    typed.fail(CONFLICT, "round", "add", study_id, "2", "--count", "1")
    typed.fail(CONFLICT, "round", "post", study_id, str(own))


def test_round_commands_say_what_is_wrong(story: Story, tmp_path: Path) -> None:
    typed, study_id = story.terminal, story.study_id
    words = ("round", "add", study_id, "1")
    assert "--count" in typed.fail(USAGE, *words)
    assert "--count" in typed.fail(USAGE, *words, "--count", "1", "--points", "points.yaml")
    listed = tmp_path / "list.yaml"
    listed.write_text("- params: {learning_rate: 0.1}\n")
    assert "named fields" in typed.fail(USAGE, *words, "--points", str(listed))
    typed.fail(NOT_FOUND, "round", "close", study_id, "99")
    typed.fail(NOT_FOUND, "round", "show", study_id, "99")


def test_schedule_is_rewritten_for_a_longer_horizon(story: Story, tmp_path: Path) -> None:
    typed, ends = story.terminal, ("--from", "1000", "--to", "10000")
    flags = ("schedule", "extend", "--kind", "linear", "--peak", "0.1", *ends)
    said = typed.type(*flags)
    assert said.startswith("linear: the peak is held")
    assert "decay_steps: 1000" in said
    answer = typed.json(*flags)
    assert answer["curve_after"]["steps"][-1] == 10000
    file = tmp_path / "schedule.yaml"
    file.write_text("kind: cosine\npeak: 0.1\n")
    assert typed.json("schedule", "extend", str(file), "--kind", "linear", *ends) == answer
    assert "peak" in typed.fail(USAGE, "schedule", "extend", "--kind", "linear", *ends)


def test_study_that_waits_for_its_limit_says_the_number_and_goes_on_once_it_is_raised(
    story: Story,
) -> None:
    typed = story.terminal
    limits = {"total_steps": 100}
    body = story.bench.definition(name="limited", limits=limits)
    file = story.bench.write_definition(body, "limited.yaml")
    study_id = typed.json("study", "create", str(file))["id"]
    said = typed.type("study", "watch", study_id)
    assert "64 of 100 steps are spent" in said
    assert f"paceline study change {study_id} --total-steps" in said
    assert "is active: total_steps is 5000" in typed.type(
        "study", "change", study_id, "--total-steps", "5000"
    )
    changed = typed.json("study", "change", study_id, "--priority", "2", "--rounds", "4")
    assert changed["definition"]["limits"]["rounds"] == 4
    assert changed["budget"]["steps"]["limit"] == 5000
    assert "--total-steps" in typed.fail(USAGE, "study", "change", study_id)
    typed.fail(USAGE, "study", "change", study_id, "--total-steps", "10")
    typed.type("study", "cancel", study_id)


def test_best_names_parameters_checkpoint_and_the_line_to_train_again(story: Story) -> None:
    said = story.terminal.type("best", story.study_id)
    assert "learning_rate" in said
    assert "checkpoint: file://" in said
    best = story.terminal.json("best", story.study_id)
    assert best["trial_id"] == story.trial_id
    assert 0.003 <= best["params"]["learning_rate"] <= 0.3


def test_rules_explain_themselves(story: Story) -> None:
    said = story.terminal.type("explain", "spc201")
    assert "SPC201" in said
    assert "What to do" in said
    assert story.terminal.json("explain", "SPC201")["claims"] == ["P-17"]
    assert "HZN101" in story.terminal.type("explain")
    assert len(story.terminal.json("explain")["items"]) >= 13


def test_token_is_printed_alone_and_revoked(story: Story, tmp_path: Path) -> None:
    typed = story.terminal
    made = typed.json("token", "create", "reader", "--scopes", "studies:read")
    printed = typed.type("token", "create", "second", "--scopes", "studies:read")
    assert printed.count("\n") == 1, "the token, alone"
    file = tmp_path / "token"
    file.write_text(printed)
    flags = ("--url", story.embedded.url, "--token-file", str(file))
    typed.type("study", "ls", *flags)
    definition = str(story.bench.write_definition(story.bench.definition(), "forbidden.yaml"))
    assert "studies:write" in typed.fail(AUTH, "study", "create", definition, *flags)
    assert "reader" in typed.type("token", "ls")
    ids = {token["name"]: token["id"] for token in typed.json("token", "ls")["items"]}
    assert ids["reader"] == made["id"]
    assert ids["second"] in typed.type("token", "revoke", ids["second"])
    typed.fail(AUTH, "study", "ls", *flags)


def test_login_remembers_the_service(story: Story, tmp_path: Path) -> None:
    configuration = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    elsewhere = Terminal(story.terminal.fleet, tmp_path, configuration)
    token_file = story.embedded.service.token_file
    elsewhere.type("login", story.embedded.url, "--token-file", str(token_file))
    assert story.study_id in elsewhere.type("study", "ls")


def test_settings_show_where_they_come_from_and_no_secret(story: Story, tmp_path: Path) -> None:
    (tmp_path / "paceline.toml").write_text(
        'port = 9999\nsecret_key = "hunter2"\ndatabase_url = "postgresql://me:hunter2@db/paceline"'
    )
    elsewhere = Terminal(story.terminal.fleet, tmp_path)
    said = elsewhere.type("config", "show")
    assert "paceline.toml" in said
    assert "hunter2" not in said
    shown = elsewhere.json("config", "show")
    assert shown["port"] == {"value": 9999, "source": "paceline.toml"}
    assert shown["lease_seconds"]["source"] == "PACELINE_LEASE_SECONDS"
    assert "hunter2" not in json.dumps(shown)


def test_doctor_finds_the_service_and_proves_that_a_job_starts(story: Story) -> None:
    typed = story.terminal
    assert "workers" in typed.type("doctor")
    file = str(story.bench.write_definition(story.bench.definition(), "job.yaml"))
    assert "import paceline" in typed.type("doctor", "--job", file)
    assert all(check["ok"] for check in typed.json("doctor", "--job", file))


def test_doctor_names_the_script_that_is_missing(story: Story) -> None:
    job = story.bench.job(command=["python", "nowhere.py"])
    file = story.bench.write_definition(story.bench.definition(job=job), "missing.yaml")
    done = story.terminal.run("doctor", "--job", str(file))
    assert done.returncode != 0
    assert "nowhere.py" in done.stdout


def test_usage_errors_name_what_is_wrong(story: Story, tmp_path: Path) -> None:
    typed = story.terminal
    assert "nowhere.yaml" in typed.fail(USAGE, "study", "create", "nowhere.yaml")
    typed.fail(USAGE, "study", "list")
    broken = tmp_path / "broken.yaml"
    broken.write_text("name: x\nparameters: {a: [1\n")
    assert "line 3" in typed.fail(USAGE, "study", "validate", str(broken))
    body = story.bench.definition()
    del body["objective"]
    incomplete = story.bench.write_definition(body, "incomplete.yaml")
    assert "objective" in typed.fail(USAGE, "study", "validate", str(incomplete))


def test_finding_of_a_rule_has_its_own_exit_code(story: Story) -> None:
    body = story.bench.definition()
    body["parameters"]["epochs"] = {"type": "int", "low": 1, "high": 9}
    file = str(story.bench.write_definition(body, "hidden.yaml"))
    assert "HZN102" in story.terminal.fail(FINDING, "study", "create", file)
    assert "HZN102" in story.terminal.fail(FINDING, "study", "validate", file)


def test_workers_are_listed_cordoned_drained_and_let_back(story: Story) -> None:
    (worker,) = story.terminal.json("worker", "ls")["items"]
    assert worker["slots"][0]["attempts"], "the study ran on it"
    printed = story.terminal.type("worker", "ls")
    assert worker["id"] in printed
    assert "succeeded" in printed
    for word, state in (("cordon", "cordoned"), ("drain", "draining"), ("uncordon", "active")):
        assert f"is {state}" in story.terminal.type("worker", word, worker["name"])
        assert story.terminal.json("worker", "ls")["items"][0]["state"] == state
    assert "uncordon" in story.terminal.type("worker", "--help")
    story.terminal.fail(NOT_FOUND, "worker", "drain", "nobody")


def test_a_worker_that_is_gone_is_away_and_its_name_means_the_one_that_is_there(
    story: Story,
) -> None:
    (worker,) = story.terminal.json("worker", "ls")["items"]
    gone = "UPDATE gone SET id = 'worker-gone', last_seen_at = 0"
    with closing(sqlite3.connect(story.embedded.home / ".paceline" / "paceline.db")) as database:
        database.execute("CREATE TEMP TABLE gone AS SELECT * FROM workers")
        database.execute(gone)
        database.execute("INSERT INTO workers SELECT * FROM gone")
        database.commit()
    try:
        printed = story.terminal.type("worker", "ls")
        assert re.search(r"away .*worker-gone", printed)
        assert printed.count(" cpu ") == len(worker["slots"])
        assert "is cordoned" in story.terminal.type("worker", "cordon", worker["name"])
        assert "is active" in story.terminal.type("worker", "uncordon", worker["name"])
    finally:
        with closing(sqlite3.connect(story.embedded.home / ".paceline/paceline.db")) as database:
            database.execute("DELETE FROM workers WHERE id = 'worker-gone'")
            database.commit()


def test_unknown_things_are_not_found(story: Story) -> None:
    typed = story.terminal
    for words in (["study", "show"], ["study", "watch"], ["recommend"], ["best"], ["trial", "ls"]):
        assert "nobody" in typed.fail(NOT_FOUND, *words, "nobody")
    typed.fail(NOT_FOUND, "trial", "logs", "nobody")
    typed.fail(NOT_FOUND, "explain", "XYZ999")


def test_wrong_token_and_absent_service_have_their_own_exit_codes(
    story: Story, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("pl_wrong\n")
    url = story.embedded.url
    story.terminal.fail(AUTH, "study", "ls", "--url", url, "--token-file", str(token))
    nobody = f"http://127.0.0.1:{free_port()}"
    said = story.terminal.fail(UNREACHABLE, "study", "ls", "--url", nobody)
    assert "paceline up" in said
    elsewhere = Terminal(story.terminal.fleet, tmp_path)
    assert "paceline up" in elsewhere.fail(UNREACHABLE, "study", "ls")


def test_waive_lets_a_finding_stand_with_a_reason(story: Story) -> None:
    terminal, study_id = story.terminal, story.study_id
    stored = terminal.json(
        "waive", study_id, "spc205", "--reason", "a narrow valley", "--round", "1"
    )
    assert (stored["code"], stored["round"], stored["reason"]) == ("SPC205", 1, "a narrow valley")
    told = terminal.type("waive", study_id, "PRM602", "--reason", "two seeds disagree")
    assert "PRM602 is waived in every round" in told
    assert "the next review takes it into account" in told
    assert f"paceline recommend {study_id}" in told
    assert "HZN101" in terminal.fail(USAGE, "waive", study_id, "HZN101", "--reason", "no")
    terminal.fail(USAGE, "waive", study_id, "SPC205")


def write_runs(file: Path, best_rate: float) -> Path:
    """A long-form table of nine rates over four decades, whose errors have settled."""
    lines = ["trial_id,step,val_error,lr"]
    for place in range(9):
        rate = 10 ** (-4 + place / 2)
        floor = 0.2 + 0.05 * math.log10(rate / best_rate) ** 2
        for step in range(50, 2001, 50):
            lines.append(f"t{place},{step},{floor + 0.8 * math.exp(-step / 150):.6f},{rate:.6g}")
    file.write_text("\n".join(lines) + "\n")
    return file


def test_audit_judges_a_table_and_its_exit_code_says_what_is_enforced(
    story: Story, tmp_path: Path
) -> None:
    inside = str(write_runs(tmp_path / "inside.csv", 0.01))
    answer = story.terminal.json("audit", inside, "--objective", "val_error")
    assert answer["recommendation"]["promote"][0]["trial_id"] == "t4"
    edge = str(write_runs(tmp_path / "edge.csv", 100.0))
    said = story.terminal.fail(FINDING, "audit", edge, "--objective", "val_error")
    assert "SPC201" in said
    assert story.terminal.json("audit", inside) == answer  # the metric's name says what it is
    lines = Path(inside).read_text().replace("val_error", "one").splitlines()
    unclear = tmp_path / "unclear.csv"
    unclear.write_text(
        "\n".join([f"{lines[0]},other", *(f"{x},{i}" for i, x in enumerate(lines[1:]))])
    )
    assert "--objective" in story.terminal.fail(USAGE, "audit", str(unclear))


def test_plan_prints_alternatives_with_their_trade(story: Story) -> None:
    words = ("plan", "100000", "--steps", "2000000", "--schedule", "wsd")
    said = story.terminal.type(*words)
    assert said.startswith("Train 100 trials of 10000 steps, then 10 trials of 100000 steps")
    assert "two rounds" in said
    assert "max_train_steps: 10000\ntrials: 100\nproduction_steps: 100000" in said
    assert len(story.terminal.json(*words)["alternatives"]) >= 3
    story.terminal.fail(USAGE, "plan", "100000")
