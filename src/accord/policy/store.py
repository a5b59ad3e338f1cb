"""Where are the rules, tiers, customers' terms and prices kept?"""

from __future__ import annotations

from collections.abc import Sequence

from accord.db import records as _records
from accord.db.tx import Tx

POLICY = "policy_version"
table = _records.table_of_records("policy_record")


def version(tx: Tx) -> int:
    """The version in force."""
    return _records.head(tx, POLICY)


def records(tx: Tx, version: int) -> list[tuple[str, str, bytes]]:
    """The records in force at a version: (kind, id, body), ordered by kind and id."""
    return _records.at(tx, table, version)


def stated_in(tx: Tx, kind: str, id: str) -> int | None:
    """The version in which a record became what it is now; None where there is none."""
    # One row through the partial unique index on records in force.
    found = tx.rows(
        "SELECT version_from FROM policy_record WHERE kind = :kind AND id = :id AND version_to IS NULL",
        kind=kind,
        id=id,
    )
    return int(found[0][0]) if found else None


def put(tx: Tx, changes: Sequence[tuple[str, str, bytes]], ends: Sequence[tuple[str, str]] = ()) -> int:
    """Change and end records; the version that holds the changes."""
    return _records.put(tx, table, POLICY, changes, ends)


def hold(tx: Tx) -> None:
    """Wait for whoever is changing the policy, and keep others from it until this transaction ends."""
    # One row of the settings, by primary key.
    tx.rows("SELECT value FROM setting WHERE name = :name FOR UPDATE", name=POLICY)
