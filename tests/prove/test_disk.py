"""The disk that fails keeps what was synced, and what was not as chance would have it."""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path

import apsw
import pytest
from prove.apsw_driver import on
from prove.disk import Disk, FaultyVfs
from prove.faults import PIECES, points, set_stage

from accord.db.engine import open_database
from accord.kit.errors import Unavailable


def rows_after(path: Path, disk: Disk, db: apsw.Connection, seed: int) -> int:
    """How many rows there are after the power went."""
    disk.cut()
    with suppress(apsw.IOError):
        db.close(force=True)
    disk.survive(random.Random(seed))
    with apsw.Connection(str(path)) as left:
        assert left.execute("PRAGMA integrity_check").get == "ok"
        return int(left.execute("SELECT count(*) FROM t").get)


def committed(path: Path, disk: Disk, vfs: str, synchronous: str) -> apsw.Connection:
    db = apsw.Connection(str(path), vfs=vfs)
    assert db.execute("PRAGMA journal_mode=WAL").get == "wal"
    db.execute("CREATE TABLE t (x)")
    db.execute(f"PRAGMA synchronous={synchronous}")
    db.execute("INSERT INTO t VALUES (randomblob(9000))")
    return db


@pytest.mark.parametrize(("synchronous", "least"), [("FULL", 1), ("NORMAL", 0)])
def test_what_was_synced_is_there_whatever_chance_says(tmp_path: Path, synchronous: str, least: int) -> None:
    found = set()
    for seed in range(12):
        path = tmp_path / f"{seed}.db"
        disk = Disk()
        vfs = FaultyVfs(f"test-{synchronous}-{seed}", disk)
        db = committed(path, disk, f"test-{synchronous}-{seed}", synchronous)
        found.add(rows_after(path, disk, db, seed))
        vfs.unregister()

    assert found == {least, 1}


def test_each_io_can_fail_once(tmp_path: Path) -> None:
    disk = Disk()
    with on(disk, {}):
        db = open_database(f"sqlite:///{tmp_path / 'accord.db'}")
        with db.write() as tx:
            tx.execute("CREATE TABLE t (x)")
        before = disk.count
        disk.arm("error", before + 3)

        with pytest.raises(Unavailable, match="reports an error"), db.write() as tx:
            tx.execute("INSERT INTO t VALUES (1)")

        with db.write() as tx:
            tx.execute("INSERT INTO t VALUES (2)")
            assert tx.rows("SELECT x FROM t") == [(2,)]
        db.close()


def test_a_full_disk_takes_no_more_until_there_is_space(tmp_path: Path) -> None:
    disk = Disk()
    with on(disk, {}):
        db = open_database(f"sqlite:///{tmp_path / 'accord.db'}")
        with db.write() as tx:
            tx.execute("CREATE TABLE t (x)")
        disk.arm("full", disk.writes + 1)

        for _ in range(2):
            with pytest.raises(Unavailable, match="is full"), db.write() as tx:
                tx.execute("INSERT INTO t VALUES (1)")

        disk.mend()
        with db.write() as tx:
            tx.execute("INSERT INTO t VALUES (2)")
            assert tx.rows("SELECT x FROM t") == [(2,)]
        db.close()


def test_a_proof_reaches_every_io_of_every_act(tmp_path: Path) -> None:
    there = points(set_stage(tmp_path, 1))

    assert len(there) <= PIECES[0].sizes.prove
    assert {point.kind for point in there} == {"error", "gone", "full", "power"}
    assert len({point.act.name for point in there}) == 12


def test_what_cannot_be_opened_leaves_nothing_open(tmp_path: Path) -> None:
    path = tmp_path / "accord.db"
    open_database(f"sqlite:///{path}").close()
    failed = 0
    for at in range(1, 30):
        disk = Disk()
        disk.arm("error", at)
        with on(disk, {}):
            try:
                open_database(f"sqlite:///{path}").close()
            except Unavailable:
                failed += 1
                assert apsw.connections() == []

    assert failed > 10
