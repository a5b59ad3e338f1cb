"""How is a database kept twice, and brought back?

Both are done while others go on working, and from one snapshot. A SQLite database is copied page by page into a file
that is a database itself. A PostgreSQL one, or a SQLite one that is to move, goes into a portable file (`portable.py`)
that either engine takes. Nothing is ever overwritten, and what was not finished is not there: a backup gets its name
when it is whole, checked and on the disk; a restore is one transaction.
"""

from __future__ import annotations

import errno
import os
import secrets
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from accord.db import audit_keys, portable
from accord.db.engine import Database, open_database, sqlite_module
from accord.db.migrations import head, upgrade_in, version_of, versions
from accord.db.portable import Progress
from accord.kit.errors import AccordError, Fault, InputError, Unavailable

_SQLITE = b"SQLite format 3\x00"
# What disks say that know no hard links: FAT, some network disks.
_NO_LINKS = frozenset([errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS])
_PAGES = 1_024  # pages copied between two reports of progress


class Backup(msgspec.Struct, frozen=True):
    """A backup that was made."""

    path: Path
    schema: str
    is_portable: bool
    size_bytes: int
    unsigned: str = ""  # why its audit was not signed although that was asked for


def backup(
    db: Database,
    path: Path,
    *,
    portable_form: bool = False,
    is_signed: bool = False,
    on_progress: Progress | None = None,
) -> Backup:
    """Keep the whole database in a new file, its owner's only; `is_signed`: with a checkpoint of now, where there is a key.

    `on_progress` is told what is done and how much there is: pages or rows.
    Raises: InputError when the file is there already or cannot be written, or the database has no schema.
    """
    is_portable = portable_form or db.dialect == "postgresql"
    with db.read() as tx:
        schema = version_of(tx)
    if schema is None:
        raise InputError.at("db", "no_schema", "The database is empty: there is nothing to keep.")
    path = path.expanduser().absolute()
    unfinished = _new_file(path)
    unsigned = _why_unsigned(db) if is_signed else ""
    try:
        if is_portable:
            with db.read() as tx:
                portable.write(tx, unfinished, schema=schema, on_progress=on_progress)
            for _ in portable.read(unfinished):
                pass  # read to the end: only the end shows that it is whole
        else:
            _copy_sqlite(db, unfinished, on_progress)
        _onto_disk(unfinished)
        _give_name(unfinished, path)
        _onto_disk(path.parent)
    except OSError as error:
        raise InputError.at("path", "cannot_write", f"{path} cannot be written: {error.strerror}.") from error
    finally:
        unfinished.unlink(missing_ok=True)
    return Backup(path, schema, is_portable, path.stat().st_size, unsigned)


def _why_unsigned(db: Database) -> str:
    """Sign what is there now; what kept that from being done, which is no reason not to keep the data."""
    if audit_keys.key_path(db) is None:
        return f"No key is named with {audit_keys.SETTING}."
    try:
        audit_keys.keep(db)
    except AccordError as error:
        return error.detail
    return ""


def restore(url: str, path: Path, *, on_progress: Progress | None = None) -> str:
    """Fill an empty database from a backup; the version of its schema, which is the newest afterwards.

    A backup in the portable form goes into either engine, a copy of a SQLite file becomes one.
    Raises: InputError when the database is not empty, or the file is no backup or a damaged one.
    """
    path = path.expanduser().absolute()
    try:
        with path.open("rb") as file:
            start = file.read(len(_SQLITE))
    except OSError as error:
        raise InputError.at("path", "no_such_file", f"{path} cannot be read: {error.strerror}.") from error
    if start == _SQLITE:
        return _restore_sqlite(url, path, on_progress)
    if start.startswith(portable.MAGIC):
        return _restore_portable(url, path, on_progress)
    raise InputError.at(
        "path", "not_a_backup", f"{path} is no backup of Accord's. Take a file made by `accord backup`."
    )


# --- portable ---


def _restore_portable(url: str, path: Path, on_progress: Progress | None) -> str:
    for _ in portable.read(path):
        pass  # a damaged file is refused before anything is written
    is_new = not _is_there(url)
    db = open_database(url)
    try:
        with db.write() as tx:
            if portable.tables_of(tx) or version_of(tx) is not None:
                raise _not_empty()
            parts = portable.read(path)
            header = next(parts)
            if not isinstance(header, portable.Header):
                raise Fault("a backup that was checked has no header")
            _check_schema(header.schema)
            upgrade_in(tx, header.schema)
            portable.load(tx, parts, header, on_progress)
            upgrade_in(tx, head())
    except BaseException:
        db.close()
        if is_new and db.path is not None:
            _remove(db.path)
        raise
    db.close()
    return head()


def _check_schema(schema: str) -> None:
    if schema not in versions():
        raise Unavailable(
            f"The backup has schema {schema}, which is newer than this program ({head()}). Update Accord.",
            retry_after_seconds=3600,
        )


# --- SQLite ---


def _copy_sqlite(db: Database, to: Path, on_progress: Progress | None) -> None:
    def report(_status: int, remaining: int, total: int) -> None:
        if on_progress is not None:
            on_progress(total - remaining, total)

    # The snapshot is held open, so that no commit in between makes the copy start again.
    with db.read() as tx, closing(sqlite_module().connect(str(to), isolation_level=None)) as copy:
        tx.rows("SELECT count(*) FROM sqlite_schema")
        driver: Any = tx.connection.connection.dbapi_connection
        driver.backup(copy, pages=_PAGES, progress=report)
    _check_sqlite(to)


def _check_sqlite(path: Path) -> None:
    """Make the copy a file that needs no log beside it, and read all of it."""
    try:
        with closing(sqlite_module().connect(str(path), isolation_level=None)) as copy:
            copy.execute("PRAGMA journal_mode=DELETE").fetchone()
            problems = [row[0] for row in copy.execute("PRAGMA integrity_check(10)") if row[0] != "ok"]
    except sqlite_module().DatabaseError as error:
        problems = [str(error)]
    if problems:
        raise Fault(f"the copy of the database is damaged: {'; '.join(problems)}")


def _restore_sqlite(url: str, path: Path, on_progress: Progress | None) -> str:
    if not url.startswith("sqlite"):
        raise InputError.at(
            "path",
            "other_engine",
            f"{path} is a copy of a SQLite file. To move it to PostgreSQL, restore it to a file, then make a portable backup.",
        )
    is_new = not _is_there(url)
    db = open_database(url)
    assert db.path is not None
    try:
        with db.read() as tx:
            if portable.tables_of(tx) or version_of(tx) is not None:
                raise _not_empty()
        unfinished = _new_file(db.path.with_name(db.path.name + ".restored"))
        try:
            _fill_sqlite(path, unfinished, on_progress)
            _onto_disk(unfinished)
            db.close()
            _remove(db.path)
            unfinished.replace(db.path)
            _onto_disk(db.path.parent)
        finally:
            unfinished.unlink(missing_ok=True)
    except BaseException:
        db.close()
        if is_new:
            _remove(db.path)
        raise
    return _brought_up_to_date(url)


def _check_length(path: Path) -> None:
    """The file is as long as its first page says: what is missing at the end would be read as zeros. Raises: Fault."""
    # https://www.sqlite.org/fileformat.html, 1.3: the size of a page at byte 16 (1 = 65,536), how many there are at byte 28.
    with path.open("rb") as file:
        start = file.read(32)
    size = int.from_bytes(start[16:18], "big")
    pages = int.from_bytes(start[28:32], "big")
    if path.stat().st_size != pages * (65_536 if size == 1 else size):
        raise Fault("it is not as long as it says of itself")


def _fill_sqlite(path: Path, to: Path, on_progress: Progress | None) -> None:
    def report(_status: int, remaining: int, total: int) -> None:
        if on_progress is not None:
            on_progress(total - remaining, total)

    try:
        _check_length(path)
        with (
            closing(sqlite_module().connect(f"file:{_quoted(path)}?mode=ro&immutable=1", uri=True)) as kept,
            closing(sqlite_module().connect(str(to), isolation_level=None)) as copy,
        ):
            kept.backup(copy, pages=_PAGES, progress=report)
            found = copy.execute("SELECT version_num FROM alembic_version").fetchall()
        _check_sqlite(to)
    except (sqlite_module().DatabaseError, Fault) as error:
        raise InputError.at(
            "path", "not_a_backup", f"{path} cannot be used as a backup: {error}. Take another one."
        ) from error
    for (schema,) in found:
        _check_schema(schema)


def _brought_up_to_date(url: str) -> str:
    db = open_database(url)
    try:
        with db.write() as tx:
            return upgrade_in(tx, head())
    finally:
        db.close()


# --- files ---


def _not_empty() -> InputError:
    return InputError.at(
        "db", "not_empty", "The database is not empty. Restore into a new one: nothing is overwritten."
    )


def _is_there(url: str) -> bool:
    try:
        open_database(url, create=False).close()
    except InputError:
        return False
    return True


def _quoted(path: Path) -> str:
    return str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def _new_file(path: Path) -> Path:
    """An empty file beside the one that is wanted, its owner's only."""
    if path.exists():
        raise InputError.at(
            "path", "file_exists", f"{path} is there already. Name a new file: nothing is overwritten."
        )
    # By chance and not by the number of the process, which comes again: what a killed one left is in nobody's way.
    unfinished = path.with_name(f".{path.name}.unfinished-{secrets.token_hex(4)}")
    try:
        os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise InputError.at("path", "cannot_write", f"{path} cannot be written: {error.strerror}.") from error
    return unfinished


def _give_name(unfinished: Path, path: Path) -> None:
    """The name that was wanted, for what is whole; unlike a rename alone, this refuses a file that somebody made meanwhile."""
    try:
        os.link(unfinished, path)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # The name is taken first and then replaced: only what was killed in between leaves an empty file, which is no backup.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        unfinished.replace(path)


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _onto_disk(path: Path) -> None:
    """Come back when the file, or what a folder lists, would survive a power failure."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
