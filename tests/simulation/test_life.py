"""A random life through the real doors and stores leaves nothing for the auditor to find, and is the same again."""

from __future__ import annotations

import time
from itertools import count
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from accord.db.engine import Database, open_database
from accord.db.migrations import upgrade
from accord.simulation.auditor.rows import select
from accord.simulation.run import WEIGHTS, Report, simulate

SEED = 20_270_303
TABLES = (
    "ledger_key", "ledger_supply", "ledger_draw", "ledger_commitment", "ledger_movement", "ledger_exception",
    "decision", "promise", "request",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("hot", "ops"), [(True, 900), (False, 100)], ids=["5 hot items", "300 cold ones"])
def test_the_auditor_finds_nothing(db: Database, hot: bool, ops: int) -> None:
    report = simulate(db, ops, SEED, hot=hot)

    assert report.violations == (), "\n".join(report.violations)
    assert report.ops == ops
    if hot:
        assert set(WEIGHTS) <= set(report.counts)
        assert {"commit yes", "hold yes", "cancel done"} <= set(report.counts)
        assert report.counts["opened"] > 0
        assert report.counts["closed"] > 0


@pytest.mark.slow
@pytest.mark.postgres
def test_the_same_seed_is_the_same_life_on_either_database(sqlite_url: str, pg_url: str) -> None:
    first, second = (_lived(url, 150) for url in (sqlite_url, pg_url))

    assert msgspec.structs.replace(first[0], seconds=0) == msgspec.structs.replace(second[0], seconds=0)
    for table in TABLES:
        assert first[1][table] == second[1][table], table


@pytest.mark.slow
def test_a_life_does_not_depend_on_how_quick_the_machine_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = _lived(f"sqlite:///{tmp_path / 'quick.db'}", 150)
    monkeypatch.setattr(
        time, "thread_time", count(step=3).__next__
    )  # each decision takes longer than any may
    slow = _lived(f"sqlite:///{tmp_path / 'slow.db'}", 150)

    assert msgspec.structs.replace(slow[0], seconds=0) == msgspec.structs.replace(quick[0], seconds=0)
    assert slow[1] == quick[1]


def test_another_seed_is_another_life(sqlite_url: str) -> None:
    first = _lived(sqlite_url, 20)
    second = _lived(sqlite_url.replace("accord.db", "other.db"), 20, seed=SEED + 1)

    assert first[0].counts != second[0].counts


def _lived(url: str, ops: int, seed: int = SEED) -> tuple[Report, dict[str, list[dict[str, object]]]]:
    db = open_database(url)
    try:
        upgrade(db)
        report = simulate(db, ops, seed)
        with db.read() as tx:
            return report, {table: _dump(tx.connection, table) for table in TABLES}
    finally:
        db.close()


def _dump(connection: sa.Connection, table: str) -> list[dict[str, object]]:
    rows = select(connection, f"SELECT * FROM {table}")
    plain = [{name: bytes(v) if isinstance(v, memoryview) else v for name, v in row.items()} for row in rows]
    return sorted(plain, key=lambda row: str(sorted((name, str(v)) for name, v in row.items())))
