"""What time is it in a simulation, on either database, and which ids does it give out?

Two runs of the same seed must be the same run, so the store's clock, the chance in ids and the time that deciding takes are the
simulation's own: a transaction ends when its time to decide is over, on a slow machine earlier than on a quick one.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from unittest import mock

from accord.db.tx import Tx
from accord.kit import ids
from accord.kit.days import Day, Instant, local_day, midnight
from accord.promise.service import batch

START = (
    int(datetime(2027, 3, 1, 7, tzinfo=UTC).timestamp()) * 1_000_000
)  # a Monday; summer time begins within the month
A_SECOND = 1_000_000
_EFFORTS_SECONDS = (0.001, 0.001, 0.001, 0.004, 0.02)  # of one decision; a transaction may take 0.01 or 0.05


class Clock:
    """A clock that moves only when it is told to, a little each time it is read."""

    def __init__(self, now: Instant = START) -> None:
        self.now = now  # the store's
        self.app_ahead = 0  # how far the application's clock is ahead of it

    def set_app(self, seconds: int) -> None:
        """The application's clock jumps to so much ahead of the store's, or behind it."""
        self.app_ahead = seconds * A_SECOND

    def app(self) -> Instant:
        """What the application's machine believes."""
        return self.now + self.app_ahead

    def read_app(self) -> Instant:
        """What a product would read that trusted the application's clock."""
        self.now += 1
        return self.now + self.app_ahead

    def read(self) -> Instant:
        self.now += 1
        return self.now

    def advance(self, seconds: int) -> None:
        self.now += seconds * A_SECOND

    def day(self, zone: str) -> Day:
        return local_day(self.now, zone)

    def to_next_midnight(self, zone: str) -> None:
        """One second into the next day of a zone."""
        self.now = max(self.now, midnight(self.day(zone) + 1, zone)) + A_SECOND


class _Effort:
    """Time of the processor that deciding takes: a little more each time it is read, now and then much more."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._seconds = 0.0

    def read(self) -> float:
        self._seconds += self._chance.choice(_EFFORTS_SECONDS)
        return self._seconds


@contextmanager
def simulated(clock: Clock, seed: int) -> Iterator[None]:
    """Inside, the store's clock is this one, and ids are the same for the same seed."""
    chance = random.Random(f"ids {seed}")
    effort = _Effort(random.Random(f"effort {seed}"))

    def read(_tx: Tx) -> tuple[str, dict[str, Instant]]:
        return ":now", {"now": clock.read()}

    with (
        mock.patch.object(Tx, "clock", property(read)),
        mock.patch.object(ids, "secrets", SimpleNamespace(randbits=chance.getrandbits)),
        mock.patch.object(ids, "time", SimpleNamespace(time_ns=lambda: clock.app() * 1_000)),
        mock.patch.object(batch, "time", SimpleNamespace(thread_time=effort.read)),
        mock.patch.object(ids, "_clock", ids._Sequence(follows_clock=True)),
        mock.patch.object(ids, "_given", ids._Sequence(follows_clock=False)),
    ):
        yield
