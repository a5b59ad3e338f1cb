"""Where are open order lines kept?

An open line is a request that is not decided yet. Its row stays, with what became of it, so that the same line coming
in again is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table

from accord.connect.model import OpenLine
from accord.db.schema import Moment, Words, metadata
from accord.db.tx import Tx
from accord.kit.days import Day, Instant
from accord.kit.digest import canonical
from accord.promise.model import Request

OPEN = "open"
OPENING = "opening"  # promised elsewhere before it came in

open_line = Table(
    "open_line",
    metadata,
    Column("source", Words, primary_key=True),
    Column("id", Words, primary_key=True),
    Column("priority", BigInteger, nullable=False),
    Column("due_on", Integer, nullable=False),
    Column("request", LargeBinary, nullable=False),  # canonical JSON of model.Request
    Column("state", Words, nullable=False),  # open, opening, in_full, later, refused
    Column("reason", Words),  # why refused
    Column("decision", Words),
    Column("settled_at", Moment),
    Index(
        "ix_open_line_open",
        "priority",
        "due_on",
        "id",
        "source",
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    ),
)


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an open line."""

    source: str
    id: str
    state: str
    reason: str | None
    decision: str | None


def lines_of(tx: Tx, source: str) -> dict[str, tuple[str, bytes]]:
    """State and request of every line of a source, by the line's id."""
    # The lines of one source; the primary key begins with it.
    found = tx.rows("SELECT id, state, request FROM open_line WHERE source = :source", source=source)
    return {id: (state, bytes(request)) for id, state, request in found}


def add_lines(tx: Tx, lines: Sequence[OpenLine], state: str = OPEN) -> None:
    """Keep lines that are not there yet."""
    tx.insert(
        open_line,
        [
            (one.source, one.id, one.priority, one.due_on, canonical(one.request), state, None, None, None)
            for one in lines
        ],
    )


def change_lines(tx: Tx, lines: Sequence[OpenLine]) -> None:
    """State anew lines that are there and still open."""
    tx.update_many(
        open_line,
        ("source", "id"),
        ("priority", "due_on", "request"),
        [(one.source, one.id, one.priority, one.due_on, canonical(one.request)) for one in lines],
    )


def open_lines(tx: Tx, limit: int) -> list[OpenLine]:
    """The lines to be promised next, by (priority, due day, id, source)."""
    # The first open ones, in the order of the partial index.
    found = tx.rows(
        "SELECT source, id, priority, due_on, request FROM open_line WHERE state = 'open'"
        " ORDER BY priority, due_on, id, source LIMIT :limit",
        limit=limit,
    )
    return [_line(*row) for row in found]


def every_open_line(tx: Tx) -> Iterator[OpenLine]:
    """All of them, in the same order, not all in memory."""
    # The open ones, in the order of the partial index.
    found = tx.stream(
        "SELECT source, id, priority, due_on, request FROM open_line WHERE state = 'open'"
        " ORDER BY priority, due_on, id, source"
    )
    return (_line(*row) for piece in found for row in piece)


def open_lines_named(tx: Tx, names: Sequence[tuple[str, str]]) -> list[OpenLine]:
    """Those of these (source, id) that are open, in the same order."""
    # These rows, by primary key.
    found = tx.rows_of(
        "SELECT source, id, priority, due_on, request FROM open_line JOIN (:rows) AS given USING (source, id)"
        " WHERE state = 'open' ORDER BY priority, due_on, id, source",
        open_line,
        ("source", "id"),
        names,
    )
    return [_line(*row) for row in found]


def _line(source: str, id: str, priority: int, due_on: Day, request: bytes) -> OpenLine:
    return OpenLine(
        source=source,
        id=id,
        priority=priority,
        due_on=due_on,
        request=msgspec.json.decode(request, type=Request),
    )


def count_lines(tx: Tx) -> tuple[int, int]:
    """How many lines are open, and how many were settled."""
    # Counts by state: one scan of the table.
    found = dict(tx.rows("SELECT state, count(*) FROM open_line GROUP BY state"))
    waiting = found.pop(OPEN, 0)
    found.pop(OPENING, None)
    return waiting, sum(found.values())


def settle(tx: Tx, settled: Sequence[Settled], at: Instant) -> None:
    """Write down what became of open lines."""
    tx.update_many(
        open_line,
        ("source", "id"),
        ("state", "reason", "decision", "settled_at"),
        [(one.source, one.id, one.state, one.reason, one.decision, at) for one in settled],
    )


def drop_lines(tx: Tx, source: str, ids: Sequence[str]) -> None:
    """Forget lines that are still open, or came in as promised elsewhere."""
    # These rows, by primary key.
    tx.execute_in(
        "DELETE FROM open_line WHERE source = :source AND id IN (:keys) AND state IN ('open', 'opening')",
        ids,
        source=source,
    )
