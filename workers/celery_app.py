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

from app.logs import configure_logging
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


class NodeStep(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery ships no types
    """Starts the node when the pool stands, stops it before the process ends."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, parent: WorkController, **_: object) -> None:
        super().__init__(parent)
        self.node: Node | None = None

    def start(self, parent: WorkController) -> None:
        if parent.pool_cls.__module__ != THREADS:
            log.error(
                "this worker needs the pool `threads`: with any other its trainings would not hear "
                "of a shutdown; start it with: celery -A workers.celery_app worker -P threads -c 1",
                pool=parent.pool_cls.__module__,
            )
            raise SystemExit(2)
        options = parent.app.conf.paceline_options
        if options is None:  # started by `celery` itself: nobody has set up the logs
            configure_logging(as_json=not sys.stderr.isatty())
        self.node = node = Node(options or WorkerOptions())
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
    words = ["worker", "-P", "threads", "-c", "1", "-Q", options.work_queue, "--loglevel=WARNING"]
    try:
        build(options.broker, options).worker_main([*words, "--without-gossip", "--without-mingle"])
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 0


def _stop_celery() -> None:
    state.should_stop = 0


app = build(os.environ.get("PACELINE_BROKER"))
