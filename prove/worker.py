"""How is the real store and service run in a process that can be killed a thousand times?

A nursery has loaded everything and opened nothing; it forks a worker in milliseconds. The worker opens the database,
answers calls over its socket, each answer after the service returned, and is killed whenever its parent likes.
A careless worker answers before it commits: the control.
"""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

import msgspec
import sqlalchemy as sa

from accord.db import engine
from accord.db.backup import backup, restore
from accord.db.engine import Database, open_database
from accord.db.migrations import upgrade
from accord.kit.errors import AccordError
from accord.promise.model import Decision
from accord.promise.service import batch
from prove.client import Answer, Op, call, decided

T = TypeVar("T")
_LENGTH = struct.Struct("!I")


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """Which worker is wanted."""

    url: str
    backup: str = ""  # into which file to keep the database, instead of answering
    restore: str = ""  # from which file to fill it, instead of answering
    without: str = ""  # which guard is taken away: "commit", "one transaction"


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """Some ops at once; their answers come one by one."""

    ops: tuple[Op, ...]


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker says: an answer, what kept it from answering, or (with neither) that it is ready or done."""

    answer: Answer | None = None
    error: str = ""
    status: int = 0  # of the error


def _send(to: socket.socket, message: msgspec.Struct) -> None:
    body = msgspec.msgpack.encode(message)
    to.sendall(_LENGTH.pack(len(body)) + body)


def _read(source: socket.socket, type_: type[T]) -> T | None:
    head = _exactly(source, _LENGTH.size)
    if head is None:
        return None
    body = _exactly(source, _LENGTH.unpack(head)[0])
    return None if body is None else msgspec.msgpack.decode(body, type=type_)


def _exactly(source: socket.socket, count: int) -> bytes | None:
    got = b""
    while len(got) < count:
        try:
            more = source.recv(count - len(got))
        except ConnectionError:  # it was killed with words of ours unread
            return None
        if not more:
            return None
        got += more
    return got


# --- the parent's side ---


class Worker:
    """A worker as its parent sees it."""

    def __init__(self, pid: int, link: socket.socket) -> None:
        self.pid = pid
        self.was_killed = False
        self._link = link

    def send(self, ops: Sequence[Op]) -> None:
        """Begin a call; a worker that is dead does not hear it."""
        with suppress(ConnectionError):
            _send(self._link, Call(ops=tuple(ops)))

    def hear(self, *, until: float) -> Said | None:
        """What it says next, None when it is dead. At the moment `until` (of time.monotonic()) it is killed."""
        self._link.settimeout(max(0.000_1, until - time.monotonic()))
        try:
            first = self._link.recv(1, socket.MSG_PEEK)
        except TimeoutError:
            self.kill()
            first = b"what was said before it died is still heard"
        except ConnectionError:
            return None
        self._link.settimeout(None)
        return _read(self._link, Said) if first else None

    def kill(self) -> None:
        """Kill it with SIGKILL, if it still lives."""
        self.was_killed = True
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """Kill it and forget it."""
        self.kill()
        self._link.close()


class Nursery:
    """Where workers come from; used as a context, at whose end all of them are gone."""

    def __enter__(self) -> Nursery:
        self._link, theirs = socket.socketpair()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "prove.worker", str(theirs.fileno())], pass_fds=[theirs.fileno()]
        )
        theirs.close()
        return self

    def __exit__(self, *_: object) -> None:
        self._link.close()
        self._process.wait(timeout=10)

    def worker(self, start: Start) -> Worker:
        """A new worker; its first word is that it is ready."""
        ours, theirs = socket.socketpair()
        socket.send_fds(self._link, [msgspec.msgpack.encode(start)], [theirs.fileno()])
        theirs.close()
        pid = _exactly(self._link, _LENGTH.size)
        if pid is None:
            raise RuntimeError("the nursery is gone; its words are above")
        return Worker(_LENGTH.unpack(pid)[0], ours)


# --- the nursery's and the worker's side ---


def main(descriptor: int) -> int:
    """Fork a worker for each order until the parent is gone."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead need no funeral
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's
    link = socket.socket(fileno=descriptor)
    while True:
        order, descriptors, _, _ = socket.recv_fds(link, 65_536, 1)
        if not order:
            return 0
        pid = os.fork()
        if pid == 0:
            link.close()
            _work(socket.socket(fileno=descriptors[0]), msgspec.msgpack.decode(order, type=Start))
            os._exit(0)
        os.close(descriptors[0])
        link.sendall(_LENGTH.pack(pid))


def _work(link: socket.socket, start: Start) -> None:
    if start.backup or start.restore:
        _keep_or_fill(start)
        _send(link, Said())
        return
    try:
        db = open_database(start.url)
        if start.without == "one transaction":
            _commit_each_statement(db)
        upgrade(db)
    except AccordError as error:
        _send(link, Said(error=error.detail, status=error.status))
        return
    _send(link, Said())
    early: set[str] = set()
    if start.without == "commit":
        _acknowledge_before_commit(lambda answer: (early.add(answer.id), _send(link, Said(answer=answer))))
    while (wanted := _read(link, Call)) is not None:
        for said in _answers(db, wanted.ops):
            if said.answer is None or said.answer.id not in early:
                _send(link, said)
        _send(link, Said())


def _keep_or_fill(start: Start) -> None:
    if start.restore:
        restore(start.url, Path(start.restore))
        return
    db = open_database(start.url)
    backup(db, Path(start.backup))
    db.close()


def _answers(db: Database, ops: tuple[Op, ...]) -> list[Said]:
    try:
        answers = call(db, ops)
    except AccordError as error:
        return [Said(error=error.detail, status=error.status)]
    return [
        Said(error=a.detail, status=a.status) if isinstance(a, AccordError) else Said(answer=a)
        for a in answers
    ]


def _acknowledge_before_commit(say: Callable[[Answer], Any]) -> None:
    """Take the guard away: answers go out inside the transaction."""

    def careless(db: Database, work: Callable[[Any], Any]) -> Any:
        def early(tx: Any) -> Any:
            done = work(tx)
            for answer in getattr(done, "answers", {}).values():
                if isinstance(answer, Decision):
                    say(decided(answer))
            time.sleep(0.005)  # a commit that has reached PostgreSQL is carried out without us
            return done

        return engine.retrying(db, early)

    mock.patch.object(batch, "retrying", careless).start()


def _commit_each_statement(db: Database) -> None:
    """Take the guard away: an upgrade is not one transaction."""

    def commit(_connection: Any, cursor: Any, *_more: Any) -> None:
        cursor.connection.commit()

    sa.event.listen(db._writer, "after_cursor_execute", commit)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
