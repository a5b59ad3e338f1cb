"""Two processes that want the same ten pumps: what each does, with its guards or without some of them.

`meet` is where an interleaving is forced: everybody waits there, after having read and decided and before anything is
written, until all are there. Whoever holds a lock waits in vain, for a moment.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from typing import Any
from unittest import mock

import sqlalchemy as sa

from accord.db import requests
from accord.db.engine import open_database
from accord.db.tx import Tx
from accord.kit.errors import AccordError
from accord.ledger.decide import gate
from accord.ledger.decide.trial import Trial
from accord.ledger.service.books import Book
from accord.promise.model import Line, Request, Verb
from accord.promise.service import promise

PATIENCE = 1.5  # seconds; a lone process waits so long at the meeting point


def contend(
    url: str,
    id: str,
    item: str,
    quantity: int,
    on: int,
    broken: Sequence[str],
    barrier: Barrier,
    answers: Queue[Any],
) -> None:
    """Commit to the quantity, meeting the others between read and write; puts (id, what came of it, times decided)."""
    with ExitStack() as stack:
        for name in broken:
            stack.enter_context(BREAKS[name]())
        db = open_database(url)
        tries = stack.enter_context(_meeting(barrier))
        line = Line(item=item, quantity=quantity, requested_on=on)
        try:
            (answer,) = promise(db, [Request(id=id, verb=Verb.commit, lines=(line,))], actor=id)
        except AccordError as error:
            answer = error
        finally:
            db.close()
        if isinstance(answer, AccordError):
            answers.put((id, answer.code, len(tries), answer.detail))
        else:
            answers.put(
                (id, "promised" if answer.promise else answer.verdict.value, len(tries), answer.sentence)
            )


@contextmanager
def _meeting(barrier: Barrier) -> Iterator[list[int]]:
    """Everybody meets before the first write of the ledger; the list has one entry for each time it was tried."""
    write, tries = Book.write, list[int]()

    def met(book: Book, tx: Tx) -> None:
        if book.dirty:
            tries.append(1)
            if len(tries) == 1:
                with suppress(threading.BrokenBarrierError):
                    barrier.wait(PATIENCE)
        write(book, tx)

    with mock.patch.object(Book, "write", met):
        yield tries


# --- what can be taken away ---


@contextmanager
def _without_claim() -> Iterator[None]:
    """Request ids are not claimed first: on SQLite that, too, is a write, and so a lock."""

    def read_only(tx: Tx, claims: Sequence[requests.Claim], **_more: Any) -> dict[str, requests.Claimed]:
        return {one.id: requests.Claimed(one.id) for one in claims}

    def nothing(*_args: Any, **_more: Any) -> None:
        return None

    with (
        mock.patch.object(requests, "claim", read_only),
        mock.patch.object(requests, "record_reply", nothing),
    ):
        yield


@contextmanager
def _deferred() -> Iterator[None]:
    """SQLite's transactions begin as readers and become writers when they write."""
    listen = sa.event.listen

    def begin(target: Any, name: str, function: Any, **more: Any) -> None:
        if name == "begin":
            listen(target, name, lambda connection: connection.exec_driver_sql("BEGIN DEFERRED"), **more)
        else:
            listen(target, name, function, **more)

    with mock.patch.object(sa.event, "listen", begin):
        yield


@contextmanager
def _without_decision() -> Iterator[None]:
    """The decision believes that there is always enough."""
    with mock.patch.object(Trial, "atp", return_value=10**6):
        yield


@contextmanager
def _without_gate() -> Iterator[None]:
    """The gate only says what the summary will be."""

    def summary(_before: Any, _middle: Any, after: Any, graph: Any, today: int) -> int:
        return gate.lowest(after, graph, today)

    with mock.patch.object(gate, "check", summary):
        yield


@contextmanager
def _without_lock() -> Iterator[None]:
    from prove.unguarded import nothing_locked  # with all of a server, which only this control must load

    with nothing_locked():
        yield


BREAKS = {
    "lock": _without_lock,
    "claim": _without_claim,
    "immediate": _deferred,
    "decision": _without_decision,
    "gate": _without_gate,
}
