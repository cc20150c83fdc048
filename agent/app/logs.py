"""Logs: one line per event, readable on a terminal, JSON for programs."""

import logging
import math
import sys
import time
from collections import OrderedDict
from typing import Any, Literal

import structlog

from agent.model.printable import printable

LogFormat = Literal["auto", "console", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]

_QUIET_S = 60.0  # a line of a library that repeats is logged once in this time
_LINES_MAX = 100  # different lines of libraries that are remembered


class LibraryLines(logging.Handler):
    """Passes on what libraries log, as lines like those of the agent.

    Clients can cause such lines, as by a malformed HTTP request, so each is logged at most once a
    minute, with the number of times that it was left out.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._seen: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def emit(self, record: logging.LogRecord) -> None:
        """Log a record, unless the same line was logged a moment ago."""
        text, now = record.getMessage().strip(), time.monotonic()
        error = record.exc_info[1] if record.exc_info else None
        key = f"{record.name} {text} {error!r}"
        logged_at, repeated = self._seen.pop(key, (-math.inf, 0))
        if now - logged_at < _QUIET_S:
            self._seen[key] = (logged_at, repeated + 1)
            return
        self._seen[key] = (now, 0)
        if len(self._seen) > _LINES_MAX:
            self._seen.popitem(last=False)
        more: dict[str, Any] = {"repeated": repeated} if repeated else {}
        if error is not None:
            more["exc_info"] = error
        level = min(max(record.levelno, logging.WARNING), logging.CRITICAL)
        structlog.get_logger(record.name).log(level, text, **more)


def set_up_logs(form: LogFormat = "auto", level: LogLevel = "info") -> None:
    """Send all log lines to stderr, also those of libraries.

    ``auto`` is ``console`` on a terminal, otherwise ``json``.
    """
    console = form == "console" or (form == "auto" and sys.stderr.isatty())
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
        if console
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            structlog.processors.dict_tracebacks if not console else _printable,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each, LibraryLines)]:
        root.removeHandler(handler)
    root.addHandler(LibraryLines())


def _printable(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    return {k: printable(v) if isinstance(v, str) else v for k, v in event.items()}
