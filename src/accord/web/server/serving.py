"""How does the server run: one process on a file, or several on PostgreSQL?

A SQLite file has one server: a lock file beside it names the process and its address, and a second one refuses. The
lock goes with the process, however it ends. The command line still works beside a server: it writes in turn with it.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import uvicorn

from accord.db import doctor
from accord.db.engine import open_database
from accord.kit.errors import Conflict, InputError
from accord.web.entrance.extras import Extras
from accord.web.entrance.shell import is_this_machine
from accord.web.server import logs
from accord.web.server.app import RATE, create_app
from accord.web.server.interpreter import collect_seldom, take_turns

Started = Callable[[str], None]  # gets the address
Noted = Callable[[str], None]  # gets a remark for whoever started the server
_BACKLOG = 2_048  # callers that wait to be let in
_FACTORY = "accord.web.server.app:factory"


def _say_nothing(_remark: str) -> None:
    pass


class AlreadyServed(Conflict):
    """Another server has the database file."""

    code = "already_served"
    title = "The database file is served already"


def serve(
    db_url: str,
    *,
    host: str,
    port: int,
    processes: int = 1,
    is_open: bool = False,
    rate: int = RATE,
    practice_url: str | None = None,
    extras: Extras | None = None,
    started: Started,
    noted: Noted = _say_nothing,
) -> None:
    """Serve until somebody stops it; `noted` is told what is not well with the database. Raises: InputError, AlreadyServed."""
    if is_open and not is_this_machine(f"[{host}]" if ":" in host else host):
        detail = "An open server lets anybody in, so it listens on this machine only: use --host 127.0.0.1, or leave out --open."
        raise InputError.at("host", "open_to_the_world", detail)
    db = open_database(db_url, create=False)
    path, dialect = db.path, db.dialect
    db.close()
    if processes > 1 and dialect == "sqlite":
        raise InputError.at(
            "processes", "one_writer", "A database file has one server process. Several need PostgreSQL."
        )
    with _listening(host, port) as listener:
        address = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
        # Ctrl-C is how a server is stopped: it ends in order, and that is no error.
        with _held(path, address), suppress(KeyboardInterrupt):
            found = _looked_at(db_url)

            def said(address: str) -> None:
                started(address)
                for remark in _remarks(found):
                    noted(remark)

            if processes > 1:
                _several(
                    db_url,
                    listener,
                    processes,
                    is_open=is_open,
                    rate=rate,
                    practice_url=practice_url,
                    address=address,
                    started=said,
                )
            else:
                _one(
                    db_url,
                    listener,
                    is_open=is_open,
                    rate=rate,
                    practice_url=practice_url,
                    extras=extras,
                    address=address,
                    started=said,
                    found=found,
                )


def _looked_at(db_url: str) -> list[doctor.Check]:
    db = open_database(db_url, create=False)
    try:
        return doctor.check(db)
    finally:
        db.close()


def _remarks(found: Sequence[doctor.Check]) -> Iterator[str]:
    """What whoever started the server should know of its database."""
    why = doctor.why_read_only(found)
    if why is not None:
        yield why
    for one in found:
        if not one.ok:
            yield f"Look at {one.name}: {one.detail}. {one.what_to_do}"


class _Server(uvicorn.Server):
    """Says where it listens once it does."""

    def __init__(self, config: uvicorn.Config, address: str, started: Started) -> None:
        super().__init__(config)
        self._address = address
        self._said = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            collect_seldom()
            self._said(self._address)


def _one(
    db_url: str,
    listener: socket.socket,
    *,
    is_open: bool,
    rate: int,
    practice_url: str | None,
    extras: Extras | None,
    address: str,
    started: Started,
    found: Sequence[doctor.Check],
) -> None:
    logs.set_up()
    take_turns()
    app = create_app(
        db_url, is_open=is_open, rate=rate, found=found, practice_url=practice_url, extras=extras
    )
    _Server(_config(app), address, started).run(sockets=[listener])


def _several(
    db_url: str,
    listener: socket.socket,
    processes: int,
    *,
    is_open: bool,
    rate: int,
    practice_url: str | None,
    address: str,
    started: Started,
) -> None:
    # The processes are started afresh and learn from their surroundings what to serve.
    os.environ.update(
        ACCORD_DB=db_url,
        ACCORD_SERVE_OPEN="1" if is_open else "0",
        ACCORD_SERVE_RATE=str(rate),
        ACCORD_SERVE_PRACTICE=practice_url or "",
    )
    from uvicorn.supervisors import Multiprocess

    config = _config(_FACTORY, factory=True, workers=processes)
    started(address)  # it listens already; who comes before a process is ready waits for it
    Multiprocess(config, [listener]).run()


def _config(app: Any, *, factory: bool = False, workers: int = 1) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        factory=factory,
        workers=workers,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=10,
        backlog=_BACKLOG,
        h11_max_incomplete_event_size=65_536,
        lifespan="on",
    )


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that listens: taken before anything is said, so that what is said is true."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(_BACKLOG)
        except OSError as error:
            detail = f"Nothing can listen on {host} port {port}: {error.strerror or error}. Choose another with --port."
            raise InputError.at("port", "cannot_listen", detail) from error
        listener.set_inheritable(True)
        yield listener
    finally:
        listener.close()


# --- one server a file ---


class Holder(msgspec.Struct, frozen=True):
    """Who serves a database file."""

    pid: int
    address: str


def holder(path: Path) -> Holder | None:
    """Who serves this file now, None when nobody does."""
    try:
        with lock_path(path).open("r+b") as file:
            if _lock(file.fileno()):
                return None
            return msgspec.json.decode(file.read() or b'{"pid":0,"address":"?"}', type=Holder)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def lock_path(path: Path) -> Path:
    """The lock file beside a database file."""
    return path.with_name(path.name + ".lock")


@contextmanager
def _held(path: Path | None, address: str) -> Iterator[None]:
    """Hold the lock of a database file; nothing to hold on PostgreSQL."""
    if path is None:
        yield
        return
    beside = lock_path(path)
    with beside.open("a+b") as file:
        if not _lock(file.fileno()):
            other = holder(path)
            where = f" by process {other.pid} at {other.address}" if other is not None else ""
            raise AlreadyServed(f"{path} is served already{where}. Use that one, or stop it first.")
        file.truncate(0)
        file.write(msgspec.json.encode(Holder(os.getpid(), address)))
        file.flush()
        try:
            yield
        finally:
            # The file stays: removed, it could be locked by one process and made anew by another.
            file.truncate(0)


def _lock(descriptor: int) -> bool:
    """Take the lock on an open file for as long as it is open; False when another process has it."""
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
