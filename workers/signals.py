"""How a worker's process ends: the first signal asks, the second one kills at once."""

import os
import signal
from collections.abc import Callable
from types import FrameType

import structlog

from paceline.client import ClientError
from paceline.service import ServiceNotFound
from workers.layout import NoSlot
from workers.locks import PlaceTaken
from workers.node import Node

KILLED_EXIT_CODE = 130

log = structlog.get_logger()


def end_on_signals(node: Node, also: Callable[[], None]) -> None:
    """TERM and Ctrl-C stop the node and do `also`; a second one kills; HUP changes nothing."""

    def handle(number: int, _: FrameType | None) -> None:
        if node.stopping.is_set():
            node.kill()
            os._exit(KILLED_EXIT_CODE)
        log.info("stopping: trainings are asked to checkpoint", signal=number)
        node.stop()
        also()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def start_or_exit(node: Node) -> None:
    """Start the node; what stands in its way becomes one line and a non-zero exit."""
    try:
        node.start()
    except (ClientError, ServiceNotFound, PlaceTaken, NoSlot, ValueError) as error:
        if not node.stopping.is_set():
            log.error("the worker cannot start", why=str(error))
            raise SystemExit(1) from error
