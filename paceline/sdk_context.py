"""What a trial is told: `context.json` of its folder, or the arguments of a local trial."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

from paceline.schedules import MAX_STEPS, Schedule

RANK_VARIABLES = ("RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "LOCAL_RANK")
WORLD_SIZE_VARIABLES = ("WORLD_SIZE", "SLURM_NTASKS", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE")
EVALUATIONS = 50  # without evaluate_every_steps a trial is evaluated every T // 50 steps


class LocalSettings(TypedDict, total=False):
    """What `trial(local=True, ...)` takes; the words of `context.json`."""

    params: Mapping[str, Any]  # Any: a parameter is a number, a string or a boolean
    max_train_steps: int  # the one that has no default
    schedule: Mapping[str, Any]  # Any: numbers, or names of params; default: constant
    seed: int
    evaluate_every_steps: int | None
    checkpoint_steps: Sequence[int]
    resume: Mapping[str, Any] | None  # Any: {"step": int, "path": str}
    directory: str | os.PathLike[str]  # default: a new temporary folder


@dataclass(frozen=True)
class Context:
    """One trial's task; steps are updates. The defaults are those of no trial: nothing to do."""

    folder: Path
    checkpoint_dir: Path
    trial_id: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)  # Any: as in LocalSettings
    seed: int = 0
    max_train_steps: int = 0
    schedule: Schedule | None = None  # None: nobody gave one
    evaluate_every_steps: int = MAX_STEPS
    checkpoint_steps: frozenset[int] = frozenset()
    resume_step: int = 0
    resume_path: Path | None = None  # None: begin at step 0


def read_context(folder: Path) -> Context:
    """The task that the worker wrote. Raises RuntimeError where the folder does not hold one."""
    try:
        wire = json.loads((folder / "context.json").read_text(encoding="utf-8"))
        return parse_context(folder, wire)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RuntimeError(
            f"PACELINE_TRIAL_DIR is {folder}, but its context.json gives no trial ({error!r}); "
            "unset the variable to run outside a trial"
        ) from error


def local_context(settings: LocalSettings) -> Context:
    """The task of a local trial, in its `directory` (default: a new temporary folder).

    Raises TypeError for an unknown or missing argument, ScheduleError for an impossible schedule.
    """
    unknown = sorted(set(settings) - set(LocalSettings.__annotations__))
    if unknown or "max_train_steps" not in settings:
        wrong = f"does not take {unknown[0]}" if unknown else "needs max_train_steps"
        raise TypeError(
            f"trial(local=True) {wrong}; it takes {', '.join(LocalSettings.__annotations__)}"
        )
    params = dict(settings.get("params", {}))
    stated = settings.get("schedule") or (
        {"kind": "constant", "peak": "learning_rate"} if "learning_rate" in params else None
    )
    schedule = {name: number_of(name, value, params) for name, value in (stated or {}).items()}
    folder = local_folder(settings)
    wire = {"trial_id": "local", **settings, "params": params, "schedule": schedule or None}
    context = parse_context(folder, wire)
    if context.schedule is not None:
        context.schedule.validate(context.max_train_steps)
    context.checkpoint_dir.mkdir(parents=True, exist_ok=True)
    return context


def parse_context(folder: Path, wire: Mapping[str, Any]) -> Context:  # Any: parsed JSON
    horizon, resume = int(wire["max_train_steps"]), wire.get("resume") or {}
    schedule = wire.get("schedule")
    return Context(
        folder=folder,
        checkpoint_dir=Path(wire.get("checkpoint_dir") or folder / "checkpoints"),
        trial_id=str(wire["trial_id"]),
        params=wire["params"],
        seed=int(wire.get("seed", 0)),
        max_train_steps=horizon,
        schedule=Schedule.from_dict(schedule) if schedule else None,
        evaluate_every_steps=wire.get("evaluate_every_steps") or max(1, horizon // EVALUATIONS),
        checkpoint_steps=frozenset(wire.get("checkpoint_steps") or ()),
        resume_step=int(resume.get("step", 0)),
        resume_path=Path(resume["path"]) if resume else None,
    )


def number_of(name: str, value: object, params: Mapping[str, Any]) -> object:  # Any: as above
    """A schedule's field in numbers: a string, but for the kind, is the name of a parameter."""
    return params[value] if isinstance(value, str) and name != "kind" else value


def local_folder(settings: LocalSettings) -> Path:
    if "directory" in settings:
        return Path(settings["directory"]).resolve()
    import tempfile  # noqa: PLC0415 - start-up time: real trials never need it

    return Path(tempfile.mkdtemp(prefix="paceline-local-"))


def first_number(variables: Sequence[str]) -> int | None:
    """The first of these environment variables that holds a whole number; None: none does."""
    values = (os.environ.get(name, "") for name in variables)
    return next((int(value) for value in values if value.isdecimal()), None)


def is_reporter() -> bool:
    """Whether this process reports: rank 0 of a group, or a process on its own."""
    return first_number(RANK_VARIABLES) in (None, 0)


def is_alone() -> bool:
    """Whether no other rank must stop after the same step. Doubt says no."""
    size = first_number(WORLD_SIZE_VARIABLES)
    return size == 1 if size is not None else first_number(RANK_VARIABLES) is None
