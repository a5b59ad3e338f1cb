"""What runs by itself in the database? What was told gets its position, what was done is signed."""

from __future__ import annotations

from accord.db import audit_keys, events
from accord.db.engine import Database

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
