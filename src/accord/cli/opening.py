"""Which database does a command work on?"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accord.db.engine import Database


def data_folder() -> Path:
    """Where this person's data lives."""
    given = os.environ.get("XDG_DATA_HOME")
    if given and Path(given).is_absolute():  # the XDG rules say to ignore a relative one
        return Path(given) / "accord"
    if sys.platform == "win32" and os.environ.get("LOCALAPPDATA"):
        return Path(os.environ["LOCALAPPDATA"]) / "accord"
    return Path.home() / ".local" / "share" / "accord"


def database_url(given: str | None, *, name: str = "accord.db") -> str:
    """The URL of the database: what was given, a bare path being a SQLite file; else a file in the data folder."""
    text = given.strip() if given else ""
    if not text:
        return f"sqlite:///{data_folder() / name}"
    if "://" in text:
        return text
    return f"sqlite:///{Path(text).expanduser().absolute()}"


@contextmanager
def opened(
    given: str | None, *, note: Callable[[str], None], create: bool = True, name: str = "accord.db"
) -> Iterator[Database]:
    """The database, made where there is none and brought to the newest schema; closed at the end of the block."""
    from accord.db import migrations
    from accord.db.engine import open_database

    db = open_database(database_url(given, name=name), create=create)
    try:
        before = migrations.current(db)
        if before != migrations.head():
            migrations.upgrade(db)
            where = str(db.path) if db.path is not None else "on the server"
            note(f"New database: {where}" if before is None else f"Brought the database up to date: {where}")
        yield db
    finally:
        db.close()
