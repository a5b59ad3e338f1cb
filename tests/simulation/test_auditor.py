"""The auditor notices: each kind of damage to a sound database is found, by the rule it breaks."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from accord.db.engine import Database, open_database
from accord.db.migrations import upgrade
from accord.simulation.auditor import steps
from accord.simulation.auditor.judge import Auditor
from accord.simulation.auditor.mirror import Mirror
from accord.simulation.auditor.rows import Rows, decode
from accord.simulation.clock import START
from accord.simulation.run import simulate

SEED, OPS = 9, 250


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a database after a short life without violations."""
    path = tmp_path_factory.mktemp("life") / "accord.db"
    db = open_database(f"sqlite:///{path}")
    upgrade(db)
    assert simulate(db, OPS, SEED).violations == ()
    db.close()
    return path


@pytest.fixture
def lived(life: Path, tmp_path: Path) -> Iterator[Database]:
    """A copy of it to damage."""
    db = open_database(f"sqlite:///{shutil.copy(life, tmp_path)}")
    yield db
    db.close()


def rules_broken(db: Database) -> set[str]:
    with db.read() as tx:
        # The latest moment anywhere is the moment at which the life ended.
        now = tx.rows("SELECT max(latest_at) FROM ledger_key")[0][0]
    return {violation.rule for violation in Auditor(db, lambda: max(now, START)).audit(whole=True)}


# What is damaged, and the rule by which it must be found.
DAMAGE = {
    "a firm draw is gone": (
        "owner",
        "DELETE FROM ledger_draw WHERE id = (SELECT d.id FROM ledger_draw d JOIN ledger_commitment c ON c.id = d.owner"
        " WHERE c.state = 'committed' AND c.version_to IS NULL AND d.version_to IS NULL AND d.key = c.key LIMIT 1)",
    ),
    "a draw is larger": (
        "profile",
        "UPDATE ledger_draw SET quantity = quantity + 1 WHERE id = (SELECT id FROM ledger_draw WHERE version_to IS NULL LIMIT 1)",
    ),
    "stock is larger": (
        "profile",
        "UPDATE ledger_supply SET quantity = quantity + 1 WHERE version_to IS NULL AND kind = 'on_hand' AND counts = 'counted'",
    ),
    "a receipt is on another day": (
        "profile",
        "UPDATE ledger_supply SET on_day = on_day + 1 WHERE version_to IS NULL AND kind <> 'on_hand' AND counts = 'counted'",
    ),
    "the summary is too good": (
        "summary",
        "UPDATE ledger_key SET lowest = lowest + 1 WHERE key LIKE 'node:%'",
    ),
    "an exception is gone": (
        "I2",
        "UPDATE ledger_exception SET closed_at = 1 WHERE closed_at IS NULL",
    ),
    "an exception is open for nobody": (
        "I2",
        "UPDATE ledger_exception SET closed_at = NULL WHERE id = (SELECT max(id) FROM ledger_exception WHERE closed_at IS NOT NULL)",
    ),
    "a closed commitment still draws": (
        "owner",
        "UPDATE ledger_commitment SET state = 'cancelled' WHERE state = 'committed' AND version_to IS NULL",
    ),
    "a row is in force twice": (
        "versions",
        "UPDATE ledger_draw SET version_to = version_to + 1000 WHERE version_to IS NOT NULL",
    ),
    "a request was decided twice": (
        "once",
        "UPDATE decision SET request_id = (SELECT min(request_id) FROM decision)",
    ),
    "an audit entry was changed": (
        "audit",
        "UPDATE audit SET at = at + 1 WHERE seq = 3",
    ),
    "a request was never answered": (
        "once",
        "UPDATE request SET replied_at = NULL WHERE id = (SELECT min(id) FROM request)",
    ),
    "a message is missing": (
        "outbox",
        "DELETE FROM outbox WHERE topic = 'PromiseCommitted'",
    ),
}  # fmt: skip


def test_nothing_is_found_where_nothing_is_damaged(lived: Database) -> None:
    assert rules_broken(lived) == set()


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_found(lived: Database, damage: str) -> None:
    rule, sql = DAMAGE[damage]
    with lived.write() as tx:
        assert tx.execute(sql) > 0, "the life made nothing to damage"

    assert rule in rules_broken(lived)


def test_a_packed_profile_that_drifted_is_found(lived: Database) -> None:
    with lived.write() as tx:
        key, packed = tx.rows("SELECT key, profile FROM ledger_key WHERE key LIKE 'node:c%'")[0]
        profile = decode(packed)
        profile["draws"] = [*profile["draws"], [profile["rolled_to"] + 40, 0, 1]]
        tx.execute(
            "UPDATE ledger_key SET profile = :p WHERE key = :k", p=msgspec.msgpack.encode(profile), k=key
        )

    assert "profile" in rules_broken(lived)


def test_a_decision_that_makes_a_shortfall_is_found(lived: Database) -> None:
    """Somebody writes a commitment past the gate: rows, profile and summary agree, and yet it was never covered."""
    with lived.read() as tx:
        now = tx.rows("SELECT max(latest_at) FROM ledger_key")[0][0]
        key, version = tx.rows("SELECT key, version FROM ledger_key WHERE key LIKE 'node:c%'")[0]
    auditor = Auditor(lived, lambda: now)
    with lived.write() as tx:
        tx.execute(
            "INSERT INTO ledger_draw (key, id, version_from, owner, promise, on_day, quantity, sequence, life_days)"
            " VALUES (:k, 'd', :v, 'com', 'prm', 740100, 100000, 1, 0)",
            k=key, v=version + 1,
        )  # fmt: skip
        tx.execute("UPDATE ledger_key SET version = :v WHERE key = :k", k=key, v=version + 1)

    found = auditor.follow(decided=True)

    assert ("I1", key) in [(v.rule, v.subject) for v in found]


@pytest.mark.parametrize(
    ("expires_in", "broken"), [(-1, []), (+1, []), (None, ["I1"])], ids=["over by then", "still held", "firm"]
)
def test_what_goes_with_a_hold_was_nobody_elses(
    lived: Database, expires_in: int | None, broken: list[str]
) -> None:
    """Its receipt served two days, so that both going lowers the days between; of a firm one that is somebody's loss."""
    key = "node:c0@north"
    with lived.read() as tx:
        now = tx.rows("SELECT max(latest_at) FROM ledger_key")[0][0]
        rows = Rows(tx, now)
    day, version = rows.today(key) + 5, 9
    expires_at = None if expires_in is None else now + expires_in
    ends = {"version_from": 8, "version_to": version, "expires_at": expires_at, "promise": "prm"}
    receipt = {
        "id": "rcp",
        "on_day": day,
        "quantity": 10,
        "counts": "counted",
        "proposed_by": "prm",
        "expires_on": None,
    }
    held = [
        {"id": f"drw{n}", "on_day": day + n, "quantity": 5, "life_days": 0, "sequence": 1, **ends}
        for n in (0, 2)
    ]
    firm = {
        **held[0],
        "id": "firm",
        "version_from": 1,
        "version_to": None,
        "expires_at": None,
        "quantity": 99,
    }

    found = steps.decided(rows, key, 8, [{**receipt, **ends}], [*held, firm], {}, ({}, {}))

    assert [violation.rule for violation in found] == broken


@pytest.mark.parametrize(("expires_in", "given"), [(-1, 0), (+1, 7)], ids=["over by then", "still held"])
def test_what_a_hold_that_was_over_had_of_a_share_counts_for_nobody(
    lived: Database, expires_in: int, given: int
) -> None:
    key = "allocation:a-t0"
    with lived.write() as tx:
        now = tx.rows("SELECT max(latest_at) FROM ledger_key")[0][0]
        (version,) = tx.rows("SELECT version FROM ledger_key WHERE key = :key", key=key)[0]
        before = tx.rows(
            "SELECT coalesce(sum(quantity), 0) FROM ledger_draw WHERE key = :key AND version_to IS NULL",
            key=key,
        )[0][0]
        tx.execute(
            "INSERT INTO ledger_draw (key, id, version_from, owner, promise, on_day, quantity, sequence, life_days, expires_at)"
            " VALUES (:key, 'd', :v, 'com', 'prm', 740041, 7, 1, 0, :at)",
            key=key, v=version, at=now + expires_in,
        )  # fmt: skip
    with lived.read() as tx:
        mirror = Mirror(tx, now)
    with lived.write() as tx:
        tx.execute("UPDATE ledger_draw SET version_to = :v WHERE id = 'd'", v=version + 1)
        tx.execute("UPDATE ledger_key SET version = :v WHERE key = :key", v=version + 1, key=key)

    with lived.read() as tx:
        moved, _ = mirror.follow(tx, now)

    assert (moved.drawn[0]["a-t0"], moved.drawn[1]["a-t0"]) == (before + given, before)
