"""How is a database opened, and how does a transaction begin and end?

SQLite: one writer connection per process, `BEGIN IMMEDIATE`, a write-ahead log with `synchronous=FULL`, so that a
commit that was answered survives a power failure; readers have connections of their own and never wait for the writer.
PostgreSQL: READ COMMITTED for writers, who lock what they read; REPEATABLE READ for readers, one snapshot each.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
import sqlalchemy.exc
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import QueuePool

from accord.db.chains import Chains
from accord.db.failures import Retry, connection_is_lost, meaning
from accord.db.tx import Dialect, Outcome, Tx
from accord.kit.errors import Fault, InputError, Unavailable

T = TypeVar("T")

BUSY_SECONDS = 10  # how long a writer waits for another one before it says so
TRIES_MAX = 5
TRYING_SECONDS_MAX = 20  # after which no further try begins: the caller has waited long enough for an answer
VANISHED_SECONDS = (
    30  # after which a PostgreSQL server that says nothing at all, not even that it hears, is given up
)
_BACK_OFF_SECONDS = 0.01
_NOT_KNOWN = (
    "The connection to the database was lost while this was being kept: whether it was kept is not known."
    " Send it again with the same id: what was kept is then answered, and not done twice."
)
_NETWORK_DISKS = frozenset(
    [
        "9p",
        "afs",
        "ceph",
        "cifs",
        "coda",
        "davfs",
        "fuse.glusterfs",
        "fuse.rclone",
        "fuse.s3fs",
        "fuse.sshfs",
        "glusterfs",
        "gpfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "ocfs2",
        "prl_fs",
        "smb2",
        "smb3",
        "smbfs",
        "vboxsf",
        "vmhgfs",
    ]
)


class Database:
    """One open database: what transactions begin on."""

    def __init__(
        self, url: str, dialect: Dialect, *, path: Path | None, writer: sa.Engine, reader: sa.Engine
    ) -> None:
        self.url = url
        self.dialect: Dialect = dialect
        self.path = path  # of the SQLite file; None on PostgreSQL
        self.is_sharded = False  # tables may be spread over several servers, as Citus does
        self.chains = Chains()
        self._writer = writer
        self._reader = reader
        self._turn = (
            threading.Lock()
        )  # SQLite has one writer; waiting here is fair and cheap, in the file it is not
        self._owner: int | None = None
        self._why_no_writes: str | None = None

    def __repr__(self) -> str:
        return f"Database({make_url(self.url).render_as_string(hide_password=True)!r})"

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """One transaction that may change rows: committed at the end of the block, rolled back by any exception.

        Raises: Unavailable when the database is busy or away. Retry when the transaction lost against another one.
        """
        if self._why_no_writes is not None:
            raise Unavailable(self._why_no_writes, retry_after_seconds=60)
        if self.dialect == "postgresql":
            with self._transaction(self._writer, writable=True) as tx:
                yield tx
            return
        if self._owner == threading.get_ident():
            raise Fault("a transaction was begun inside another one")
        if not self._turn.acquire(timeout=BUSY_SECONDS):
            raise Unavailable(
                "The database is busy with a long change. Try again in a moment.", retry_after_seconds=2
            )
        self._owner = threading.get_ident()
        try:
            with self._transaction(self._writer, writable=True) as tx:
                yield tx
        finally:
            self._owner = None
            self._turn.release()

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """One snapshot that nobody's commits change, and in which nothing can be written."""
        with self._transaction(self._reader, writable=False) as tx:
            yield tx

    @property
    def why_no_writes(self) -> str | None:
        """What callers are told who would write, None while they may."""
        return self._why_no_writes

    def forbid_writes(self, why: str) -> None:
        """From now on nothing is written: for a database that failed its check. `why` is what callers are told."""
        self._why_no_writes = why

    def scrub(self) -> None:
        """Leave no copy of what was erased: merge and empty SQLite's log; rewrite PostgreSQL's audit table.

        PostgreSQL's own log and every backup keep what they hold until they are rotated.
        Raises: Unavailable when a reader keeps the log in use; try again.
        """
        if self.dialect == "sqlite":
            if not self.merge_log(wait_seconds=BUSY_SECONDS):
                raise Unavailable("The database's log is in use by a long read. Try again in a moment.")
            return
        with self._writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM (FULL) audit")

    def merge_log(self, *, wait_seconds: float) -> bool:
        """Merge SQLite's log into the file and empty it; False where a read or another process needs it for longer.

        Nobody writes meanwhile: for so long at most as the reads take that are under way.
        """
        if not self._turn.acquire(timeout=wait_seconds):
            return False
        try:
            with _driver_of(self._writer) as driver:
                driver.execute(f"PRAGMA busy_timeout={int(wait_seconds * 1_000)}")
                try:
                    busy, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                finally:
                    driver.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1_000}")
        finally:
            self._turn.release()
        return not busy

    def close(self) -> None:
        """Close every connection; on SQLite the log is then merged into the file."""
        self._reader.dispose()
        self._writer.dispose()

    @contextmanager
    def _transaction(self, engine: sa.Engine, *, writable: bool) -> Iterator[Tx]:
        tx: Tx | None = None
        connection: sa.Connection | None = None
        outcome: Outcome = "rolled_back"
        try:
            connection = engine.connect()
            connection.begin()
            tx = Tx(self, connection, writable=writable)
            yield tx
            outcome = "unknown"
            self._commit(connection)
            outcome = "committed"
        except BaseException as error:
            if connection is not None:
                ended = _roll_back(connection)
                if outcome == "unknown" and ended and not connection_is_lost(error):
                    outcome = "rolled_back"
            meant = meaning(error, writable=writable)
            if writable and outcome == "unknown" and isinstance(meant, Unavailable):
                meant = Unavailable(_NOT_KNOWN, retry_after_seconds=meant.retry_after_seconds)
            if meant is None:
                raise
            raise meant from error
        finally:
            if connection is not None:
                connection.close()
            if tx is not None:
                tx.tell(outcome)

    def _commit(self, connection: sa.Connection) -> None:
        connection.commit()


def retrying(db: Database, work: Callable[[Tx], T]) -> T:
    """Do `work` in a transaction, again when it lost against another one: 5 tries and 20 s at most, random waits between.

    `work` must be harmless to repeat: nothing of a lost transaction stays.
    Raises: Unavailable after the last try.
    """
    give_up_at = time.monotonic() + TRYING_SECONDS_MAX
    for attempt in range(TRIES_MAX):
        try:
            with db.write() as tx:
                return work(tx)
        except Retry as lost:
            if attempt == TRIES_MAX - 1 or time.monotonic() > give_up_at:
                raise Unavailable(
                    f"The database was too busy: {lost}, {attempt + 1} times. Try again in a moment.",
                    retry_after_seconds=1,
                ) from lost
            time.sleep(random.uniform(0.5, 1.5) * _BACK_OFF_SECONDS * 3**attempt)
    raise AssertionError("unreachable")


def open_database(url: str, *, create: bool = True) -> Database:
    """Open `sqlite:///path` or `postgresql://user@host/name`.

    A SQLite file that does not exist is created, readable by its owner only, unless `create` is false.
    Raises: InputError when the URL cannot be meant or the file cannot be used. Unavailable when no server answers.
    """
    try:
        parsed = make_url(url)
    except sqlalchemy.exc.ArgumentError:
        raise _bad_url("is no database URL") from None
    kind = parsed.drivername.partition("+")[0]
    if kind == "sqlite":
        return _open_sqlite(url, parsed, create=create)
    if kind in {"postgresql", "postgres"}:
        return _open_postgresql(url, parsed)
    raise _bad_url(f"names {kind!r}, which is not supported")


def _bad_url(what: str) -> InputError:
    # The URL itself is not repeated: it may hold a password.
    return InputError.at(
        "db",
        "not_a_database_url",
        f"The database URL {what}. Use sqlite:///path or postgresql://user@host/name.",
    )


def _roll_back(connection: sa.Connection) -> bool:
    """Undo what is open; whether the database heard it."""
    try:
        if connection.dialect.name == "postgresql":
            _roll_back_alone(connection.connection.dbapi_connection)
        connection.rollback()
    except Exception:  # noqa: BLE001 - whatever the driver says: the connection is thrown away
        connection.invalidate()
        return False
    return True


# --- SQLite ---


def _open_sqlite(url: str, parsed: URL, *, create: bool) -> Database:
    if not parsed.database or parsed.database == ":memory:" or parsed.database.startswith("file:"):
        raise _bad_url("names no file")
    path = Path(parsed.database).expanduser().absolute()
    _prepare_file(path, create=create)

    def engine(begin: str, *, readers: int) -> sa.Engine:
        made = sa.create_engine(
            "sqlite://",
            module=sqlite_module(),
            creator=lambda: _connect_sqlite(path, writable=not readers),
            poolclass=QueuePool,
            pool_size=readers or 1,
            max_overflow=readers * 3,
            pool_timeout=BUSY_SECONDS,
        )
        # The driver begins nothing by itself (isolation_level=None): this is the only BEGIN.
        sa.event.listen(made, "begin", lambda connection: connection.exec_driver_sql(begin))
        return made

    db = Database(
        url,
        "sqlite",
        path=path,
        writer=engine("BEGIN IMMEDIATE", readers=0),
        reader=engine("BEGIN", readers=8),
    )
    try:
        with _driver_of(db._writer) as driver:
            driver.execute("SELECT count(*) FROM sqlite_schema")
    except Exception as error:
        db.close()
        raise meaning(error) or error from error
    return db


@contextmanager
def _driver_of(engine: sa.Engine) -> Iterator[Any]:
    """A connection as the driver has it, with no transaction begun."""
    pooled = engine.raw_connection()
    try:
        yield pooled.dbapi_connection
    finally:
        pooled.close()


def sqlite_module() -> Any:
    """The SQLite driver: not Python's own, whose SQLite is often older than the fix of its write-ahead log."""
    from pysqlite3 import dbapi2

    return dbapi2


def _connect_sqlite(path: Path, *, writable: bool) -> Any:
    connection = sqlite_module().connect(
        str(path), timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=512
    )
    try:
        mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
        if mode != "wal":
            raise InputError(
                f"The disk of {path} cannot hold a write-ahead log. Put the database on a local disk."
            )
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute("PRAGMA mmap_size=0")
        # Measured: rows under random keys touch hundreds of pages a batch; merging the log every 16 MB and not every
        # 4 MB lets commits rewrite fewer of them, a third faster.
        connection.execute("PRAGMA wal_autocheckpoint=4000")
        connection.execute("PRAGMA cache_size=-65536")
        connection.execute("PRAGMA secure_delete=ON")  # what is erased is overwritten
        if not writable:
            connection.execute("PRAGMA query_only=ON")
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare_file(path: Path, *, create: bool) -> None:
    if path.is_dir():
        raise InputError.at("db", "not_a_file", f"{path} is a folder. Name a file in it.")
    if not path.exists():
        if not create:
            raise InputError.at("db", "no_such_file", f"There is no database at {path}. Check the path.")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            raise InputError.at(
                "db", "cannot_create", f"{path} cannot be created: {error.strerror}."
            ) from error
    kind = disk_kind(path)
    if kind in _NETWORK_DISKS:
        raise InputError.at(
            "db",
            "network_disk",
            f"{path} is on a network disk ({kind}), where a database file is not safe. Use a local disk or PostgreSQL.",
        )


def disk_kind(path: Path, mounts: Path = Path("/proc/self/mountinfo")) -> str | None:
    """The kind of file system a path is on ("ext4", "nfs4"), or None where the system does not tell."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    real = os.path.realpath(path)
    found, longest = None, -1
    for line in lines:
        left, _, right = line.partition(" - ")
        point = left.split()[4].encode("utf-8", "surrogateescape").decode("unicode_escape")
        inside = real == point or real.startswith(point.rstrip("/") + "/")
        # A later mount on the same point hides the earlier one.
        if inside and len(point) >= longest:
            found, longest = right.split()[0], len(point)
    return found


# --- PostgreSQL ---


def _roll_back_alone(driver: Any) -> None:
    """Roll back behind the driver's back: it would forget every statement it has prepared, since a table may go that one names.

    Here none does, and giving a transaction up is ordinary: a request that stock does not answer gives up its first one.
    """
    from psycopg.pq import TransactionStatus

    if driver.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
        driver.pgconn.exec_(b"ROLLBACK")


def _open_postgresql(url: str, parsed: URL) -> Database:
    try:
        import psycopg  # noqa: F401 - an extra: most people start with SQLite
    except ImportError as error:
        raise InputError.at(
            "db", "driver_missing", "PostgreSQL needs the extra `postgres`: pip install 'accord[postgres]'."
        ) from error
    settings = "-c synchronous_commit=on -c lock_timeout=10s -c timezone=UTC -c default_transaction_isolation=read\\ committed"
    given = parsed.query.get("options")
    writer = sa.create_engine(
        parsed.set(drivername="postgresql+psycopg").difference_update_query(["options"]),
        use_native_hstore=False,
        pool_size=5,
        max_overflow=15,  # more connections make a hot row slower
        pool_timeout=BUSY_SECONDS,
        pool_use_lifo=True,
        connect_args={
            "application_name": "accord",
            "connect_timeout": 10,
            # Without these a server that vanished with its machine or network is waited for during a quarter of an hour.
            "keepalives_idle": max(1, VANISHED_SECONDS // 2),
            "keepalives_interval": max(1, VANISHED_SECONDS // 6),
            "keepalives_count": 3,
            "tcp_user_timeout": VANISHED_SECONDS * 1_000,
            "options": f"{given} {settings}" if isinstance(given, str) else settings,
        },
    )
    reader = writer.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    db = Database(url, "postgresql", path=None, writer=writer, reader=reader)
    try:
        with db.read() as tx:
            # One row where tables can be spread over several servers, in the catalogue.
            db.is_sharded = bool(tx.rows("SELECT 1 FROM pg_extension WHERE extname = 'citus'"))
    except Unavailable as error:
        db.close()
        _explain(error)
        raise
    return db


def _explain(error: Unavailable) -> None:
    """Turn what no waiting mends (a wrong name or password) into the caller's error."""
    words = str(error.__cause__)
    for sign in ("does not exist", "authentication failed", "no password supplied"):
        if sign in words:
            raise InputError.at(
                "db",
                "cannot_connect",
                "The server does not know this database, user or password. Check the URL.",
            ) from error
