"""How are many callers at one desk played in one process?

Each caller has one request under way; its next one is queued the moment the last is answered. No thread a caller: they
would measure how Python switches threads, and a server has none either.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from accord.db.engine import Database
from accord.promise import service
from accord.promise.model import Decision, Request
from accord.promise.service import promise
from accord.promise.service.repeats import Answer
from bench.measure import Sample, sample
from bench.world import ACTOR, Asker

Submit = Callable[[Request], "Future[Any]"]

WORKERS = {"postgresql": 16, "sqlite": 1}  # of a transaction per promise: a file has one writer


class NotPromised(Exception):
    """A request that should have been promised was not: what was measured is not what is claimed."""


class OneByOne:
    """What the desk is measured against: a transaction for each promise, several at a time where the database can."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._pool = ThreadPoolExecutor(WORKERS[db.dialect], "one by one")

    def submit(self, requests: Sequence[Request], actor: str) -> Future[list[Answer]]:
        """The same as the desk's."""
        return self._pool.submit(promise, self._db, requests, actor=actor)

    def close(self) -> None:
        """Answer what is queued and stop."""
        self._pool.shutdown()


@contextmanager
def at_the_desk(db: Database) -> Iterator[Submit]:
    """Callers share transactions."""
    desk = service.desk(db)
    yield lambda request: desk.submit([request], ACTOR)


@contextmanager
def one_by_one(db: Database) -> Iterator[Submit]:
    """Callers have transactions of their own."""
    pool = OneByOne(db)
    try:
        yield lambda request: pool.submit([request], ACTOR)
    finally:
        pool.close()


def is_promised(answer: object) -> bool:
    """Whether everything that was asked was promised."""
    if isinstance(answer, list):
        return all(is_promised(one) for one in answer)
    return answer is True or (isinstance(answer, Decision) and answer.chosen is not None)


def call(submit: Submit, asker: Asker, *, clients: int, seconds: float) -> Sample:
    """So many callers for so long; those under way at the end are waited for and counted.

    Raises: NotPromised.
    """
    waits: list[float] = []
    wrong: list[object] = []
    left = clients
    is_over = threading.Event()
    began = time.perf_counter()
    ends_at = began + seconds
    lock = threading.Lock()

    def next_call() -> None:
        request = asker.request()
        asked_at = time.perf_counter()

        def answered(done: Future[list[Answer]]) -> None:
            nonlocal left
            now = time.perf_counter()
            waits.append(now - asked_at)
            answer = done.exception() or done.result()
            if not is_promised(answer):
                wrong.append(answer)
            if now < ends_at and not wrong:
                next_call()
                return
            with lock:
                left -= 1
                if left == 0:
                    is_over.set()

        submit(request).add_done_callback(answered)

    cpu = time.process_time()
    for _ in range(clients):
        next_call()
    is_over.wait()
    cpu = time.process_time() - cpu
    if wrong:
        raise NotPromised(f"{len(wrong)} of {len(waits)} were not promised, the first: {wrong[0]}")
    return sample(waits, time.perf_counter() - began, cpu_seconds=cpu)
