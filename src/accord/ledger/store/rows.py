"""Where are supplies, draws, commitments and movements kept?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from accord.db.tx import Tx
from accord.kit.days import Instant
from accord.ledger.model import Commitment, Draw, Movement, Supply
from accord.ledger.store import tables
from accord.ledger.store.shapes import Shape

T = TypeVar("T", bound=msgspec.Struct)
Ended = tuple[str, str, int]  # key, id, the version that ends it

SUPPLY = Shape(Supply, tables.supply)
DRAW = Shape(Draw, tables.draw)
COMMITMENT = Shape(Commitment, tables.commitment)
MOVEMENT = Shape(Movement, tables.movement)


@dataclass(slots=True)
class Changes:
    """What a batch changes, gathered up; each row with the key's version that brings or ends it."""

    new_supplies: list[tuple[Supply, int]] = field(default_factory=list)
    ended_supplies: list[Ended] = field(default_factory=list)
    new_draws: list[tuple[Draw, int]] = field(default_factory=list)
    ended_draws: list[Ended] = field(default_factory=list)
    new_commitments: list[tuple[Commitment, int]] = field(default_factory=list)
    ended_commitments: list[Ended] = field(default_factory=list)


def apply(tx: Tx, changes: Changes) -> None:
    """Write what a batch changes: one statement a table and direction, none where there is nothing.

    A row may be made and ended in the same batch: what ends at a version is the row in force with an older one.
    Raises: Fault when a row that ends is not in force.
    """
    _apply(tx, SUPPLY, changes.new_supplies, changes.ended_supplies)
    _apply(tx, DRAW, changes.new_draws, changes.ended_draws)
    _apply(tx, COMMITMENT, changes.new_commitments, changes.ended_commitments)


def _apply(tx: Tx, shape: Shape[T], new: Sequence[tuple[T, int]], ended: Sequence[Ended]) -> None:
    if not new and not ended:
        return
    rows = [shape.versioned(struct, version, None) for struct, version in new]
    if new and ended:
        ended = _end_within(rows, ended)
    # Rows in force, by the partial index on key and id. Ended before new ones come, so that one stays in force.
    tx.update_many(shape.table, ("key", "id"), ("version_to",), ended, while_null="version_to")
    tx.insert(shape.table, rows)


def _end_within(rows: list[list[Any]], ended: Sequence[Ended]) -> list[Ended]:
    """End the rows that this batch itself brings, and return what ends rows that were there before."""
    own: dict[tuple[str, str], list[list[Any]]] = {}
    for row in rows:
        own.setdefault((row[0], row[1]), []).append(row)
    before = []
    for key, id, version in ended:
        mine = [row for row in own.get((key, id), ()) if row[2] < version and row[3] is None]
        if mine:
            max(mine, key=lambda row: int(row[2]))[3] = version
        else:
            before.append((key, id, version))
    return before


# --- in force now ---


def _of_keys(tx: Tx, shape: Shape[T], keys: Sequence[str], also: str = "", **params: Any) -> list[T]:
    # Rows in force of these keys in the order of key and id: the partial index on both.
    found = tx.rows_in(
        f"SELECT {shape.columns} FROM {shape.table.name}"  # noqa: S608 - our own names
        f" WHERE key IN (:keys) AND version_to IS NULL{also} ORDER BY key, id",
        keys,
        **params,
    )
    return [shape.struct(row) for row in found]


def _of_others(tx: Tx, shape: Shape[T], column: str, names: Sequence[str]) -> list[T]:
    # Rows in force that name one of these in a column that has a partial index.
    found = tx.rows_in(
        f"SELECT {shape.columns} FROM {shape.table.name}"  # noqa: S608 - our own names
        f" WHERE {column} IN (:keys) AND version_to IS NULL ORDER BY key, id",
        names,
    )
    return [shape.struct(row) for row in found]


def supplies(tx: Tx, keys: Sequence[str]) -> list[Supply]:
    """Supplies in force of these keys, ordered by key and id."""
    return _of_keys(tx, SUPPLY, keys)


def draws(tx: Tx, keys: Sequence[str]) -> list[Draw]:
    """Draws in force of these keys, ordered by key and id; those of holds that are over, too."""
    return _of_keys(tx, DRAW, keys)


def commitments(tx: Tx, keys: Sequence[str]) -> list[Commitment]:
    """Commitments in force of these keys in whatever state, ordered by key and id."""
    return _of_keys(tx, COMMITMENT, keys)


def open_commitments(tx: Tx, keys: Sequence[str]) -> list[Commitment]:
    """Commitments in force of these keys that are held or committed, ordered by key and id; the partial index on these."""
    return _of_keys(tx, COMMITMENT, keys, " AND state IN ('held', 'committed')")


def expiring(tx: Tx, keys: Sequence[str], now: Instant) -> list[Draw]:
    """Draws in force of these keys whose hold is over at `now`."""
    return _of_keys(tx, DRAW, keys, " AND expires_at <= :now", now=now)


def expiring_supplies(tx: Tx, keys: Sequence[str], now: Instant) -> list[Supply]:
    """Proposed receipts in force of these keys whose hold is over at `now`."""
    return _of_keys(tx, SUPPLY, keys, " AND expires_at <= :now", now=now)


def doubted_for(tx: Tx) -> set[str]:
    """The keys on which receipts in force are short that are doubtful because of it."""
    # A scan of the supplies in force; asked at midnight only.
    found = tx.rows(
        "SELECT DISTINCT doubts FROM ledger_supply WHERE version_to IS NULL AND counts = 'doubtful'"
    )
    return {key for (doubts,) in found for key in msgspec.json.decode(doubts, type=list[str])}


def keys_of_unproven(tx: Tx) -> list[str]:
    """Nodes with receipts in force that are planned or overdue, in key order: how they count is for the policy to say."""
    # A scan of the supplies in force; asked only when the policy is changed.
    found = tx.rows(
        "SELECT DISTINCT key FROM ledger_supply WHERE version_to IS NULL"
        " AND (NOT released OR counts IN ('late', 'inside_fence')) ORDER BY key"
    )
    return [key for (key,) in found]


def draws_of_owners(tx: Tx, owners: Sequence[str]) -> list[Draw]:
    """Draws in force that these commitments, holds or receipts take."""
    return _of_others(tx, DRAW, "owner", owners)


def draws_feeding(tx: Tx, owners: Sequence[str]) -> list[Draw]:
    """Draws in force that these receipts take for themselves."""
    return draws_of_owners(tx, owners)


def draws_of_promises(tx: Tx, promises: Sequence[str]) -> list[Draw]:
    """Draws in force of these promises."""
    return _of_others(tx, DRAW, "promise", promises)


def commitments_of_promises(tx: Tx, promises: Sequence[str]) -> list[Commitment]:
    """Commitments in force of these promises."""
    return _of_others(tx, COMMITMENT, "promise", promises)


def commitments_named(tx: Tx, ids: Sequence[str]) -> list[Commitment]:
    """Commitments in force with these ids, whatever their keys."""
    return _of_others(tx, COMMITMENT, "id", ids)


def receipts_named(tx: Tx, ids: Sequence[str]) -> list[Supply]:
    """Receipts in force with these ids, at whatever node."""
    # By the partial index on the ids of receipts.
    found = tx.rows_in(
        f"SELECT {SUPPLY.columns} FROM ledger_supply"  # noqa: S608 - our own names
        " WHERE id IN (:keys) AND version_to IS NULL AND kind <> 'on_hand' ORDER BY key, id",
        ids,
    )
    return [SUPPLY.struct(row) for row in found]


def supplies_proposed_by(tx: Tx, promises: Sequence[str]) -> list[Supply]:
    """Receipts in force that these promises proposed."""
    return _of_others(tx, SUPPLY, "proposed_by", promises)


def feeds(tx: Tx, keys: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """For each of these keys that receipts draw on, the nodes where those receipts arrive, sorted."""
    # Distinct pairs, from the partial index on key and feeds alone.
    found = tx.rows_in(
        "SELECT DISTINCT key, feeds FROM ledger_draw"
        " WHERE key IN (:keys) AND version_to IS NULL AND feeds IS NOT NULL ORDER BY key, feeds",
        keys,
    )
    nodes: dict[str, list[str]] = {}
    for key, node in found:
        nodes.setdefault(key, []).append(node)
    return {key: tuple(found) for key, found in nodes.items()}


def next_expiries(tx: Tx, keys: Sequence[str], now: Instant) -> dict[str, Instant | None]:
    """For each of these keys, when the next hold on it is over after `now`, None = never."""
    # The earliest of each key, from the partial indexes on the rows in force that expire.
    found = tx.rows_in(
        "SELECT key, min(expires_at) FROM ("
        " SELECT key, expires_at FROM ledger_draw"
        "  WHERE key IN (:keys) AND version_to IS NULL AND expires_at > :now"
        " UNION ALL SELECT key, expires_at FROM ledger_supply"
        "  WHERE key IN (:keys) AND version_to IS NULL AND expires_at > :now"
        ") AS held GROUP BY key ORDER BY key",
        keys,
        now=now,
    )
    expiries: dict[str, Instant | None] = dict.fromkeys(keys)
    expiries.update(dict(found))
    return expiries


# --- movements ---


def add_movements(tx: Tx, moved: Sequence[Movement]) -> list[str]:
    """Keep movements; one that is known already changes nothing. Returns the ids of those that were new."""
    if not moved:
        return []
    # Inserts those whose key and id are not there; the primary key decides.
    new = tx.rows_of(
        "INSERT INTO ledger_movement (key, id, at, quantity, lot, commitment) SELECT * FROM (:rows) AS given WHERE true"
        " ON CONFLICT (key, id) DO NOTHING RETURNING id",
        tables.movement,
        MOVEMENT.fields,
        [MOVEMENT.values(one) for one in moved],
    )
    return [id for (id,) in new]


def movements_after(tx: Tx, since: Sequence[tuple[str, Instant]]) -> list[Movement]:
    """Movements of these keys, each later than a moment of its own, in the order of key, moment and id."""
    # For each key a stretch of the index on key and moment.
    found = tx.rows_of(
        "SELECT m.key, m.id, m.at, m.quantity, m.lot, m.commitment FROM (:rows) AS given"
        " JOIN ledger_movement m ON m.key = given.key AND m.at > given.at ORDER BY m.key, m.at, m.id",
        tables.movement,
        ("key", "at"),
        since,
    )
    return [MOVEMENT.struct(row) for row in found]


def last_left(tx: Tx, commitments: Sequence[str]) -> dict[str, Instant]:
    """When the last of each of these commitments left; one of which nothing left is not among them."""
    # A scan of the movements: it is asked only to look back.
    return dict(
        tx.rows_in(
            "SELECT commitment, max(at) FROM ledger_movement WHERE commitment IN (:keys) AND quantity < 0 GROUP BY commitment",
            commitments,
        )
    )


# --- as it was ---


def _at(tx: Tx, shape: Shape[T], versions: Sequence[tuple[str, int]]) -> list[T]:
    columns = ", ".join([f"r.{name}" for name in shape.columns.split(", ")])
    # The rows that were in force at a version of their key: for each key a stretch of the primary key.
    found = tx.rows_of(
        f"SELECT {columns} FROM (:rows) AS given JOIN {shape.table.name} r ON r.key = given.key"  # noqa: S608
        " AND r.version_from <= given.version AND (r.version_to IS NULL OR r.version_to > given.version)"
        " ORDER BY r.key, r.id",
        tables.key,
        ("key", "version"),
        versions,
    )
    return [shape.struct(row) for row in found]


def supplies_at(tx: Tx, versions: Sequence[tuple[str, int]]) -> list[Supply]:
    """Supplies that were in force at these (key, version) pairs."""
    return _at(tx, SUPPLY, versions)


def draws_at(tx: Tx, versions: Sequence[tuple[str, int]]) -> list[Draw]:
    """Draws that were in force at these (key, version) pairs."""
    return _at(tx, DRAW, versions)


def commitments_at(tx: Tx, versions: Sequence[tuple[str, int]]) -> list[Commitment]:
    """Commitments that were in force at these (key, version) pairs."""
    return _at(tx, COMMITMENT, versions)


# --- for people ---


def node_detail(tx: Tx, key: str) -> tuple[list[Supply], list[Commitment]]:
    """What is and comes at a node, and what is promised from it."""
    return supplies(tx, [key]), commitments(tx, [key])


def commitments_page(
    tx: Tx, *, after: str = "", limit: int = 50, key: str | None = None, state: str | None = None
) -> list[Commitment]:
    """Commitments in force in the order of their ids, which is that of their making, from the one after `after` on."""
    also = (" AND key = :key" if key is not None else "") + (
        " AND state = :state" if state is not None else ""
    )
    # A stretch of the partial index on id, or for one key of that on key and id.
    found = tx.rows(
        f"SELECT {COMMITMENT.columns} FROM ledger_commitment"  # noqa: S608 - our own names
        f" WHERE id > :after AND version_to IS NULL{also} ORDER BY id, key LIMIT :limit",
        after=after,
        limit=limit,
        **({"key": key} if key is not None else {}),
        **({"state": state} if state is not None else {}),
    )
    return [COMMITMENT.struct(row) for row in found]


def proposers(tx: Tx) -> list[str]:
    """Promises with proposed receipts in force that nobody carries out, sorted; a stretch of the partial index on proposed_by."""
    found = tx.rows(
        "SELECT DISTINCT proposed_by FROM ledger_supply WHERE proposed_by IS NOT NULL AND version_to IS NULL"
        " AND substr(id, 1, 4) = 'rcp_' ORDER BY proposed_by"
    )
    return [id for (id,) in found]
