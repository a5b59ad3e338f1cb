"""What runs by itself in the database? What was told gets its position, what was done is signed, a file's log ends."""

from __future__ import annotations

from accord.db import audit_keys, events
from accord.db.engine import Database

LOG_BYTES_MAX = 64 * 1024 * 1024  # four times what SQLite lets it grow to by itself before it merges
_LOG_WAIT_SECONDS = 0.25  # promises wait as long at most
_ROUNDS_MAX = 1_000  # of one run; what is left then is for the next one

is_told = events.is_waiting  # whether there is anything to publish


def publish(db: Database) -> int:
    """Give positions to what was told and committed, until nothing is left; how many messages."""
    done = 0
    for _round in range(_ROUNDS_MAX):
        more = events.publish(db)
        if not more:
            break
        done += more
    return done


def checkpoint(db: Database) -> int:
    """Sign the heads of all audit chains, where there is a key and something is new; how many checkpoints."""
    return 0 if audit_keys.keep(db) is None else 1


def is_log_long(db: Database) -> bool:
    """Whether the log of a database file is longer than it should ever be; a server sees to its own."""
    if db.path is None:
        return False
    log = db.path.with_name(f"{db.path.name}-wal")
    return log.exists() and log.stat().st_size > LOG_BYTES_MAX


def merge(db: Database) -> int:
    """Merge a long log into its file and begin it anew; how many: none while a long read needs it.

    SQLite does so by itself only where nobody reads at that moment: under reads that overlap the log would grow for ever.
    """
    return int(is_log_long(db) and db.merge_log(wait_seconds=_LOG_WAIT_SECONDS))
