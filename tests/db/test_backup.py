"""How a database is kept twice and brought back: from one snapshot, whole or not at all, on both engines."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests import postgres

from accord.db import audit, portable
from accord.db import backup as backup_module
from accord.db.audit import Entry, verify_chains
from accord.db.backup import backup, restore
from accord.db.engine import Database, open_database
from accord.db.migrations import head, upgrade
from accord.db.outbox import Message, add
from accord.db.schema import api_key, setting
from accord.kit.errors import Fault, InputError, Unavailable
from accord.ledger import store
from accord.ledger.model import Commitment, Draw, Profile, State, Supply, SupplyKind

KEY = "node:a@main"


def fill(db: Database, rows: int = 30) -> None:
    """Rows of every type: texts, bytes, truth values, numbers, nothing."""
    with db.write() as tx:
        audit.append(
            tx,
            [
                Entry("Promised", b'{"n":%d}' % n, b"Anna \xff\x00" if n % 3 else None, "anna")
                for n in range(rows)
            ],
        )
        add(
            tx,
            [Message(id=f"m{n}", topic="t", subject=f"prm_{n}", body=bytes(range(256))) for n in range(rows)],
        )
        tx.insert(setting, [(f"text {n}", f'é "{n}" \\ \n \t {{}}, NULL') for n in range(rows)])
        tx.insert(api_key, [("k", "n", "h", "read write", -(2**63), None, 2**63 - 1)])
        store.lock(tx, [KEY])
        store.write_keys(tx, [(Profile(key=KEY, version=3, draws=((739_000, 0, 4),)), 0)])
        store.apply(
            tx,
            store.Changes(
                new_supplies=[(Supply(key=KEY, id="s", kind=SupplyKind.purchase, quantity=4, on=1, released=False), 1)],
                new_draws=[(Draw(key=KEY, id=f"d{n}", owner="c", promise=None, on=n, quantity=1), n) for n in range(rows)],
                new_commitments=[
                    (
                        Commitment(
                            key=KEY, id="c", promise="p", line=0, item="a", site="main", quantity=4, ship_on=1,
                            deliver_on=2, state=State.held, opening=True,
                        ),
                        1,
                    )
                ],
            ),
        )  # fmt: skip


def contents(db: Database) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, truth values told as such."""
    with db.read() as tx:
        return {
            table.name: sorted(
                portable._with_truth(table, tx.rows(f'SELECT * FROM "{table.name}"')),
                key=lambda row: [str(v) for v in row],
            )
            for table in portable.tables_of(tx)
        }


@pytest.fixture
def filled(db: Database) -> Database:
    fill(db)
    return db


@pytest.fixture
def new_url(request: pytest.FixtureRequest, db: Database, tmp_path: Path) -> Iterator[str]:
    """Where nothing is yet, on the same engine."""
    if db.dialect == "sqlite":
        yield f"sqlite:///{tmp_path / 'folder' / 'restored.db'}"
        return
    with postgres.database(request.getfixturevalue("pg_server")) as url:
        yield url


def opened(url: str) -> dict[str, list[tuple[object, ...]]]:
    db = open_database(url, create=False)
    try:
        with db.read() as tx:
            assert verify_chains(tx) == []
        return contents(db)
    finally:
        db.close()


@pytest.mark.parametrize("portable_form", [False, True])
def test_what_was_kept_comes_back(
    filled: Database, new_url: str, tmp_path: Path, portable_form: bool
) -> None:
    kept = backup(filled, tmp_path / "kept", portable_form=portable_form)

    assert restore(new_url, tmp_path / "kept") == head()

    assert opened(new_url) == contents(filled)
    assert kept == backup_module.Backup(
        tmp_path / "kept",
        head(),
        portable_form or filled.dialect == "postgresql",
        (tmp_path / "kept").stat().st_size,
    )
    assert (tmp_path / "kept").stat().st_mode & 0o777 == 0o600


@pytest.mark.postgres
def test_a_database_moves_from_one_engine_to_the_other_and_back(pg_url: str, tmp_path: Path) -> None:
    first = open_database(f"sqlite:///{tmp_path / 'first.db'}")
    upgrade(first)
    fill(first, rows=40)
    backup(first, tmp_path / "out", portable_form=True)
    restore(pg_url, tmp_path / "out")
    second = open_database(pg_url)
    backup(second, tmp_path / "back")
    restore(f"sqlite:///{tmp_path / 'third.db'}", tmp_path / "back")

    assert contents(second) == contents(first) == opened(f"sqlite:///{tmp_path / 'third.db'}")
    first.close()
    second.close()


@pytest.mark.parametrize("portable_form", [False, True])
def test_progress_ends_at_all_of_it(
    filled: Database, new_url: str, tmp_path: Path, portable_form: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup_module, "_PAGES", 5)
    kept: list[tuple[int, int]] = []
    restored: list[tuple[int, int]] = []

    backup(
        filled, tmp_path / "kept", portable_form=portable_form, on_progress=lambda *told: kept.append(told)
    )
    restore(new_url, tmp_path / "kept", on_progress=lambda *told: restored.append(told))

    for told in (kept, restored):
        assert len(told) > 3
        assert told == sorted(told)
        assert told[-1][0] == told[-1][1] == told[0][1]


@pytest.mark.parametrize("portable_form", [False, True])
def test_a_backup_is_one_snapshot_while_others_write(
    filled: Database, new_url: str, tmp_path: Path, portable_form: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup_module, "_PAGES", 2)
    before = contents(filled)
    written = 0

    def write(_done: int, _total: int) -> None:
        nonlocal written
        thread = threading.Thread(target=write_one)
        thread.start()
        thread.join()
        written += 1

    def write_one() -> None:
        with filled.write() as tx:
            audit.append(tx, [Entry("Promised", b"{}")])
            tx.insert(setting, [(f"meanwhile {written}", "x" * 3_000)])

    backup(filled, tmp_path / "kept", portable_form=portable_form, on_progress=write)
    restore(new_url, tmp_path / "kept")

    assert written > 3
    assert opened(new_url) == before
    with filled.read() as tx:
        assert tx.rows("SELECT count(*) FROM setting WHERE name LIKE 'meanwhile%'") == [(written,)]


def test_nothing_is_overwritten_by_a_backup(filled: Database, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("mine")

    with pytest.raises(InputError) as refused:
        backup(filled, tmp_path / "kept")

    assert refused.value.errors[0].code == "file_exists"
    assert (tmp_path / "kept").read_text() == "mine"
    assert _left_over(tmp_path) == []


def test_a_backup_that_is_interrupted_is_not_there(filled: Database, tmp_path: Path) -> None:
    def stop(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backup(filled, tmp_path / "kept", on_progress=stop)

    assert not (tmp_path / "kept").exists()
    assert _left_over(tmp_path) == []


def test_what_a_killed_backup_left_is_not_in_the_way_of_the_next(filled: Database, tmp_path: Path) -> None:
    """In a container the process that is started again often has the number of the one before."""
    (tmp_path / f".kept.unfinished-{os.getpid()}").write_bytes(b"half")

    assert backup(filled, tmp_path / "kept").path == tmp_path / "kept"


@pytest.mark.parametrize("why", [errno.EPERM, errno.EOPNOTSUPP])  # of FAT, of some network disks
def test_a_disk_that_knows_no_hard_links_takes_a_backup(
    filled: Database, new_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: int
) -> None:
    def no_link(_from: object, _to: object) -> None:
        raise OSError(why, os.strerror(why))

    monkeypatch.setattr(os, "link", no_link)

    restore(new_url, backup(filled, tmp_path / "kept", portable_form=True).path)

    assert opened(new_url) == contents(filled)
    assert _left_over(tmp_path) == []


def test_on_a_disk_without_hard_links_nothing_is_overwritten_either(
    filled: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_link(_from: object, _to: object) -> None:
        (tmp_path / "kept").write_text("made meanwhile")
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_link)

    with pytest.raises(InputError):
        backup(filled, tmp_path / "kept")

    assert (tmp_path / "kept").read_text() == "made meanwhile"
    assert _left_over(tmp_path) == []


def test_a_backup_needs_a_place_and_a_schema(db: Database, db_url: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        backup(db, tmp_path / "no" / "such" / "folder")
    assert refused.value.errors[0].code == "cannot_write"


def test_an_empty_database_is_nothing_to_keep(sqlite_url: str, tmp_path: Path) -> None:
    db = open_database(sqlite_url)
    with pytest.raises(InputError) as refused:
        backup(db, tmp_path / "kept")
    assert refused.value.errors[0].code == "no_schema"
    db.close()


@pytest.mark.parametrize("portable_form", [False, True])
def test_a_database_that_holds_something_is_not_restored_into(
    filled: Database, tmp_path: Path, portable_form: bool
) -> None:
    backup(filled, tmp_path / "kept", portable_form=portable_form)
    before = contents(filled)

    with pytest.raises(InputError) as refused:
        restore(filled.url, tmp_path / "kept")

    assert refused.value.errors[0].code == "not_empty"
    assert contents(filled) == before


def test_a_restore_that_is_interrupted_leaves_nothing(filled: Database, new_url: str, tmp_path: Path) -> None:
    def stop(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    backup(filled, tmp_path / "kept")
    with pytest.raises(KeyboardInterrupt):
        restore(new_url, tmp_path / "kept", on_progress=stop)

    assert _left_over(tmp_path / "folder") == []
    if filled.dialect == "sqlite":
        assert list((tmp_path / "folder").iterdir()) == []
    assert restore(new_url, tmp_path / "kept") == head()
    assert opened(new_url) == contents(filled)


@pytest.mark.parametrize("portable_form", [False, True])
def test_a_damaged_backup_is_refused_wherever_it_is_damaged(
    sqlite_url: str, tmp_path: Path, portable_form: bool
) -> None:
    db = open_database(sqlite_url)
    upgrade(db)
    fill(db, rows=5)
    backup(db, tmp_path / "kept", portable_form=portable_form)
    db.close()
    whole = (tmp_path / "kept").read_bytes()
    target = tmp_path / "restored.db"
    step = max(1, len(whole) // 60)
    refused = 0
    for size in [*range(0, len(whole), step), len(whole) - 1]:
        (tmp_path / "cut").write_bytes(whole[:size])
        with pytest.raises(InputError):
            restore(f"sqlite:///{target}", tmp_path / "cut")
        assert not target.exists()
        refused += 1
    assert refused >= 61


def test_a_flipped_bit_is_refused_or_changes_nothing(sqlite_url: str, tmp_path: Path) -> None:
    """A few bits of a gzip file mean nothing: its own header, padding. All others are found."""
    db = open_database(sqlite_url)
    upgrade(db)
    fill(db, rows=5)
    backup(db, tmp_path / "kept", portable_form=True)
    expected = contents(db)
    db.close()
    whole = (tmp_path / "kept").read_bytes()
    target = tmp_path / "restored.db"
    refused = harmless = 0
    for place in range(0, len(whole), max(1, len(whole) // 100)):
        (tmp_path / "bent").write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        try:
            restore(f"sqlite:///{target}", tmp_path / "bent")
        except InputError:
            refused += 1
            assert not target.exists()
        else:
            harmless += 1
            assert opened(f"sqlite:///{target}") == expected
            backup_module._remove(target)

    assert refused >= 95
    assert harmless <= 5


@pytest.mark.parametrize(
    "text", [b"", b"hello", b"SQLite format 3\x00 but nothing more", b"\x1f\x8b\x08\x00"]
)
def test_what_is_no_backup_is_refused(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "file").write_bytes(text)

    with pytest.raises(InputError) as refused:
        restore(f"sqlite:///{tmp_path / 'new.db'}", tmp_path / "file")

    assert refused.value.errors[0].code == "not_a_backup"
    assert not (tmp_path / "new.db").exists()


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        restore(f"sqlite:///{tmp_path / 'new.db'}", tmp_path / "absent")

    assert refused.value.errors[0].code == "no_such_file"


@pytest.mark.postgres
def test_a_copy_of_a_sqlite_file_does_not_go_into_postgresql(
    sqlite_url: str, pg_url: str, tmp_path: Path
) -> None:
    db = open_database(sqlite_url)
    upgrade(db)
    backup(db, tmp_path / "kept")
    db.close()

    with pytest.raises(InputError) as refused:
        restore(pg_url, tmp_path / "kept")

    assert refused.value.errors[0].code == "other_engine"


@pytest.mark.parametrize("portable_form", [False, True])
def test_a_backup_of_a_newer_accord_is_refused(sqlite_url: str, tmp_path: Path, portable_form: bool) -> None:
    db = open_database(sqlite_url)
    upgrade(db)
    with db.write() as tx:
        tx.execute("UPDATE alembic_version SET version_num = '9999_later'")
    backup(db, tmp_path / "kept", portable_form=portable_form)
    db.close()

    with pytest.raises(Unavailable, match="newer than this program"):
        restore(f"sqlite:///{tmp_path / 'new.db'}", tmp_path / "kept")

    assert not (tmp_path / "new.db").exists()


def test_a_damaged_database_makes_no_backup(sqlite_url: str, tmp_path: Path) -> None:
    db = open_database(sqlite_url)
    upgrade(db)
    fill(db, rows=3_000)  # so many that what is damaged below are rows, not the tables themselves
    db.close()
    path = tmp_path / "accord.db"
    data = bytearray(path.read_bytes())
    data[-40_000:-20_000] = b"\xff" * 20_000  # what is at the front is needed to open it at all
    path.write_bytes(data)
    db = open_database(sqlite_url)

    with pytest.raises(Fault, match="damaged"):
        backup(db, tmp_path / "kept")

    assert not (tmp_path / "kept").exists()
    db.close()


def _left_over(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("*unfinished*")] + [
        path.name for path in folder.glob(".*unfinished*")
    ]
