"""The trial folder of one attempt: made empty, told its context, controlled by files alone."""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import structlog

from workers.claim import Claim
from workers.orphans import end_all_of

KEPT_FOLDERS = 100  # logs of the latest attempts, for people at the node

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class TrialFolder:
    """Where everything of an attempt lies (contract section 6)."""

    path: Path

    @property
    def reports(self) -> Path:
        return self.path / "reports.jsonl"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def resume(self) -> Path:
        return self.path / "resume"

    @property
    def stdout(self) -> Path:
        return self.path / "stdout.log"

    @property
    def stderr(self) -> Path:
        return self.path / "stderr.log"

    @property
    def mark_of_end(self) -> Path:
        """Lies there once the attempt has ended; a training does not make it."""
        return self.path / ".ended"

    def write_control(self, order: str) -> None:
        """Tell every rank at once: `stop after step s` or `cancel`; never half a line."""
        write_whole(self.path / "control", f"{order}\n")


def folder_of(state_dir: Path, claim: Claim) -> TrialFolder:
    """The attempt's own, made or not."""
    return TrialFolder(trials_of(state_dir) / claim.attempt_id)


def trials_of(state_dir: Path) -> Path:
    """Where the trial folders of a worker lie."""
    return state_dir.resolve() / "trials"


def make_folder(state_dir: Path, claim: Claim) -> TrialFolder:
    """A new and empty folder for the attempt; leftovers of a repeated claim go."""
    folder = folder_of(state_dir, claim)
    shutil.rmtree(folder.path, ignore_errors=True)
    folder.checkpoints.mkdir(parents=True)
    folder.reports.touch()
    return folder


def write_context(folder: TrialFolder, claim: Claim, resume: Path | None, url: str) -> None:
    """context.json: everything resolved, no address but the page for people, no token."""
    trial = claim.trial
    context = {
        "trial_id": trial["id"],
        "attempt_id": claim.attempt_id,
        "study": trial["study_id"],
        "round": trial["round"],
        "params": trial["params"],
        "seed": trial["seed"],
        "max_train_steps": claim.max_train_steps,
        "schedule": claim.schedule,
        "evaluate_every_steps": claim.evaluate_every_steps,
        "checkpoint_steps": list(claim.checkpoint_steps),
        "checkpoint_dir": str(folder.checkpoints),
        "resume": {"step": claim.start_step, "path": str(resume)} if resume else None,
        "page": f"{url}/studies/{trial['study_id']}#trial-{trial['id']}",
    }
    write_whole(folder.path / "context.json", json.dumps(context, indent=2, allow_nan=False))


def tidy(folder: TrialFolder) -> None:
    """After the end: drop weights that nobody registered, and the oldest ended folders."""
    for path in (folder.checkpoints, folder.resume):
        shutil.rmtree(path, ignore_errors=True)
    try:
        folder.mark_of_end.touch()
    except (FileNotFoundError, NotADirectoryError):
        return  # never made, or its training took it away
    except OSError as error:  # the worker's next start marks it
        log.warning("ended trial folder stays", folder=str(folder.path), why=str(error))
    ended = [mark.parent for mark in folder.path.parent.glob(f"*/{folder.mark_of_end.name}")]
    for path in sorted(ended, key=_changed_at)[:-KEPT_FOLDERS]:
        shutil.rmtree(path, ignore_errors=True)


def tidy_leftovers(state_dir: Path) -> None:
    """At the start, with every slot locked: attempts that a killed worker left behind are over.
    Keepers hold the locks, so a training that still works here has lost its keeper."""
    for path in trials_of(state_dir).glob("*"):
        folder = TrialFolder(path)
        if not folder.mark_of_end.exists():
            end_all_of(path)
            tidy(folder)


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # another slot tidies too
        return 0.0


def write_whole(path: Path, text: str) -> None:
    """Write so that a reader sees the old content or the new one, nothing between."""
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(text)
    os.replace(draft, path)
