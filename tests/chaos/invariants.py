"""What must hold after every fault. Each invariant reads one `History` and yields what is wrong, in
words; `check` runs them all and names everything at once.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.chaos.history import History, read_history
from tests.chaos.world import World
from tests.support.waiting import wait_until

Json = Any  # JSON, as the contract says
ENDED = ("completed", "diverged", "failed", "cancelled")
LIVE = ("leased", "running")
ORPHAN_SECONDS = 60.0


def no_trial_is_lost(history: History) -> Iterator[str]:
    """Every trial that was asked for is there, once, and completed."""
    first = [trial for trial in history.trials if trial["round"] == 1]
    if len(first) != history.expected_trials:
        yield f"round 1 has {len(first)} trials, {history.expected_trials} were asked for"
    if history.identities != len(history.trials):
        yield f"{len(history.trials)} trials, but {history.identities} distinct points and seeds"
    for trial in history.trials:
        if trial["state"] != "completed":
            yield f"trial {trial['id']} is {trial['state']}: {trial['reason']}"


def each_attempt_starts_once(history: History) -> Iterator[str]:
    """No attempt was executed twice, whoever was killed or asked again."""
    for attempt, entries in history.ledger.items():
        starts = sum(entry.event == "start" for entry in entries)
        if starts != 1:
            yield f"attempt {attempt} started {starts} times"
        pids = {entry.pid for entry in entries}
        if len(pids) > 1:
            yield f"attempt {attempt} ran in processes {sorted(pids)}"


def each_trial_succeeds_once(history: History) -> Iterator[str]:
    """Of a trial's attempts the last alone succeeded; all others ended before it began."""
    for trial in history.trials:
        attempts = trial["attempts"]
        won = [a["number"] for a in attempts if a["state"] == "succeeded"]
        if trial["state"] == "completed" and won != [len(attempts)]:
            yield f"trial {trial['id']}: attempts {won} of {len(attempts)} succeeded"
        if [a["number"] for a in attempts] != list(range(1, len(attempts) + 1)):
            yield f"trial {trial['id']}: attempts are numbered {[a['number'] for a in attempts]}"
        for attempt, successor in pairwise(attempts):
            if attempt["state"] in LIVE or attempt["ended_at"] is None:
                yield f"attempt {attempt['id']} is {attempt['state']} beside its successor"
            elif attempt["ended_at"] > successor["started_at"]:
                yield f"attempt {attempt['id']} ended after its successor began"


def curves_are_whole(history: History) -> Iterator[str]:
    """Gapless on the grid, and every value that of a training never interrupted."""
    for trial in history.trials:
        if trial["state"] != "completed":
            continue
        curve = history.curves[trial["id"]]
        if sorted(curve) != history.grids[trial["id"]]:
            missing = sorted(set(history.grids[trial["id"]]) ^ set(curve))
            yield f"trial {trial['id']}: these steps are missing or too many: {missing}"
        for step, seen in curve.items():
            expected = history.expected_value(trial, step)
            if not math.isclose(seen, expected, rel_tol=0, abs_tol=1e-13):
                yield f"trial {trial['id']}: step {step} is {seen!r}, must be {expected!r}"


def best_steps_lie_on_the_curve(history: History) -> Iterator[str]:
    """The best step is that of the curve that counts."""
    for trial in history.trials:
        curve = history.curves[trial["id"]]
        if trial["state"] != "completed" or not curve:
            continue
        best = min(curve, key=lambda step: (curve[step], step))
        if trial["best_step"] != best or trial["best_value"] != curve[best]:
            seen = (trial["best_step"], trial["best_value"])
            yield f"trial {trial['id']}: best is {seen}, the curve says {(best, curve[best])}"


def horizons_hold(history: History) -> Iterator[str]:
    """No training went beyond its horizon, and no measurement lies there."""
    horizon = {a["id"]: t["max_train_steps"] for t in history.trials for a in t["attempts"]}
    for attempt, entries in history.ledger.items():
        last = max(entry.step for entry in entries)
        if attempt in horizon and last > horizon[attempt]:
            yield f"attempt {attempt} trained {last} steps of {horizon[attempt]}"
    for trial in history.trials:
        beyond = [s for s in history.curves[trial["id"]] if s > trial["max_train_steps"]]
        if beyond:
            yield f"trial {trial['id']}: measurements beyond its horizon at {beyond}"


def budgets_are_settled(history: History) -> Iterator[str]:
    """Nothing stays reserved, and the spent steps are what the trials cost, and at most what was
    done in vain besides."""
    steps = history.study["budget"]["steps"]
    live = any(trial["state"] == "running" for trial in history.trials)
    if not live and steps["reserved"] != 0:
        yield f"{steps['reserved']} steps stay reserved"
    if not live and history.study["budget"]["gpu_seconds"]["reserved"] > 1e-6:
        yield f"{history.study['budget']['gpu_seconds']['reserved']} GPU seconds stay reserved"
    cost = sum(t["max_train_steps"] - _inherited(t) for t in history.trials)
    again = sum(_steps_given_back(t) for t in history.trials)
    is_done = all(t["state"] == "completed" for t in history.trials)
    if is_done and not cost <= steps["spent"] <= cost + again:
        yield f"{steps['spent']} steps are spent, the trials cost {cost}, at most {again} twice"


def promotions_happen_once(history: History) -> Iterator[str]:
    """A recommendation opens one round, and no round is opened twice."""
    for recommendation, count in history.accepted.items():
        if count != 1:
            yield f"recommendation {recommendation} opened {count} rounds"
    finals = Counter(r["purpose"] for r in history.study["rounds"])["final"]
    if finals > 1:
        yield f"{finals} final rounds"


def acknowledged_writes_are_there(history: History) -> Iterator[str]:
    """Every checkpoint that the service names lies in the store. (Measurements: see
    `curves_are_whole`.)"""
    yield from (f"checkpoint is not in the store: {lost}" for lost in history.missing_checkpoints)


def ledger_and_service_agree(history: History) -> Iterator[str]:
    """What succeeded did train to its end, from the step that its claim named."""
    for trial in history.trials:
        for attempt in trial["attempts"]:
            entries = history.ledger.get(attempt["id"], [])
            starts = [e.step for e in entries if e.event == "start"]
            if starts and starts[0] != attempt["start_step"]:
                yield (
                    f"attempt {attempt['id']} began at step {starts[0]}, "
                    f"its claim said {attempt['start_step']}"
                )
            if attempt["state"] == "succeeded" and not any(e.event == "end" for e in entries):
                yield f"attempt {attempt['id']} succeeded, its training never ended"


ALL: tuple[Callable[[History], Iterator[str]], ...] = (
    no_trial_is_lost,
    each_attempt_starts_once,
    each_trial_succeeds_once,
    curves_are_whole,
    best_steps_lie_on_the_curve,
    horizons_hold,
    budgets_are_settled,
    promotions_happen_once,
    acknowledged_writes_are_there,
    ledger_and_service_agree,
)


def violations_of(history: History) -> list[str]:
    """Everything that does not hold, each with the invariant's name."""
    return [f"{rule.__name__}: {wrong}" for rule in ALL for wrong in rule(history)]


def check(world: World, study_ids: list[str]) -> list[History]:
    """Raise AssertionError with every violation of every study; the histories, for figures."""
    histories = [read_history(world, study_id) for study_id in study_ids]
    wrong = [violation for history in histories for violation in violations_of(history)]
    wrong += sorted(world.observer.violations)
    wrong += orphans(world)
    assert not wrong, f"{len(wrong)} violations:\n" + "\n".join(wrong)
    assert world.observer.snapshots > 0, "the observer saw nothing"
    return histories


def orphans(world: World) -> list[str]:
    """Trainings at work although no attempt runs, once they had the time to end."""
    try:
        wait_until(lambda: not trainings(world), seconds=ORPHAN_SECONDS, what="trainings to end")
    except AssertionError:
        return [f"orphan: {pid} {command}" for pid, command in trainings(world).items()]
    return []


def trainings(world: World) -> dict[int, str]:
    """The training processes of this world that are alive, whoever started them."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            environment = (entry / "environ").read_bytes()
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        ledger = f"LEDGER={world.trainer.ledger}".encode()
        if ledger in environment and b"train.py" in command:
            found[int(entry.name)] = command.replace(b"\0", b" ").decode(errors="replace")
    return found


def _inherited(trial: Json) -> int:
    resume = trial["resume"]
    return int(resume["step"]) if resume else 0


def _steps_given_back(trial: Json) -> int:
    """What attempts did before the last: spent where it was given back or lay under a checkpoint,
    and perhaps done again, for a checkpoint may be out of reach or restore nothing."""
    earlier = trial["attempts"][:-1]
    return sum(max(0, attempt["last_step"] - attempt["start_step"]) for attempt in earlier)
