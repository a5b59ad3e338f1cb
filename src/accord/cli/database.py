"""Which database does a command work on, and how is it looked after?"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from accord.cli.endings import DONE, ERROR
from accord.cli.terminal import Terminal, takes_database

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


@click.command("doctor")
@takes_database
def doctor_command(terminal: Terminal) -> int:
    """Check the configuration, versions, disk and database."""
    from accord.db import doctor

    with terminal.database() as db:
        found = doctor.check(db)
    bad = [one for one in found if not one.ok]
    if terminal.as_json:
        items = [{"id": one.id, "ok": one.ok, "detail": one.detail} for one in found]
        terminal.give({"ok": not bad, "items": items, "next": None})
    else:
        for one in found:
            terminal.say(f"{'✔' if one.ok else '✘'} {one.detail}")
    terminal.next("accord verify")
    return ERROR if bad else DONE


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@takes_database
def backup_command(terminal: Terminal, file: Path) -> int:
    """Write everything into one file, while others work on."""
    from accord.db import backup

    with terminal.database(create=False) as db, terminal.progress(f"Backup {file.name}") as bar:
        backup.backup(db, file, on_progress=bar)
    size = file.stat().st_size
    if terminal.as_json:
        terminal.give({"file": str(file), "bytes": size})
    terminal.say(f"Backed up into {file} ({size:,} bytes).")
    terminal.next(f"accord restore {file} --db NEW.db")
    return DONE


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@takes_database
def restore_command(terminal: Terminal, file: Path) -> int:
    """Make a database of a backup; one that holds data is never overwritten."""
    from accord.db import backup

    url = database_url(terminal.db)
    with terminal.progress(f"Restore {file.name}") as bar:
        backup.restore(url, file, on_progress=bar)
    if terminal.as_json:
        terminal.give({"file": str(file), "restored": True})
    terminal.say(f"Restored {file}.")
    terminal.next("accord verify")
    return DONE
