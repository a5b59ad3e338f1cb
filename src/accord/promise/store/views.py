"""Which lists did somebody save under a name?"""

from __future__ import annotations

from accord.db.tx import Tx


def views(tx: Tx, actor: str) -> list[tuple[str, str]]:
    """The saved lists of an actor: (name, query), by name."""
    # A stretch of the primary key.
    found = tx.rows("SELECT name, query FROM promise_view WHERE actor = :actor ORDER BY name", actor=actor)
    return [(name, query) for name, query in found]


def save(tx: Tx, actor: str, name: str, query: str) -> None:
    """Keep a list under a name; what had the name before gives way."""
    # One row, by primary key.
    tx.execute(
        "INSERT INTO promise_view (actor, name, query, saved_at) VALUES (:actor, :name, :query, :at)"
        " ON CONFLICT (actor, name) DO UPDATE SET query = excluded.query, saved_at = excluded.saved_at",
        actor=actor,
        name=name,
        query=query,
        at=tx.now(),
    )


def forget(tx: Tx, actor: str, name: str) -> None:
    """Keep it no longer; nothing happens where there is none."""
    # One row, by primary key.
    tx.execute("DELETE FROM promise_view WHERE actor = :actor AND name = :name", actor=actor, name=name)
