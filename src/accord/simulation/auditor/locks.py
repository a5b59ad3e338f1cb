"""Are keys locked in one order by everybody? Else two transactions can wait for each other in a circle.

On a file with one writer nobody ever waits, so the order is watched where the statements go by: what a transaction locks
must come after all that it has locked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest import mock
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from accord.db.tx import Tx
from accord.simulation.auditor.rows import Violation

_LOCKING = re.compile(r"\bledger_key\b.*\bFOR UPDATE\b", re.DOTALL)


class Locks:
    """What each transaction has locked so far."""

    def __init__(self) -> None:
        self.found: list[Violation] = []
        self._held: WeakKeyDictionary[sa.Connection, set[str]] = WeakKeyDictionary()

    def take(self, tx: Tx, sql: str, keys: Sequence[Any]) -> None:
        """A statement goes by."""
        if not _LOCKING.search(sql):
            return
        held = self._held.setdefault(tx.connection, set())
        new = sorted(set(keys) - held)
        if new and held and new[0] < max(held):
            self.found.append(
                Violation("locks", new[0], f"was locked after {max(held)}; others lock it before")
            )
        held.update(new)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Inside, every statement is looked at."""
        real = Tx.rows_in

        def rows_in(tx: Tx, sql: str, keys: Sequence[Any], **params: Any) -> list[tuple[Any, ...]]:
            self.take(tx, sql, keys)
            return real(tx, sql, keys, **params)

        with mock.patch.object(Tx, "rows_in", rows_in):
            yield

    def told(self) -> list[Violation]:
        """What was found since the last time."""
        found, self.found = self.found, []
        return found
