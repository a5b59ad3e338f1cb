"""How the tests type a command line: in this process, with what it said on each stream and how it ended."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from accord.cli import main

Run = Callable[..., "Ran"]


class Ran(msgspec.Struct):
    """What one command line did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """Standard output, which must be exactly one object."""
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Run a command line in this process; no end of it is a terminal."""

    def do(*argv: str) -> Ran:
        capfd.readouterr()
        code = main(list(argv))
        captured = capfd.readouterr()
        return Ran(code, captured.out, captured.err)

    return do
