"""When does what runs by itself run, and in which process?

Each process of a server has one thread for it. Before a job is done its lease is taken in the database, so that of
several processes one does it. A job that fails is logged and tried again, less and less often; it never ends the
server. Nothing that is promised waits for a job: holds expire by comparison, and days are rolled when a key is locked.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import msgspec
import structlog

from accord.connect import service as imports
from accord.db import jobs as db_jobs
from accord.db import leases
from accord.db.engine import Database
from accord.exceptions import jobs as exception_jobs
from accord.kit.errors import AccordError, Fault
from accord.promise import jobs as promise_jobs
from accord.web.notices import made
from accord.web.people import guesses, sessions

_LOG = structlog.get_logger("accord.jobs")

_LOOK_SECONDS_MAX = 60  # at least so often a process looks whether a job is due: another one may have died
_STOP_SECONDS = 10  # how long the end of a server waits for a job that is under way


def _always(_db: Database) -> bool:
    return True


def _forget_sessions(db: Database) -> int:
    return sessions.forget(db) + guesses.forget(db)


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """Something that runs by itself."""

    name: str
    what: str  # a sentence for people
    every_seconds: int
    lease_seconds: int  # longer than it should ever take
    run: Callable[[Database], int]  # how much it did
    is_needed: Callable[[Database], bool] = (
        _always  # a look that costs nothing, where most runs have nothing to do
    )
    in_practice: bool = (
        True  # also in a practice database; nothing that reaches anybody outside, or vouches for live
    )


JOBS = (
    Job(
        name="publish",
        what="gives positions to what was told, for GET /v1/events",
        every_seconds=1,
        lease_seconds=30,
        run=db_jobs.publish,
        is_needed=db_jobs.is_told,
    ),
    Job(
        name="notify",
        what="tells people in the app what happened, and that a hold is about to end",
        every_seconds=1,
        lease_seconds=60,
        run=made.notify,
        is_needed=made.is_needed,
    ),
    Job(
        name="roll",
        what="rolls the day of each site whose midnight passed",
        every_seconds=10,
        lease_seconds=600,
        run=exception_jobs.roll,
        is_needed=exception_jobs.is_midnight,
    ),
    Job(
        name="tidy",
        what="frees what expired holds and ended promises leave behind",
        every_seconds=30,
        lease_seconds=300,
        run=promise_jobs.tidy,
    ),
    Job(
        name="merge",
        what="merges the log of a database file that has grown long",
        every_seconds=10,
        lease_seconds=60,
        run=db_jobs.merge,
        is_needed=db_jobs.is_log_long,
    ),
    Job(
        name="prune",
        what="forgets the bodies of replies that are older than a week",
        every_seconds=3_600,
        lease_seconds=600,
        run=promise_jobs.prune,
    ),
    Job(
        name="forget_imports",
        what="forgets files and rows of imports that were begun a week ago and never came in",
        every_seconds=3_600,
        lease_seconds=300,
        run=imports.tidy,
    ),
    Job(
        name="forget_sessions",
        what="forgets sessions and kept forms that were over a week ago, and old guesses",
        every_seconds=3_600,
        lease_seconds=60,
        run=_forget_sessions,
        in_practice=False,
    ),
    Job(
        name="forget_notices",
        what="forgets what people were told a quarter ago",
        every_seconds=3_600,
        lease_seconds=300,
        run=made.prune,
    ),
    Job(
        name="checkpoint",
        what="signs the heads of the audit chains",
        every_seconds=3_600,
        lease_seconds=60,
        run=db_jobs.checkpoint,
        in_practice=False,
    ),
)


PRACTICE_JOBS = tuple(job for job in JOBS if job.in_practice)


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one job."""

    name: str
    state: str  # done, failed, elsewhere (another process has it, or it is not due)
    done: int = 0
    error: str | None = None


def states(db: Database, jobs: Sequence[Job] = JOBS) -> list[tuple[Job, leases.State | None]]:
    """Every job, and how it stands; None where it never ran."""
    known = leases.states(db)
    return [(job, known.get(job.name)) for job in jobs]


def run_all(db: Database, jobs: Sequence[Job] = JOBS) -> list[Ran]:
    """Do every job once, due or not, except what another process is just doing."""
    holder = leases.this_process()
    return [_run(db, job, holder, even_early=True) for job in jobs]


def _run(db: Database, job: Job, holder: str, *, even_early: bool = False) -> Ran:
    if not even_early and not job.is_needed(db):
        return Ran(name=job.name, state="done")
    lease = leases.take(
        db,
        job.name,
        holder,
        seconds=job.lease_seconds,
        every_seconds=job.every_seconds,
        even_early=even_early,
    )
    if lease is None:
        return Ran(name=job.name, state="elsewhere")
    try:
        done = job.run(db)
    except Exception as error:  # noqa: BLE001 - whatever it is, the others go on and the next run may succeed
        said = _said(job, error)
        leases.finish(db, lease, every_seconds=job.every_seconds, error=said)
        return Ran(name=job.name, state="failed", error=said)
    leases.finish(db, lease, every_seconds=job.every_seconds, done=done)
    return Ran(name=job.name, state="done", done=done)


def _said(job: Job, error: Exception) -> str:
    """Log what went wrong, with the place in the code where it is our mistake; what it was, in words."""
    if isinstance(error, AccordError) and not isinstance(error, Fault):
        _LOG.warning("job_failed", job=job.name, error=error.detail)
        return error.detail
    _LOG.error("job_failed", job=job.name, exc_info=error)
    return f"{type(error).__name__}: {error}"


class Runner:
    """The thread of one process that does what is due."""

    def __init__(self, db: Database, jobs: Sequence[Job] = JOBS) -> None:
        self._db = db
        self._holder = leases.this_process()
        self._stopping = threading.Event()
        self._look_at = dict.fromkeys(jobs, 0.0)  # by this process's own clock: only how long to wait
        self._missed = dict.fromkeys(jobs, 0)  # looks in a row at which the database did not answer
        self._thread = threading.Thread(target=self._work, name="accord jobs", daemon=True)

    def start(self) -> None:
        """Begin; every job is looked at once right away."""
        self._thread.start()

    def stop(self) -> None:
        """End, after the job that is under way if it does not take long; what it did not commit is undone."""
        self._stopping.set()
        self._thread.join(_STOP_SECONDS)

    def _work(self) -> None:
        while not self._stopping.is_set():
            for job, look_at in self._look_at.items():
                if look_at <= time.monotonic() and not self._stopping.is_set():
                    # A database that was away for a moment is found again soon, one that stays away is asked seldom.
                    self._missed[job] = 0 if self._do(job) else self._missed[job] + 1
                    wait = min(job.every_seconds << min(self._missed[job], 10), _LOOK_SECONDS_MAX)
                    self._look_at[job] = time.monotonic() + wait
            self._stopping.wait(max(0.0, min(self._look_at.values()) - time.monotonic()))

    def _do(self, job: Job) -> bool:
        """Do a job if it is due; False when the database did not even say whether it is."""
        try:
            _run(self._db, job, self._holder)
        except Exception as error:  # noqa: BLE001 - whatever it is, the server goes on
            _said(job, error)
            return False
        return True
