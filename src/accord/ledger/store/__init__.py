"""Where is the ledger kept? All of its SQL."""

from __future__ import annotations

from collections.abc import Sequence

from accord.db import records as _records
from accord.db.tx import Tx
from accord.ledger.store import tables as _tables
from accord.ledger.store.exceptions import (
    Cause,
    add_cause,
    cause_of_news,
    close_many,
    ever_excepted,
    list_exceptions,
    news_told,
    open_exceptions,
    open_many,
)
from accord.ledger.store.keys import (
    KeyRow,
    every_key,
    hold_graph,
    items_in_use,
    keys_expiring,
    keys_in_use,
    keys_of_limits,
    keys_to_roll,
    lock,
    read,
    read_rows,
    short_keys,
    unreadable_keys,
    write_keys,
)
from accord.ledger.store.rows import (
    Changes,
    add_movements,
    apply,
    commitments,
    commitments_at,
    commitments_named,
    commitments_of_promises,
    commitments_page,
    doubted_for,
    draws,
    draws_at,
    draws_feeding,
    draws_of_owners,
    draws_of_promises,
    expiring,
    expiring_supplies,
    feeds,
    keys_of_unproven,
    last_left,
    movements_after,
    next_expiries,
    node_detail,
    open_commitments,
    proposers,
    receipts_named,
    supplies,
    supplies_at,
    supplies_proposed_by,
)
from accord.ledger.store.seen import (
    Heard,
    Past,
    heard,
    nodes,
    open_exception_counts,
    receipts_of_the_past,
)

__all__ = [
    "GRAPH",
    "Cause",
    "Changes",
    "Heard",
    "KeyRow",
    "Past",
    "add_cause",
    "add_movements",
    "apply",
    "cause_of_news",
    "close_many",
    "commitments",
    "commitments_at",
    "commitments_named",
    "commitments_of_promises",
    "commitments_page",
    "doubted_for",
    "draws",
    "draws_at",
    "draws_feeding",
    "draws_of_owners",
    "draws_of_promises",
    "ever_excepted",
    "every_key",
    "expiring",
    "expiring_supplies",
    "feeds",
    "graph_version",
    "heard",
    "hold_graph",
    "item_history",
    "items_in_use",
    "items_last_stated",
    "keys_expiring",
    "keys_in_use",
    "keys_of_limits",
    "keys_of_unproven",
    "keys_to_roll",
    "last_left",
    "list_exceptions",
    "lock",
    "movements_after",
    "news_told",
    "next_expiries",
    "node_detail",
    "nodes",
    "open_commitments",
    "open_exception_counts",
    "open_exceptions",
    "open_many",
    "proposers",
    "put_records",
    "read",
    "read_rows",
    "receipts_named",
    "receipts_of_the_past",
    "records",
    "short_keys",
    "supplies",
    "supplies_at",
    "supplies_proposed_by",
    "unreadable_keys",
    "write_keys",
]

GRAPH = "graph_version"


def graph_version(tx: Tx) -> int:
    """The version of the master data in force."""
    return _records.head(tx, GRAPH)


def records(tx: Tx, version: int) -> list[tuple[str, str, bytes]]:
    """The master data in force at a version: (kind, id, body), ordered by kind and id."""
    return _records.at(tx, _tables.record, version)


def item_history(tx: Tx, version: int) -> list[tuple[int, bytes]]:
    """Every statement up to a version of items that were stated more than once: (stated at, body), by id, the oldest first."""
    # Items with a row that ended, by primary key; each of them with all its rows.
    found = tx.rows(
        "SELECT stated_at, body FROM ledger_record WHERE kind = 'item' AND version_from <= :version AND id IN ("
        " SELECT id FROM ledger_record WHERE kind = 'item' AND version_to <= :version"
        ") ORDER BY id, version_from",
        version=version,
    )
    return [(stated_at, body) for stated_at, body in found]


def items_last_stated(tx: Tx, items: Sequence[str]) -> dict[str, bytes]:
    """The latest statement of each of these items that was ever stated, ended or not."""
    # Their rows, by primary key; the last of each wins.
    found = tx.rows_in(
        "SELECT id, body FROM ledger_record WHERE kind = 'item' AND id IN (:keys) ORDER BY id, version_from",
        items,
    )
    return dict(found)


def put_records(
    tx: Tx, changes: Sequence[tuple[str, str, bytes]], ends: Sequence[tuple[str, str]] = ()
) -> int:
    """Change and end master data; the version that holds the changes."""
    return _records.put(tx, _tables.record, GRAPH, changes, ends)
