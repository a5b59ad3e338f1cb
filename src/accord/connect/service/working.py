"""Who works on an import while nobody waits at a page for it, and how far is that?

One import at a time in a process, in a thread of its own: a server answers meanwhile, and promises go on. That there is
work is kept in the database, so that every process can tell and two never work on one run; how far it is, in the memory
of the process, and on PostgreSQL every second beside it. What is stopped or killed leaves the run as it was, to go on with.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from weakref import WeakKeyDictionary

import msgspec
import structlog

from accord.connect import store
from accord.connect.service.bringing import Progress
from accord.db import leases
from accord.db.engine import Database, retrying
from accord.db.tx import Tx
from accord.kit.digest import canonical
from accord.kit.errors import AccordError, Conflict, Fault, Unavailable, as_problem

_LOG = structlog.get_logger("accord.imports")
_BEAT_SECONDS = 1.0
_GONE_MICROSECONDS = 60_000_000  # a process that was not heard of for so long is gone
_STOP_SECONDS = 10.0  # how long the end of a server waits for work to notice

Job = Callable[[Progress], None]


class WorkedOn(Conflict):
    """Somebody is at it already."""

    code = "import_worked_on"
    title = "This import is being worked on"


class Stopped(Exception):
    """Somebody wanted it to stop."""


class Working(msgspec.Struct, frozen=True, kw_only=True):
    """How far work on a run is, or why it ended."""

    what: str  # check, commit
    actor: str
    phase: str  # "" = not begun; wait, look, check, stage, judge, bring in
    done: int
    total: int
    problems: int
    seconds: int  # since it began
    rate: int  # a second, in this phase; 0 = not known yet
    left_seconds: int | None  # of this phase
    wants_stop: bool
    error: dict[str, object] | None  # why it ended


class _Doing:
    """One piece of work of this process."""

    def __init__(self, what: str, actor: str) -> None:
        self.what = what
        self.actor = actor
        self.began = self.phase_began = time.monotonic()
        self.phase = ""
        self.done = self.total = self.problems = 0
        self.beat = 0.0
        self.stop = threading.Event()
        self.over = threading.Event()

    def seen(self) -> Working:
        """As of now."""
        spent = time.monotonic() - self.phase_began
        rate = self.done / spent if spent > 0.2 else 0.0
        left = (self.total - self.done) / rate if rate and self.total else None
        return Working(
            what=self.what,
            actor=self.actor,
            phase=self.phase,
            done=self.done,
            total=self.total,
            problems=self.problems,
            seconds=int(time.monotonic() - self.began),
            rate=int(rate),
            left_seconds=None if left is None else int(left) + 1,
            wants_stop=self.stop.is_set(),
            error=None,
        )


class Bench:
    """Where the work of one process on one database is done."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._holder = leases.this_process()
        self._doing: dict[str, _Doing] = {}
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._is_closing = False

    def start(self, run: str, what: str, actor: str, job: Job) -> None:
        """Begin to work on a run. Raises: WorkedOn when somebody is at it."""
        doing = _Doing(what, actor)
        with self._lock:
            if self._is_closing:
                raise WorkedOn("The server is closing. Go on with it when it is there again.")
            if run in self._doing:
                raise WorkedOn(f"{run} is being worked on. Wait until that has ended, or stop it.")
            self._doing[run] = doing
        try:
            self._keep(run, doing)
        except BaseException:
            self._doing.pop(run, None)
            raise
        # A daemon: the end of a process never waits for it longer than `close` does.
        try:
            threading.Thread(
                target=self._work, args=(run, doing, job), name=f"import {run}", daemon=True
            ).start()
        except RuntimeError as error:
            # It would be "worked on" for as long as the process lives.
            self._end(run, doing, None)
            raise Unavailable(
                "The server has no thread left for this. Try again in a moment.", retry_after_seconds=5
            ) from error

    def idle(self, run: str) -> None:
        """Raises: WorkedOn when somebody works on a run: nothing is said of it meanwhile."""
        seen = self.seen(run)
        if seen is not None and seen.error is None:
            raise WorkedOn(f"{run} is being worked on. Wait until that has ended, or stop it.")

    def wait(self, run: str, seconds: float) -> bool:
        """Whether work on a run has ended, or does within so many seconds."""
        doing = self._doing.get(run)
        return doing is None or doing.over.wait(seconds)

    def seen(self, run: str) -> Working | None:
        """How far it is, None when nothing is done for it."""
        doing = self._doing.get(run)
        if doing is not None:
            return doing.seen()
        with self._db.read() as tx:
            kept, now = store.work(tx, run), tx.now()
        if kept is None:
            return None
        error = None if kept.error is None else msgspec.json.decode(kept.error, type=dict[str, object])
        if error is None and (
            self._db.dialect == "sqlite"
            or kept.beat_at < now - _GONE_MICROSECONDS
            or kept.holder == self._holder
        ):
            return None  # the process that did it is gone
        return Working(
            what=kept.what,
            actor=kept.actor,
            phase=kept.phase,
            done=kept.done,
            total=kept.total,
            problems=kept.problems,
            seconds=max(0, now - kept.began_at) // 1_000_000,
            rate=0,
            left_seconds=None,
            wants_stop=bool(kept.wants_stop),
            error=error,
        )

    def stop(self, run: str) -> None:
        """Ask work on a run to end where it is; nothing of it is in then."""
        doing = self._doing.get(run)
        if doing is not None:
            doing.stop.set()
            return
        retrying(self._db, lambda tx: store.ask_to_stop(tx, run))

    def close(self) -> None:
        """Take no more work, and let what is under way end where it is."""
        with self._lock:
            self._is_closing = True
            left = list(self._doing.values())
        for doing in left:
            doing.stop.set()
        for doing in left:
            doing.over.wait(_STOP_SECONDS)

    def _keep(self, run: str, doing: _Doing) -> None:
        def work(tx: Tx) -> bool:
            now = tx.now()
            begun = store.Work(
                run=run, what=doing.what, actor=doing.actor, holder=self._holder, began_at=now, beat_at=now
            )
            # A file has one server, which is this one: whoever else is named there is gone.
            gone = now + 1 if self._db.dialect == "sqlite" else now - _GONE_MICROSECONDS
            return store.begin_work(tx, begun, gone_before=gone)

        if not retrying(self._db, work):
            raise WorkedOn(f"{run} is being worked on elsewhere. Wait until that has ended, or stop it.")

    def _work(self, run: str, doing: _Doing, job: Job) -> None:
        def on_progress(phase: str, done: int, total: int, problems: int) -> None:
            if phase != doing.phase:
                doing.phase, doing.phase_began = phase, time.monotonic()
            doing.done, doing.total, doing.problems = done, total, problems
            if self._db.dialect == "postgresql" and time.monotonic() - doing.beat > _BEAT_SECONDS:
                doing.beat = time.monotonic()
                if retrying(self._db, lambda tx: store.beat(tx, run, tx.now(), phase, done, total, problems)):
                    doing.stop.set()
            if doing.stop.is_set():
                raise Stopped

        error: bytes | None = None
        try:
            doing.phase = "wait"
            with self._turn:
                on_progress("look", 0, 0, 0)
                job(on_progress)
        except Stopped:
            pass
        except AccordError as known:
            if isinstance(known, Fault):
                _LOG.error("import_failed", run=run, exc_info=known)
            error = canonical(as_problem(known, request_id="", instance=""))
        except Exception as unknown:  # noqa: BLE001 - whatever it is, somebody waits to hear of it
            _LOG.error("import_failed", run=run, exc_info=unknown)
            error = canonical(as_problem(Fault(f"{type(unknown).__name__}"), request_id="", instance=""))
        self._end(run, doing, error)

    def _end(self, run: str, doing: _Doing, error: bytes | None) -> None:
        try:
            retrying(self._db, lambda tx: store.end_work(tx, run, self._holder, error))
        except AccordError as busy:
            _LOG.warning("import_work_not_ended", run=run, error=busy.detail)
        finally:
            self._doing.pop(run, None)
            doing.over.set()


_benches: WeakKeyDictionary[Database, Bench] = WeakKeyDictionary()
_lock = threading.Lock()


def bench(db: Database) -> Bench:
    """The bench of this database in this process; made when first asked for."""
    with _lock:
        found = _benches.get(db)
        if found is None:
            found = _benches[db] = Bench(db)
        return found


def close(db: Database) -> None:
    """Let work on imports end, before the database goes."""
    with _lock:
        found = _benches.pop(db, None)
    if found is not None:
        found.close()
