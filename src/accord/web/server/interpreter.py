"""How does Python itself run in a server: whose turn is it, and when is garbage looked for?"""

from __future__ import annotations

import gc
import sys

_NEW_OBJECTS = 100_000  # more than the largest batch makes and lets go of again


def take_turns() -> None:
    """Let the desk's thread and the one that answers have the interpreter in turns of half a millisecond.

    In the usual five, the desk waits that long after each statement of a batch while others are being answered. Measured
    beside a thread that is always busy, 32 promises: 62 ms with five, 23 with a half on SQLite, 65 to 160 and 55 to 66 on
    PostgreSQL; a tenth gains nothing more.
    """
    sys.setswitchinterval(0.0005)


def collect_seldom() -> None:
    """Look for garbage when there may be some, and never again at what is loaded by now: that stays for ever.

    A batch makes tens of thousands of objects, all of which go when it ends, without the collector; in the usual steps of
    700 it looked at them dozens of times a batch. Measured: 33 to 70 us a promise, of about 300.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 10, 10)
