"""Structured logs on stderr: JSON lines in production, aligned words on a terminal."""

import logging
import sys

import structlog


def configure_logging(*, as_json: bool, warnings_only: bool = False) -> None:
    """Set up structlog for this process, and let libraries that use `logging` speak alike."""
    level = logging.WARNING if warnings_only else logging.INFO
    renderer = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer()
    every_line: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[structlog.typing.Processor] = [structlog.processors.format_exc_info, renderer]
    structlog.configure(
        processors=[*every_line, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    _adopt_libraries([*every_line, structlog.stdlib.add_logger_name], last)


def _adopt_libraries(
    every_line: list[structlog.typing.Processor], last: list[structlog.typing.Processor]
) -> None:
    """From warnings on; else their lines, and whole traces, would stand between ours as text."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=every_line,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    logging.root.handlers = [handler]
    logging.root.setLevel(logging.WARNING)
