"""The Celery worker whose main process is a node: `celery -A workers.celery_app worker -P threads
-c 1 -Q cpu`. Messages only ring a bell; the node's own threads claim and supervise, so that signals
reach them and the broker never carries an hour of work.
"""

import os
import sys
from typing import Any

import structlog
from celery import Celery, bootsteps
from celery.worker import WorkController, state
from pydantic import ValidationError

from app.logs import configure_logging
from workers.hearing import Unheard, options_for
from workers.node import Node
from workers.options import WorkerOptions
from workers.signals import end_on_signals, start_or_exit

WAKE_TASK = "paceline.wake"  # app/queue/wake.py sends it
THREADS = "celery.concurrency.thread"
SETTINGS = {
    "accept_content": ["json"],
    "task_serializer": "json",
    "task_ignore_result": True,
    "task_acks_late": False,
    "worker_prefetch_multiplier": 1,
    "worker_disable_prefetch": True,
    "worker_pool": "threads",
    "worker_concurrency": 1,
    "worker_pool_start_method": "spawn",
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    "worker_enable_remote_control": False,
    "worker_redirect_stdouts": False,
    "worker_hijack_root_logger": False,
    "broker_connection_max_retries": None,
    "broker_connection_retry_on_startup": True,
    "broker_channel_error_retry": True,  # else a Redis without memory ends the node
    "broker_transport_options": {
        "socket_timeout": 10,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        "health_check_interval": 10,
    },
}

log = structlog.get_logger()


class WrongStart(Exception):
    """A node cannot live in a Celery worker that was started like this."""


class NodeStep(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery ships no types
    """Starts the node when the pool stands, stops it before the process ends. What cannot work is
    refused before there is a pool, with exit code 2."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, parent: WorkController, **_: object) -> None:
        super().__init__(parent)
        self.node: Node | None = None
        options = parent.app.conf.paceline_options
        if options is None:  # started by `celery` itself: nobody has set up the logs
            configure_logging(as_json=not sys.stderr.isatty())
        try:
            _refuse_other_pools(parent)
            self._options = options or _read_options(parent)
        except (Unheard, WrongStart) as error:
            log.error("the worker cannot start", why=str(error))
            raise SystemExit(2) from error

    def start(self, parent: WorkController) -> None:
        self.node = node = Node(self._options)
        end_on_signals(node, _stop_celery)
        parent.app.conf.paceline_node = node
        start_or_exit(node)

    def stop(self, parent: WorkController) -> None:  # noqa: ARG002 - the hook's signature
        if self.node:
            self.node.stop()
            self.node.wait()

    terminate = stop


def build(broker: str | None, options: WorkerOptions | None = None) -> Celery:
    """The worker's app; without options they are read from the environment when it starts."""
    celery = Celery("paceline", broker=broker, set_as_current=False)
    celery.conf.update(SETTINGS, paceline_options=options, paceline_node=None)
    celery.steps["worker"].add(NodeStep)

    def wake(task: Any) -> None:  # Any: Celery ships no types
        if task.app.conf.paceline_node:
            task.app.conf.paceline_node.wake()

    celery.task(wake, name=WAKE_TASK, bind=True, shared=False)
    return celery


def run(options: WorkerOptions) -> int:
    """`paceline worker --broker URL`: the same worker, started by our own command."""
    queues = ",".join(options.queues) or "cpu"  # of no slot: the node says so itself
    words = ["worker", "-P", "threads", "-c", "1", "-Q", queues, "--loglevel=WARNING"]
    try:
        build(options.broker, options).worker_main([*words, "--without-gossip", "--without-mingle"])
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 0


def _read_options(parent: WorkController) -> WorkerOptions:
    """From the environment, and slots for the queues of `-Q` where it says none. Raises Unheard,
    WrongStart."""
    try:
        said = WorkerOptions()
    except ValidationError as error:
        wrong = [f"setting {one['loc'][0]}: {one['msg']}" for one in error.errors()]
        raise WrongStart("; ".join(wrong)) from error
    return options_for(tuple(parent.app.amqp.queues.consume_from), said)


def _refuse_other_pools(parent: WorkController) -> None:
    """Raises WrongStart. Children of prefork are never told of a shutdown, and green threads patch
    what the node's own threads and processes stand on."""
    pool = parent.pool_cls.__module__
    wrong = [f"the pool {pool.rpartition('.')[2]}"] if pool != THREADS else []
    wrong += [f"concurrency {parent.concurrency}"] if parent.concurrency != 1 else []
    wrong += ["autoscaling"] if getattr(parent, "autoscale", None) else []
    if wrong:
        raise WrongStart(
            f"this worker was given {' and '.join(wrong)}, but it needs the pool `threads` with one"
            " thread, which only hears wake-ups: its slots have threads of their own; start it with"
            " -P threads -c 1"
        )


def _stop_celery() -> None:
    state.should_stop = 0


app = build(os.environ.get("PACELINE_BROKER"))
