"""A database on one engine alone, for what differs between them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from accord.db.engine import Database, open_database
from accord.db.migrations import upgrade


@pytest.fixture
def sqlite_db(sqlite_url: str) -> Iterator[Database]:
    db = open_database(sqlite_url)
    upgrade(db)
    yield db
    db.close()


@pytest.fixture
def pg_db(pg_url: str) -> Iterator[Database]:
    db = open_database(pg_url)
    upgrade(db)
    yield db
    db.close()
