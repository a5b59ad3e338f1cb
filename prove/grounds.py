"""Where is it tried? Fresh databases on either engine, and servers as processes of their own, with a guard or without."""

from __future__ import annotations

import atexit
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

import msgspec

from accord.db.engine import Database, open_database
from accord.db.migrations import upgrade
from prove.model import Outcome
from prove.records import ROOT

ENGINES = ("sqlite", "postgresql")


def showing(outcome: Outcome, *signs: str) -> Outcome:
    """Of a control's failures those that show what the guard keeps from happening: a control that fails because of something
    else shows nothing."""
    kept = tuple(one for one in outcome.failures if any(sign in one for sign in signs))
    return msgspec.structs.replace(outcome, failures=kept)


@cache
def postgresql() -> str:
    """A PostgreSQL server, started when first asked for and gone with this process."""
    from tests import postgres  # the wheel's server; here, since other pieces need none

    stack = ExitStack()
    url: str = stack.enter_context(postgres.server())
    atexit.register(stack.close)
    return url


@contextmanager
def fresh(engine: str) -> Iterator[str]:
    """The URL of an empty database of the newest schema, gone afterwards."""
    from tests import postgres

    with ExitStack() as stack:
        if engine == "sqlite":
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="accord-prove-"))
            url = f"sqlite:///{Path(folder) / 'accord.db'}"
        else:
            url = stack.enter_context(postgres.database(postgresql()))
        db = open_database(url)
        try:
            upgrade(db)
        finally:
            db.close()
        yield url


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """A database, open."""
    db = open_database(url)
    try:
        yield db
    finally:
        db.close()


@contextmanager
def serving(url: str, *argv: str, without: str = "") -> Iterator[str]:
    """A running `accord serve`, by its address; `without` names the guard that is taken away (prove.unguarded)."""
    command: list[str | Path] = [Path(sys.executable).with_name("accord")]
    if without:
        command = [sys.executable, "-m", "prove.unguarded", without]
    process = subprocess.Popen(
        [*command, "serve", "--port", "0", "--rate", "0", *argv, "--db", url],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
    )
    assert process.stderr is not None
    # What it says of faults is read, or it would wait for somebody to read it.
    reader = threading.Thread(target=process.stderr.read)
    try:
        line = process.stderr.readline()
        match = re.match(r"Serving (http://\S+)", line)
        if match is None:
            raise RuntimeError(f"the server did not start: {line}{process.stderr.read()}")
        reader.start()
        yield match[1]
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if reader.ident is not None:
            reader.join()
        process.stderr.close()
