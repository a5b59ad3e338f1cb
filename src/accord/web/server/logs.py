"""How is said what goes wrong in a server?

One JSON object a line on standard error, with the moment and the request id. Tracebacks come without the values of
variables: a value may be a secret or a person's. What cannot be written, since the disk is full or the reader has gone, is
lost: who says something goes on with what it was doing.
"""

from __future__ import annotations

import sys
from contextlib import suppress

import structlog


class _Lines(structlog.PrintLogger):
    """Lines on a file; never an error: it would end a thread whose work has nothing to do with the log."""

    def msg(self, message: str) -> None:
        with suppress(OSError, ValueError):  # ValueError: the file is closed
            super().msg(message)

    debug = info = warning = error = critical = exception = msg


def set_up() -> None:
    """Log as a server does; called once in each of its processes."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        # Where standard error is when something is said, not where it was when this was set up.
        logger_factory=lambda *_: _Lines(sys.stderr),
        cache_logger_on_first_use=False,
    )
