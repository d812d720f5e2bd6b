"""One attempt from claim to finish: prepare its folder, supervise its training, tell its end."""

import os
from collections.abc import Callable
from typing import Any

import structlog

from app.domain.states import EndReason, Outcome
from paceline.client import ClientError
from workers import logs
from workers.api import AttemptApi, StaleAttempt, until_answered
from workers.bench import Bench
from workers.claim import Claim
from workers.command import CannotRun, Command, job_command
from workers.demands import Demand
from workers.environment import our_variables, training_environment
from workers.folder import TrialFolder, make_folder, tidy, write_context
from workers.launch import Ended, Keeper, Order, boot_seconds
from workers.outcome import Conclusion, Seen, conclude, done_steps
from workers.reporter import Progress, Reporter
from workers.supervisor import Supervision, Training

PREEMPTED = Conclusion(Outcome.PREEMPTED, EndReason.PREEMPTED)

log = structlog.get_logger()


class CheckpointMissing(Exception):
    """What the attempt should resume from is not in the store."""


def run_attempt(claim: Claim, bench: Bench, keeper: Keeper, meanwhile: Callable[[], None]) -> None:
    """Run a claimed attempt to its end, whatever that is; returns when the slot is free again.
    `meanwhile` is done once the training has started."""
    api = AttemptApi(bench.client, claim.attempt_id, claim.token)
    folder = make_folder(bench.options.state_dir, claim)
    context = {"attempt_id": claim.attempt_id, "trial_id": claim.trial["id"]}
    with structlog.contextvars.bound_contextvars(**context):
        try:
            command = job_command(claim.job, bench.options)
            order = prepare(claim, bench, folder, command)
        except CheckpointMissing:
            log.warning("checkpoint missing", step=claim.start_step)
            end = Conclusion(Outcome.PREEMPTED, EndReason.CHECKPOINT_MISSING)
            finish(api, {**end.document(), "last_step": claim.start_step}, _while_running(bench))
        except CannotRun as error:
            log.error("cannot run this job", why=str(error))
            folder.stderr.write_text(f"paceline worker: {error}\n")
            end = Conclusion(Outcome.FAILED, EndReason.CRASHED)
            body = {**end.document(), "last_step": claim.start_step, "logs": logs.tails(folder)}
            finish(api, body, _while_running(bench))
        else:
            reporter = Reporter(claim, api, folder, bench.store, command.directory)
            training = Training(folder, keeper, reporter)
            keeper.launch(order)
            reporter.start()
            supervise(claim, bench, api, training, meanwhile)
    tidy(folder)


def prepare(claim: Claim, bench: Bench, folder: TrialFolder, command: Command) -> Order:
    """Everything that must lie in the folder before the start. Raises CheckpointMissing."""
    resume = bench.store.fetch(claim.resume, folder.resume) if claim.resume else None
    if claim.resume and resume is None:
        raise CheckpointMissing
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
    if ended.message:
        with training.folder.stderr.open("a") as stderr:
            stderr.write(f"paceline worker: {ended.message}\n")
    is_flushed = supervision.flush()
    if supervision.demand is Demand.DROP:
        return
    if supervision.demand is Demand.CANCEL:
        asked = Demand.CANCEL
    progress = training.reporter.progress
    seen = _seen(claim, ended, asked, progress, supervision.pace.last_step)
    end = conclude(seen) if is_flushed or asked is Demand.CANCEL else PREEMPTED
    body = {**end.document(), "last_step": seen.done_steps, **supervision.extras.pending()}
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


def _while_running(bench: Bench) -> Callable[[], bool]:
    return lambda: not bench.stopping.is_set()
