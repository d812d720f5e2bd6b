"""One attempt from claim to finish: prepare its folder, supervise its training, tell its end."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog

from app.domain.states import EndReason, Outcome
from app.stores.store import StoreAway
from paceline.client import ClientError
from workers import logs
from workers.api import AttemptApi, StaleAttempt, until_answered
from workers.bench import Bench
from workers.claim import Claim
from workers.command import CannotRun, Command, job_command
from workers.demands import Demand
from workers.environment import our_variables, training_environment
from workers.folder import TrialFolder, folder_of, make_folder, tidy, write_context
from workers.launch import Ended, Keeper, Order, boot_seconds
from workers.outcome import Conclusion, Seen, conclude, done_steps, says_no_memory
from workers.reporter import Progress, Reporter
from workers.resuming import CheckpointMissing, fetch_resume
from workers.room import why_no_room
from workers.supervisor import Supervision, Training

PREEMPTED = Conclusion(Outcome.PREEMPTED, EndReason.PREEMPTED)

log = structlog.get_logger()


def run_attempt(claim: Claim, bench: Bench, keeper: Keeper, meanwhile: Callable[[], None]) -> None:
    """Run a claimed attempt to its end, whatever that is; returns when the slot is free again.
    `meanwhile` is done once the training has started."""
    api = AttemptApi(bench.client, claim.attempt_id, claim.token)
    folder = folder_of(bench.options.state_dir, claim)
    context = {"attempt_id": claim.attempt_id, "trial_id": claim.trial["id"]}
    with structlog.contextvars.bound_contextvars(**context):
        try:
            make_folder(bench.options.state_dir, claim)
            command = job_command(claim.job, bench.options)
            resume = fetch_resume(claim, bench, api, folder)
            order = prepare(claim, bench, folder, command, resume)
        except (StaleAttempt, CheckpointMissing, OSError, CannotRun) as error:
            give_back(claim, bench, api, error)
        else:
            reporter = Reporter(claim, api, folder, bench.store, command.directory)
            training = Training(folder, keeper, reporter)
            keeper.launch(order)
            reporter.start()
            supervise(claim, bench, api, training, meanwhile)
    tidy(folder)


def give_back(claim: Claim, bench: Bench, api: AttemptApi, error: Exception) -> None:
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
    else:
        log.error("cannot run this job", why=str(error))
        end = Conclusion(Outcome.FAILED, EndReason.CRASHED)
    said = {"stdout": "", "stderr": f"paceline worker: {why_no_room(bench) or error}\n"}
    body = {**end.document(), "last_step": claim.start_step, "logs": said}
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


def supervise(
    claim: Claim,
    bench: Bench,
    api: AttemptApi,
    training: Training,
    meanwhile: Callable[[], None],
) -> None:
    """Watch a training to its end, hand in what it reported, and finish the attempt."""
    supervision = Supervision(claim, bench, api, training)
    ended = supervision.watch(meanwhile)
    asked = supervision.demand
    no_room = supervision.no_room or why_no_room(bench)
    if ended.message:
        logs.add(training.folder, ended.message)
    is_flushed = supervision.flush()
    if supervision.demand is Demand.DROP:
        return
    if supervision.demand is Demand.CANCEL:
        asked = Demand.CANCEL
    progress = training.reporter.progress
    seen = replace(
        _seen(claim, ended, asked, progress, supervision.pace.last_step),
        has_no_memory=says_no_memory(logs.tails(training.folder)["stderr"]),
        had_no_room=no_room is not None,
    )
    end = conclude(seen) if is_flushed or asked is Demand.CANCEL else PREEMPTED
    body = {**end.document(), "last_step": seen.done_steps, **supervision.extras.pending()}
    if no_room is not None:
        body["logs"] = logs.tails(training.folder, no_room)
    if ended.exit_code is not None:
        body["exit_code"] = ended.exit_code
    log.info("attempt ended", **end.document(), exit_code=ended.exit_code, step=seen.done_steps)
    finish(api, body, lambda: not supervision.is_over())


def finish(api: AttemptApi, body: dict[str, Any], is_wanted: Callable[[], bool]) -> None:  # JSON
    """Say it until it is heard; a service that disowns the attempt has heard enough."""
    try:
        for attempt in until_answered(is_wanted):
            with attempt:
                api.finish(body)
    except (StaleAttempt, ClientError) as error:
        log.warning("finish not accepted", why=str(error))


def _seen(
    claim: Claim, ended: Ended, asked: Demand | None, progress: Progress, last_step: int
) -> Seen:
    last = min(max(progress.last_step, last_step), claim.max_train_steps)
    done = last
    if ended.exit_code == 0:
        done = done_steps(progress, last, claim.max_train_steps)
    return Seen(
        ended=ended,
        demand=asked,
        done_steps=done,
        max_train_steps=claim.max_train_steps,
        has_non_finite=progress.has_non_finite,
        is_beyond_horizon=progress.is_beyond_horizon,
    )
