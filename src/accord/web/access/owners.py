"""Whose is it?

Who made a thing answers for it; that never changes, so what is read here still holds when the thing is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from accord.connect import service as connect
from accord.db.engine import Database
from accord.kit.errors import NotFound
from accord.promise import service as promise


def owner(db: Database, kind: str, id: str) -> str | None:
    """The actor who made this thing; None when there is no such thing."""
    try:
        return _OWNERS[kind](db, id)
    except NotFound:
        return None


_OWNERS: Mapping[str, Callable[[Database, str], str]] = {
    "promise": lambda db, id: promise.promise_of(db, id).promise.actor,
    "decision": promise.owner_of_decision,
    "approval": lambda db, id: promise.approval(db, id).actor,
    "import": lambda db, id: connect.run(db, id).actor,
}
