"""Where are open exceptions and the news that caused them kept?"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from accord.db.tx import Tx
from accord.kit.days import Instant
from accord.ledger.model import OpenException
from accord.ledger.store import tables
from accord.ledger.store.shapes import Shape

EXCEPTION = Shape(OpenException, tables.exception)


class Cause(msgspec.Struct, frozen=True):
    """News as it was told."""

    id: str  # cau_...
    at: Instant
    kind: str
    body: bytes
    actor: str
    news_id: str  # the caller's


def open_exceptions(tx: Tx, keys: Sequence[str]) -> list[OpenException]:
    """Open exceptions of these keys, ordered by key and commitment."""
    # The partial unique index on key and commitment.
    found = tx.rows_in(
        f"SELECT {EXCEPTION.columns} FROM ledger_exception"  # noqa: S608 - our own names
        " WHERE key IN (:keys) AND closed_at IS NULL ORDER BY key, commitment",
        keys,
    )
    return [EXCEPTION.struct(row) for row in found]


def open_many(tx: Tx, opened: Sequence[OpenException]) -> None:
    """Open exceptions; the database refuses a second open one for the same commitment."""
    tx.insert(tables.exception, [EXCEPTION.values(one) for one in opened])


def close_many(tx: Tx, closed: Sequence[tuple[str, str, Instant, str]]) -> None:
    """Close exceptions: (key, id, moment, why). Raises: Fault when one is not open."""
    # These rows, by primary key.
    tx.update_many(
        tables.exception, ("key", "id"), ("closed_at", "closed_why"), closed, while_null="closed_at"
    )


def list_exceptions(
    tx: Tx, after: str = "", limit: int = 50, *, open_only: bool = True
) -> list[OpenException]:
    """Exceptions in the order of their ids, which is that of their opening, from the one after `after` on."""
    # A stretch of the index on id.
    found = tx.rows(
        f"SELECT {EXCEPTION.columns} FROM ledger_exception"  # noqa: S608 - our own names
        f" WHERE id > :after{' AND closed_at IS NULL' if open_only else ''} ORDER BY id, key LIMIT :limit",
        after=after,
        limit=limit,
    )
    return [EXCEPTION.struct(row) for row in found]


def ever_excepted(tx: Tx, commitments: Sequence[str]) -> set[str]:
    """Which of these commitments ever had an exception."""
    # A scan of the exceptions: it is asked only to look back.
    found = tx.rows_in(
        "SELECT DISTINCT commitment FROM ledger_exception WHERE commitment IN (:keys)", commitments
    )
    return {id for (id,) in found}


def add_cause(tx: Tx, id: str, at: Instant, kind: str, body: bytes, actor: str, news_id: str) -> None:
    """Keep news as it was told; the database refuses a second one with the same id of the caller's."""
    tx.insert(tables.cause, [(id, at, kind, body, actor, news_id)])


def cause_of_news(tx: Tx, news_id: str) -> Cause | None:
    """The news that a caller told under this id, if it did."""
    # One row, by the unique index on news_id.
    found = tx.rows(
        "SELECT id, at, kind, body, actor, news_id FROM ledger_cause WHERE news_id = :id", id=news_id
    )
    return Cause(*found[0]) if found else None


def news_told(tx: Tx, news_ids: Sequence[str]) -> set[str]:
    """Which of these ids callers told news under."""
    # The unique index on news_id.
    return {id for (id,) in tx.rows_in("SELECT news_id FROM ledger_cause WHERE news_id IN (:keys)", news_ids)}
