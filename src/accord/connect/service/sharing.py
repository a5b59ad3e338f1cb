"""How do several processes promise one backlog? Each takes groups of lines that can never compete with another's.

The lines of a group stay in one process and in their order, and nothing that one process touches does another touch: so
what becomes of a line does not depend on how many processes there are. The processes have connections of their own
and share nothing but the database; this one hands each its next lines when it has answered the last ones.
"""

from __future__ import annotations

import heapq
import multiprocessing
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

from accord.connect import store
from accord.connect.service.settling import TOGETHER, Tally, promise_lines
from accord.db.engine import Database, open_database
from accord.db.tx import Tx
from accord.kit.errors import InputError, Unavailable
from accord.kit.processes import cores, deaf
from accord.promise import service as promises
from accord.promise.model import Request

LINES_MIN = 4_000  # for each process, below which starting it costs more than it spares

Name = tuple[str, str]  # of a line: source, id
Names = list[Name]


def shares_of(db: Database, *, actor: str, processes: int | None) -> list[Names]:
    """What each process is to promise, in the order of promising; one or none where one process does it all."""
    many = _processes(db, processes)
    if many <= 1:
        return []
    names: Names = []
    with db.read() as tx:
        groups = promises.groups_of(tx, _requests(tx, names), actor=actor)
    return [[names[place] for place in share] for share in packed(groups, many)]


def packed(groups: Sequence[int], many: int) -> list[list[int]]:
    """Pack groups so that `many` shares are about the same size: the largest first, each to whoever has least.

    Places in `groups`, in their order; no share is empty.
    """
    least = [(0, share) for share in range(many)]
    share_of: dict[int, int] = {}
    for group, size in sorted(Counter(groups).items(), key=lambda one: (-one[1], one[0])):
        load, share = heapq.heappop(least)
        share_of[group] = share
        heapq.heappush(least, (load + size, share))
    shares: list[list[int]] = [[] for _ in range(many)]
    for place, group in enumerate(groups):
        shares[share_of[group]].append(place)
    return [share for share in shares if share]


def promise_shared(
    db: Database, shares: Sequence[Names], done: Tally, *, actor: str, on_progress: Callable[[int], None]
) -> None:
    """Promise each share in a process of its own, and count what became of the lines.

    Raises: Unavailable when a process was killed. Whatever ends this ends the others, each after the lines it has.
    """
    spawned = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(
        max_workers=len(shares), mp_context=spawned, initializer=_begin, initargs=(db.url,)
    )
    try:
        running: dict[Future[Tally], Iterator[Names]] = {}
        for share in shares:
            _hand(pool, running, _pieces(share), actor)
        while running:
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                rest = running.pop(future)
                found = future.result()
                done.add(found)
                on_progress(found.lines)
                _hand(pool, running, rest, actor)
    except BrokenProcessPool as error:
        raise Unavailable(
            "One of the processes that promise open lines was ended from outside. What they had answered is kept; run the"
            " same command again for the rest.",
            code="process_ended",
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _processes(db: Database, wanted: int | None) -> int:
    """How many processes may work at it."""
    if db.dialect == "sqlite":
        if wanted is not None and wanted > 1:
            raise InputError.at(
                "processes",
                "one_writer",
                "A database file has one process that promises. Several need PostgreSQL.",
            )
        return 1
    if wanted is not None:
        return wanted
    with db.read() as tx:
        waiting, _ = store.count_lines(tx)
    return min(cores(), waiting // LINES_MIN)


def _requests(tx: Tx, names: Names) -> Iterator[Request]:
    """What is asked by every open line; each leaves its name, since of a million lines only that is kept."""
    for line in store.every_open_line(tx):
        names.append((line.source, line.id))
        yield line.request


def _pieces(share: Names) -> Iterator[Names]:
    """A share in pieces that are asked together."""
    for first in range(0, len(share), TOGETHER):
        yield share[first : first + TOGETHER]


def _hand(
    pool: ProcessPoolExecutor,
    running: dict[Future[Tally], Iterator[Names]],
    rest: Iterator[Names],
    actor: str,
) -> None:
    """Let the next piece of a share be promised, if there is one."""
    piece = next(rest, None)
    if piece is not None:
        with deaf():
            running[pool.submit(_promise, piece, actor)] = rest


# --- in each of the processes ------------------------------------------------------------------------

_url = ""
_db: Database | None = None


def _begin(url: str) -> None:
    global _url
    _url = url
    threading.Thread(target=_end_with_parent, name="end with the parent", daemon=True).start()


def _end_with_parent() -> None:
    """A parent that was killed hands out no more work and tells nobody."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)  # what is under way is rolled back by the database


def _promise(names: Names, actor: str) -> Tally:
    """Promise these lines as far as they are still open."""
    global _db
    if _db is None:
        _db = open_database(_url, create=False)
    with _db.read() as tx:
        lines = store.open_lines_named(tx, names)
    return promise_lines(_db, lines, actor=actor)
