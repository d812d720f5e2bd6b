"""One attempt from its claim until its training has ended: prepare its folder, start it, supervise
it; or give it back."""

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
from workers.supervisor import Supervision, Training

log = structlog.get_logger()


def run_attempt(
    claim: Claim, bench: Bench, keeper: Keeper, meanwhile: Callable[[], None]
) -> Ending:
    """Run a claimed attempt's training; returns once the slot is free again, with the attempt's end
    under way. `meanwhile` is done once the training has started. After whatever it raises, close
    the keeper and give the attempt back."""
    api = AttemptApi(bench.client, claim.attempt_id, claim.token)
    folder = make_folder(bench.options.state_dir, claim)
    command = job_command(claim.job, bench.options)
    order = prepare(claim, bench, folder, command, fetch_resume(claim, bench, api, folder))
    reporter = Reporter(claim, api, folder, bench.store, command.directory)
    training = Training(folder, keeper, reporter)
    try:
        keeper.launch(order)
        reporter.start()
        supervision = Supervision(claim, bench, api, training)
        ending = Ending(claim, bench, training, supervision, supervision.watch(meanwhile))
        ending.start()
    except Exception:  # whatever it is: nobody is left to end the reporter's thread
        reporter.abandon()
        raise
    return ending


def give_back(claim: Claim, bench: Bench, error: Exception) -> str | None:
    """End an attempt of whose training nothing runs (any more), in the words that its cause calls
    for; what is wrong with the node, if that was the cause."""
    if isinstance(error, StaleAttempt):
        log.warning("attempt is no longer ours", why=str(error))
        fault = None
    else:
        end, fault = _judge(error)
        said = f"paceline worker: {bench.disks.why_full() or error}\n"
        body = {**end.document(), "last_step": claim.start_step}
        body["logs"] = {"stdout": "", "stderr": said}
        api = AttemptApi(bench.client, claim.attempt_id, claim.token)
        finish(api, body, lambda: not bench.stopping.is_set())
    tidy(folder_of(bench.options.state_dir, claim))
    return fault


def _judge(error: Exception) -> tuple[Conclusion, str | None]:
    """How the attempt ended, and what is wrong with the node (None: the job is at fault)."""
    if isinstance(error, CheckpointMissing):
        log.warning("checkpoint missing", why=str(error))
        return Conclusion(Outcome.PREEMPTED, EndReason.CHECKPOINT_MISSING), None
    if isinstance(error, CannotRun):
        log.error("cannot run this job", why=str(error))
        return Conclusion(Outcome.FAILED, EndReason.CRASHED), None
    if isinstance(error, StoreAway):
        log.error("store away: attempt given back, its checkpoint is not given up", why=str(error))
        return PREEMPTED, f"the checkpoint store is away: {error}"
    if isinstance(error, OSError):
        log.error("attempt given back: this node could not run it", why=str(error))
        return PREEMPTED, f"an attempt could not be run here: {error}"
    log.error("attempt given back: the worker itself failed", exc_info=error)
    return PREEMPTED, f"the worker itself failed, its log says how: {error!r}"


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
