"""How are records kept that are never overwritten?

A set of records has one version number, its head. Every change raises it by one, ends the rows it replaces and adds new
ones, so that the whole set can be read as it was at any version. A row is in force at version v when
`version_from <= v` and (`version_to` is NULL or `v < version_to`).
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table

from accord.db.schema import Moment, Words, metadata, setting
from accord.db.tx import Tx
from accord.kit.days import Instant
from accord.kit.errors import Fault

Change = tuple[str, str, bytes]  # kind, id, body
End = tuple[str, str]  # kind, id


def table_of_records(name: str) -> Table:
    """Declare the table of a set of records."""
    return Table(
        name,
        metadata,
        Column("kind", Words, primary_key=True),
        Column("id", Words, primary_key=True),
        Column("version_from", BigInteger, primary_key=True, autoincrement=False),
        Column("version_to", BigInteger),
        Column("stated_at", Moment, nullable=False),  # by the store's clock
        Column("body", LargeBinary, nullable=False),
        Index(
            f"ix_{name}_in_force",
            "kind",
            "id",
            unique=True,
            sqlite_where=sa.text("version_to IS NULL"),
            postgresql_where=sa.text("version_to IS NULL"),
        ),
    )


def head(tx: Tx, name: str) -> int:
    """The version of the set that is in force, 0 when nothing was ever put."""
    # One row of the settings, by primary key.
    found = tx.rows("SELECT value FROM setting WHERE name = :name", name=name)
    return int(found[0][0]) if found else 0


def now_and_heads(tx: Tx, first: str, second: str) -> tuple[Instant, int, int]:
    """The store's clock and the versions of two sets, in one statement."""
    # Two rows of the settings, each by primary key.
    instant, one, other = tx.now_and(
        "(SELECT value FROM setting WHERE name = :first), (SELECT value FROM setting WHERE name = :second)",
        first=first,
        second=second,
    )
    return instant, int(one or 0), int(other or 0)


def put(tx: Tx, table: Table, name: str, changes: Sequence[Change], ends: Sequence[End] = ()) -> int:
    """Change records and end others; returns the version that holds them. Waits for another change of the set.

    A record that is the same already makes no new row, ending one that is not there changes nothing, and where
    nothing changes the version stays.
    Raises: Fault when a record is named twice.
    """
    named = [(kind, id) for kind, id, _ in changes] + list(ends)
    if len(set(named)) < len(named):
        raise Fault(f"a record of {name} is named twice in one change")
    version = _lock_head(tx, name)
    if not named:
        return version
    # The rows in force of these records: the partial unique index.
    there = {
        (kind, id): (version_from, body)
        for kind, id, version_from, body in tx.rows_of(
            "SELECT r.kind, r.id, r.version_from, r.body FROM (:rows) AS given"  # noqa: S608 - our own name
            f' JOIN "{table.name}" r ON r.kind = given.kind AND r.id = given.id AND r.version_to IS NULL',
            table,
            ("kind", "id"),
            named,
        )
    }
    new = [one for one in changes if one[:2] not in there or there[one[:2]][1] != one[2]]
    over = [one for one in [*[(kind, id) for kind, id, _ in new], *ends] if one in there]
    if not new and not over:
        return version
    version += 1
    tx.update_many(
        table,
        ("kind", "id", "version_from"),
        ("version_to",),
        [(kind, id, there[kind, id][0], version) for kind, id in over],
    )
    now = tx.now()
    tx.insert(table, [(kind, id, version, None, now, body) for kind, id, body in new])
    tx.update_many(setting, ("name",), ("value",), [(name, str(version))])
    return version


def at(tx: Tx, table: Table, version: int) -> list[Change]:
    """All records in force at a version, ordered by kind and id."""
    # A scan of the set, whose history is short; the primary key gives the order.
    found = tx.rows(
        f'SELECT kind, id, body FROM "{table.name}"'  # noqa: S608 - our own name
        " WHERE version_from <= :version AND (version_to IS NULL OR version_to > :version) ORDER BY kind, id",
        version=version,
    )
    return [(kind, id, body) for kind, id, body in found]


def _lock_head(tx: Tx, name: str) -> int:
    # The set's own row, made when it is not there; whoever changes the set waits here for the one before.
    tx.execute(
        "INSERT INTO setting (name, value) VALUES (:name, '0') ON CONFLICT (name) DO NOTHING", name=name
    )
    found = tx.rows("SELECT value FROM setting WHERE name = :name FOR UPDATE", name=name)
    return int(found[0][0])
