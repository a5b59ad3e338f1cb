"""Which audit chain does the next transaction write to?

A chain has one writer at a time, so its head is no lock that the whole database shares. A transaction borrows a free
chain and gives it back when it is over: with its new head when it was committed, with the old one when it was rolled
back, and never when nobody knows (the connection was lost during the commit). So a process has as many chains as it
had transactions writing at once: one for the desk, seldom more.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass


@dataclass(slots=True)
class Chain:
    """One chain as its writer knows it."""

    id: str
    seq: int  # of the last committed entry, 0 = none yet
    hash: str  # of the last committed entry


class Chains:
    """The chains of this process that nobody writes to at the moment."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._free: list[Chain] = []

    def borrow(self) -> Chain | None:
        """A chain for one transaction, the one used last; None when a new one must be started."""
        with self._lock:
            return self._free.pop() if self._free else None

    def give_back(self, chain: Chain) -> None:
        """Let the next transaction have it."""
        with self._lock:
            self._free.append(chain)
