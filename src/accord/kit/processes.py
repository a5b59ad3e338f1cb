"""How does work go to several processes? As many as there are processors, and Ctrl-C is for the one that began them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager


def cores() -> int:
    """How many processors this process may use, where the system tells, else how many there are; at least one."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def deaf() -> Iterator[None]:
    """Ctrl-C waits meanwhile: a process that is started here never hears it, and is ended by this one in order."""
    if not hasattr(signal, "pthread_sigmask"):  # a system without: there Ctrl-C ends them all at once
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
