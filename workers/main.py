"""Runs a worker to its end: woken by a broker, or asking the service itself."""

from workers.node import Node
from workers.options import WorkerOptions
from workers.signals import end_on_signals, start_or_exit


def run(options: WorkerOptions) -> int:
    """`paceline worker`: until a signal ends it. The answer is the exit code."""
    if options.broker:
        from workers import celery_app  # noqa: PLC0415 - Celery takes 0.3 s to import

        return celery_app.run(options)
    node = Node(options)
    end_on_signals(node, lambda: None)
    start_or_exit(node)
    node.wait()
    return 0
