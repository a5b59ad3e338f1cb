"""A server's application on a small company."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from argon2 import PasswordHasher
from litestar.testing import TestClient
from tests.company import tell

from accord.db.engine import Database, open_database
from accord.db.migrations import upgrade
from accord.web.people import accounts, passwords
from accord.web.server.app import on

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
        # It says where its requests come from, as browsers do.
        client.headers.update({"Accept": "text/html", "Origin": HOST})
        yield client


PASSWORD = "four words are enough"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are hashed with little work: what is tested is not how long that takes."""
    passwords._nobodys.cache_clear()
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def closed(file: Database, today: int, quick: None) -> Iterator[TestClient[Any]]:
    """A browser of a server that knows its people: Anna Lund, a seller, and Ada Moe, an administrator."""
    accounts.add(file, "Ada Moe", ["administrator"], by="test", email="ada@halden.example", password=PASSWORD)
    accounts.add(file, "Anna Lund", ["seller"], by="test", password=PASSWORD)
    with browser(file) as client:
        yield client


def browser(db: Database, **options: Any) -> TestClient[Any]:
    """A browser as yet unknown; it says where its requests come from, as browsers do."""
    client = TestClient(on(db, rate=0, **options), base_url=HOST)
    client.headers.update({"Accept": "text/html", "Origin": HOST})
    return client


def come_in(
    client: TestClient[Any], name: str = "Anna Lund", password: str = PASSWORD, after: str = "/"
) -> Any:
    return client.post(
        "/sign-in", data={"name": name, "password": password, "next": after}, follow_redirects=False
    )
