"""Which database is for practice, and how is it made from the live one?

Practice is a second database, a copy of the live one that says of itself that it is for practice. Whatever is done there
stays there: what says so sends no message, and only a database that says so, or an empty one, is ever made anew, so that no
mistake in an address can take a live one away. Nobody signs in by a copy: sessions, keys and what people were told stay live.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import closing
from pathlib import Path

from accord.db import backup, migrations, portable
from accord.db.engine import Database, open_database, sqlite_module
from accord.db.tx import Tx
from accord.kit.days import Instant
from accord.kit.errors import Conflict, InputError

MARK = "practice"  # the setting that says so, with the moment the copy is of
_STAYS_LIVE = ("session", "kept_form", "sign_in", "api_key", "notice", "notice_read")


class NotForPractice(Conflict):
    """The database that was named for practice holds something else."""

    code = "not_for_practice"
    title = "This database is not for practice"


def made_at(tx: Tx) -> Instant | None:
    """Of which moment the practice copy is; None in a live database."""
    # One row, by primary key.
    found = tx.rows("SELECT value FROM setting WHERE name = :name", name=MARK)
    return int(found[0][0]) if found else None


def beside(path: Path) -> Path:
    """Where the practice file of a live file lies when none is named: `accord.practice.db` beside `accord.db`."""
    return path.with_name(f"{path.stem}.practice{path.suffix}")


def is_there(url: str) -> bool:
    """Whether a practice database is there to be used. Raises: NotForPractice when something else is."""
    try:
        db = open_database(url, create=False)
    except InputError:
        return False
    with closing(db):
        return _state(db) == "practice"


def open_practice(url: str) -> Database:
    """The practice database that is there, brought to the newest schema. Raises: NotForPractice."""
    db = open_database(url, create=False)
    try:
        if _state(db) != "practice":
            raise NotForPractice("There is no practice database yet. Make it from live first.")
        if migrations.current(db) != migrations.head():
            migrations.upgrade(db)
    except BaseException:
        db.close()
        raise
    return db


def make(live: Database, url: str) -> None:
    """Make the practice database anew, a copy of the live one as it is now.

    The live one is only read. Raises: NotForPractice when what is there is neither empty nor for practice.
    """
    if url.startswith("sqlite"):
        _make_file(live, url)
    else:
        _make_on_server(live, url)


def _state(db: Database) -> str:
    """empty or practice. Raises: NotForPractice."""
    with db.read() as tx:
        if not portable.tables_of(tx) and migrations.version_of(tx) is None:
            return "empty"
        if migrations.version_of(tx) is not None and made_at(tx) is not None:
            return "practice"
    raise NotForPractice(
        f"{db!r} holds data and does not say that it is for practice: it is left as it is. Name an empty one with --practice."
    )


def _make_file(live: Database, url: str) -> None:
    path = _path(url)
    if is_file := path.exists():
        with closing(open_database(url, create=False)) as known:
            _state(known)
    fresh = path.with_name(f".{path.name}.new-{os.getpid()}")
    _remove(fresh)
    try:
        if live.dialect == "sqlite":
            backup.backup(live, fresh)
        else:
            _through_portable(live, f"sqlite:///{fresh}")
        with closing(open_database(f"sqlite:///{fresh}", create=False)) as copy:
            _mark(copy)
        _whole(fresh)
        if is_file:
            _remove(path)
        fresh.replace(path)
    finally:
        _remove(fresh)


def _make_on_server(live: Database, url: str) -> None:
    with closing(open_database(url)) as known:
        if _state(known) == "practice":
            with known.write() as tx:
                for table in reversed(portable.tables_of(tx)):
                    table.drop(tx.connection)
                tx.execute("DROP TABLE IF EXISTS alembic_version")
    _through_portable(live, url)
    with closing(open_database(url)) as copy:
        _mark(copy)


def _through_portable(live: Database, url: str) -> None:
    with tempfile.TemporaryDirectory(prefix="accord-practice-") as folder:
        kept = Path(folder) / "copy"
        backup.backup(live, kept, portable_form=True)
        backup.restore(url, kept)


def _mark(copy: Database) -> None:
    """Say that it is for practice, and take out what is for live alone."""
    with copy.write() as tx:
        # One row, by primary key; then whole small tables.
        tx.execute(
            "INSERT INTO setting (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING",
            name=MARK,
            value=str(tx.now()),
        )
        for table in _STAYS_LIVE:
            tx.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
        # Every account: names and roles are needed here, what lets somebody in is not.
        tx.execute("UPDATE account SET password = NULL, invite_hash = NULL, subject = NULL")


def _whole(path: Path) -> None:
    """Put everything into the one file, so that it can be moved."""
    with closing(sqlite_module().connect(str(path), isolation_level=None)) as file:
        file.execute("PRAGMA journal_mode=DELETE").fetchone()


def _path(url: str) -> Path:
    with_path = url.partition("sqlite:///")[2]
    return Path(with_path).expanduser().absolute()


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
