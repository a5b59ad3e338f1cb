"""What does an error of the database mean to us?

One table for both engines: what goes away by trying the transaction again (`Retry`), what goes away by itself
(`Unavailable`), and what is our own mistake (`ConstraintBroken`). Anything else stays what it is.
"""

from __future__ import annotations

import re

import sqlalchemy.exc

from accord.kit.errors import AccordError, Fault, InputError, Unavailable

_RETRY = {
    "40001": "another transaction changed the same rows",
    "40P01": "two transactions waited for each other",
    "55P03": "a row stayed locked for too long",
}
# SQLSTATE classes that say "not now": connection, resources, operator intervention.
_NOT_NOW = ("08", "53", "57", "58")
_READ_ONLY = "25006"  # a write in a snapshot, or on a server that only reads: a standby, a demoted primary
_SQLITE_NOT_NOW = {
    "SQLITE_BUSY": "Another program is writing to the database file. Try again in a moment.",
    "SQLITE_LOCKED": "The database file is locked. Try again in a moment.",
    "SQLITE_FULL": "The disk that holds the database is full. Free some space, then try again.",
    "SQLITE_IOERR": "The disk that holds the database reports an error. Run `accord doctor`.",
    "SQLITE_READONLY": "The database file cannot be written. Check its permissions with `accord doctor`.",
    "SQLITE_CANTOPEN": "The database file cannot be opened. Check its permissions with `accord doctor`.",
    "SQLITE_NOMEM": "There is not enough memory for the database. Try again in a moment.",
}
_SQLITE_CONSTRAINT = re.compile(r"(CHECK|UNIQUE|NOT NULL) constraint failed: (.+)")


class Retry(Exception):
    """The transaction lost against another one: the same work, begun again, may succeed."""


class ConstraintBroken(Fault):
    """The database refused a row: a rule that the code should have kept did not hold."""

    code = "constraint_broken"

    def __init__(self, detail: str, constraint: str) -> None:
        super().__init__(detail)
        self.constraint = constraint  # its name; on SQLite "table.column, ..." for a key


def meaning(error: BaseException, *, writable: bool = True) -> AccordError | Retry | None:
    """What an error from the driver or from SQLAlchemy means, or None when it means nothing to us."""
    if isinstance(error, sqlalchemy.exc.TimeoutError):
        return Unavailable("Every connection to the database is in use. Try again in a moment.")
    if isinstance(error, sqlalchemy.exc.DBAPIError) and error.orig is not None:
        error = error.orig
    driver = type(error).__module__.partition(".")[0]
    if not writable and (
        getattr(error, "sqlstate", None) == _READ_ONLY
        or getattr(error, "sqlite_errorname", "") == "SQLITE_READONLY"
    ):
        return Fault("something was written in a read-only snapshot")
    if driver == "pysqlite3":
        return _of_sqlite(error)
    if driver == "psycopg":
        return _of_postgresql(error)
    return None


def _of_sqlite(error: BaseException) -> AccordError | None:
    name: str = getattr(error, "sqlite_errorname", "")
    if name.startswith("SQLITE_CONSTRAINT"):
        match = _SQLITE_CONSTRAINT.match(str(error))
        return ConstraintBroken(f"the database refused a row: {error}", match[2] if match else name)
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return Fault(f"The database file is damaged ({error}). Stop writing to it and restore a backup.")
    # Extended codes ("SQLITE_IOERR_FSYNC") mean what their first two words say.
    detail = _SQLITE_NOT_NOW.get("_".join(name.split("_")[:2]))
    return Unavailable(detail) if detail else None


def _of_postgresql(error: BaseException) -> AccordError | Retry | None:
    state: str | None = getattr(error, "sqlstate", None)
    if state is None:
        if type(error).__name__ == "DataError" and "NUL" in str(error):
            # Never sent: what is written is looked at before, but in a query or an address anybody may type one.
            return InputError("There is a character in it that no name or word holds (NUL). Leave it out.")
        # No word from the server: the connection is gone, or was never there.
        if type(error).__name__ in {"OperationalError", "InterfaceError", "ConnectionTimeout"}:
            return Unavailable(
                "The database server cannot be reached. Try again in a moment.", retry_after_seconds=2
            )
        return None
    if state in _RETRY:
        return Retry(_RETRY[state])
    if state.startswith("23"):
        name = getattr(getattr(error, "diag", None), "constraint_name", None) or ""
        return ConstraintBroken(f"the database refused a row: {error}", name)
    if state == _READ_ONLY:
        return Unavailable(
            "The database server only answers questions now, it takes no writes.", retry_after_seconds=5
        )
    if state.startswith(_NOT_NOW):
        return Unavailable(f"The database server cannot answer now ({error}).", retry_after_seconds=2)
    return None


def connection_is_lost(error: BaseException) -> bool:
    """Whether the server never said how the transaction ended, so that it may be committed or not."""
    if isinstance(error, sqlalchemy.exc.DBAPIError) and error.orig is not None:
        error = error.orig
    if type(error).__module__.partition(".")[0] != "psycopg":
        return False
    state: str | None = getattr(error, "sqlstate", None)
    return state is None or state.startswith(("08", "57P"))
