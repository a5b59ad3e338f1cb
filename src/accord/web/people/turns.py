"""Where does somebody wait whose password is being looked at?

In a queue with two threads of its own. A look takes a fifth of a second on purpose, and whoever likes may ask for one: among the threads
that answer everything else, a crowd of strangers kept promises and pages waiting for ten seconds. Here a crowd only keeps itself
waiting; whom the queue has no room for is sent away at once, and asks again.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from accord.kit.errors import Unavailable

WAITING_MAX = 32  # the last of them waits some three seconds
_AT_ONCE = 2

T = TypeVar("T")


class Turns:
    """One queue."""

    def __init__(self, waiting_max: int = WAITING_MAX) -> None:
        self._waiting_max = waiting_max
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="accord-password")
        self._lock = threading.Lock()
        self._waiting = 0

    async def take(self, work: Callable[[], T]) -> T:
        """Do it when it is its turn. Raises: Unavailable where too many wait already."""
        with self._lock:
            if self._waiting >= self._waiting_max:
                raise Unavailable(
                    "Too many people sign in at this moment. Try again in a few seconds.",
                    retry_after_seconds=2,
                )
            self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            with self._lock:
                self._waiting -= 1


TURNS = Turns()
