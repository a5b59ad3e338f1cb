"""Which key signs the checkpoints: made once, never replaced by itself, never guessed on a shared server."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from tests.waiting import until_somebody_waits

from accord.db.audit import Entry, append
from accord.db.audit_checkpoints import check_checkpoints, checkpoint, load_key
from accord.db.audit_keys import checking_key, keep, key_path
from accord.db.engine import Database, open_database
from accord.db.migrations import upgrade
from accord.kit.errors import InputError


@pytest.fixture
def named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "keys" / "audit.key"
    path.parent.mkdir()
    monkeypatch.setenv("ACCORD_AUDIT_KEY", str(path))
    return path


def write(db: Database) -> None:
    with db.write() as tx:
        append(tx, [Entry("Promised", b"{}")])


def test_the_named_key_is_made_at_the_first_checkpoint(db: Database, named: Path) -> None:
    assert checking_key(db) is None
    assert keep(db) is None  # nothing was written that could be signed
    assert not named.exists()

    write(db)
    made = keep(db)

    assert made is not None
    assert made.seq == 1
    assert named.stat().st_mode & 0o777 == 0o600
    key = checking_key(db)
    assert key is not None
    with db.read() as tx:
        assert check_checkpoints(tx, key) == []


def test_nothing_new_makes_no_checkpoint(db: Database, named: Path) -> None:
    write(db)
    assert keep(db) is not None
    assert keep(db) is None

    write(db)
    made = keep(db)
    assert made is not None
    assert made.seq == 2


def test_a_key_that_is_gone_is_not_made_anew(db: Database, named: Path) -> None:
    write(db)
    keep(db)
    named.unlink()
    write(db)

    with pytest.raises(InputError, match="signed with it") as refused:
        keep(db)

    assert refused.value.errors[0].code == "no_key"
    assert not named.exists()


def test_a_key_in_a_folder_that_is_not_there_is_said_so(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCORD_AUDIT_KEY", str(tmp_path / "absent" / "audit.key"))
    write(db)

    with pytest.raises(InputError, match="holds no key"):
        keep(db)


def test_a_file_has_a_key_beside_it(sqlite_url: str, tmp_path: Path) -> None:
    db = open_database(sqlite_url)
    upgrade(db)
    write(db)

    assert keep(db) is not None

    assert key_path(db) == tmp_path / "accord.db.audit-key"
    assert checking_key(db) == load_key(tmp_path / "accord.db.audit-key")
    db.close()


@pytest.mark.postgres
def test_postgresql_has_no_key_until_one_is_named(pg_db: Database) -> None:
    write(pg_db)

    assert key_path(pg_db) is None
    assert checking_key(pg_db) is None
    assert keep(pg_db) is None


@pytest.mark.postgres
def test_two_checkpoints_at_once_are_two_in_order(pg_db: Database, named: Path) -> None:
    write(pg_db)
    key = load_key(named, create=True)
    made: list[object] = []
    with pg_db.write() as tx:
        checkpoint(tx, key)
        other = threading.Thread(target=lambda: made.append(keep(pg_db)))
        other.start()
        until_somebody_waits(pg_db)
    other.join(timeout=30)

    assert len(made) == 1
    with pg_db.read() as tx:
        assert check_checkpoints(tx, key) == []
        assert tx.rows("SELECT seq FROM audit_checkpoint ORDER BY seq") == [(1,), (2,)]
