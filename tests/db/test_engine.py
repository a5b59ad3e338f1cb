"""How a database is opened, and how a transaction begins and ends: the same on both engines."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from accord.db import engine, failures, jobs
from accord.db.engine import Database, Retry, open_database, retrying
from accord.db.failures import ConstraintBroken
from accord.db.tx import Tx
from accord.kit.errors import Fault, InputError, Unavailable


@pytest.fixture
def db(db_url: str) -> Iterator[Database]:
    database = open_database(db_url)
    with database.write() as tx:
        tx.execute(
            "CREATE TABLE jar (id text PRIMARY KEY, amount bigint, CONSTRAINT ck_jar_amount CHECK (amount >= 0))"
        )
        tx.execute("INSERT INTO jar VALUES ('a', 10)")
    yield database
    database.close()


def amount(db: Database) -> int:
    with db.read() as tx:
        return int(tx.rows("SELECT amount FROM jar WHERE id = 'a'")[0][0])


# --- the log of a file ---


def written_beside_readers(db: Database, *, merges: bool) -> int:
    """The size of the log at its largest in the second half of 24 MB, while there is always somebody who reads."""
    stop = threading.Event()

    def read(first: float) -> None:
        stop.wait(first)
        while not stop.is_set():
            with db.read() as tx:
                tx.rows("SELECT amount FROM jar")
                stop.wait(0.08)

    readers = [threading.Thread(target=read, args=(number * 0.03,)) for number in range(3)]
    for one in readers:
        one.start()
    largest = 0
    try:
        for number in range(30):
            with db.write() as tx:
                tx.execute(
                    "INSERT INTO jar (id, amount) VALUES (:id, 0)", id=f"{number} {os.urandom(200_000).hex()}"
                )
            if merges:
                jobs.merge(db)
            if number >= 15:
                largest = max(largest, log_bytes(db))
    finally:
        stop.set()
        for one in readers:
            one.join()
    return largest


def log_bytes(db: Database) -> int:
    assert db.path is not None
    return db.path.with_name(f"{db.path.name}-wal").stat().st_size


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
def test_the_log_of_a_file_ends_although_somebody_always_reads(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "LOG_BYTES_MAX", 2_000_000)

    assert written_beside_readers(db, merges=True) < 12_000_000


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
def test_a_log_that_nobody_merges_grows_while_somebody_always_reads(db: Database) -> None:
    """The control: SQLite begins its log anew only where nobody reads from it."""
    assert written_beside_readers(db, merges=False) > 20_000_000


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
def test_a_long_read_keeps_the_log_and_nobody_waits_long_for_it(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "LOG_BYTES_MAX", 0)

    with db.read() as reader:
        reader.rows("SELECT amount FROM jar")
        with db.write() as tx:
            tx.execute("UPDATE jar SET amount = 3")
        began = time.monotonic()

        assert jobs.merge(db) == 0
        assert time.monotonic() - began < 5
        assert reader.rows("SELECT amount FROM jar") == [(10,)]
        with db.write() as tx:
            tx.execute("UPDATE jar SET amount = 4")

    assert jobs.merge(db) == 1
    assert log_bytes(db) == 0
    assert amount(db) == 4


@pytest.mark.postgres
def test_the_log_of_a_server_is_its_own_matter(pg_url: str) -> None:
    db = open_database(pg_url)

    assert (jobs.is_log_long(db), jobs.merge(db)) == (False, 0)
    db.close()


def test_what_a_block_wrote_is_there_after_it(db: Database) -> None:
    with db.write() as tx:
        tx.execute("UPDATE jar SET amount = :amount WHERE id = :id", amount=7, id="a")

    assert amount(db) == 7


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, Fault])
def test_any_exception_undoes_all_of_it(db: Database, error: type[BaseException]) -> None:
    with pytest.raises(error), db.write() as tx:
        tx.execute("UPDATE jar SET amount = 7 WHERE id = 'a'")
        raise error("no")

    assert amount(db) == 10


def test_a_reader_sees_one_snapshot_while_others_commit(db: Database) -> None:
    with db.read() as reader:
        before = reader.rows("SELECT amount FROM jar")
        with db.write() as tx:
            tx.execute("UPDATE jar SET amount = 3")

        assert reader.rows("SELECT amount FROM jar") == before == [(10,)]
    assert amount(db) == 3


def test_nothing_can_be_written_in_a_snapshot(db: Database) -> None:
    with pytest.raises(Fault, match="read-only snapshot"), db.read() as tx:
        tx.execute("UPDATE jar SET amount = 3")

    assert amount(db) == 10


def test_a_refused_row_names_the_rule(db: Database) -> None:
    with pytest.raises(ConstraintBroken) as refused, db.write() as tx:
        tx.execute("UPDATE jar SET amount = -1 WHERE id = 'a'")

    assert refused.value.constraint == "ck_jar_amount"
    assert amount(db) == 10


def test_listeners_hear_once_how_it_ended(db: Database) -> None:
    heard: list[str] = []

    with db.write() as tx:
        tx.when_over(heard.append)
    with pytest.raises(ValueError, match="no"), db.write() as tx:
        tx.when_over(heard.append)
        raise ValueError("no")

    assert heard == ["committed", "rolled_back"]


def test_two_writers_both_count(db: Database) -> None:
    def add(times: int) -> None:
        for _ in range(times):
            with db.write() as tx:
                tx.execute("UPDATE jar SET amount = amount + 1 WHERE id = 'a'")

    threads = [threading.Thread(target=add, args=(50,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert amount(db) == 210


def test_a_lost_transaction_is_tried_five_times_then_says_when_to_come_back(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(engine.time, "sleep", waits.append)
    tries = 0

    def work(tx: Tx) -> None:
        nonlocal tries
        tries += 1
        tx.execute("UPDATE jar SET amount = amount - 1")
        raise Retry("another transaction changed the same rows")

    with pytest.raises(Unavailable) as given_up:
        retrying(db, work)

    assert tries == 5
    assert len(waits) == 4
    assert given_up.value.retry_after_seconds == 1
    assert amount(db) == 10


def test_a_transaction_that_wins_on_its_third_try_counts_once(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine.time, "sleep", lambda _: None)
    tries = 0

    def work(tx: Tx) -> str:
        nonlocal tries
        tries += 1
        tx.execute("UPDATE jar SET amount = amount - 1")
        if tries < 3:
            raise Retry("again")
        return "done"

    assert retrying(db, work) == "done"
    assert tries == 3
    assert amount(db) == 9


def test_a_database_that_failed_its_check_takes_no_writes(db: Database) -> None:
    db.forbid_writes("The ledger does not add up. Run `accord verify`.")

    with pytest.raises(Unavailable, match="does not add up"), db.write():
        pass
    assert amount(db) == 10


def test_what_the_database_is_called_shows_no_password() -> None:
    database = Database.__new__(Database)
    database.url = "postgresql://me:hunter2@host/name"

    assert "hunter2" not in repr(database)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("", "not_a_database_url"),
        ("accord.db", "not_a_database_url"),
        ("mysql://host/name", "not_a_database_url"),
        ("sqlite://", "not_a_database_url"),
        ("sqlite:///:memory:", "not_a_database_url"),
        ("sqlite:////tmp", "not_a_file"),
        ("sqlite:////proc/no/such/folder.db", "cannot_create"),
    ],
)
def test_a_url_that_cannot_be_meant_is_refused(url: str, code: str) -> None:
    with pytest.raises(InputError) as refused:
        open_database(url)

    assert refused.value.errors[0].code == code


# --- SQLite ---


def test_a_file_that_must_be_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        open_database(f"sqlite:///{tmp_path / 'a.db'}", create=False)

    assert refused.value.errors[0].code == "no_such_file"
    assert not (tmp_path / "a.db").exists()


def test_a_new_file_is_its_owners_only(sqlite_url: str) -> None:
    db = open_database(sqlite_url)
    with db.write() as tx:
        tx.execute("CREATE TABLE t (a int)")
    assert db.path is not None

    modes = {p.name: p.stat().st_mode & 0o777 for p in db.path.parent.glob("accord.db*")}
    db.close()

    assert modes == {"accord.db": 0o600, "accord.db-wal": 0o600, "accord.db-shm": 0o600}


def test_sqlite_is_durable_and_new_enough(sqlite_url: str) -> None:
    db = open_database(sqlite_url)
    for transaction in (db.write, db.read):
        with transaction() as tx:
            assert tx.rows("PRAGMA journal_mode") == [("wal",)]
            assert tx.rows("PRAGMA synchronous") == [(2,)]
            assert tx.rows("PRAGMA foreign_keys") == [(1,)]
            assert tx.rows("PRAGMA mmap_size") == [(0,)]
            version = tuple(int(part) for part in tx.rows("SELECT sqlite_version()")[0][0].split("."))
            assert version >= (3, 51, 3)
    db.close()


def test_a_file_that_is_no_database_is_said_to_be_damaged(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"these are words, not pages of a database " * 50)

    with pytest.raises(Fault, match="damaged"):
        open_database(f"sqlite:///{tmp_path / 'a.db'}")


def test_a_network_disk_is_refused(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "disk_kind", lambda _: "nfs4")

    with pytest.raises(InputError) as refused:
        open_database(sqlite_url)

    assert refused.value.errors[0].code == "network_disk"


def test_the_kind_of_disk_is_that_of_the_innermost_mount(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "22 1 8:1 / / rw - ext4 /dev/a rw\n"
        f"23 22 0:5 / {tmp_path} rw shared:1 - nfs4 host:/x rw\n"
        f"24 22 0:6 / {tmp_path}-other rw - cifs //host/y rw\n"
    )

    assert engine.disk_kind(tmp_path / "a" / "b.db", mounts) == "nfs4"
    assert engine.disk_kind(Path("/etc/b.db"), mounts) == "ext4"
    assert engine.disk_kind(tmp_path, tmp_path / "absent") is None


def test_a_transaction_inside_another_is_a_fault_not_a_wait(sqlite_url: str) -> None:
    db = open_database(sqlite_url)

    with pytest.raises(Fault, match="inside another"), db.write(), db.write():
        pass
    db.close()


_HOLD_THE_FILE = """
import sys, time
from pysqlite3 import dbapi2
c = dbapi2.connect(sys.argv[1], isolation_level=None)
c.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


def test_another_process_that_writes_makes_it_unavailable(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.1)
    db = open_database(sqlite_url)
    path = sqlite_url.removeprefix("sqlite:///")
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD_THE_FILE, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    try:
        assert holder.stdout.readline() == "held\n"

        with pytest.raises(Unavailable, match="Another program"), db.write():
            pass
        with db.read() as tx:
            assert tx.rows("SELECT 1") == [(1,)]
    finally:
        holder.communicate("")

    with db.write() as tx:
        assert tx.rows("SELECT 1") == [(1,)]
    db.close()


def test_a_writer_of_this_process_that_waits_too_long_is_told(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.05)
    db = open_database(sqlite_url)
    told: list[BaseException] = []

    def second() -> None:
        try:
            with db.write():
                pass
        except Unavailable as error:
            told.append(error)

    with db.write():
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()

    assert [type(error) for error in told] == [Unavailable]
    db.close()


def test_a_full_disk_loses_the_transaction_and_says_so(sqlite_url: str) -> None:
    db = open_database(sqlite_url)
    with db.write() as tx:
        tx.execute("CREATE TABLE t (a text)")
        tx.execute("INSERT INTO t VALUES ('first')")

    with pytest.raises(Unavailable, match="full"), db.write() as tx:
        tx.rows("PRAGMA max_page_count=3")
        tx.execute("INSERT INTO t VALUES (:a)", a="x" * 100_000)

    with db.read() as tx:
        assert tx.rows("SELECT a FROM t") == [("first",)]
    db.close()


# --- PostgreSQL ---


@pytest.mark.postgres
def test_postgresql_commits_wait_for_the_disk(pg_url: str) -> None:
    db = open_database(pg_url)

    with db.write() as tx:
        assert tx.rows("SHOW synchronous_commit") == [("on",)]
        assert tx.rows("SHOW transaction_isolation") == [("read committed",)]
    with db.read() as tx:
        assert tx.rows("SHOW transaction_isolation") == [("repeatable read",)]
        assert tx.rows("SHOW transaction_read_only") == [("on",)]
    with db.write() as tx:
        assert tx.rows("SHOW transaction_read_only") == [("off",)]
    db.close()


@pytest.mark.postgres
def test_a_deadlock_is_a_retry_and_both_get_through(pg_url: str) -> None:
    db = open_database(pg_url)
    with db.write() as tx:
        tx.execute("CREATE TABLE t (id int PRIMARY KEY, n int)")
        tx.execute("INSERT INTO t VALUES (1, 0), (2, 0)")
    both_hold_one = threading.Barrier(2)
    tries = {1: 0, 2: 0}

    def work(first: int, second: int) -> None:
        def step(tx: Tx) -> None:
            tries[first] += 1
            tx.execute("UPDATE t SET n = n + 1 WHERE id = :id", id=first)
            if tries[first] == 1:
                both_hold_one.wait(timeout=10)
            tx.execute("UPDATE t SET n = n + 1 WHERE id = :id", id=second)

        retrying(db, step)

    threads = [threading.Thread(target=work, args=pair) for pair in ((1, 2), (2, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(tries.values()) == [1, 2]
    with db.read() as tx:
        assert tx.rows("SELECT id, n FROM t ORDER BY id") == [(1, 2), (2, 2)]
    db.close()


@pytest.mark.postgres
def test_a_server_that_hangs_up_is_unavailable_once(pg_url: str) -> None:
    db = open_database(pg_url)
    with db.write() as tx:
        tx.execute("CREATE TABLE t (a int)")

    with pytest.raises(Unavailable), db.write() as tx:
        tx.execute("INSERT INTO t VALUES (1)")
        hang_up(db, tx)
        tx.execute("INSERT INTO t VALUES (2)")

    with db.write() as tx:
        assert tx.rows("SELECT a FROM t") == []
    db.close()


@pytest.mark.postgres
def test_after_a_restart_of_the_server_no_old_connection_is_used(pg_url: str) -> None:
    db = open_database(pg_url)
    opened = [db.read() for _ in range(4)]
    for snapshot in opened:
        snapshot.__enter__().rows("SELECT 1")
    for snapshot in opened:
        snapshot.__exit__(None, None, None)

    with db.write() as tx:
        tx.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
    failed = 0
    for _ in range(6):
        try:
            with db.read() as tx:
                tx.rows("SELECT 1")
        except Unavailable:
            failed += 1

    assert failed <= 1
    db.close()


@pytest.mark.postgres
def test_a_connection_lost_in_the_commit_has_an_unknown_end(
    pg_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = open_database(pg_url)
    heard: list[str] = []
    commit = db._commit

    def cut(connection: object) -> None:
        monkeypatch.undo()  # hanging up has a transaction of its own
        hang_up(db, current)
        commit(connection)  # type: ignore[arg-type]

    monkeypatch.setattr(db, "_commit", cut)
    with pytest.raises(Unavailable) as lost, db.write() as tx:
        current = tx
        tx.rows("SELECT 1")
        tx.when_over(heard.append)

    assert heard == ["unknown"]
    assert "whether it was kept is not known" in lost.value.detail
    with pytest.raises(Unavailable) as before, db.write() as tx:
        hang_up(db, tx)
        tx.rows("SELECT 1")
    assert "not known" not in before.value.detail
    db.close()


@pytest.mark.postgres
def test_of_a_read_it_is_never_said_that_it_may_be_kept(pg_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    db = open_database(pg_url)
    commit = db._commit

    def cut(connection: object) -> None:
        monkeypatch.undo()
        hang_up(db, current)
        commit(connection)  # type: ignore[arg-type]

    monkeypatch.setattr(db, "_commit", cut)
    with pytest.raises(Unavailable) as lost, db.read() as tx:
        current = tx
        tx.rows("SELECT 1")

    assert "not known" not in lost.value.detail
    db.close()


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("ip"),
    reason="a network that can be taken away needs root on Linux",
)
@pytest.mark.parametrize(
    ("seconds", "given_up"),
    [(2, "after under way\n"), (600, "\n")],  # the second is the control
)
def test_a_server_that_vanished_with_its_network_is_given_up(seconds: int, given_up: str) -> None:
    command = ["unshare", "--net", sys.executable, "-m", "tests.db.vanished", str(seconds)]

    ran = subprocess.run(command, capture_output=True, text=True, timeout=120)

    assert (ran.stdout, ran.returncode) == (given_up, 0), ran.stderr


def hang_up(db: Database, tx: Tx) -> None:
    """The server ends this transaction's connection."""
    pid = tx.rows("SELECT pg_backend_pid()")[0][0]
    with db.read() as other:
        other.rows("SELECT pg_terminate_backend(:pid)", pid=pid)
        while other.rows("SELECT 1 FROM pg_stat_activity WHERE pid = :pid", pid=pid):
            other.connection.rollback()


@pytest.mark.postgres
def test_a_wrong_name_is_the_callers_error(pg_url: str) -> None:
    with pytest.raises(InputError) as refused:
        open_database(f"{pg_url}_absent")

    assert refused.value.errors[0].code == "cannot_connect"


def test_no_server_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        open_database("postgresql://accord@127.0.0.1:1/accord")


def test_opening_imports_no_migrations_and_no_other_driver() -> None:
    words = "import sys, accord.db.engine; print(any(m.split('.')[0] in {'alembic', 'psycopg', 'mako'} for m in sys.modules))"

    done = subprocess.run(
        [sys.executable, "-c", words], capture_output=True, text=True, check=True, env=os.environ
    )

    assert done.stdout == "False\n"


def test_the_table_of_errors_covers_what_the_design_names() -> None:
    assert set(failures._RETRY) == {"40001", "40P01", "55P03"}


def test_no_try_begins_after_the_caller_waited_long_enough(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = open_database(sqlite_url)
    now = [0.0]
    monkeypatch.setattr(engine.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(engine.time, "sleep", lambda _: None)
    tries = 0

    def work(tx: Tx) -> None:
        nonlocal tries
        tries += 1
        now[0] += 10.5
        raise Retry("a row stayed locked for too long")

    with pytest.raises(Unavailable, match="2 times"):
        retrying(db, work)

    assert tries == 2
    db.close()
