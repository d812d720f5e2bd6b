"""What a training loop imports: `paceline.trial()` and the Trial it gives. Standard library only.

Programs in other languages use the files alone, in the folder that PACELINE_TRIAL_DIR names: read
`context.json` (params, seed, max_train_steps, schedule, evaluate_every_steps, checkpoint_steps,
checkpoint_dir, resume; every number is resolved), append to `reports.jsonl` one flat JSON object a
line and write ({"step": 10, "val_error": 0.31}, with "nan", "inf", "-inf" as strings; or
{"step": 10, "checkpoint": "<path>"}), look at `control` now and then (`stop after step s`, or
`cancel`), append {"step": s} after the last step, and exit 0.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from paceline.sdk_context import (
    Context,
    LocalSettings,
    is_alone,
    is_reporter,
    local_context,
    read_context,
)
from paceline.sdk_files import Control, ReportFile, encode_report, hand_over, plain_step

if TYPE_CHECKING:
    from typing import Unpack  # not in every Python that trains

TRIAL_DIR_VARIABLE = "PACELINE_TRIAL_DIR"
OUTSIDE = (
    "not inside a trial: no parameters, no steps, and nothing is recorded. Run this through a "
    "study (paceline study create STUDY.yaml), or try it out with paceline.trial(local=True, "
    "params={'learning_rate': 0.1}, max_train_steps=1000)"
)


def trial(local: bool = False, **settings: Unpack[LocalSettings]) -> Trial:
    """The trial that this process trains; use it as `with paceline.trial() as trial:`.

    Under a worker (PACELINE_TRIAL_DIR is set) it is the worker's, whatever the arguments say.
    Elsewhere `local=True` makes one out of `params`, `max_train_steps`, `schedule` (its fields in
    numbers, or names of params; default: constant at params["learning_rate"]), `seed`,
    `evaluate_every_steps`, `checkpoint_steps`, `resume` and `directory` (default: a new temporary
    folder, `trial.directory`); without it the trial does nothing, with a warning.
    Raises RuntimeError for a broken trial folder, TypeError and ScheduleError for wrong arguments.
    """
    if settings and not local:
        raise TypeError(f"{', '.join(settings)}: say trial(local=True, ...) to set these by hand")
    folder = os.environ.get(TRIAL_DIR_VARIABLE)
    if folder:
        return Trial(read_context(Path(folder)), is_recording=is_reporter())
    if local:
        return Trial(local_context(settings), is_recording=is_reporter())
    warnings.warn(OUTSIDE, stacklevel=2)
    nowhere = Context(folder=Path(os.devnull), checkpoint_dir=Path.cwd())
    return Trial(nowhere, is_recording=False)


class Trial:
    """One trial under training. Steps are updates: step s is being done, or the number done.

    Reporting never blocks on a network, and never raises into training: what cannot be recorded is
    logged once and dropped. Of a group of ranks only rank 0 reports; the questions answer alike.
    """

    def __init__(self, context: Context, *, is_recording: bool) -> None:
        self._context = context
        self._reports = ReportFile(context.folder / "reports.jsonl") if is_recording else None
        self._control = Control(context.folder / "control")
        self._stop_step: int | None = None  # None: nobody asked to stop
        self._asked_step = 0  # answered about last: too late to make this one the stopping step
        self._open_step: int | None = None  # None: no `steps` loop is running
        self._handed_over = 0
        self._has_complained = False

    @property
    def params(self) -> Mapping[str, Any]:  # Any: a number, a string or a boolean
        """The configuration: parameter name -> value, the fixed ones included."""
        return self._context.params

    def __getitem__(self, name: str) -> Any:  # Any: as in params
        """One parameter's value. Raises KeyError, naming those there are."""
        if name not in self.params:
            there_are = ", ".join(self.params) or "none (outside a trial, see trial(local=True))"
            raise KeyError(f"no parameter {name!r} in this trial; there are {there_are}")
        return self.params[name]

    @property
    def id(self) -> str:
        """The trial's id; "local" for a local one, "" outside."""
        return self._context.trial_id

    @property
    def seed(self) -> int:
        """The seed of this trial: use it for all randomness."""
        return self._context.seed

    @property
    def max_train_steps(self) -> int:
        """The horizon T in steps."""
        return self._context.max_train_steps

    @property
    def directory(self) -> Path:
        """The trial folder."""
        return self._context.folder

    @property
    def checkpoint_dir(self) -> Path:
        """Where to save checkpoints: on the trial folder's disk, empty at the start."""
        return self._context.checkpoint_dir

    def steps(self, start: int = 0) -> Iterator[int]:
        """Yield start+1 ... T, or until told to stop; then record how many steps are done.

        A loop left by break counts its last step as done, one left by an exception does not.
        """
        done = min(int(start), self.max_train_steps)
        for step in range(done + 1, self.max_train_steps + 1):
            self._look(step)
            if self._is_over(done):
                break
            self._open_step = step
            yield step
            done = step
        self._leave(done)

    def learning_rate(self, step: int) -> float:
        """The rate of update `step`, an absolute number. Raises LookupError without a schedule."""
        schedule = self._context.schedule
        if schedule is None:
            raise LookupError(
                "this trial has no schedule; outside a study say trial(local=True, "
                "schedule={'kind': 'constant', 'peak': 0.1}, ...)"
            )
        return schedule.learning_rate(step, self._context.max_train_steps)

    def should_evaluate(self, step: int) -> bool:
        """Whether to evaluate after this step: on the study's grid, at T, at a requested stop."""
        self._look(step)
        self._asked_step = step
        is_last = step in (self.max_train_steps, self._stop_step)
        return is_last or step % self._context.evaluate_every_steps == 0

    def should_checkpoint(self, step: int) -> bool:
        """Whether to save after this step: at evaluations, and where a longer run may resume."""
        return step > 0 and (step in self._context.checkpoint_steps or self.should_evaluate(step))

    def should_stop(self, step: int) -> bool:
        """For loops without `steps`: whether `step`, now done, evaluated and saved, is the last."""
        self._look(step + 1)
        return 0 < self.max_train_steps <= step or self._is_over(step)

    def report(self, step: int, **metrics: object) -> None:
        """Record metrics at a step (0: before training). Costs microseconds; never raises.

        Values are numbers, also numpy's or torch's scalars; NaN and infinities are recorded as
        such; None means not measured.
        """
        if self._reports is None:
            return
        try:
            line = encode_report(plain_step(step), metrics, self._complain)
            if len(line) > 1 or not metrics:
                self._reports.append(line)
        except Exception as error:  # noqa: BLE001 - training must never feel a report
            self._complain(f"the report of step {step!r} was lost: {error!r}")

    def checkpoint(self, step: int, path: str | os.PathLike[str]) -> None:
        """Hand over the finished checkpoint (file or folder) at `path`; it is moved away at once.

        Of a group of ranks rank 0 hands over, after all have written. Never raises.
        """
        if self._reports is None:
            return
        try:
            done = plain_step(step)
            self._handed_over += 1
            label = f"{done}-{self._handed_over}"
            handed = hand_over(Path(path), self.checkpoint_dir, label)
            self._reports.append({"step": done, "checkpoint": str(handed)})
        except Exception as error:  # noqa: BLE001 - training must never feel a lost checkpoint
            self._complain(f"the checkpoint of step {step!r} was lost: {error!r}")

    def resume(self, load: Callable[[Path], object]) -> int:
        """Load the checkpoint to go on from, if there is one, and return its step, else 0.

        `load` gets the path of what was saved; what it raises is raised here.
        """
        if self._context.resume_path is None:
            return 0
        load(self._context.resume_path)
        return self._context.resume_step

    def __enter__(self) -> Trial:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._open_step is not None:  # left by break or an exception
            self._leave(self._open_step if kind is None else self._open_step - 1)
        if self._reports is not None:
            self._reports.close()

    def _look(self, step: int) -> None:
        """Read `control`; a stop that is news falls on the first step not yet answered for."""
        self._control.look()
        if self._control.stop_after is None or self._stop_step is not None:
            return
        undecided = step + 1 if step == self._asked_step else step
        self._stop_step = undecided if is_alone() else max(self._control.stop_after, undecided)

    def _is_over(self, done: int) -> bool:
        stopped = self._stop_step is not None and done >= self._stop_step
        return stopped or self._control.is_cancelled

    def _leave(self, done: int) -> None:
        """The loop is over: record that `done` steps are done."""
        self._open_step = None
        self.report(done)

    def _complain(self, message: str) -> None:
        if self._has_complained:
            return
        self._has_complained = True
        import logging  # noqa: PLC0415 - start-up time: most trials have nothing to complain of

        logging.getLogger("paceline").warning("%s (further ones are not shown)", message)
