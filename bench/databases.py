"""Where do the databases of the bench come from, and how are they set?

One database a engine is filled once; every load that must start clean gets a copy of it.
"""

from __future__ import annotations

import os
import shutil
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import postgres

from accord.db.engine import Database, open_database
from accord.db.migrations import upgrade
from bench import slow_disk, world
from bench.slow_disk import SLOW
from bench.world import World

ENGINES = ("sqlite", "postgresql")

_PRAGMAS = ("journal_mode", "synchronous", "wal_autocheckpoint", "cache_size", "page_size", "secure_delete")
_SETTINGS = (
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "shared_buffers",
    "max_wal_size",
    "wal_sync_method",
    "commit_delay",
)


class Store:
    """The databases of one engine: a filled one, and copies of it."""

    def __init__(self, engine: str, folder: Path, server_url: str) -> None:
        self.engine = engine
        self._folder = folder
        self._server_url = server_url
        self._copies = 0
        self._template = "filled"

    def fill(self, items: int) -> World:
        """Make the database that all others are copies of."""
        if self.engine == "postgresql":
            postgres.create_database(self._server_url, self._name(self._template))
        with self.opened(self._url(self._template)) as db:
            upgrade(db)
            return world.load(db, items)

    def copy(self, *, disk: str = "") -> str:
        """A fresh copy of the filled database, as a URL; on PostgreSQL with a slower disk if it is asked for."""
        self._copies += 1
        name = f"copy_{self._copies}"
        if self.engine == "postgresql":
            postgres.create_database(self._server_url, self._name(name), template=self._name(self._template))
            if disk == SLOW:
                slow_disk.postgresql(self._server_url, self._name(name))
        else:
            shutil.copy(self._path(self._template), self._path(name))
        return self._url(name)

    def drop(self) -> None:
        """Take all of them away; SQLite's go with their folder."""
        if self.engine == "postgresql":
            for name in [self._template, *(f"copy_{n + 1}" for n in range(self._copies))]:
                postgres.drop_database(self._server_url, self._name(name))

    @contextmanager
    def opened_copy(self, *, disk: str = "") -> Iterator[Database]:
        """A fresh copy, open."""
        with self.opened(self.copy(disk=disk)) as db:
            yield db

    @contextmanager
    def opened(self, url: str) -> Iterator[Database]:
        """A database of this engine, open."""
        db = open_database(url)
        try:
            yield db
        finally:
            db.close()

    def server_url(self) -> str:
        """The server itself, for whoever makes databases of another shape."""
        return self._server_url

    def settings(self) -> dict[str, str]:
        """The version of the engine, and what bears on speed and durability, as the engine itself says."""
        with self.opened(self._url(self._template)) as db, db.write() as tx:
            if self.engine == "postgresql":
                ((version,),) = tx.rows("SELECT current_setting('server_version')")
                found = {
                    name: tx.rows("SELECT current_setting(:name)", name=name)[0][0] for name in _SETTINGS
                }
            else:
                ((version,),) = tx.rows("SELECT sqlite_version()")
                found = {name: str(tx.rows(f"PRAGMA {name}")[0][0]) for name in _PRAGMAS}
        return {"version": version, **found}

    def _name(self, name: str) -> str:
        return f"bench_{os.getpid()}_{name}"

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.db"

    def _url(self, name: str) -> str:
        if self.engine == "postgresql":
            return postgres.on_database(self._server_url, self._name(name))
        return f"sqlite:///{self._path(name)}"


def fsync_ms(folder: Path, times: int = 50) -> float:
    """How long this disk takes to keep 4 kB, the median; every commit waits for it at least once."""
    path = folder / "fsync"
    waits = []
    with path.open("wb") as file:
        for _ in range(times):
            file.write(b"x" * 4_096)
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            waits.append(time.perf_counter() - began)
    path.unlink()
    return statistics.median(waits) * 1e3
