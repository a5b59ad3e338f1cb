"""What does the ledger keep of promises, for those who look at many of them?"""

from __future__ import annotations

from collections.abc import Sequence

from accord.db.tx import Tx
from accord.ledger.model import Movement, OpenException
from accord.ledger.store import tables
from accord.ledger.store.exceptions import EXCEPTION, Cause
from accord.ledger.store.rows import MOVEMENT

Named = Sequence[tuple[str, str]]  # (key, commitment) pairs


def open_promises(tx: Tx) -> list[str]:
    """The promises with a delivery that is still to leave, each once."""
    # A scan of the partial index on open commitments.
    found = tx.rows(
        "SELECT DISTINCT promise FROM ledger_commitment"
        " WHERE version_to IS NULL AND state IN ('held', 'committed')"
    )
    return [promise for (promise,) in found]


def uncovered_promises(tx: Tx) -> list[str]:
    """The promises with a delivery that supply does not cover now, each once."""
    # A scan of the partial index on open exceptions; for each its commitment, by the index on key and id.
    found = tx.rows(
        "SELECT DISTINCT c.promise FROM ledger_exception e JOIN ledger_commitment c"
        " ON c.key = e.key AND c.id = e.commitment AND c.version_to IS NULL WHERE e.closed_at IS NULL"
    )
    return [promise for (promise,) in found]


def exceptions_of(tx: Tx, named: Named, *, open_only: bool = True) -> list[OpenException]:
    """The exceptions of these commitments, the oldest first."""
    columns = ", ".join([f"e.{name}" for name in EXCEPTION.columns.split(", ")])
    # For each commitment the exceptions of its key: the partial index on open ones, or a stretch of the primary key.
    found = tx.rows_of(
        f"SELECT {columns} FROM (:rows) AS given JOIN ledger_exception e ON e.key = given.key"  # noqa: S608
        f" AND e.commitment = given.commitment{' AND e.closed_at IS NULL' if open_only else ''}"
        " ORDER BY e.opened_at, e.id",
        tables.exception,
        ("key", "commitment"),
        named,
    )
    return [EXCEPTION.struct(row) for row in found]


def movements_of(tx: Tx, named: Named) -> list[Movement]:
    """What left for these commitments, in its order."""
    # For each commitment the movements of its key: a stretch of the index on key and moment.
    found = tx.rows_of(
        "SELECT m.key, m.id, m.at, m.quantity, m.lot, m.commitment FROM (:rows) AS given"
        " JOIN ledger_movement m ON m.key = given.key AND m.commitment = given.commitment ORDER BY m.at, m.id",
        tables.movement,
        ("key", "commitment"),
        named,
    )
    return [MOVEMENT.struct(row) for row in found]


def causes(tx: Tx, ids: Sequence[str]) -> list[Cause]:
    """The news with these ids."""
    # By primary key.
    found = tx.rows_in(
        "SELECT id, at, kind, body, actor, news_id FROM ledger_cause WHERE id IN (:keys) ORDER BY id", ids
    )
    return [Cause(*row) for row in found]
