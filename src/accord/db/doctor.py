"""Is the database set up so that no answered promise can be lost?

Each check says what it found and, where that is not good, what to do. A check that cannot look says so and is not ok:
an unknown is never shown as good.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from accord.db.audit_checkpoints import last_heads, load_key
from accord.db.audit_keys import SETTING, key_path
from accord.db.engine import Database, disk_kind
from accord.db.migrations import head, version_of
from accord.db.tx import Tx, wall_clock
from accord.kit.errors import AccordError

SQLITE_MIN = (3, 51, 3)  # versions before it can damage a database with a write-ahead log
POSTGRESQL_MIN = 14
FREE_BYTES_MIN = 1 << 30
CLOCK_APART_SECONDS_MAX = 5
_FSYNC_SLOW_SECONDS = 0.05

# What must be well before anything is promised: with the others a promise is slow, or as safe as its server was set up.
BLOCKING = frozenset(
    [
        "database",
        "sqlite_version",
        "journal_mode",
        "synchronous",
        "foreign_keys",
        "mmap",
        "file_integrity",
        "postgresql_version",
        "synchronous_commit",
        "primary",
        "encoding",
        "schema",
        "time_zones",
    ]
)


class Check(msgspec.Struct, frozen=True):
    """One thing that was looked at."""

    name: str
    ok: bool
    detail: str
    what_to_do: str = ""  # empty when it is ok


def check(db: Database) -> list[Check]:
    """Look at everything that durability rests on; the order is always the same."""
    try:
        with db.read() as tx:
            found = list(_sqlite(tx, db) if db.dialect == "sqlite" else _postgresql(tx))
            found += [_schema(tx), _clock(tx), _audit_key(tx, db)]
    except AccordError as error:
        found = [
            Check(
                "database",
                ok=False,
                detail=error.detail,
                what_to_do="Make the database answer, then look again.",
            )
        ]
    return [*found, *_this_machine()]


def why_read_only(found: Iterable[Check]) -> str | None:
    """What callers are told where nothing may be written because of what was found; None where all may go on."""
    bad = [one for one in found if not one.ok and one.name in BLOCKING]
    if not bad:
        return None
    names = ", ".join([one.name for one in bad])
    return f"Accord only answers questions now: its database failed the check at start ({names}). Run accord doctor."


def _check(name: str, ok: bool, detail: str, what_to_do: str) -> Check:
    return Check(name, ok, detail, "" if ok else what_to_do)


# --- both ---


def _schema(tx: Tx) -> Check:
    version = version_of(tx)
    return _check(
        "schema",
        version == head(),
        f"version {version or 'none'}, this program's is {head()}",
        "Start Accord once to upgrade it." if version is None or version < head() else "Update Accord.",
    )


def _clock(tx: Tx) -> Check:
    before = wall_clock()
    there = tx.now()
    # The half-way point takes the time of the round trip out.
    apart = abs(there - (before + wall_clock()) // 2) / 1_000_000
    return _check(
        "clock",
        apart <= CLOCK_APART_SECONDS_MAX,
        f"the store's clock and this machine's are {apart:.1f} s apart",
        "Synchronize both clocks (NTP). Holds follow the store's.",
    )


def _audit_key(tx: Tx, db: Database) -> Check:
    path, name = key_path(db), "audit_key"
    if path is None:
        return Check(
            name,
            ok=False,
            detail="no key is named, so checkpoints of the audit are not signed",
            what_to_do=f"Name a file for it with {SETTING}, out of reach of the database's owner.",
        )
    if not path.exists():
        was_there = version_of(tx) is not None and last_heads(tx) is not None
        return _check(
            name,
            not was_there,
            f"{path} is {'gone' if was_there else 'made with the first checkpoint'}",
            f"Bring back the key with which checkpoints were signed, or name where it is with {SETTING}.",
        )
    try:
        load_key(path)
    except AccordError as error:
        return Check(name, ok=False, detail=error.detail, what_to_do="Bring the right file back.")
    is_open = bool(path.stat().st_mode & 0o077)
    detail = f"{path} can be read by others" if is_open else f"{path}, its owner's only"
    return _check(name, not is_open, detail, f"Run: chmod 600 {path}")


def _this_machine() -> Iterator[Check]:
    missing = [name for name in ("Europe/Oslo", "America/New_York", "Asia/Kolkata") if not _is_zone(name)]
    yield _check(
        "time_zones",
        not missing,
        f"no data for {', '.join(missing)}" if missing else "time zone data is there",
        "Install the package tzdata.",
    )
    yield _check("python", sys.version_info >= (3, 11), sys.version.split()[0], "Use Python 3.11 or newer.")


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except ZoneInfoNotFoundError:
        return False
    return True


# --- SQLite ---


def _sqlite(tx: Tx, db: Database) -> Iterator[Check]:
    path = db.path
    assert path is not None

    def pragma(name: str) -> object:
        return tx.rows(f"PRAGMA {name}")[0][0]

    version = str(tx.rows("SELECT sqlite_version()")[0][0])
    mode = pragma("journal_mode")
    new_enough = tuple(int(part) for part in version.split(".")) >= SQLITE_MIN
    yield _check(
        "sqlite_version",
        new_enough or mode != "wal",
        f"SQLite {version}",
        "Install pysqlite3 0.6 or newer: this SQLite can damage a database with a write-ahead log.",
    )
    yield _check(
        "journal_mode",
        mode == "wal",
        f"{mode}",
        "Put the file on a local disk; Accord sets wal when it opens it.",
    )
    yield _check(
        "synchronous",
        pragma("synchronous") == 2,
        f"{pragma('synchronous')} (2 = full)",
        "Report this: Accord always sets full.",
    )
    yield _check(
        "foreign_keys",
        pragma("foreign_keys") == 1,
        f"{pragma('foreign_keys')}",
        "Report this: Accord always sets 1.",
    )
    yield _check(
        "mmap",
        pragma("mmap_size") == 0,
        f"{pragma('mmap_size')} bytes",
        "Report this: Accord never maps the file.",
    )
    problems = [str(row[0]) for row in tx.rows("PRAGMA quick_check(5)") if row[0] != "ok"]
    yield _check(
        "file_integrity",
        not problems,
        "; ".join(problems) or "no damaged page",
        "Stop writing to it and restore a backup.",
    )
    kind = disk_kind(path)
    yield _check(
        "disk",
        kind is not None,
        f"the file is on {kind or 'an unknown kind of disk'}",
        "Make sure that it is a local disk.",
    )
    yield _permissions(path)
    yield _free_space(path)
    yield _fsync(path.parent)


def _permissions(path: Path) -> Check:
    loose = []
    for file in sorted(path.parent.glob(f"{path.name}*")):
        if file.name in {path.name, f"{path.name}-wal", f"{path.name}-shm", f"{path.name}.audit-key"}:
            mode = file.stat().st_mode & 0o777
            if mode & 0o077:
                loose.append(f"{file.name} is {mode:o}")
    return _check("permissions", not loose, "; ".join(loose) or "its owner's only", f"Run: chmod 600 {path}*")


def _free_space(path: Path) -> Check:
    free = shutil.disk_usage(path.parent).free
    return _check(
        "disk_space",
        free >= FREE_BYTES_MIN,
        f"{free / 1e9:.1f} GB free",
        "Free some space: 1 GB is the least.",
    )


def _fsync(folder: Path, clock: Callable[[], float] = time.perf_counter) -> Check:
    """How long the disk takes to say that something is on it; none at all means that it lies."""
    probe = folder / f".accord-doctor-{os.getpid()}"
    try:
        descriptor = os.open(probe, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except OSError as error:
        return Check(
            "fsync",
            ok=False,
            detail=f"cannot write beside the database: {error.strerror}",
            what_to_do="Let Accord write to the folder.",
        )
    try:
        began = clock()
        for _ in range(5):
            os.write(descriptor, b"x" * 4_096)
            os.fsync(descriptor)
        each = (clock() - began) / 5
    finally:
        os.close(descriptor)
        probe.unlink()
    return _check(
        "fsync",
        each <= _FSYNC_SLOW_SECONDS,
        f"{each * 1_000:.2f} ms for a write to reach the disk",
        "Every promise waits for this: use a quicker disk.",
    )


# --- PostgreSQL ---

_MUST_BE = {
    "fsync": (
        "on",
        "Set fsync = on: without it a power failure loses answered promises and may damage the database.",
    ),
    "full_page_writes": ("on", "Set full_page_writes = on, unless the disk writes 8 kB at once for certain."),
    "data_checksums": (
        "on",
        "Stop the server and run: pg_checksums --enable. Damage on the disk is then noticed.",
    ),
}


def _postgresql(tx: Tx) -> Iterator[Check]:
    def show(name: str) -> str:
        return str(tx.rows(f"SHOW {name}")[0][0])

    version = int(show("server_version_num")) // 10_000
    yield _check(
        "postgresql_version",
        version >= POSTGRESQL_MIN,
        show("server_version"),
        f"Use PostgreSQL {POSTGRESQL_MIN} or newer.",
    )
    # Stronger than on is fine too; off and local are not: the latter forgets synchronous standbys.
    commit = show("synchronous_commit")
    yield _check(
        "synchronous_commit",
        commit in {"on", "remote_apply"},
        commit,
        "Something overrides Accord's own setting: set synchronous_commit = on for its role and database.",
    )
    for name, (wanted, advice) in _MUST_BE.items():
        yield _check(name, show(name) == wanted, show(name), advice)
    # Whether this is a standby, which takes no writes.
    is_standby = bool(tx.rows("SELECT pg_is_in_recovery()")[0][0])
    yield _check(
        "primary", not is_standby, "a standby" if is_standby else "takes writes", "Connect to the primary."
    )
    encoding = show("server_encoding")
    yield _check("encoding", encoding == "UTF8", encoding, "Make the database anew with ENCODING 'UTF8'.")
    ((used, most),) = tx.rows(
        "SELECT (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),"
        " current_setting('max_connections')::int"
    )
    yield _check(
        "connections",
        used < most * 0.9,
        f"{used} of {most} in use",
        "Raise max_connections, or close what is not needed.",
    )
    ((blocked,),) = tx.rows(
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction' AND now() - state_change > interval '1 minute'"
        " AND datname = current_database()"
    )
    yield _check(
        "idle_transactions",
        blocked == 0,
        f"{blocked} open for more than a minute",
        "Find who left them open: they hold locks.",
    )
