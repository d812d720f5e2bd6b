"""What the judge sees: frozen facts of a study, its rounds and trials, and of one review."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.domain.rounds import Action, Origin, Resume, RoundDefinition
from app.domain.space import Value
from app.domain.states import RoundState, TrialState
from app.domain.studies import StudyDefinition, Workload
from paceline.schedules import Schedule

Steps = NDArray[np.int64]
Curve = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TrialFacts:
    """One trial with its curves on its own steps.

    `steps` ascend, shape (k,); `objective`, `training`, `loss` have shape (k,), are
    direction-normalised (lower is better), and NaN where not measured. A non-finite reported value
    is NaN too and sets `has_nonfinite`.
    """

    trial_id: str
    round: int
    point_key: str
    params: dict[str, Value]
    seed: int
    state: TrialState
    censored: bool
    max_train_steps: int
    interval_steps: int
    schedule: Schedule | None  # None: a custom schedule of an audit
    steps: Steps
    objective: Curve
    training: Curve | None = None
    loss: Curve | None = None
    has_nonfinite: bool = False
    last_step: int = 0
    first_refused_step: int | None = None  # of a curve that goes on beyond its horizon (audits)
    origin: Origin | None = None
    resume: Resume | None = None
    checkpoint_steps: tuple[int, ...] = ()  # of checkpoints that exist
    seconds_per_step: float | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """S(t) of policy 2.1: the best of all complete configurations by step t.

    `steps` ascend without repeats, `values` never rise; inf until something was measured.
    """

    steps: Steps
    values: Curve

    def at(self, step: float) -> float:
        """S at a step; inf before the first measurement."""
        index = int(np.searchsorted(self.steps, step, side="right")) - 1
        return float(self.values[index]) if index >= 0 else float("inf")

    def first_at_most(self, value: float) -> int | None:
        """The first step at which S is no worse than `value`; None if that never happens."""
        reached = np.flatnonzero(self.values <= value)
        return int(self.steps[reached[0]]) if reached.size else None


NO_PROGRESS = Progress(np.array([], dtype=np.int64), np.array([], dtype=np.float64))


@dataclass(frozen=True, slots=True)
class RoundFacts:
    """One round: what it fixed, which action proposed it, and its own trials (outlines: none)."""

    number: int
    definition: RoundDefinition
    state: RoundState
    trials: tuple[TrialFacts, ...]
    action: Action | None = None
    codes: tuple[str, ...] = ()  # the versions of the code that its attempts recorded
    progress: Progress | None = None  # as its review kept it, where trials are not loaded
    has_run: bool = True  # some trial of it ended with a result, or still may


@dataclass(frozen=True, slots=True)
class Waiver:
    """A dated, named exception: findings of `code` do not block `round` (None: any)."""

    code: str
    round: int | None
    reason: str
    until: float | None = (
        None  # epoch seconds; expired ones are left out by whoever builds the facts
    )


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """The whole study: judge and adviser are pure functions of it."""

    definition: StudyDefinition
    rounds: tuple[RoundFacts, ...]
    waivers: tuple[Waiver, ...] = ()
    seconds_per_step: float | None = None
    # An outline of the newest earlier study of the same name that has a reviewed tune round: where
    # this study's first horizon came from.
    predecessor: "StudyFacts | None" = None

    def round(self, number: int) -> RoundFacts:
        """The round of that number. Raises KeyError if there is none."""
        for candidate in self.rounds:
            if candidate.number == number:
                return candidate
        raise KeyError(number)


@dataclass(frozen=True, slots=True)
class Noise:
    """Policy section 0: within a run, between seeds (assumed without replicates), and what ties."""

    eval: float
    seed: float
    is_assumed: bool
    eps: float


@dataclass(frozen=True, slots=True)
class Configuration:
    """One point of the space in one setting, with its usable replicates (complete, not diverged).

    Dead ones, at least half of whose replicates diverged, have an infinite best value, no usable
    replicates and no best steps.
    """

    point_key: str
    params: dict[str, Value]
    trials: tuple[TrialFacts, ...]
    best_value: float  # normalised, mean over replicates of each one's best
    best_steps: tuple[int, ...]  # one a replicate
    n_diverged: int = 0


@dataclass(frozen=True, slots=True)
class ReviewFacts:
    """Everything a round-review rule may ask: the setting's trials, prepared once for all rules."""

    study: StudyFacts
    round: RoundFacts
    trials: tuple[TrialFacts, ...]  # the setting's, all states
    rounds_used: tuple[int, ...]
    configurations: tuple[Configuration, ...]  # usable ones, best first
    competitive: tuple[Configuration, ...]  # the set C of policy section 0
    diverged: tuple[TrialFacts, ...]  # non-finite, or judged against siblings
    noise: Noise
    has_signal: bool  # some curve leaves its first value
    dead: tuple[Configuration, ...] = ()  # configurations that diverged: results, infinitely bad
    progress: Progress = NO_PROGRESS
    settings: dict[str, float] = field(default_factory=dict)  # "<CODE>.<constant>" of the study

    def setting(self, name: str, default: float) -> float:
        """The study's threshold of that name, or the rule's own default."""
        return self.settings.get(name, default)

    @property
    def horizon(self) -> int:
        """T: the steps of every trial of the setting."""
        return self.round.definition.max_train_steps

    @property
    def workload(self) -> Workload:
        """What was declared, by the round or by its study."""
        return self.round.definition.workload or self.study.definition.workload

    @property
    def is_compute_bound(self) -> bool:
        return self.workload is Workload.COMPUTE_BOUND

    @property
    def best(self) -> Configuration | None:
        """The best usable configuration, if there is one."""
        return self.configurations[0] if self.configurations else None
