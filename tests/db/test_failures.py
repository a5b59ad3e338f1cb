"""What an error of the database means: one table, both engines, each state once."""

from __future__ import annotations

import psycopg
import psycopg.errors
import pytest
import sqlalchemy.exc
from pysqlite3 import dbapi2

from accord.db.failures import ConstraintBroken, Retry, connection_is_lost, meaning
from accord.kit.errors import Fault, InputError, Unavailable


def postgresql(state: str) -> psycopg.Error:
    return psycopg.errors.lookup(state)("words")


def sqlite(name: str) -> dbapi2.Error:
    error = dbapi2.OperationalError("words")
    error.sqlite_errorname = name
    return error  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("40001", Retry), ("40P01", Retry), ("55P03", Retry),
        ("23505", ConstraintBroken), ("23514", ConstraintBroken), ("23503", ConstraintBroken),
        ("08006", Unavailable), ("53100", Unavailable), ("53300", Unavailable), ("57P01", Unavailable),
        ("57P03", Unavailable), ("57014", Unavailable), ("58030", Unavailable), ("25006", Unavailable),
        ("42P01", type(None)), ("22003", type(None)), ("42601", type(None)),
    ],
)  # fmt: skip
def test_what_postgresql_says_has_a_meaning(state: str, kind: type) -> None:
    error = postgresql(state)

    assert type(meaning(error)) is kind
    assert type(meaning(sqlalchemy.exc.DBAPIError("sql", {}, error))) is kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("SQLITE_BUSY", Unavailable), ("SQLITE_BUSY_SNAPSHOT", Unavailable), ("SQLITE_LOCKED", Unavailable),
        ("SQLITE_FULL", Unavailable), ("SQLITE_IOERR_FSYNC", Unavailable), ("SQLITE_READONLY_DBMOVED", Unavailable),
        ("SQLITE_CANTOPEN", Unavailable), ("SQLITE_NOMEM", Unavailable), ("SQLITE_CORRUPT", Fault),
        ("SQLITE_CORRUPT_INDEX", Fault), ("SQLITE_NOTADB", Fault), ("SQLITE_CONSTRAINT_CHECK", ConstraintBroken),
        ("SQLITE_ERROR", type(None)), ("", type(None)),
    ],
)  # fmt: skip
def test_what_sqlite_says_has_a_meaning(name: str, kind: type) -> None:
    assert type(meaning(sqlite(name))) is kind


@pytest.mark.parametrize(("error", "unknown"), [
    (psycopg.OperationalError("the connection is closed"), True),
    (postgresql("57P01"), True),
    (postgresql("08006"), True),
    (postgresql("40001"), False),
    (postgresql("23505"), False),
    (sqlite("SQLITE_FULL"), False),
    (ValueError(), False),
])  # fmt: skip
def test_only_a_lost_connection_leaves_the_end_unknown(error: BaseException, unknown: bool) -> None:
    assert connection_is_lost(error) is unknown


def test_no_word_from_the_server_is_unavailable() -> None:
    assert type(meaning(psycopg.OperationalError("gone"))) is Unavailable
    assert meaning(psycopg.ProgrammingError("ours")) is None


def test_a_character_that_no_text_holds_is_the_callers() -> None:
    assert (
        type(meaning(psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")))
        is InputError
    )
    assert meaning(psycopg.DataError("ours")) is None


def test_a_write_in_a_snapshot_is_our_mistake() -> None:
    assert type(meaning(postgresql("25006"), writable=False)) is Fault
    assert type(meaning(sqlite("SQLITE_READONLY"), writable=False)) is Fault


def test_a_pool_that_is_used_up_is_unavailable() -> None:
    assert type(meaning(sqlalchemy.exc.TimeoutError())) is Unavailable


def test_errors_of_others_mean_nothing_here() -> None:
    assert meaning(ValueError("no")) is None
