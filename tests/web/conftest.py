"""A server's application on a small company."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from litestar.testing import TestClient
from tests.company import tell

from accord.db.engine import Database, open_database
from accord.db.migrations import upgrade
from accord.web.app import on

HOST = "http://accord.localhost"


@pytest.fixture
def file(sqlite_url: str) -> Iterator[Database]:
    """An open SQLite database: what is tested here does not depend on the engine."""
    db = open_database(sqlite_url)
    upgrade(db)
    try:
        yield db
    finally:
        db.close()


@pytest.fixture
def today(file: Database, noon: Any) -> int:
    return tell(file)


@pytest.fixture
def visitor(file: Database, today: int) -> Iterator[TestClient[Any]]:
    """A browser on the machine of an open server."""
    with TestClient(on(file, is_open=True, rate=0), base_url=HOST) as client:
        client.headers["Accept"] = "text/html"
        yield client
