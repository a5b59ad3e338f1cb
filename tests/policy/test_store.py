"""Where the rules are kept: one suite, each database."""

from __future__ import annotations

from accord.db.engine import Database
from accord.policy import store


def test_the_rules_are_read_as_they_were_at_any_version(db: Database) -> None:
    with db.write() as tx:
        assert store.version(tx) == 0
        assert store.put(tx, [("rules", "rules", b"{}"), ("tier", "A", b'{"rank":1}')]) == 1
    with db.write() as tx:
        assert store.put(tx, [("tier", "A", b'{"rank":2}')], [("rules", "rules")]) == 2

    with db.read() as tx:
        assert store.version(tx) == 2
        assert store.records(tx, 1) == [("rules", "rules", b"{}"), ("tier", "A", b'{"rank":1}')]
        assert store.records(tx, 2) == [("tier", "A", b'{"rank":2}')]


def test_rules_and_master_data_count_their_versions_apart(db: Database) -> None:
    with db.write() as tx:
        store.put(tx, [("rules", "rules", b"{}")])

        assert tx.rows("SELECT name, value FROM setting ORDER BY name") == [("policy_version", "1")]
