"""The command line where somebody looks: it previews, asks, colours and moves; and nowhere else."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from accord.db.engine import open_database
from accord.db.migrations import upgrade
from accord.promise import service
from tests.company import said_day, tell

ACCORD = Path(sys.executable).with_name("accord")
SECONDS_MAX = 180  # on a machine that does much else; a hung command is what it guards against
CTRL_C = "\x03"


@pytest.fixture
def today(sqlite_url: str) -> int:
    db = open_database(sqlite_url)
    upgrade(db)
    try:
        return tell(db)
    finally:
        db.close()


def states(url: str) -> list[str]:
    db = open_database(url)
    try:
        return [seen.state.value for seen in service.promises(db)[0]]
    finally:
        db.close()


def at_terminal(
    url: str, *argv: str, types: str = "", after: str = "", colour: bool = False
) -> tuple[int, str]:
    """Run a command at a terminal; once it has said `after`, type something. Its exit code and all it said."""
    surroundings = {**os.environ, "ACCORD_DB": url, "TERM": "xterm-256color", "COLUMNS": "150", "LINES": "50"}
    if colour:
        surroundings.pop("NO_COLOR", None)
    ours, theirs = pty.openpty()
    # A shell that runs the tests in its background tells them to ignore Ctrl-C; at a terminal nobody does.
    process = subprocess.Popen(
        [ACCORD, *argv],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=surroundings,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    os.close(theirs)
    said, typed, give_up_at = "", False, time.monotonic() + SECONDS_MAX
    interrupt_at: float | None = None
    try:
        while time.monotonic() < give_up_at:
            if select.select([ours], [], [], 0.05)[0]:
                try:
                    said += os.read(ours, 65_536).decode()
                except OSError:  # the other end is closed
                    break
            if after and not typed and after in said:
                if types == CTRL_C:
                    interrupt_at = time.monotonic()
                else:
                    os.write(ours, types.encode())
                typed = True
            if interrupt_at is not None and time.monotonic() >= interrupt_at and "Stopped." not in said:
                # A person presses again too: Python misses one that comes just before it begins to wait for a line.
                process.send_signal(signal.SIGINT)
                interrupt_at = time.monotonic() + 1
        return process.wait(timeout=SECONDS_MAX), said
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def test_a_commit_shows_what_it_takes_and_asks(sqlite_url: str, today: int) -> None:
    line = f"80 X-100 by {said_day(today, 3)} for Northwind"

    code, said = at_terminal(sqlite_url, "commit", line, after="Commit option 1?", types="y\n")

    assert code == 0, said
    assert said.index("Yes") < said.index("Commit option 1?") < said.index("Promised:")
    assert states(sqlite_url) == ["committed"]


@pytest.mark.parametrize("types", ["n\n", "\n", CTRL_C])
def test_without_a_yes_nothing_is_committed(sqlite_url: str, today: int, types: str) -> None:
    line = f"80 X-100 by {said_day(today, 3)} for Northwind"

    code, said = at_terminal(sqlite_url, "commit", line, after="Commit option 1?", types=types)

    assert code == 130
    assert "what was under way is undone" in said
    assert states(sqlite_url) == []


def test_what_cannot_be_promised_is_shown_and_not_asked_about(sqlite_url: str, today: int) -> None:
    code, said = at_terminal(sqlite_url, "commit", f"120 X-100 by {said_day(today, 3)} for Northwind")

    assert code == 3
    assert "In full, later" in said
    assert "?" not in said.split("Next:")[0]
    assert "--option N" in said
    assert states(sqlite_url) == []


def test_no_input_never_asks(sqlite_url: str, today: int) -> None:
    code, said = at_terminal(sqlite_url, "commit", f"80 X-100 by {said_day(today, 3)}", "--no-input")

    assert code == 2
    assert "--yes" in said
    assert states(sqlite_url) == []


def test_cancelling_is_asked_about(sqlite_url: str, today: int) -> None:
    at_terminal(sqlite_url, "commit", f"80 X-100 by {said_day(today, 3)}", "--yes", "--ref", "SO-1")
    db = open_database(sqlite_url)
    promise = service.promise_of(db, "SO-1").promise.id
    db.close()

    no, _ = at_terminal(sqlite_url, "cancel", promise, after="Cancel", types="n\n")
    kept = states(sqlite_url)
    yes, _ = at_terminal(sqlite_url, "cancel", promise, after="Cancel", types="y\n")

    assert (no, kept) == (130, ["committed"])
    assert (yes, states(sqlite_url)) == (0, ["cancelled"])


def test_colour_only_where_somebody_looks_and_wants_it(sqlite_url: str, today: int) -> None:
    line = f"80 X-100 by {said_day(today, 3)}"

    _, coloured = at_terminal(sqlite_url, "ask", line, colour=True)
    _, plain = at_terminal(sqlite_url, "ask", line)

    assert re.search(r"\x1b\[[0-9;]*m", coloured)
    assert not re.search(r"\x1b\[[0-9;]*m", plain)


def test_a_long_piece_of_work_shows_how_far_it_is(sqlite_url: str, today: int) -> None:
    at_terminal(sqlite_url, "commit", f"80 X-100 by {said_day(today, 3)}", "--yes")

    code, said = at_terminal(sqlite_url, "verify", colour=True)
    _, still = at_terminal(sqlite_url, "verify")

    assert code == 0
    assert "Verify" in said
    assert "Nothing was found" in said
    assert "\x1b" not in still
