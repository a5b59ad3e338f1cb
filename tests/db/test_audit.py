"""Whether anybody can change the record of what was done without being found: the same on both engines.

Each kind of tampering is done at every place of a small record, and the findings are counted.
"""

from __future__ import annotations

import threading
from pathlib import Path

import msgspec
import pytest

from accord.db import audit
from accord.db.audit import Entry, Finding, append, entry_hash, erase_personal, verify_chains
from accord.db.audit_checkpoints import (
    Checkpoint,
    check_checkpoint,
    check_checkpoints,
    checkpoint,
    heads,
    load_key,
)
from accord.db.engine import Database, open_database
from accord.db.migrations import upgrade
from accord.db.schema import metadata
from accord.kit.errors import InputError

KEY = b"k" * 32


def entry(n: int, personal: bytes | None = None, subject: str | None = None) -> Entry:
    return Entry("Promised", b'{"n":%d}' % n, personal, subject)


def write(db: Database, *entries: Entry) -> None:
    with db.write() as tx:
        append(tx, entries)


def verify(db: Database) -> list[Finding]:
    with db.read() as tx:
        return verify_chains(tx)


def found(db: Database) -> list[tuple[str, int]]:
    return [(finding.what, finding.seq) for finding in verify(db)]


def execute(db: Database, sql: str, **params: object) -> None:
    with db.write() as tx:
        tx.execute(sql, **params)


def two_chains(db: Database, entries: int = 6) -> tuple[str, str]:
    """Two chains of as many entries; every second entry has a personal part."""
    for n in range(entries):
        with db.write() as tx:
            append(tx, [entry(n, b"Anna" if n % 2 else None, "anna" if n % 2 else None)])
    db.chains.borrow()
    for n in range(entries):
        with db.write() as tx:
            append(tx, [entry(n)])
    with db.read() as tx:
        first, second = [head.chain_id for head in heads(tx)]
    return first, second


# --- writing ---


def test_a_record_that_nobody_touched_has_no_findings(db: Database) -> None:
    first, second = two_chains(db)
    told: list[int] = []

    with db.read() as tx:
        assert verify_chains(tx, told.append) == []
        assert [(head.chain_id, head.seq) for head in heads(tx)] == [(first, 6), (second, 6)]
    assert told == [12]


def test_an_empty_record_has_no_findings(db: Database) -> None:
    assert verify(db) == []


def test_a_process_goes_on_with_its_chain(db: Database) -> None:
    write(db, entry(1), entry(2))
    write(db, entry(3))
    write(db)

    with db.read() as tx:
        assert [head.seq for head in heads(tx)] == [3]
        assert tx.rows("SELECT count(*) FROM audit_chain") == [(1,)]
    assert verify(db) == []


def test_entries_of_one_transaction_may_come_in_several_calls(db: Database) -> None:
    with db.write() as tx:
        append(tx, [entry(1)])
        append(tx, [entry(2), entry(3)])

    with db.read() as tx:
        assert [head.seq for head in heads(tx)] == [3]
    assert verify(db) == []


def test_a_lost_transaction_does_not_move_the_head(db: Database) -> None:
    write(db, entry(1))
    with pytest.raises(ValueError, match="no"), db.write() as tx:
        append(tx, [entry(2), entry(3)])
        raise ValueError("no")
    write(db, entry(4))

    with db.read() as tx:
        assert tx.rows("SELECT seq, body FROM audit ORDER BY seq") == [(1, b'{"n":1}'), (2, b'{"n":4}')]
    assert verify(db) == []


def test_a_lost_first_transaction_leaves_no_chain(db: Database) -> None:
    with pytest.raises(ValueError, match="no"), db.write() as tx:
        append(tx, [entry(1)])
        raise ValueError("no")
    write(db, entry(2))

    with db.read() as tx:
        assert tx.rows("SELECT count(*) FROM audit_chain") == [(1,)]
    assert verify(db) == []


@pytest.mark.postgres
def test_two_that_write_at_once_write_to_two_chains_and_do_not_wait(pg_db: Database) -> None:
    db = pg_db
    with db.write() as first, db.write() as second:
        append(first, [entry(1)])
        append(second, [entry(2)])
        append(first, [entry(3)])
    write(db, entry(4))

    with db.read() as tx:
        assert sorted(head.seq for head in heads(tx)) in ([1, 3], [2, 2])
    assert verify(db) == []


def test_many_threads_leave_a_whole_record(db: Database) -> None:
    def work() -> None:
        for n in range(20):
            write(db, entry(n), entry(n))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with db.read() as tx:
        assert sum(head.seq for head in heads(tx)) == 160
        assert len(heads(tx)) <= 4
    assert verify(db) == []


def test_a_chain_whose_last_commit_nobody_knows_is_left(db: Database) -> None:
    with db.write() as tx:
        append(tx, [entry(1)])
        chain = tx.chain
        tx.tell("unknown")

    write(db, entry(2))

    with db.read() as tx:
        assert chain is not None
        assert len(heads(tx)) == 2
    assert verify(db) == []


def test_the_hash_covers_every_part_and_where_it_ends() -> None:
    whole = ("a" * 64, 1, "Kind", b"body", "c" * 64)
    others = [
        ("b" * 64, 1, "Kind", b"body", "c" * 64),
        ("a" * 64, 11, "Kind", b"body", "c" * 64),
        ("a" * 64, 1, "Kin", b"dbody", "c" * 64),
        ("a" * 64, 1, "Kind", b"bodz", "c" * 64),
        ("a" * 64, 1, "Kind", b"body", "d" * 64),
        ("a" * 64, 1, "Kind", b"body", ""),
    ]

    assert len({entry_hash(*parts) for parts in [whole, *others]}) == 7


# --- tampering that the chains show ---


def test_every_edit_is_found_where_it_was_made(db: Database) -> None:
    edits = {
        "body": "'x'" if db.dialect == "sqlite" else "'\\x00'",
        "type": "'Cancelled'",
        "at": '"at" + 1',
        "commitment": "'" + "0" * 64 + "'",
        "hash": "'" + "0" * 64 + "'",
    }
    two_chains(db)
    done = 0
    for column, value in edits.items():
        for seq in range(1, 7):
            before = snapshot(db)
            execute(db, f'UPDATE audit SET "{column}" = {value} WHERE seq = {seq}')
            places = found(db)
            expected = {("entry_changed", seq)} | (
                {("entry_changed", seq + 1)} if column == "hash" and seq < 6 else set()
            )
            assert {place for place in places if place[0] == "entry_changed"} == expected, (column, seq)
            assert len([p for p in places if p[0] == "entry_changed"]) == 2 * len(expected)
            restore(db, before)
            done += 1

    assert done == 30
    assert verify(db) == []


def test_what_is_not_even_of_the_right_type_is_found(sqlite_url: str) -> None:
    """SQLite lets somebody who writes the file put any type into any column."""
    db = open_database(sqlite_url)
    upgrade(db)
    first, second = two_chains(db)
    make_checkpoint(db)
    edits = [
        (column, value)
        for column in ("seq", "at", "type", "body", "commitment", "hash", "personal", "salt", "subject")
        for value in ("'x'", "x'ff'", "1.5", "-7")
        if (column, value) not in {("type", "'x'"), ("subject", "'x'")}
    ]
    for column, value in edits:
        before = snapshot(db)
        execute(db, f'UPDATE audit SET "{column}" = {value} WHERE seq = 2 AND chain_id = :chain', chain=first)
        assert found(db) != [], (column, value)
        assert not any(finding.chain_id == second for finding in verify(db))
        restore(db, before)
    for column in ("at", "body", "mac"):
        before = snapshot(db)
        execute(db, f"UPDATE audit_checkpoint SET \"{column}\" = 'é'")
        assert [finding.what for finding in checked(db)] == ["checkpoint_changed"]
        restore(db, before)
    db.close()


def test_every_swap_is_found(db: Database) -> None:
    first, _ = two_chains(db)
    done = 0
    for a in range(1, 7):
        for b in range(a + 1, 7):
            before = snapshot(db)
            for old, new in ((a, -1), (b, a), (-1, b)):
                execute(
                    db, f"UPDATE audit SET seq = {new} WHERE seq = {old} AND chain_id = :chain", chain=first
                )
            assert {("entry_changed", a), ("entry_changed", b)} <= set(found(db)), (a, b)
            restore(db, before)
            done += 1

    assert done == 15


def test_every_missing_entry_is_found_but_the_last_of_a_chain(db: Database) -> None:
    first, _ = two_chains(db)
    for seq in range(1, 6):
        before = snapshot(db)
        execute(db, f"DELETE FROM audit WHERE seq = {seq} AND chain_id = :chain", chain=first)
        assert found(db) == [("entry_missing", seq)]
        restore(db, before)

    execute(db, "DELETE FROM audit WHERE seq = 6 AND chain_id = :chain", chain=first)
    assert found(db) == []  # what checkpoints are for


def test_entries_put_into_another_chain_are_found(db: Database) -> None:
    first, second = two_chains(db)
    execute(db, "UPDATE audit SET chain_id = '-' WHERE chain_id = :a", a=first)
    execute(db, "UPDATE audit SET chain_id = :a WHERE chain_id = :b", a=first, b=second)
    execute(db, "UPDATE audit SET chain_id = :b WHERE chain_id = '-'", b=second)

    assert found(db) == [("entry_changed", 1), ("entry_changed", 1)]


def test_a_chain_without_entries_and_entries_without_a_chain_are_found(db: Database) -> None:
    first, second = two_chains(db)
    execute(db, "DELETE FROM audit WHERE chain_id = :a", a=first)
    execute(db, "DELETE FROM audit_chain WHERE id = :b", b=second)

    assert verify(db) == [Finding("chain_empty", first, 0), Finding("chain_unknown", second, 0)]


@pytest.mark.parametrize("change", ["personal = salt", "salt = personal", "subject = 'bert'", "salt = NULL"])
def test_a_changed_personal_part_is_found(db: Database, change: str) -> None:
    two_chains(db)
    execute(db, f"UPDATE audit SET {change} WHERE seq = 2 AND personal IS NOT NULL")

    assert found(db) == [("personal_changed", 2)]


@pytest.mark.parametrize("change", ["salt = body", "subject = 'bert'"])
def test_a_personal_part_that_was_not_there_is_found(db: Database, change: str) -> None:
    two_chains(db)
    execute(db, f"UPDATE audit SET {change} WHERE seq = 3 AND personal IS NULL")

    assert found(db) == [("personal_changed", 3)] * 2


def test_who_comes_back_after_being_erased_is_found(db: Database) -> None:
    first, _ = two_chains(db)
    kept = snapshot(db)
    with db.write() as tx:
        assert erase_personal(tx, "anna") == 3
    assert verify(db) == []

    columns = list(metadata.tables["audit"].c.keys())
    rows = [dict(zip(columns, row, strict=True)) for row in kept["audit"]]
    again = next(row for row in rows if (row["chain_id"], row["seq"]) == (first, 2))
    with db.write() as tx:
        tx.execute(
            "UPDATE audit SET salt = :salt, personal = :personal, subject = 'anna' WHERE chain_id = :chain AND seq = 2",
            salt=again["salt"],
            personal=again["personal"],
            chain=first,
        )

    assert found(db) == [("personal_changed", 2)]


@pytest.mark.parametrize("change", ["writer = 'another:1'", "started_at = started_at - 1"])
def test_who_started_a_chain_and_when_is_covered(db: Database, change: str) -> None:
    first, _ = two_chains(db)
    execute(db, f"UPDATE audit_chain SET {change} WHERE id = :id", id=first)

    assert verify(db) == [Finding("entry_changed", first, 1)]


# --- tampering that only a checkpoint shows ---


def recompute(db: Database, chain: str, start: int) -> None:
    """What somebody who can write the database can do: change an entry and every hash from there on."""
    with db.write() as tx:
        started = tx.rows("SELECT started_at, writer FROM audit_chain WHERE id = :chain", chain=chain)
        rows = tx.rows(
            'SELECT seq, "at", type, body, commitment, hash FROM audit WHERE chain_id = :chain ORDER BY seq',
            chain=chain,
        )
        head = audit.genesis(chain, *started[0])
        for seq, at, type, body, commitment, stored in rows:
            body = b'{"n":99}' if seq == start else body
            head = entry_hash(head, at, type, body, commitment) if seq >= start else stored
            tx.execute(
                "UPDATE audit SET body = :body, hash = :hash WHERE chain_id = :chain AND seq = :seq",
                body=body, hash=head, chain=chain, seq=seq,
            )  # fmt: skip


def make_checkpoint(db: Database) -> Checkpoint:
    with db.write() as tx:
        return checkpoint(tx, KEY)


def checked(db: Database, *exported: Checkpoint) -> list[Finding]:
    with db.read() as tx:
        inside = check_checkpoints(tx, KEY)
        outside = [finding for one in exported for finding in check_checkpoint(tx, one, KEY)]
    if exported:
        assert outside == inside
    return inside


def test_what_grew_since_the_checkpoint_is_no_finding(db: Database) -> None:
    two_chains(db)
    made = make_checkpoint(db)
    write(db, entry(7), entry(8))

    assert checked(db, made) == []
    with db.write() as tx:
        assert erase_personal(tx, "anna") == 3
    assert checked(db, made) == []


def test_a_removed_end_is_found_with_its_length(db: Database) -> None:
    first, _ = two_chains(db)
    made = make_checkpoint(db)
    for start in range(2, 7):
        before = snapshot(db)
        execute(db, f"DELETE FROM audit WHERE seq >= {start} AND chain_id = :chain", chain=first)
        assert found(db) == []
        assert checked(db, made) == [Finding("end_missing", first, start, f"{7 - start} entries")]
        restore(db, before)


def test_a_removed_chain_is_found(db: Database) -> None:
    first, _ = two_chains(db)
    made = make_checkpoint(db)
    execute(db, "DELETE FROM audit WHERE chain_id = :chain", chain=first)
    execute(db, "DELETE FROM audit_chain WHERE id = :chain", chain=first)

    assert found(db) == []
    assert checked(db, made) == [Finding("chain_missing", first, 1, "6 entries")]


def test_a_chain_that_was_computed_anew_is_found(db: Database) -> None:
    _, second = two_chains(db)
    made = make_checkpoint(db)
    for start in range(1, 7):
        before = snapshot(db)
        recompute(db, second, start)
        assert found(db) == []
        assert checked(db, made) == [Finding("head_changed", second, 6)]
        restore(db, before)


def test_what_an_earlier_checkpoint_saw_counts_too(db: Database) -> None:
    first, _ = two_chains(db)
    make_checkpoint(db)
    execute(db, "DELETE FROM audit WHERE chain_id = :chain", chain=first)
    execute(db, "DELETE FROM audit_chain WHERE id = :chain", chain=first)
    make_checkpoint(db)

    assert checked(db) == [Finding("chain_missing", first, 1, "6 entries")]


def test_checkpoints_themselves_cannot_be_changed_or_taken_out(db: Database) -> None:
    two_chains(db)
    for _ in range(4):
        make_checkpoint(db)
        write(db, entry(1))
    tampered = {
        'UPDATE audit_checkpoint SET "at" = "at" + 1 WHERE seq = 2': [("checkpoint_changed", 2)],
        "UPDATE audit_checkpoint SET body = (SELECT body FROM audit_checkpoint WHERE seq = 1) WHERE seq = 2": [
            ("checkpoint_changed", 2)
        ],
        "UPDATE audit_checkpoint SET mac = '0' WHERE seq = 4": [("checkpoint_changed", 4)],
        "DELETE FROM audit_checkpoint WHERE seq = 2": [("checkpoint_missing", 2)],
        "DELETE FROM audit_checkpoint WHERE seq <= 2": [("checkpoint_missing", 1)],
    }
    for sql, expected in tampered.items():
        before = snapshot(db)
        execute(db, sql)
        assert [(finding.what, finding.seq) for finding in checked(db)] == expected, sql
        restore(db, before)
    assert checked(db) == []


def test_another_key_signs_nothing(db: Database) -> None:
    two_chains(db)
    made = make_checkpoint(db)

    with db.read() as tx:
        assert check_checkpoint(tx, made, b"x" * 32) == [Finding("checkpoint_changed", "", 1)]
        assert check_checkpoints(tx, b"x" * 32) == [Finding("checkpoint_changed", "", 1)]


def test_an_exported_checkpoint_is_found_wrong_when_it_was_edited(db: Database) -> None:
    two_chains(db)
    made = make_checkpoint(db)

    with db.read() as tx:
        assert check_checkpoint(tx, msgspec.structs.replace(made, seq=2), KEY) == [
            Finding("checkpoint_changed", "", 2)
        ]


def test_a_key_is_made_once_and_is_its_owners_only(tmp_path: Path) -> None:
    path = tmp_path / "audit.key"
    key = load_key(path, create=True)

    assert len(key) == 32
    assert load_key(path) == load_key(path, create=True) == key
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", [None, "", "zz" * 32, "ab" * 31])
def test_what_is_no_key_is_refused(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "audit.key"
    if text is not None:
        path.write_text(text)

    with pytest.raises(InputError) as refused:
        load_key(path)
    assert refused.value.errors[0].code == "no_key"


# --- erasing a person ---


def test_a_person_is_erased_and_the_chains_still_verify(db: Database) -> None:
    write(db, entry(1, b"Anna, anna@example.org", "anna"), entry(2, b"Bert", "bert"), entry(3))
    write(db, entry(4, b"Anna again", "anna"), entry(5, b"nobody's"))

    with db.write() as tx:
        assert erase_personal(tx, "anna") == 2
        assert erase_personal(tx, "anna") == 0
        assert erase_personal(tx, "absent") == 0

    assert verify(db) == []
    with db.read() as tx:
        assert tx.rows("SELECT personal FROM audit WHERE personal IS NOT NULL ORDER BY seq") == [
            (b"Bert",),
            (b"nobody's",),
        ]
        assert tx.rows(
            "SELECT count(*) FROM audit WHERE subject = 'anna' OR (salt IS NULL) <> (personal IS NULL)"
        ) == [(0,)]


def test_a_personal_part_that_is_just_gone_is_found(db: Database) -> None:
    write(db, entry(1, b"Anna", "anna"), entry(2, b"Bert", "bert"))
    with db.write() as tx:
        erase_personal(tx, "anna")
    execute(db, "UPDATE audit SET salt = NULL, personal = NULL, subject = NULL WHERE subject = 'bert'")

    assert found(db) == [("personal_missing", 2)]


def test_an_erased_person_is_not_in_the_files(sqlite_url: str, tmp_path: Path) -> None:
    db = open_database(sqlite_url)
    upgrade(db)
    write(db, *[entry(n, b"canary-%d-" % n * 20, "anna") for n in range(50)])
    assert sum(b"canary-" in path.read_bytes() for path in tmp_path.iterdir()) > 0

    with db.write() as tx:
        erase_personal(tx, "anna")
    db.scrub()

    assert [path.name for path in tmp_path.iterdir() if b"canary-" in path.read_bytes()] == []
    db.close()


@pytest.mark.postgres
def test_scrubbing_postgresql_leaves_no_old_row_in_the_table(pg_db: Database) -> None:
    write(pg_db, *[entry(n, b"canary", "anna") for n in range(50)])
    with pg_db.write() as tx:
        erase_personal(tx, "anna")

    pg_db.scrub()

    with pg_db.read() as tx:
        assert tx.rows("SELECT pg_relation_size('audit') / 8192 <= 2") == [(True,)]
        assert verify_chains(tx) == []


# --- help ---

TABLES = ("audit", "audit_chain", "audit_checkpoint")


def snapshot(db: Database) -> dict[str, list[tuple[object, ...]]]:
    with db.read() as tx:
        return {name: tx.rows(f"SELECT * FROM {name}") for name in TABLES}


def restore(db: Database, rows: dict[str, list[tuple[object, ...]]]) -> None:
    with db.write() as tx:
        for name in TABLES:
            tx.execute(f"DELETE FROM {name}")
            tx.insert(metadata.tables[name], rows[name])
