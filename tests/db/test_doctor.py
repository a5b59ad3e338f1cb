"""Whether the database is set up so that nothing is lost: each check has a case in which it fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from accord.db import doctor, engine
from accord.db import tx as tx_module
from accord.db.doctor import Check, check
from accord.db.engine import Database, open_database
from accord.db.migrations import upgrade


def bad(db: Database) -> dict[str, Check]:
    return {one.name: one for one in check(db) if not one.ok}


@pytest.fixture
def sqlite(sqlite_url: str) -> Iterator[Database]:
    database = open_database(sqlite_url)
    upgrade(database)
    yield database
    database.close()


def test_a_fresh_file_is_well(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "FREE_BYTES_MIN", 1)
    monkeypatch.setattr(doctor, "_FSYNC_SLOW_SECONDS", 60)

    found = check(sqlite)

    assert [one.name for one in found if not one.ok] == []
    assert [one.name for one in found] == [
        "sqlite_version", "journal_mode", "synchronous", "foreign_keys", "mmap", "file_integrity", "disk", "permissions",
        "disk_space", "fsync", "schema", "clock", "audit_key", "time_zones", "python",
    ]  # fmt: skip
    assert all(one.detail for one in found)
    assert not any(one.what_to_do for one in found)


def test_every_bad_finding_says_what_to_do(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sqlite.path is not None
    monkeypatch.setattr(doctor, "SQLITE_MIN", (99,))
    monkeypatch.setattr(doctor, "FREE_BYTES_MIN", 1 << 60)
    monkeypatch.setattr(doctor, "_FSYNC_SLOW_SECONDS", 0)
    monkeypatch.setattr(doctor, "disk_kind", lambda _: None)
    monkeypatch.setattr(doctor, "_is_zone", lambda name: name != "Europe/Oslo")
    sqlite.path.chmod(0o644)
    with sqlite.write() as tx:
        tx.execute("UPDATE alembic_version SET version_num = '0000_old'")

    found = bad(sqlite)

    assert set(found) == {
        "sqlite_version",
        "disk_space",
        "fsync",
        "disk",
        "time_zones",
        "permissions",
        "schema",
    }
    assert all(one.what_to_do for one in found.values())
    assert found["permissions"].detail == "accord.db is 644"
    assert "Europe/Oslo" in found["time_zones"].detail


def test_a_connection_set_up_carelessly_is_noticed(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = engine._connect_sqlite

    def careless(path: Path, *, writable: bool) -> object:
        connection = connect(path, writable=writable)
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute("PRAGMA mmap_size=1000000")
        return connection

    monkeypatch.setattr(engine, "_connect_sqlite", careless)
    sqlite.close()

    assert {"synchronous", "foreign_keys", "mmap"} <= set(bad(sqlite))


def test_a_damaged_page_is_noticed(tmp_path: Path, sqlite: Database) -> None:
    with sqlite.write() as tx:
        tx.rows("SELECT 1")
        for n in range(400):
            tx.execute("INSERT INTO setting VALUES (:n, :v)", n=f"name {n}", v="v" * 200)
    sqlite.close()
    path = tmp_path / "accord.db"
    data = bytearray(path.read_bytes())
    data[-20_000:-8_000] = b"\xff" * 12_000
    path.write_bytes(data)
    database = open_database(f"sqlite:///{path}")

    assert "file_integrity" in bad(database)
    database.close()


def test_clocks_that_are_apart_are_noticed(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0, 9_000_000, 0])
    monkeypatch.setattr(tx_module, "wall_clock", lambda: 9_000_000)
    monkeypatch.setattr(doctor, "wall_clock", lambda: next(times) and 0)

    assert "9.0 s apart" in bad(sqlite)["clock"].detail


def test_a_database_that_does_not_answer_is_one_bad_finding(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sqlite.path is not None
    sqlite.close()
    sqlite.path.unlink()
    sqlite.path.mkdir()

    found = check(sqlite)

    assert [(one.name, one.ok) for one in found] == [
        ("database", False),
        ("time_zones", True),
        ("python", True),
    ]


@pytest.mark.postgres
def test_a_careless_server_is_noticed(pg_db: Database) -> None:
    """The server of the tests forgoes durability, which is what this looks for."""
    found = {one.name: one for one in check(pg_db)}

    with pg_db.read() as tx:
        server = {
            name: tx.rows(f"SHOW {name}")[0][0] for name in ("fsync", "full_page_writes", "data_checksums")
        }
    assert {name: found[name].ok for name in server} == {
        name: value == "on" for name, value in server.items()
    }
    assert found["synchronous_commit"].ok
    assert found["schema"].ok
    assert found["clock"].ok
    assert found["primary"].ok


@pytest.mark.postgres
@pytest.mark.parametrize("name", ["synchronous_commit"])
def test_a_setting_that_loses_commits_is_noticed(
    pg_db: Database, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = tx_module.Tx.rows

    def careless(self: tx_module.Tx, sql: str, **params: object) -> list[tuple[object, ...]]:
        return [("local",)] if sql == f"SHOW {name}" else rows(self, sql, **params)

    monkeypatch.setattr(tx_module.Tx, "rows", careless)

    assert "local" in bad(pg_db)[name].detail
