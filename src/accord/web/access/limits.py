"""How often may each caller ask?

A bucket of tokens for each caller, in this process: every request takes one, and they come back at a steady rate. A
caller that has none left is told when the next one is there. Buckets that are full again are forgotten.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import msgspec

_BUCKETS_MAX = 10_000


class Allowed(msgspec.Struct, frozen=True):
    """What a caller has left, and when it may come back if it has nothing."""

    limit: int  # tokens a second
    remaining: int
    retry_after_seconds: int  # 0: go on


class RateLimit:
    """`rate` requests a second for each caller, and twice that in a burst; 0 means no limit."""

    def __init__(self, rate: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self.burst = rate * 2
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[str, tuple[float, float]] = {}  # caller -> (tokens, when they were counted)

    def take(self, caller: str) -> Allowed:
        """One token for this caller, or when there will be one."""
        if not self.rate:
            return Allowed(0, 0, 0)
        now = self._clock()
        with self._lock:
            tokens, counted = self._buckets.get(caller, (float(self.burst), now))
            tokens = min(float(self.burst), tokens + (now - counted) * self.rate)
            enough = tokens >= 1
            if enough:
                tokens -= 1
            if caller not in self._buckets and len(self._buckets) >= _BUCKETS_MAX:
                self._forget(now)
            self._buckets[caller] = (tokens, now)
        wait = 0 if enough else max(1, round((1 - tokens) / self.rate + 0.5))
        return Allowed(self.rate, int(tokens), wait)

    def _forget(self, now: float) -> None:
        """Drop the buckets that are full again: they say nothing that a new one does not say."""
        full = [
            name
            for name, (tokens, at) in self._buckets.items()
            if tokens + (now - at) * self.rate >= self.burst
        ]
        for name in full:
            del self._buckets[name]
