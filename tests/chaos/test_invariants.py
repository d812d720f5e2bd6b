"""Each invariant complains about the history that breaks it, and about no other."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from tests.chaos.history import History
from tests.chaos.invariants import violations_of
from tests.chaos.ledger import Entry
from tests.chaos.observer import Observer
from tests.chaos.trainer import value

Json = Any  # JSON, as the contract says
PARAMS = {"learning_rate": 0.03}
GRID = [2, 4]


def attempt(number: int, state: str, start_step: int, started_at: str, ended_at: str) -> Json:
    return {
        "id": f"a{number}",
        "number": number,
        "state": state,
        "start_step": start_step,
        "last_step": start_step,
        "started_at": started_at,
        "ended_at": ended_at,
    }


def entries(name: str, start: int, end: int, pid: int, *, ends: bool = True) -> list[Entry]:
    """What a training from `start` to `end` writes down."""
    steps = [
        Entry("step", "t1", name, pid, step, float(step)) for step in range(start + 1, end + 1)
    ]
    last = [Entry("end", "t1", name, pid, end, 9.0)] if ends else []
    return [Entry("start", "t1", name, pid, start, 0.0), *steps, *last]


def whole() -> History:
    """A trial of 4 steps that was lost once after step 2 and resumed there: nothing is wrong."""
    curve = {step: value(PARAMS, 0, step) for step in GRID}
    best = min(curve, key=lambda step: curve[step])
    trial = {
        "id": "t1",
        "round": 1,
        "state": "completed",
        "reason": None,
        "params": PARAMS,
        "seed": 0,
        "max_train_steps": 4,
        "resume": None,
        "best_step": best,
        "best_value": curve[best],
        "attempts": [
            attempt(1, "lost", 0, "2026-01-01T00:00:00Z", "2026-01-01T00:00:05Z"),
            attempt(2, "succeeded", 2, "2026-01-01T00:00:05Z", "2026-01-01T00:00:07Z"),
        ],
        "checkpoints": [],
    }
    budget = {"steps": {"spent": 4, "reserved": 0}, "gpu_seconds": {"reserved": 0.0}}
    return History(
        study={"budget": budget, "rounds": [{"purpose": "tune"}, {"purpose": "final"}]},
        trials=[trial],
        curves={"t1": curve},
        grids={"t1": GRID},
        ledger={"a1": entries("a1", 0, 3, 7, ends=False), "a2": entries("a2", 2, 4, 8)},
        accepted={"rec1": 1},
        identities=1,
        expected_trials=1,
    )


def with_trial(**changes: Json) -> History:
    history = whole()
    return replace(history, trials=[{**history.trials[0], **changes}])


def with_attempts(change: Callable[[list[Json]], object]) -> History:
    history = deepcopy(whole())
    change(history.trials[0]["attempts"])
    return history


def with_curve(curve: dict[int, float]) -> History:
    return replace(whole(), curves={"t1": {**whole().curves["t1"], **curve}})


def with_ledger(**ledger: list[Entry]) -> History:
    return replace(whole(), ledger={**whole().ledger, **ledger})


def with_study(**changes: Json) -> History:
    history = whole()
    return replace(history, study={**history.study, **changes})


BROKEN = {
    "no_trial_is_lost": [
        replace(whole(), expected_trials=2),
        replace(whole(), identities=0),
        with_trial(state="failed"),
    ],
    "each_attempt_starts_once": [
        with_ledger(a1=[*entries("a1", 0, 3, 7), *entries("a1", 0, 1, 7)]),
        with_ledger(a1=[*entries("a1", 0, 3, 7)[:-1], Entry("step", "t1", "a1", 9, 3, 1.0)]),
    ],
    "each_trial_succeeds_once": [
        with_attempts(lambda attempts: attempts[0].update(state="succeeded")),
        with_attempts(lambda attempts: attempts[0].update(state="running")),
        with_attempts(lambda attempts: attempts[0].update(ended_at="2026-01-01T00:00:06Z")),
        with_attempts(lambda attempts: attempts[1].update(number=3)),
    ],
    "curves_are_whole": [
        replace(whole(), curves={"t1": {4: value(PARAMS, 0, 4)}}),
        with_curve({2: 0.5}),
        with_curve({3: value(PARAMS, 0, 3)}),
    ],
    "best_steps_lie_on_the_curve": [with_trial(best_step=3), with_trial(best_value=0.0)],
    "horizons_hold": [
        with_ledger(a2=entries("a2", 2, 5, 8)),
        with_curve({6: value(PARAMS, 0, 6)}),
    ],
    "budgets_are_settled": [
        with_study(budget={"steps": {"spent": 4, "reserved": 2}, "gpu_seconds": {"reserved": 0.0}}),
        with_study(budget={"steps": {"spent": 5, "reserved": 0}, "gpu_seconds": {"reserved": 0.0}}),
        with_study(budget={"steps": {"spent": 4, "reserved": 0}, "gpu_seconds": {"reserved": 1.0}}),
    ],
    "promotions_happen_once": [
        replace(whole(), accepted={"rec1": 2}),
        with_study(rounds=[{"purpose": "final"}, {"purpose": "final"}]),
    ],
    "acknowledged_writes_are_there": [replace(whole(), missing_checkpoints=["t1: a1/2.json"])],
    "ledger_and_service_agree": [
        with_attempts(lambda attempts: attempts[1].update(start_step=0)),
        with_ledger(a2=entries("a2", 2, 4, 8, ends=False)),
    ],
}


def test_whole_history_breaks_nothing() -> None:
    assert violations_of(whole()) == []


@pytest.mark.parametrize(
    ("name", "history"),
    [(name, history) for name, histories in BROKEN.items() for history in histories],
)
def test_broken_history_is_named(name: str, history: History) -> None:
    assert any(violation.startswith(f"{name}: ") for violation in violations_of(history))


@pytest.fixture
def observer() -> Observer:
    return Observer("postgresql://nowhere/")


def test_observer_sees_a_terminal_state_change(observer: Observer) -> None:
    observer.see_trials({"t1": "completed"})
    assert not observer.violations
    observer.see_trials({"t1": "running"})
    assert [wrong for wrong in observer.violations if "t1 was completed, is running" in wrong]


def test_observer_sees_a_trial_vanish(observer: Observer) -> None:
    observer.see_trials({"t1": "completed"})
    observer.see_trials({})
    assert [wrong for wrong in observer.violations if "is None" in wrong]


def test_observer_sees_a_late_write(observer: Observer) -> None:
    observer.see_attempts([("a1", "t1", 1, "lost", 4), ("a2", "t1", 2, "running", 4)])
    assert not observer.violations
    observer.see_attempts([("a1", "t1", 1, "lost", 6), ("a2", "t1", 2, "running", 4)])
    assert [wrong for wrong in observer.violations if "a1" in wrong]


def test_observer_sees_two_holders(observer: Observer) -> None:
    observer.see_attempts([("a1", "t1", 1, "running", 4), ("a2", "t1", 2, "leased", 4)])
    assert [wrong for wrong in observer.violations if "both hold t1" in wrong]


def test_observer_sees_a_limit_exceeded(observer: Observer) -> None:
    observer.see_budgets([("s1", 100, 100, 5.0, 5.0)])
    assert not observer.violations
    observer.see_budgets([("s1", 100, 101, 5.0, 5.1)])
    assert len(observer.violations) == 2
