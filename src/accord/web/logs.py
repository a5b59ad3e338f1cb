"""How is said what goes wrong in a server?

One JSON object a line on standard error, with the moment and the request id. Tracebacks come without the values of
variables: a value may be a secret or a person's.
"""

from __future__ import annotations

import sys

import structlog


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
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
