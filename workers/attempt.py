"""One attempt from its claim until its training has ended: prepare its folder, start it, supervise
it."""

import os
from collections.abc import Callable
from pathlib import Path

import structlog

from app.domain.states import EndReason, Outcome
from app.stores.store import StoreAway
from workers.api import AttemptApi, StaleAttempt
from workers.bench import Bench
from workers.claim import Claim
from workers.command import CannotRun, Command, job_command
from workers.ending import Ending, finish
from workers.environment import our_variables, training_environment
from workers.folder import TrialFolder, folder_of, make_folder, tidy, write_context
from workers.launch import Keeper, Order, boot_seconds
from workers.outcome import PREEMPTED, Conclusion
from workers.reporter import Reporter
from workers.resuming import CheckpointMissing, fetch_resume
from workers.room import why_no_room
from workers.supervisor import Supervision, Training

log = structlog.get_logger()


def run_attempt(
    claim: Claim, bench: Bench, keeper: Keeper, meanwhile: Callable[[], None]
) -> Ending | None:
    """Run a claimed attempt's training; returns once the slot is free again, with the attempt's end
    under way (None: there was no training). `meanwhile` is done once the training has started."""
    api = AttemptApi(bench.client, claim.attempt_id, claim.token)
    folder = folder_of(bench.options.state_dir, claim)
    try:
        make_folder(bench.options.state_dir, claim)
        command = job_command(claim.job, bench.options)
        resume = fetch_resume(claim, bench, api, folder)
        order = prepare(claim, bench, folder, command, resume)
    except (StaleAttempt, CheckpointMissing, OSError, CannotRun) as error:
        give_back(claim, bench, error)
        tidy(folder)
        return None
    reporter = Reporter(claim, api, folder, bench.store, command.directory)
    training = Training(folder, keeper, reporter)
    keeper.launch(order)
    reporter.start()
    supervision = Supervision(claim, bench, api, training)
    ending = Ending(claim, bench, training, supervision, supervision.watch(meanwhile))
    ending.start()
    return ending


def give_back(claim: Claim, bench: Bench, error: Exception) -> None:
    """End an attempt whose training could not be started, in the words that its cause calls for."""
    end = PREEMPTED
    if isinstance(error, StaleAttempt):
        log.warning("attempt is no longer ours", why=str(error))
        return
    if isinstance(error, CheckpointMissing):
        log.warning("checkpoint missing", step=claim.start_step)
        end = Conclusion(Outcome.PREEMPTED, EndReason.CHECKPOINT_MISSING)
    elif isinstance(error, StoreAway):
        log.error("store away: attempt given back, its checkpoint is not given up", why=str(error))
    elif isinstance(error, OSError):
        log.error("attempt given back: its folder cannot be written", why=str(error))
    elif isinstance(error, CannotRun):
        log.error("cannot run this job", why=str(error))
        end = Conclusion(Outcome.FAILED, EndReason.CRASHED)
    else:
        log.error("attempt given back: the worker itself failed", why=repr(error))
    said = {"stdout": "", "stderr": f"paceline worker: {why_no_room(bench) or error}\n"}
    body = {**end.document(), "last_step": claim.start_step, "logs": said}
    api = AttemptApi(bench.client, claim.attempt_id, claim.token)
    finish(api, body, lambda: not bench.stopping.is_set())


def prepare(
    claim: Claim, bench: Bench, folder: TrialFolder, command: Command, resume: Path | None
) -> Order:
    """Everything that must lie in the folder before the start."""
    write_context(folder, claim, resume, bench.client.url)
    job_env = claim.job.get("env") or {}
    ours = our_variables(folder.path, bench.sdk_folder, bench.gpu_ids, job_env)
    return Order(
        argv=command.argv,
        env=training_environment(os.environ, bench.options.pass_env, job_env, ours),
        cwd=str(command.directory),
        stdout=str(folder.stdout),
        stderr=str(folder.stderr),
        grace_seconds=claim.timing.grace_seconds,
        valid_until=boot_seconds() + claim.timing.keeper_seconds,
    )
