"""What the tests of the database may ask for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from accord.db.engine import Database, open_database
from accord.db.migrations import upgrade


@pytest.fixture
def pg_db(pg_url: str) -> Iterator[Database]:
    """An open PostgreSQL database of the newest schema: for what only several writers at once can show."""
    database = open_database(pg_url)
    upgrade(database)
    yield database
    database.close()
