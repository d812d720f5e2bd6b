"""Training steps that a search spends on 81 configurations, as a share of training all to the end:
two rounds of the playbook against Optuna's pruners, on the same synthetic curves."""

import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import optuna
from numpy.typing import NDArray

from app.domain.recommendations import Assessment
from app.domain.rounds import Point, RoundDefinition, evaluation_steps
from app.domain.schedules import Names, ScheduleDefinition, resolve
from app.domain.space import Parameter, ParameterType, point_key
from app.domain.states import RoundState, TrialState
from app.domain.studies import Job, Objective, StudyDefinition, Workload
from app.planning.adviser import advise
from app.planning.rounds import first_round
from app.policy.engine import assess
from app.policy.facts import RoundFacts, StudyFacts, TrialFacts
from benchmarks.table import Row, render

CONFIGURATIONS = 81
FULL_STEPS = 810
FIRST_STEPS = 81
PROBLEMS = 30
BOUND = "<= 16.7% (1.2x of Ray ASHA's 13.9%)"
HALVING = 3  # reduction factor of the pruners
HASTE = 0.25  # who falls faster ends higher: ranks cross on the way up
LEAST_RESOURCE = 10  # steps: 810 / 81


@dataclass(frozen=True, slots=True)
class Curves:
    """Power laws with floors and speeds of their own: many cross between a tenth and the end."""

    floors: NDArray[np.float64]
    powers: NDArray[np.float64]
    wobble: NDArray[np.float64]

    def value(self, configuration: int, step: int) -> float:
        floor, power = self.floors[configuration], self.powers[configuration]
        noise = self.wobble[configuration, step - 1]
        return float(floor + (1 - floor) * step**-power + noise)

    def regret(self, configuration: int) -> float:
        ends = self.floors + (1 - self.floors) * FULL_STEPS**-self.powers
        return float(ends[configuration] - ends.min())


@dataclass(frozen=True, slots=True)
class Spent:
    """Steps, and how far the named configuration ends from the best one."""

    steps: int
    regret: float


def problems() -> Iterator[Curves]:
    """The same ones each time."""
    for seed in range(PROBLEMS):
        random = np.random.default_rng(seed)
        powers = random.uniform(0.3, 0.7, CONFIGURATIONS)
        floors = 0.1 + HASTE * (powers - 0.3) + 0.1 * random.random(CONFIGURATIONS)
        yield Curves(floors, powers, random.normal(0, 0.002, (CONFIGURATIONS, FULL_STEPS)))


def two_rounds(curves: Curves, kind: str, *, is_resumable: bool) -> Spent:
    """Round 1 at a tenth, then what the adviser promotes; no configuration is told apart."""
    study = StudyDefinition(
        name="search",
        objective=Objective("loss"),
        job=Job(command=("train",), resumable=is_resumable),
        parameters={"x": Parameter(ParameterType.INT, low=0, high=CONFIGURATIONS - 1)},
        schedule=ScheduleDefinition(kind, 1.0, decay_fraction=0.2 if kind == "wsd" else None),
        max_train_steps=FIRST_STEPS,
        production_steps=FULL_STEPS,
        workload=Workload.COMPUTE_BOUND,
        points=tuple({"x": i} for i in range(CONFIGURATIONS)),
    )
    first = ran(StudyFacts(study, ()), first_round(study), curves)
    said: dict[int, Assessment] = {1: assess(first, 1)}
    proposal = advise(first, said, 1).proposal
    if proposal is None:
        raise ValueError("the adviser promoted nothing")
    second = ran(first, proposal, curves)
    trials = [t for one in second.rounds for t in one.trials]
    steps = sum(t.max_train_steps - (t.resume.step if t.resume else 0) for t in trials)
    best = min(second.rounds[-1].trials, key=lambda t: float(t.objective.min()))
    return Spent(steps, curves.regret(int(best.params["x"])))


def ran(study: StudyFacts, given: RoundDefinition, curves: Curves) -> StudyFacts:
    """The study with one more round, trained."""
    number = len(study.rounds) + 1
    trials = tuple(
        trained(given, point, curves, f"{number}.{place}")
        for place, point in enumerate(given.points)
    )
    done = RoundFacts(number, given, RoundState.CLOSED, trials)
    return replace(study, rounds=(*study.rounds, done))


def trained(given: RoundDefinition, point: Point, curves: Curves, trial_id: str) -> TrialFacts:
    """One configuration, to the round's horizon."""
    horizon, names = given.max_train_steps, Names(given.parameters, given.fixed)
    grid = evaluation_steps(given.interval_steps, horizon)
    return TrialFacts(
        trial_id=trial_id,
        round=int(trial_id.split(".")[0]),
        point_key=point_key(point.params),
        params=point.params,
        seed=0,
        state=TrialState.COMPLETED,
        censored=False,
        max_train_steps=horizon,
        interval_steps=given.interval_steps,
        schedule=resolve(point.schedule or given.schedule, names, point.params, horizon),
        steps=np.array(grid, dtype=np.int64),
        objective=np.array([curves.value(int(point.params["x"]), step) for step in grid]),
        last_step=horizon,
        resume=point.resume,
        checkpoint_steps=(*given.checkpoint_steps, horizon),
    )


def pruned(curves: Curves, pruner: optuna.pruners.BasePruner, seed: int) -> Spent:
    """Every configuration once, in random order, stopped where the pruner says so."""
    study = optuna.create_study(pruner=pruner)
    order = np.random.default_rng(seed).permutation(CONFIGURATIONS)
    spent, finished = 0, dict[int, float]()
    for configuration in map(int, order):
        trial = study.ask()
        value, step = float("inf"), 0
        for step in range(LEAST_RESOURCE, FULL_STEPS + 1, LEAST_RESOURCE):
            value = min(value, curves.value(configuration, step))
            trial.report(value, step)
            if step < FULL_STEPS and trial.should_prune():
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                break
        else:
            study.tell(trial, value)
            finished[configuration] = value
        spent += step
    return Spent(spent, curves.regret(min(finished, key=lambda c: finished[c])))


def measure() -> list[Row]:
    """Two rounds with restarts, and with resumed prefixes, against each pruner."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    asked = list(problems())
    halved = [pruned(one, _halving(), seed) for seed, one in enumerate(asked)]
    bands = [pruned(one, _hyperband(), seed) for seed, one in enumerate(asked)]
    restarted = [two_rounds(one, "constant", is_resumable=False) for one in asked]
    resumed = [two_rounds(one, "wsd", is_resumable=True) for one in asked]
    return [
        *_rows("restarts; peer: successive halving", restarted, halved),
        *_rows("restarts; peer: Hyperband", restarted, bands),
        *_rows("resumed prefixes; peer: successive halving", resumed, halved),
    ]


def _halving() -> optuna.pruners.BasePruner:
    return optuna.pruners.SuccessiveHalvingPruner(
        min_resource=LEAST_RESOURCE, reduction_factor=HALVING
    )


def _hyperband() -> optuna.pruners.BasePruner:
    return optuna.pruners.HyperbandPruner(
        min_resource=LEAST_RESOURCE, max_resource=FULL_STEPS, reduction_factor=HALVING
    )


def _rows(name: str, ours: Sequence[Spent], peer: Sequence[Spent]) -> list[Row]:
    where = f"a search over {CONFIGURATIONS}, {name}"
    steps = (_share(ours), _share(peer))
    lost = (_regret(ours), _regret(peer))
    return [
        Row(f"steps of {where}", steps[0], steps[1], "%", BOUND, is_higher_better=False),
        Row(f"loss given away by {where}", lost[0], lost[1], "", "", is_higher_better=False),
    ]


def _share(found: Sequence[Spent]) -> float:
    """Percent of the steps of training everything to the end."""
    return 100 * statistics.mean(one.steps for one in found) / (CONFIGURATIONS * FULL_STEPS)


def _regret(found: Sequence[Spent]) -> float:
    return statistics.mean(one.regret for one in found)


if __name__ == "__main__":
    sys.stdout.write(render(measure()) + "\n")
