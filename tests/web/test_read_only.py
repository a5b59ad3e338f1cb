"""A database that fails the check at start is only read: answers go on, promises stop, and everybody is told why."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient
from tests.company import iso_day, tell
from tests.web.conftest import HOST
from tests.web.test_server import ACCORD, server

from accord.db import doctor
from accord.db.doctor import Check, why_read_only
from accord.db.engine import Database, open_database
from accord.db.migrations import upgrade
from accord.promise import service
from accord.web.server.app import create_app

Client = TestClient[Any]


def damage(path: Path) -> None:
    """Overwrite the middle of a page deep in the file, as a bad disk does."""
    data = bytearray(path.read_bytes())
    data[-20_000:-8_000] = b"\xff" * 12_000
    path.write_bytes(data)


def company(url: str) -> int:
    """A company in a file whose last pages hold nothing that is needed to ask."""
    db = open_database(url)
    upgrade(db)
    day = tell(db)
    with db.write() as tx:
        for n in range(400):
            tx.execute("INSERT INTO setting VALUES (:n, :v)", n=f"name {n}", v="v" * 200)
    db.close()
    return day


def order(today: int) -> dict[str, Any]:
    return {
        "customer": "C1",
        "lines": [{"item": "X-100", "quantity": "5", "requested_on": iso_day(today, 3)}],
    }


def promises(url: str) -> int:
    db = open_database(url)
    try:
        return len(service.promises(db)[0])
    finally:
        db.close()


@pytest.fixture
def damaged(sqlite_url: str, tmp_path: Path) -> Iterator[tuple[Client, int]]:
    today = company(sqlite_url)
    damage(tmp_path / "accord.db")
    with TestClient(create_app(sqlite_url, is_open=True), base_url=HOST) as client:
        yield client, today


def test_a_damaged_file_answers_questions_and_promises_nothing(
    damaged: tuple[Client, int], sqlite_url: str
) -> None:
    client, today = damaged

    asked = client.post("/v1/promises:ask", json=order(today))
    refused = client.post("/v1/promises", json=order(today), headers={"Idempotency-Key": "k-1"})
    health = client.get("/v1/health").json()

    assert asked.json()["verdict"] == "yes"
    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "60"
    problem = refused.json()
    assert problem["code"] == "unavailable"
    assert problem["detail"] == (
        "Accord only answers questions now: its database failed the check at start (file_integrity). Run accord doctor."
    )
    assert (health["status"], health["detail"]) == ("read_only", problem["detail"])
    assert promises(sqlite_url) == 0


def test_without_the_check_it_would_promise_on_it(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""
    today = company(sqlite_url)
    damage(tmp_path / "accord.db")
    monkeypatch.setattr(doctor, "why_read_only", lambda _found: None)
    with TestClient(create_app(sqlite_url, is_open=True), base_url=HOST) as client:
        kept = client.post("/v1/promises", json=order(today), headers={"Idempotency-Key": "k-1"})

    assert kept.status_code == 201


def test_news_and_holds_are_refused_too(damaged: tuple[Client, int]) -> None:
    client, today = damaged
    news = {
        "type": "counted",
        "item": "X-100",
        "site": "Halden",
        "quantity": "1",
        "as_of": "2026-01-01T00:00:00Z",
    }

    told = client.post("/v1/supply", json={"news": [news]}, headers={"Idempotency-Key": "n-1"})
    held = client.post(
        "/v1/promises", json=order(today) | {"verb": "hold"}, headers={"Idempotency-Key": "k-1"}
    )

    assert (told.status_code, held.status_code) == (503, 503)


def test_a_schema_that_is_not_this_programs_is_only_read(sqlite_url: str) -> None:
    today = company(sqlite_url)
    db = open_database(sqlite_url)
    with db.write() as tx:
        tx.execute("UPDATE alembic_version SET version_num = '0000_old'")
    db.close()

    with TestClient(create_app(sqlite_url, is_open=True), base_url=HOST) as client:
        refused = client.post("/v1/promises", json=order(today), headers={"Idempotency-Key": "k-1"})

    assert refused.status_code == 503
    assert "(schema)" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("name", "stops"),
    [(name, True) for name in sorted(doctor.BLOCKING)]
    + [(name, False) for name in ("fsync", "disk_space", "permissions", "connections", "clock", "audit_key")],
)
def test_what_makes_promises_unsafe_stops_them_and_what_makes_them_slow_does_not(
    name: str, stops: bool
) -> None:
    found = [Check("python", ok=True, detail=""), Check(name, ok=False, detail="bad", what_to_do="Mend it.")]

    assert (why_read_only(found) is not None) is stops
    assert why_read_only([Check(name, ok=True, detail="")]) is None


@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_every_check_that_stops_is_one_that_is_made(engine: str, request: pytest.FixtureRequest) -> None:
    """A check that was renamed would stop nothing any more."""
    made = set()
    for name in ("sqlite_url", "pg_url") if engine == "postgresql" else ("sqlite_url",):
        db: Database = open_database(request.getfixturevalue(name))
        upgrade(db)
        made |= {one.name for one in doctor.check(db)}
        db.close()

    missing = doctor.BLOCKING - made - {"database"}
    assert missing == (
        set()
        if engine == "postgresql"
        else {"postgresql_version", "synchronous_commit", "primary", "encoding"}
    )


def test_whoever_starts_the_server_is_told(sqlite_url: str, tmp_path: Path) -> None:
    company(sqlite_url)
    damage(tmp_path / "accord.db")
    process = subprocess.Popen(
        [ACCORD, "serve", "--port", "0", "--open", "--db", sqlite_url], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    said = ""
    try:
        # It says so before it is stopped; the end of its words would otherwise race with the end of the process.
        while "Look at file_integrity: " not in said and (line := process.stderr.readline()):
            said += line
    finally:
        process.terminate()
        process.communicate(timeout=30)

    assert re.search(r"^Serving http://", said, re.MULTILINE)
    assert "Accord only answers questions now: its database failed the check at start" in said
    assert "Look at file_integrity: " in said


@pytest.mark.postgres
def test_a_server_on_a_well_database_says_nothing_of_it(pg_url: str, today_of: Callable[[str], int]) -> None:
    today = today_of(pg_url)

    with server(pg_url, "--open") as address:
        import httpx2

        kept = httpx2.post(
            f"{address}/v1/promises", json=order(today), headers={"Idempotency-Key": "k-1"}, timeout=30
        )

    assert kept.status_code == 201


@pytest.fixture
def today_of() -> Callable[[str], int]:
    def do(url: str) -> int:
        db = open_database(url)
        try:
            upgrade(db)
            return tell(db)
        finally:
            db.close()

    return do
