"""Structured logs on stderr: JSON lines in production, aligned words on a terminal."""

import logging
import sys

import structlog


def configure_logging(*, as_json: bool, warnings_only: bool = False) -> None:
    """Set up structlog for this process."""
    level = logging.WARNING if warnings_only else logging.INFO
    renderer = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
