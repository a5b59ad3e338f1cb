"""How does the real store run on a disk of ours? Over apsw, whose SQLite takes a VFS written in Python.

This is as much of the DB-API as the store and SQLAlchemy's dialect use. Errors are those of the driver that the store knows.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import SimpleNamespace
from typing import Any
from unittest import mock

import apsw
from pysqlite3 import dbapi2

from accord.db import engine
from prove.disk import Disk, FaultyVfs

_NAMES = itertools.count(1)

Instead = Mapping[str, str]  # statements, and what is said in their place

versions = f"apsw {apsw.apsw_version()} with SQLite {apsw.sqlite_lib_version()}"


def _meant(error: apsw.Error) -> Exception:
    code = getattr(error, "extendedresult", 0) or getattr(error, "result", 0)
    name = apsw.mapping_extended_result_codes.get(code) or apsw.mapping_result_codes.get(code & 255) or ""
    kind = dbapi2.IntegrityError if str(name).startswith("SQLITE_CONSTRAINT") else dbapi2.OperationalError
    meant: Exception = kind(str(error))
    meant.sqlite_errorname = str(name)  # type: ignore[attr-defined]
    meant.sqlite_errorcode = code  # type: ignore[attr-defined]
    return meant


class Cursor:
    """Runs a statement to its end and keeps the rows."""

    arraysize = 1
    lastrowid = None

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.description: Any = None
        self.rowcount = -1
        self._rows: Iterator[tuple[Any, ...]] = iter(())

    def execute(self, sql: str, parameters: Any = ()) -> Cursor:
        self.rowcount = -1
        self._run(sql, parameters)
        return self

    def executemany(self, sql: str, many: Sequence[Any]) -> Cursor:
        total = 0
        for parameters in many:
            self._run(sql, parameters)
            total += max(0, self.rowcount)
        self.rowcount = total
        return self

    def _run(self, sql: str, parameters: Any) -> None:
        self.description = None
        driver = self._connection.driver
        cursor = driver.cursor()

        def trace(running: apsw.Cursor, _sql: str, _bindings: object) -> bool:
            self.description = [(name, *[None] * 6) for name, _type in running.get_description()] or None
            return True

        cursor.exec_trace = trace
        before = driver.total_changes()
        try:
            self._rows = iter(list(cursor.execute(self._connection.instead.get(sql, sql), parameters)))
        except apsw.Error as error:
            raise _meant(error) from error
        finally:
            cursor.close(force=True)
        changed = driver.total_changes() - before
        self.rowcount = driver.changes() if changed else 0

    def fetchone(self) -> tuple[Any, ...] | None:
        return next(self._rows, None)

    def fetchall(self) -> list[tuple[Any, ...]]:
        return list(self._rows)

    def fetchmany(self, size: int = 1) -> list[tuple[Any, ...]]:
        return list(itertools.islice(self._rows, size))

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return self._rows

    def close(self) -> None:
        self._rows = iter(())


class Connection:
    """One connection, which begins nothing by itself."""

    isolation_level = None

    def __init__(self, path: str, vfs: str, instead: Instead, timeout: float) -> None:
        self.instead = instead
        try:
            self.driver = apsw.Connection(path, vfs=vfs, statementcachesize=512)
        except apsw.Error as error:
            raise _meant(error) from error
        self.driver.set_busy_timeout(int(timeout * 1_000))

    def cursor(self) -> Cursor:
        return Cursor(self)

    def execute(self, sql: str, parameters: Any = ()) -> Cursor:
        return self.cursor().execute(sql, parameters)

    def commit(self) -> None:
        if self.driver.in_transaction:
            self.execute("COMMIT")

    def rollback(self) -> None:
        if self.driver.in_transaction:
            self.execute("ROLLBACK")

    def create_function(self, name: str, arguments: int, call: Callable[..., Any], **more: Any) -> None:
        self.driver.create_scalar_function(name, call, arguments, **more)

    def close(self) -> None:
        # What goes wrong at the end has no consequence: nothing is under way.
        with suppress(apsw.Error):
            self.driver.close(force=True)


@contextmanager
def on(disk: Disk, instead: Instead) -> Iterator[None]:
    """Inside, SQLite databases are opened on this disk; `instead` replaces statements, word for word."""
    name = f"accord-{next(_NAMES)}"
    vfs = FaultyVfs(name, disk)

    made: list[Connection] = []

    def connect(path: str, *, timeout: float, **_more: Any) -> Connection:
        made.append(Connection(path, name, instead, timeout))
        return made[-1]

    known = {word: getattr(dbapi2, word) for word in dir(dbapi2) if not word.startswith("_")}
    module = SimpleNamespace(**{**known, "connect": connect, "sqlite_version": apsw.sqlite_lib_version()})
    module.sqlite_version_info = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
    with mock.patch.object(engine, "sqlite_module", return_value=module):
        try:
            yield
        finally:
            for connection in made:
                connection.close()
            vfs.unregister()
