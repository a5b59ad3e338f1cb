"""Which ids do our things get?

An id is its kind, an underscore and 26 letters and digits: `com_06b3...`, a UUIDv7 (RFC 9562) in lower-case
Crockford base32. Within one process ids of one kind sort in the order in which they were made.
"""

import os
import secrets
import threading
import time

from accord.kit.days import Instant
from accord.kit.derived_ids import derive, kind_of
from accord.kit.errors import Fault

__all__ = ["derive", "kind_of", "new_id"]

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = tuple(a + b for a in _ALPHABET for b in _ALPHABET)  # ten bits a step instead of five

_TAIL_BITS = 74  # what a UUIDv7 leaves beside its milliseconds: rand_a (12) and rand_b (62)
_DRAWN_BITS = 32 * 64
_SEED_BITS = 73  # the top bit starts at zero, so that counting up has room


class _Sequence:
    """The time and tail of the last id, so that the next one is larger."""

    def __init__(self, *, follows_clock: bool) -> None:
        self._lock = threading.Lock()
        self._follows_clock = follows_clock
        self._millisecond = -1
        self._tail = 0
        self._chance = (
            1  # bits drawn and not yet used, below a one: a draw for each id asks the system each time
        )

    def next(self, millisecond: int) -> int:
        """The next 128 bits. A clock that is set back does not make ids go back; a time that was given is kept."""
        with self._lock:
            if self._follows_clock and millisecond < self._millisecond:
                millisecond = self._millisecond
            if millisecond == self._millisecond:
                # A random step, so that ids cannot be guessed from their neighbours.
                self._tail += 1 + self._step()
                if self._tail >> _TAIL_BITS:
                    self._millisecond += 1
                    self._tail = secrets.randbits(_SEED_BITS)
            else:
                self._millisecond = millisecond
                self._tail = secrets.randbits(_SEED_BITS)
            millisecond, tail = self._millisecond, self._tail
        return (
            (millisecond << 80) | (7 << 76) | ((tail >> 62) << 64) | (0b10 << 62) | (tail & ((1 << 62) - 1))
        )

    def _step(self) -> int:
        """32 random bits."""
        if self._chance == 1:
            self._chance = (1 << _DRAWN_BITS) | secrets.randbits(_DRAWN_BITS)
        step = self._chance & 0xFFFFFFFF
        self._chance >>= 32
        return step


_clock = _Sequence(follows_clock=True)
_given = _Sequence(follows_clock=False)


def _forget() -> None:
    # A forked child must not count on from its parent's last id: both would make the same ones.
    global _clock, _given
    _clock = _Sequence(follows_clock=True)
    _given = _Sequence(follows_clock=False)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def new_id(prefix: str, now: Instant | None = None) -> str:
    """A new id of this kind that sorts by time: the wall clock's, or `now` when it is given."""
    if now is None:
        bits = _clock.next(time.time_ns() // 1_000_000)
    elif now < 0:
        raise Fault(f"an id cannot be older than 1970: {now}")
    else:
        bits = _given.next(now // 1_000)
    letters = "".join([_PAIRS[(bits >> shift) & 1023] for shift in range(120, -1, -10)])
    return f"{prefix}_{letters}"
