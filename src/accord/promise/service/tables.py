"""Where do concurrent callers wait? At one desk for each database and process, which runs them in batches."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from weakref import WeakKeyDictionary

import msgspec

from accord.db.engine import Database
from accord.kit.desk import Desk, DeskCounters
from accord.promise.model import Request
from accord.promise.service.batch import Answer, promise

LINES_MAX = 256  # of a batch
QUEUE_MAX = 4_096  # jobs waiting; beyond it 503 with Retry-After


class _Job(msgspec.Struct, frozen=True):
    requests: tuple[Request, ...]
    actor: str


class PromiseDesk:
    """The desk of one database: requests of many callers share transactions, in the order of arrival."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._desk: Desk[_Job, list[Answer]] = Desk(
            self._run, lines=_lines, lines_max=LINES_MAX, queue_max=QUEUE_MAX, name="promise desk"
        )

    def submit(self, requests: Sequence[Request], actor: str) -> Future[list[Answer]]:
        """Queue requests; the future has an answer for each. Raises: Unavailable when the queue is full."""
        return self._desk.submit(_Job(tuple(requests), actor))

    def counters(self) -> DeskCounters:
        """What the desk has done so far."""
        return self._desk.counters()

    def close(self) -> None:
        """Answer what is queued and stop."""
        self._desk.close()

    def _run(self, jobs: list[_Job]) -> list[list[Answer] | BaseException]:
        # Each run of jobs by the same actor is one batch; callers of a system share its key, so runs are long.
        answers: list[list[Answer] | BaseException] = []
        start = 0
        while start < len(jobs):
            end = start + 1
            while end < len(jobs) and jobs[end].actor == jobs[start].actor:
                end += 1
            run = jobs[start:end]
            flat = promise(self._db, [r for job in run for r in job.requests], actor=jobs[start].actor)
            place = 0
            for job in run:
                answers.append(flat[place : place + len(job.requests)])
                place += len(job.requests)
            start = end
        return answers


def _lines(job: _Job) -> int:
    return sum(max(1, len(request.lines)) for request in job.requests)


_desks: WeakKeyDictionary[Database, PromiseDesk] = WeakKeyDictionary()
_lock = threading.Lock()


def desk(db: Database) -> PromiseDesk:
    """The desk of this database in this process; opened when first asked for."""
    with _lock:
        found = _desks.get(db)
        if found is None:
            found = _desks[db] = PromiseDesk(db)
        return found
