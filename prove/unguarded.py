"""`python -m prove.unguarded GUARD serve ...`: Accord with one guard taken away, for the controls. Never a way to run it."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any
from unittest import mock

from accord.cli import main
from accord.db import requests
from accord.db.engine import Database
from accord.db.tx import Tx
from accord.ledger import store
from accord.ledger.decide import gate
from accord.ledger.decide.trial import Trial
from accord.ledger.model import Profile
from accord.ledger.service.books import Book
from accord.promise.service import batch, tables
from accord.web.server import app, serving
from accord.web.server.app import Accord
from accord.web.server.app import factory as guarded

_SETTING = "ACCORD_PROVE_WITHOUT"
_PAUSE_SECONDS = 0.1


@contextmanager
def nothing_locked() -> Iterator[None]:
    """Keys are read and not locked; those that are new are made, and so locked."""
    real = store.lock

    def read_only(tx: Tx, keys: Sequence[str]) -> dict[str, Profile]:
        found = store.read(tx, keys)
        return found | real(tx, [key for key, profile in found.items() if not profile.version])

    with mock.patch.object(store, "lock", read_only):
        yield


@contextmanager
def _without_lock() -> Iterator[None]:
    """Nobody locks what is read, and between read and write there is time for another."""
    write = Book.write

    def late(book: Book, tx: Tx) -> None:
        time.sleep(_PAUSE_SECONDS)
        write(book, tx)

    with nothing_locked(), mock.patch.object(Book, "write", late):
        yield


@contextmanager
def _without_look() -> Iterator[None]:
    """The decision believes that there is always enough, the gate lets it pass, and the CHECK is told that all is well."""

    def summary(*_args: Any) -> int:
        return 0

    with mock.patch.object(Trial, "atp", return_value=10**6), mock.patch.object(gate, "check", summary):
        yield


@contextmanager
def claimed_apart() -> Iterator[None]:
    """A request id is claimed in a transaction of its own, and one that is there already is not looked at."""

    def forgetful(tx: Tx, claims: Sequence[requests.Claim]) -> dict[str, Any]:
        return {one.id: requests.Claimed(one.id) for one in claims}

    def nothing(*_args: Any, **_named: Any) -> None:
        return None

    with (
        mock.patch.object(requests, "claim", forgetful),
        mock.patch.object(requests, "record_reply", nothing),
        mock.patch.object(requests, "unclaim", nothing),
    ):
        yield


@contextmanager
def _answered_before_commit() -> Iterator[None]:
    """A batch is answered as soon as it is decided; it commits a moment later."""

    def early(db: Database, work: Callable[[Tx], Any]) -> Any:
        answer: Future[Any] = Future()

        def later() -> None:
            try:
                with db.write() as tx:
                    answer.set_result(work(tx))
                    time.sleep(0.1)  # nearly always something is answered and not committed
            except BaseException as error:  # noqa: BLE001 - as it would have been raised where it is waited for
                if not answer.done():
                    answer.set_exception(error)

        threading.Thread(target=later, daemon=True).start()
        return answer.result()

    with mock.patch.object(batch, "retrying", early):
        yield


def _queue(most: int) -> Callable[[], AbstractContextManager[None]]:
    """The server works on so many requests at once, and its desk takes as many."""

    @contextmanager
    def taking() -> Iterator[None]:
        with mock.patch.object(tables, "QUEUE_MAX", most), mock.patch.object(app, "IN_FLIGHT_MAX", most):
            yield

    return taking


GUARDS: dict[str, Callable[[], AbstractContextManager[None]]] = {
    "lock": _without_lock,
    "look": _without_look,
    "claim": claimed_apart,
    "commit": _answered_before_commit,
    "bound": _queue(10**9),
    "short queue": _queue(48),  # no guard less: a bound that few callers reach
}


_for_ever = ExitStack()


def factory() -> Accord:
    """The application of one of several processes, which stays without the guard until it ends."""
    _for_ever.enter_context(GUARDS[os.environ[_SETTING]]())
    return guarded()


if __name__ == "__main__":
    os.environ[_SETTING] = sys.argv[1]
    serving._FACTORY = "prove.unguarded:factory"
    with GUARDS[sys.argv[1]]():
        sys.exit(main(sys.argv[2:]))
