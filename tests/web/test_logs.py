"""What a server says goes to standard error, wherever that is by then."""

from __future__ import annotations

import io
import sys

import pytest
import structlog

from accord.web.server import logs


def test_what_is_said_goes_where_standard_error_is_now(monkeypatch: pytest.MonkeyPatch) -> None:
    before, now = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", before)
    logs.set_up()
    before.close()
    monkeypatch.setattr(sys, "stderr", now)

    try:
        structlog.get_logger("accord.web").error("broken", path="/v1/events")
    finally:
        structlog.reset_defaults()

    assert '"event": "broken"' in now.getvalue()
