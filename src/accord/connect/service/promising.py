"""How are waiting order lines promised? One request each, in the order of priority, due day and name.

Lines that can never compete may be promised by several processes at once: what becomes of each line is the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from accord.connect import store
from accord.connect.model import Promised
from accord.connect.service.settling import TOGETHER, Tally, promise_lines
from accord.connect.service.sharing import promise_shared, shares_of
from accord.db.engine import Database


def promise_open(
    db: Database,
    *,
    actor: str,
    processes: int | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> Promised:
    """Promise every open line, one request each, taking the best answer; lines that are decided stay decided.

    `processes`: at most so many work at it; None = as many as there are cores, where there are lines enough for them to
    pay. Killed in the middle, the next run goes on: a line whose promise was made and not yet written down gets the
    same answer again, because its request has the same id.

    Raises: InputError where several processes are asked for and the database is a file. Unavailable when a process of
    several was killed, or the database is away.
    """
    began = time.monotonic()
    done = Tally()
    tell = on_progress or _nobody
    with db.read() as tx:
        _, before = store.count_lines(tx)
    shares = shares_of(db, actor=actor, processes=processes)
    if len(shares) > 1:
        promise_shared(db, shares, done, actor=actor, on_progress=tell)
    _promise_rest(db, done, actor=actor, on_progress=tell)
    return Promised(
        lines=done.lines,
        in_full=done.in_full,
        later=done.later,
        refused=dict(sorted(done.refused.items())),
        seconds=round(time.monotonic() - began, 3),
        promised_before=before,
        processes=max(1, len(shares)),
    )


def open_lines(db: Database) -> int:
    """How many order lines wait to be promised."""
    with db.read() as tx:
        return store.count_lines(tx)[0]


def _promise_rest(db: Database, done: Tally, *, actor: str, on_progress: Callable[[int], None]) -> None:
    """Promise what is open, in this process."""
    while True:
        with db.read() as tx:
            lines = store.open_lines(tx, TOGETHER)
        if not lines:
            return
        done.add(promise_lines(db, lines, actor=actor))
        on_progress(len(lines))


def _nobody(_many: int) -> None:
    """Nobody looks."""
