"""On which database does a simulation live? One of its own, in memory where there is room, or an empty one that is named."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from accord.db.engine import Database, open_database
from accord.db.migrations import upgrade
from accord.kit.errors import InputError

_IN_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 2_000_000_000  # a life of 100,000 operations keeps less than half of it


@contextmanager
def fresh() -> Iterator[Database]:
    """A new SQLite file, gone at the end of the block; on a disk in memory where there is one with room."""
    with tempfile.TemporaryDirectory(prefix="accord-simulation-", dir=_folder()) as folder:
        db = open_database(f"sqlite:///{Path(folder) / 'accord.db'}")
        try:
            upgrade(db)
            yield db
        finally:
            db.close()


def _folder() -> str | None:
    try:
        has_room = shutil.disk_usage(_IN_MEMORY).free > _ROOM_BYTES
    except OSError:
        return None
    return str(_IN_MEMORY) if has_room else None


@contextmanager
def empty(url: str) -> Iterator[Database]:
    """The database of this URL, which must be empty; what was lived in it stays. Raises: InputError naming it."""
    db = open_database(url)
    try:
        tables = _tables(db)
        if tables:
            some = ", ".join(tables[:3])
            raise InputError.at(
                "db",
                "not_empty",
                f"The database {_name(url)} is not empty: it has {len(tables)} tables ({some}). A simulation fills it with"
                " what never happened, so name an empty one.",
            )
        upgrade(db)
        yield db
    finally:
        db.close()


def _tables(db: Database) -> list[str]:
    with db.read() as tx:
        return sorted(sa.inspect(tx.connection).get_table_names())


def _name(url: str) -> str:
    parsed = make_url(url)
    return parsed.render_as_string(hide_password=True)
