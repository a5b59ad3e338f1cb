"""How does an event loop hear from a desk? It is woken once for all the answers of a batch, not once for each.

A desk answers hundreds of callers at the end of a batch, from a thread of its own. What the standard library has for that
wakes the loop for each of them, through two more futures.
"""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class Mailbox:
    """The answers on their way to the coroutines of one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._arrived: deque[tuple[asyncio.Future[Any], Future[Any]]] = deque()
        self._is_woken = False  # the loop was told to look, and has not looked yet

    async def answer(self, submitted: Future[T]) -> T:
        """What a job came to. Whoever stops waiting before it is taken takes it back. Raises: what the job raised."""
        waiter: asyncio.Future[T] = self.loop.create_future()
        submitted.add_done_callback(lambda done: self._put(waiter, done))
        try:
            return await waiter
        except asyncio.CancelledError:
            submitted.cancel()
            raise

    def _put(self, waiter: asyncio.Future[Any], done: Future[Any]) -> None:
        """From the desk's thread. Put in first, then looked whether the loop knows: it says that it looks before it does."""
        self._arrived.append((waiter, done))
        if not self._is_woken and not self.loop.is_closed():
            self._is_woken = True
            self.loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        self._is_woken = False
        while self._arrived:
            waiter, done = self._arrived.popleft()
            if waiter.done():
                continue  # its caller has gone
            error = done.exception()
            if error is not None:
                waiter.set_exception(error)
            else:
                waiter.set_result(done.result())
