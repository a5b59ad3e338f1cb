"""How many requests should one transaction take?

A transaction claims and locks for all its requests before it decides the first. What its decide-time budget does not suffice
for was claimed and locked in vain, and the same again for the transaction after it; so each lane takes as many as the
budget sufficed for lately.
"""

from __future__ import annotations

import threading
from weakref import WeakKeyDictionary

from accord.db.engine import Database

_SHARE = 0.9  # of the budget that is planned for: the next requests may be a little slower than the last


class Pace:
    """How long the requests of one lane take to decide, as lately seen."""

    def __init__(self) -> None:
        self._seconds = 0.0  # of one request; 0 until one was decided

    def most(self, waiting: int, budget_seconds: float) -> int:
        """How many of those that wait to take; at least one."""
        if not self._seconds:
            return waiting
        return max(1, min(waiting, int(budget_seconds * _SHARE / self._seconds)))

    def took(self, decided: int, seconds: float) -> None:
        """A transaction decided so many."""
        if decided:
            self._seconds = seconds / decided


_lock = threading.Lock()
_paces: WeakKeyDictionary[Database, tuple[Pace, Pace]] = WeakKeyDictionary()


def pace(db: Database, *, is_deep: bool) -> Pace:
    """The pace of one of the two lanes of a database."""
    with _lock:
        found = _paces.get(db)
        if found is None:
            found = _paces[db] = (Pace(), Pace())
    return found[is_deep]
