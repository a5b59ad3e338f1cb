"""Looking after it from the command line: what was changed by hand is found and named, what is kept comes back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from accord.db import audit_keys, outbox
from accord.db.audit import entry_hash, genesis
from accord.db.engine import Database, open_database
from accord.db.migrations import upgrade
from accord.exceptions.model import Counted
from accord.exceptions.service import supply_changed
from accord.kit.errors import Unavailable
from accord.web.server.jobs import JOBS
from tests import postgres
from tests.commands import Run, run
from tests.company import said_day, tell

__all__ = ["run"]  # a fixture


@pytest.fixture
def url(db_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database that ACCORD_DB names, with a key for its audit that ACCORD_AUDIT_KEY names."""
    monkeypatch.setenv("ACCORD_DB", db_url)
    monkeypatch.setenv("ACCORD_AUDIT_KEY", str(tmp_path / "audit.key"))
    return db_url


@pytest.fixture
def kept(url: str, run: Run, tmp_path: Path) -> Iterator[Database]:
    """A company with two promises, one of which a count has uncovered; a checkpoint, kept outside as well."""
    db = open_database(url)
    upgrade(db)
    today = tell(db)
    for ref in ("SO-1", "SO-2"):
        line = f"40 X-100 by {said_day(today, 3)} for Northwind"
        assert run("commit", line, "--yes", "--ref", ref).code == 0
    supply_changed(
        db,
        [Counted(item="X-100", site="Halden", quantity=50, as_of=2, sequence=2)],
        actor="erp",
        id="count",
    )
    assert run("checkpoint", str(tmp_path / "exported")).code == 0
    yield db
    db.close()


def execute(db: Database, sql: str, **params: object) -> None:
    """What somebody with the database's password can do."""
    with db.write() as tx:
        assert tx.execute(sql, **params) > 0, sql


def found(run: Run, *argv: str) -> set[tuple[str, str]]:
    """What `accord verify` finds, by what it is about; its exit code must say so, too."""
    ran = run("verify", "--json", *argv)
    assert ran.code == (1 if ran.json["items"] else 0)
    assert ran.json["findings"] == len(ran.json["items"])
    return {(one["id"].partition(":")[0], one["what"]) for one in ran.json["items"]}


# --- verify ---


def test_what_is_whole_is_said_with_how_much_was_looked_at(kept: Database, run: Run, tmp_path: Path) -> None:
    ran = run("verify", "--json")
    outside = run("verify", "--json", "--exported", str(tmp_path / "exported"))
    people = run("verify")

    with kept.read() as tx:
        ((keys, promises, entries),) = tx.rows(
            "SELECT (SELECT count(*) FROM ledger_key), (SELECT count(*) FROM promise WHERE in_force),"
            " (SELECT count(*) FROM audit)"
        )
    assert ran.code == outside.code == people.code == 0
    assert ran.json == {
        "findings": 0,
        "keys": keys,
        "promises": promises,
        "audit_entries": entries,
        "checkpoints": 1,
        "unchecked": None,
        "items": [],
        "next": None,
    }
    assert promises == 2
    assert entries > 4
    assert outside.json["checkpoints"] == 2
    assert "1 checkpoints fit them" in people.out


ENTRY = "chain_id = (SELECT min(chain_id) FROM audit) AND seq = 1"
HALDEN = "key = 'node:X-100@Halden'"
TAMPERED = {
    "an audit entry edited": (
        [f"UPDATE audit SET type = 'PromiseRefused' WHERE {ENTRY}"],
        {("audit", "entry_changed")},
    ),
    "an audit entry taken out": (
        ["DELETE FROM audit WHERE seq = 1 AND chain_id IN (SELECT chain_id FROM audit WHERE seq = 2)"],
        {("audit", "entry_missing")},
    ),
    "the end of every chain taken off": (
        ["DELETE FROM audit WHERE seq > 1"],
        {("audit", "end_missing")},
    ),
    "a chain taken out": (
        [
            "DELETE FROM audit_chain WHERE id = (SELECT max(chain_id) FROM audit)",
            "DELETE FROM audit WHERE chain_id = (SELECT max(chain_id) FROM audit)",
        ],
        {("audit", "chain_missing")},
    ),
    "a checkpoint edited": (
        ["UPDATE audit_checkpoint SET at = at + 1"],
        {("checkpoint", "checkpoint_changed")},
    ),
    "a draw taken out": (
        [f"DELETE FROM ledger_draw WHERE {HALDEN} AND id = (SELECT max(id) FROM ledger_draw WHERE {HALDEN})"],
        {("node", "profile_differs"), ("node", "draws_differ"), ("node", "lowest_differs"), ("node", "exception_idle")},
    ),
    "a draw made smaller": (
        [f"UPDATE ledger_draw SET quantity = quantity - 1 WHERE {HALDEN}"],
        {("node", "profile_differs"), ("node", "draws_differ"), ("node", "lowest_differs")},
    ),
    "a profile that says another": (
        [
            f"UPDATE ledger_key SET profile = (SELECT profile FROM ledger_key WHERE key = 'node:OIL@Lyon') WHERE {HALDEN}"
        ],
        {("node", "profile_unreadable")},
    ),
    "a profile that says nothing": (
        [f"UPDATE ledger_key SET profile = (SELECT body FROM audit ORDER BY chain_id, seq LIMIT 1) WHERE {HALDEN}"],
        {("node", "profile_unreadable")},
    ),
    "more allowed below zero": (
        [f"UPDATE ledger_key SET lowest = lowest + 7 WHERE {HALDEN}"],
        {("node", "lowest_differs")},
    ),
    "an exception closed by hand": (
        ["UPDATE ledger_exception SET closed_at = 1, closed_why = 'covered again'"],
        {("node", "exception_missing")},
    ),
    "a commitment taken out": (
        [f"DELETE FROM ledger_commitment WHERE {HALDEN} AND id = (SELECT max(id) FROM ledger_commitment)"],
        {("prm", "commitment_missing"), ("prm", "quantity_differs")},
    ),
    "supply written in": (
        [f"UPDATE ledger_supply SET quantity = 900 WHERE {HALDEN} AND version_to IS NULL AND kind = 'on_hand'"],
        {("node", "profile_differs"), ("node", "lowest_differs"), ("node", "exception_idle")},
    ),
    "a promise that nobody can read": (
        ["UPDATE promise SET body = (SELECT body FROM audit ORDER BY chain_id, seq LIMIT 1) WHERE ref = 'SO-1'"],
        {("promises", "row_unreadable")},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TAMPERED)
def test_what_was_changed_by_hand_is_found_and_named(case: str, kept: Database, run: Run) -> None:
    statements, expected = TAMPERED[case]
    assert found(run) == set()
    for sql in statements:
        execute(kept, sql)

    what = {(about[:3] if about.startswith("prm") else about, word) for about, word in found(run)}

    assert what == expected


def test_people_are_told_what_and_where(kept: Database, run: Run) -> None:
    execute(kept, "DELETE FROM audit WHERE seq > 1")

    ran = run("verify")

    assert ran.code == 1
    assert ran.out.startswith("✘ ")
    assert "end_missing. entry 2: " in ran.out
    assert "Looked at " in ran.err


def test_without_checkpoints_a_removed_end_is_not_found(kept: Database, run: Run, tmp_path: Path) -> None:
    """The control: a chain alone does not show that its end is gone. An exported checkpoint does."""
    execute(kept, "DELETE FROM audit WHERE seq > 1")
    execute(kept, "DELETE FROM audit_checkpoint")

    assert found(run) == set()
    assert found(run, "--exported", str(tmp_path / "exported")) == {
        ("audit", "end_missing"),
        ("checkpoint", "checkpoint_missing"),
    }


def test_a_checkpoint_that_was_exported_must_still_be_there(kept: Database, run: Run, tmp_path: Path) -> None:
    execute(kept, "DELETE FROM audit_checkpoint")

    assert found(run) == set()
    assert found(run, "--exported", str(tmp_path / "exported")) == {("checkpoint", "checkpoint_missing")}


def test_a_chain_written_anew_is_found_by_the_checkpoint_only(kept: Database, run: Run) -> None:
    with kept.write() as tx:
        ((chain,),) = tx.rows("SELECT min(chain_id) FROM audit")
        ((started_at, writer),) = tx.rows(
            "SELECT started_at, writer FROM audit_chain WHERE id = :id", id=chain
        )
        head = genesis(chain, started_at, writer)
        for seq, at, type, body, commitment in tx.rows(
            'SELECT seq, "at", type, body, commitment FROM audit WHERE chain_id = :chain ORDER BY seq',
            chain=chain,
        ):
            body = b"{}" if seq == 1 else body
            head = entry_hash(head, at, type, body, commitment)
            tx.execute(
                "UPDATE audit SET body = :body, hash = :hash WHERE chain_id = :chain AND seq = :seq",
                body=body,
                hash=head,
                chain=chain,
                seq=seq,
            )

    assert found(run) == {("audit", "head_changed")}


def test_without_the_key_checkpoints_are_not_called_checked(kept: Database, run: Run, tmp_path: Path) -> None:
    (tmp_path / "audit.key").unlink()

    ran, people = run("verify", "--json"), run("verify")

    assert ran.code == 0
    assert ran.json["checkpoints"] == 1
    assert "audit.key is not there" in ran.json["unchecked"]
    assert "NOT checked" in people.err
    assert "checkpoints fit" not in people.out
    assert run("verify", "--exported", str(tmp_path / "exported")).code == 2


def test_another_key_fits_no_checkpoint(kept: Database, run: Run, tmp_path: Path) -> None:
    (tmp_path / "audit.key").write_text("ab" * 32)

    assert found(run) == {("checkpoint", "checkpoint_changed")}


@pytest.mark.parametrize("text", ["", "hello", '{"seq":1}'])
def test_what_is_no_checkpoint_is_named(kept: Database, run: Run, tmp_path: Path, text: str) -> None:
    (tmp_path / "other").write_text(f"{text}\n")

    ran = run("verify", "--exported", str(tmp_path / "other"))

    assert ran.code == 2
    assert "Line 1" in ran.err


def test_a_checkpoint_needs_something_to_sign_and_a_key(run: Run, url: str, tmp_path: Path) -> None:
    nothing = run("checkpoint")
    (tmp_path / "audit.key").write_text("no key")

    assert nothing.code == 2
    assert "nothing to sign" in nothing.err
    assert run("checkpoint", str(tmp_path / "absent" / "file"), "--json").code == 2


def test_the_same_checkpoint_again_where_nothing_is_new(kept: Database, run: Run, tmp_path: Path) -> None:
    again = run("checkpoint", str(tmp_path / "exported"), "--json")

    assert again.json["id"] == 1
    lines = (tmp_path / "exported").read_text().splitlines()
    assert len(lines) == 2
    assert lines[0] == lines[1]


# --- backup and restore ---


@pytest.fixture
def elsewhere(request: pytest.FixtureRequest, kept: Database, tmp_path: Path) -> Iterator[str]:
    """Where nothing is yet, on the same engine."""
    if kept.dialect == "sqlite":
        yield f"sqlite:///{tmp_path / 'restored.db'}"
        return
    with postgres.database(request.getfixturevalue("pg_server")) as url:
        yield url


def test_a_backup_is_signed_first(kept: Database, run: Run, tmp_path: Path) -> None:
    supply_changed(
        kept, [Counted(item="OIL", site="Lyon", quantity=1, as_of=2, sequence=2)], actor="erp", id="later"
    )

    ran = run("backup", str(tmp_path / "kept"), "--json")

    assert ran.code == 0
    assert ran.json["unsigned"] is None
    assert ran.json["is_portable"] is (kept.dialect == "postgresql")
    with kept.read() as tx:
        assert tx.rows("SELECT max(seq) FROM audit_checkpoint") == [(2,)]


def test_a_backup_that_could_not_be_signed_is_made_and_says_so(
    kept: Database, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_db: Database) -> None:
        raise Unavailable("The disk is full.")

    monkeypatch.setattr(audit_keys, "keep", away)

    ran = run("backup", str(tmp_path / "kept"))

    assert ran.code == 0
    assert "The audit was not signed before: The disk is full." in ran.err
    assert (tmp_path / "kept").exists()


@pytest.mark.parametrize("argv", [[], ["--portable"]], ids=["own form", "portable"])
def test_what_was_kept_comes_back_and_verifies(
    kept: Database, elsewhere: str, run: Run, tmp_path: Path, argv: list[str]
) -> None:
    shown = run("promises", "--json").json

    assert run("backup", str(tmp_path / "file"), *argv).code == 0
    assert run("restore", str(tmp_path / "file"), "--db", elsewhere).code == 0

    checked = run("verify", "--json", "--db", elsewhere)
    assert checked.code == 0
    assert checked.json["checkpoints"] == 1
    assert checked.json["unchecked"] is None
    assert run("promises", "--json", "--db", elsewhere).json == shown
    assert run("restore", str(tmp_path / "file"), "--db", elsewhere).code == 2  # never over data


@pytest.mark.postgres
def test_it_moves_from_a_file_to_postgresql_and_back(
    sqlite_url: str, pg_url: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCORD_AUDIT_KEY", str(tmp_path / "audit.key"))
    db = open_database(sqlite_url)
    upgrade(db)
    today = tell(db)
    line = f"80 X-100 by {said_day(today, 3)} for Northwind"
    last = f"sqlite:///{tmp_path / 'back.db'}"

    promise = run("commit", line, "--yes", "--db", sqlite_url, "--json").json["promise"]
    assert run("backup", str(tmp_path / "out"), "--portable", "--db", sqlite_url).code == 0
    assert run("restore", str(tmp_path / "out"), "--db", pg_url).code == 0
    assert run("commit", f"20 X-100 by {said_day(today, 4)}", "--yes", "--db", pg_url).code == 0
    assert run("backup", str(tmp_path / "back"), "--portable", "--db", pg_url).code == 0
    assert run("restore", str(tmp_path / "back"), "--db", last).code == 0

    for place, checkpoints, promises in ((sqlite_url, 1, 1), (pg_url, 2, 2), (last, 2, 2)):
        checked = run("verify", "--json", "--db", place)
        assert (checked.code, checked.json["checkpoints"], checked.json["promises"]) == (
            0,
            checkpoints,
            promises,
        )
        assert checked.json["unchecked"] is None
        assert run("replay", "--all", "--json", "--db", place).json["same"] == promises
        assert run("show", promise, "--db", place).code == 0
    # And it goes on working there: all that is left can be promised, and one more cannot.
    assert run("commit", f"1 X-100 by {said_day(today, 5)}", "--yes", "--db", last).code == 3
    assert run("jobs", "--once", "--db", last).code == 0
    db.close()


@pytest.mark.postgres
def test_a_copy_of_a_file_does_not_go_into_postgresql_and_says_what_does(
    sqlite_url: str, pg_url: str, run: Run, tmp_path: Path
) -> None:
    db = open_database(sqlite_url)
    upgrade(db)
    db.close()
    run("backup", str(tmp_path / "file"), "--db", sqlite_url)

    ran = run("restore", str(tmp_path / "file"), "--db", pg_url)

    assert ran.code == 2
    assert "portable" in ran.err


# --- jobs and outbox ---


def test_jobs_are_done_once_and_then_listed(kept: Database, run: Run) -> None:
    before = run("jobs", "--json").json["items"]
    once = run("jobs", "--once", "--json")
    again = run("jobs", "--once")
    after = run("jobs", "--json").json["items"]

    names = [job.name for job in JOBS]
    assert [one["id"] for one in before] == [one["id"] for one in once.json["items"]] == names
    assert [one["done_at"] for one in before] == [None] * len(JOBS)
    assert once.code == again.code == 0
    assert once.json["failed"] == 0
    done = {one["id"]: one["done"] for one in once.json["items"]}
    assert (done["publish"], done["roll"], done["checkpoint"]) == (3, 2, 1)  # rolling is signed, too
    assert all(one["done_at"] and one["error"] is None for one in after)
    assert run("jobs").code == 0
    assert found(run) == set()


def test_a_job_that_fails_exits_1_and_the_others_are_done(kept: Database, run: Run, tmp_path: Path) -> None:
    (tmp_path / "audit.key").unlink()
    supply_changed(
        kept, [Counted(item="OIL", site="Lyon", quantity=1, as_of=2, sequence=2)], actor="erp", id="later"
    )

    ran = run("jobs", "--once", "--json")

    assert ran.code == 1
    states = {one["id"]: one["state"] for one in ran.json["items"]}
    assert states == {
        "publish": "done",
        "notify": "done",
        "roll": "done",
        "tidy": "done",
        "merge": "done",
        "prune": "done",
        "forget_imports": "done",
        "forget_sessions": "done",
        "forget_notices": "done",
        "checkpoint": "failed",
    }
    listed = {one["id"]: one for one in run("jobs", "--json").json["items"]}
    assert listed["checkpoint"]["failures"] == 1
    assert "earlier checkpoints were signed with it" in listed["checkpoint"]["error"]
    assert "failed 1 times" in run("jobs").out


def test_the_outbox_lists_what_waits_and_what_is_parked_page_by_page(kept: Database, run: Run) -> None:
    everything = run("outbox", "--json").json
    ids = [one["id"] for one in everything["items"]]
    with kept.write() as tx:
        outbox.park(tx, ids[0], error="410 gone")

    first = run("outbox", "--json", "--limit", "2").json
    second = run("outbox", "--json", "--limit", "2", "--after", first["next"]).json
    parked = run("outbox", "--json", "--parked").json

    assert (everything["waiting"], everything["parked"], everything["next"], len(ids)) == (3, 0, None, 3)
    assert ids == sorted(ids)
    assert {one["topic"] for one in everything["items"]} == {"PromiseCommitted", "ExceptionOpened"}
    assert [one["id"] for one in first["items"] + second["items"]] == ids
    assert (first["next"], second["next"]) == (ids[1], None)
    assert (first["waiting"], first["parked"]) == (2, 1)
    assert [(one["id"], one["is_parked"], one["error"]) for one in parked["items"]] == [
        (ids[0], True, "410 gone")
    ]
    assert "1 are parked" in run("outbox").out


def test_a_person_decides_about_messages_all_or_none(kept: Database, run: Run) -> None:
    ids = [one["id"] for one in run("outbox", "--json").json["items"]]
    with kept.write() as tx:
        outbox.park(tx, ids[0], error="410 gone")

    refused = run("outbox", "--sent", ids[1], "--sent", "absent", "--retry", ids[0])
    assert refused.code == 1
    assert "absent" in refused.err
    assert run("outbox", "--json").json["parked"] == 1

    decided = run("outbox", "--sent", ids[1], "--retry", ids[0], "--json")
    assert decided.code == 0
    assert (decided.json["waiting"], decided.json["parked"]) == (2, 0)
    assert [one["id"] for one in decided.json["items"]] == [ids[0], ids[2]]
    assert run("outbox", "--retry", ids[0]).code == 1  # it is not parked any more
