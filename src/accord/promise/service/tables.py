"""Where do concurrent callers wait? At one desk for each database and process, which runs them in batches."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from weakref import WeakKeyDictionary, ref

import msgspec

from accord.db.engine import Database
from accord.kit.desk import HAND_ON, Desk, DeskCounters, HandOn
from accord.kit.errors import Fault
from accord.promise.model import Request
from accord.promise.service.batch import deep, shallow
from accord.promise.service.repeats import Answer

LINES_MAX = 256  # of a batch
QUEUE_MAX = 4_096  # jobs waiting; beyond it 503 with Retry-After


class _Job(msgspec.Struct, frozen=True):
    requests: tuple[Request, ...]
    actor: str
    answered: dict[int, Answer]  # by place, in the first lane; the rest goes on


class PromiseDesk:
    """The desk of one database: requests of many callers share transactions, in the order of arrival.

    It has two lanes. What stock and receipts answer never waits for what must be made, moved or bought: that goes on to
    the second lane, whose batches are cut by the time they take.
    """

    def __init__(self, db: Database) -> None:
        self._db = ref(db)  # who has a database has its desk; the other way round neither would ever go
        self._slow: Desk[_Job, list[Answer]] = Desk(
            self._run_slow,
            lines=_lines,
            lines_max=LINES_MAX,
            queue_max=QUEUE_MAX,
            name="promise desk for what is made",
        )
        self._quick: Desk[_Job, list[Answer]] = Desk(
            self._run_quick,
            lines=_lines,
            lines_max=LINES_MAX,
            queue_max=QUEUE_MAX,
            name="promise desk",
            onward=self._slow,
        )

    def submit(self, requests: Sequence[Request], actor: str) -> Future[list[Answer]]:
        """Queue requests; the future has an answer for each. Raises: Unavailable when the queue is full."""
        return self._quick.submit(_Job(tuple(requests), actor, {}))

    def counters(self) -> tuple[DeskCounters, DeskCounters]:
        """What the two lanes have done so far."""
        return self._quick.counters(), self._slow.counters()

    def close(self) -> None:
        """Answer what is queued and stop."""
        self._quick.close()
        self._slow.close()

    def _run_quick(self, jobs: list[_Job]) -> list[list[Answer] | BaseException | HandOn]:
        return self._run(jobs, shallow)

    def _run_slow(self, jobs: list[_Job]) -> list[list[Answer] | BaseException | HandOn]:
        return self._run(jobs, deep)

    def _run(
        self, jobs: list[_Job], decide: Callable[..., Sequence[Answer | None]]
    ) -> list[list[Answer] | BaseException | HandOn]:
        db = self._db()
        if db is None:
            raise Fault("a desk was asked for whose database has gone")
        # Each run of jobs by the same actor is one batch; callers of a system share its key, so runs are long.
        answers: list[list[Answer] | BaseException | HandOn] = []
        start = 0
        while start < len(jobs):
            end = start + 1
            while end < len(jobs) and jobs[end].actor == jobs[start].actor:
                end += 1
            run = jobs[start:end]
            flat = decide(db, [r for job in run for r in _open(job)], actor=jobs[start].actor)
            place = 0
            for job in run:
                left = [at for at in range(len(job.requests)) if at not in job.answered]
                own = zip(left, flat[place : place + len(left)], strict=True)
                place += len(left)
                job.answered.update({at: answer for at, answer in own if answer is not None})
                is_whole = len(job.answered) == len(job.requests)
                answers.append([job.answered[at] for at in range(len(job.requests))] if is_whole else HAND_ON)
            start = end
        return answers


def _open(job: _Job) -> list[Request]:
    return [request for at, request in enumerate(job.requests) if at not in job.answered]


def _lines(job: _Job) -> int:
    return sum(max(1, len(request.lines)) for request in _open(job))


_desks: WeakKeyDictionary[Database, PromiseDesk] = WeakKeyDictionary()
_lock = threading.Lock()


def desk(db: Database) -> PromiseDesk:
    """The desk of this database in this process; opened when first asked for."""
    with _lock:
        found = _desks.get(db)
        if found is None:
            found = _desks[db] = PromiseDesk(db)
        return found
