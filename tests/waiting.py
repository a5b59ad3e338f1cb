"""How a test knows that another transaction waits, so that an interleaving is forced and not hoped for."""

from __future__ import annotations

import time

from accord.db.engine import Database


def until_somebody_waits(db: Database, *, seconds: float = 10) -> None:
    """Come back when a transaction of this PostgreSQL database waits for a lock."""
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        with db.read() as tx:
            if tx.rows(
                "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            ):
                return
    raise AssertionError("nobody waits for a lock")
