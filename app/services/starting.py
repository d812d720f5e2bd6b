"""Where an attempt starts: at the trial's last checkpoint, at its origin's, or anew; and what of
its curve still counts then."""

from dataclasses import dataclass, field, replace

from app.db import checkpoints, measurements, trials
from app.db.checkpoints import Reader
from app.db.chunks import Curve
from app.db.claiming import Candidate
from app.db.database import Connection
from app.domain.curves import Batch, Best, Lineage, continue_lineage, follow, lies_on
from app.domain.errors import MissingObject
from app.domain.ids import AttemptId
from app.domain.rounds import Resume
from app.domain.studies import Direction
from app.domain.trials import Checkpoint, CheckpointPlace, Start, Trial
from app.services.resumes import findings_at_start


@dataclass(frozen=True, slots=True)
class Beginning:
    """A start, the prefix of another trial that stays the trial's, and the best of what counts."""

    resume: Start | None = None
    prefix: Resume | None = None
    best: Best = field(default_factory=Best)

    @property
    def step(self) -> int:
        return self.resume.step if self.resume else 0

    @property
    def at(self) -> int | None:
        """For the lineage: None masks everything, step 0 included."""
        return self.resume.step if self.resume else None


def choose_start(connection: Connection, candidate: Candidate, reader: Reader) -> Beginning:
    """The latest checkpoint that counts and that the worker can read; anew if there is none."""
    trial, job = candidate.trial, candidate.definition["job"]
    if isinstance(job, str) or not job["resumable"]:
        return Beginning()
    found = _own(connection, trial, reader) or _of_origin(connection, trial, reader)
    if found is None:
        return Beginning()
    start = Start(found.step, CheckpointPlace(found.store, found.key, found.bytes, found.sha256))
    objective = candidate.definition["objective"]
    best = _best_until(connection, trial, found.step, objective)
    return Beginning(start, trial.resume, best)


def _own(connection: Connection, trial: Trial, reader: Reader) -> Checkpoint | None:
    if trial.attempt_count == 0:
        return None
    return _latest(checkpoints.readable(connection, trial.id, reader), trial.lineage)


def _of_origin(connection: Connection, trial: Trial, reader: Reader) -> Checkpoint | None:
    if trial.resume is None:
        return None
    try:
        origin = trials.get(connection, trial.resume.trial_id)
    except MissingObject:
        return None
    step, horizon = trial.resume.step, trial.max_train_steps
    if findings_at_start(origin, trial.schedule, horizon, step):
        return None  # it would not have trained these steps itself: it pays for all of its own
    found = checkpoints.readable(connection, origin.id, reader)
    return _latest([one for one in found if one.step == step], origin.lineage)


def _latest(found: list[Checkpoint], lineage: Lineage) -> Checkpoint | None:
    """The first of them, latest first, that lies on the lineage."""
    return next((one for one in found if lies_on(lineage, one.attempt_id, one.step)), None)


def _best_until(connection: Connection, trial: Trial, step: int, objective: dict[str, str]) -> Best:
    """The best of the trial's curve as it counts once an attempt resumes at `step`."""
    kept = continue_lineage(trial.lineage, AttemptId("the next one"), step)
    masked = replace(trial, lineage=kept)
    curves = measurements.curves_of_trials(connection, [masked], None)[trial.id]
    best = Best()
    for metric, curve in curves.items():
        batch = _batch(metric, curve)
        best = follow(best, batch, objective["metric"], Direction(objective["direction"]))
    return replace(best, last_step=step)


def _batch(metric: str, curve: Curve) -> Batch:
    steps, values = curve
    return Batch(tuple(steps.tolist()), {metric: tuple(values.tolist())})
