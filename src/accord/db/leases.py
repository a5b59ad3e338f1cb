"""Which of several processes does what runs by itself, and when is it due again?

A job has one row: whoever takes its lease does it, the others leave it alone until it is due again. A process that
dies keeps its lease until that ends. A lease spares work, it is no lock: a job that took longer than its lease may
be done twice at once, so every job is harmless to repeat. All moments are the store's.
"""

from __future__ import annotations

import os
import secrets
import socket

import msgspec

from accord.db.engine import Database, retrying
from accord.db.tx import Tx
from accord.kit.days import Instant

AGAIN_SECONDS_MAX = 300  # what fails is tried less and less often, at last so often

_SECOND = 1_000_000
_ERROR_LENGTH_MAX = 500


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """The right to do a job now."""

    name: str
    holder: str


class State(msgspec.Struct, frozen=True, kw_only=True):
    """How a job stands."""

    name: str
    due_at: Instant
    leased_until: Instant  # 0 = nobody does it
    holder: str  # which process has or had it
    done_at: Instant | None  # when it last came to an end that was good
    done: int  # how much it then did
    failures: int  # since then
    error: str | None  # of the last failure


def this_process() -> str:
    """A holder's name: host, process, and a chance part, since numbers of processes come again."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def states(db: Database) -> dict[str, State]:
    """Every job that ever ran, by name."""
    with db.read() as tx:
        # A few rows, one a job.
        found = tx.rows(
            "SELECT name, due_at, leased_until, holder, done_at, done, failures, error FROM job ORDER BY name"
        )
    return {row[0]: State(**dict(zip(State.__struct_fields__, row, strict=True))) for row in found}


def take(
    db: Database, name: str, holder: str, *, seconds: int, every_seconds: int, even_early: bool = False
) -> Lease | None:
    """The lease of a job for so many seconds when it is due, or `even_early`; None when it is not, or another has it.

    A due moment or a lease that lies further ahead than either can is from a clock that was wrong, and does not count.
    """
    ahead = max(every_seconds, AGAIN_SECONDS_MAX)

    def may(due_at: Instant, leased_until: Instant, now: Instant) -> bool:
        is_due = even_early or not now < due_at <= now + ahead * _SECOND
        return is_due and not now < leased_until <= now + seconds * _SECOND

    # Without a write first: most of the time the answer is no.
    with db.read() as tx:
        # One row, by primary key.
        found = tx.rows("SELECT due_at, leased_until FROM job WHERE name = :name", name=name)
        if not all(may(due_at, until, tx.now()) for due_at, until in found):
            return None

    def work(tx: Tx) -> Lease | None:
        # The job's row, made when it is not there; of two that come at once the second waits here.
        tx.execute(
            "INSERT INTO job (name, due_at, leased_until, holder, done, failures) VALUES (:name, 0, 0, '', 0, 0)"
            " ON CONFLICT (name) DO NOTHING",
            name=name,
        )
        # That row, by primary key. The clock is read after the wait: what the other wrote is then never ahead of it.
        ((due_at, leased_until),) = tx.rows(
            "SELECT due_at, leased_until FROM job WHERE name = :name FOR UPDATE", name=name
        )
        now = tx.now()
        if not may(due_at, leased_until, now):
            return None
        # That row.
        tx.execute(
            "UPDATE job SET holder = :holder, leased_until = :until WHERE name = :name",
            name=name,
            holder=holder,
            until=now + seconds * _SECOND,
        )
        return Lease(name=name, holder=holder)

    return retrying(db, work)


def finish(
    db: Database, lease: Lease, *, every_seconds: int, done: int = 0, error: str | None = None
) -> None:
    """Give a lease back, with how it went; nothing when another process has it by now."""

    def work(tx: Tx) -> None:
        now = tx.now()
        # The job's row while this process has it, by primary key.
        found = tx.rows(
            "SELECT failures FROM job WHERE name = :name AND holder = :holder FOR UPDATE",
            name=lease.name,
            holder=lease.holder,
        )
        if found and error is None:
            # That row: it went well.
            tx.execute(
                "UPDATE job SET due_at = :due, leased_until = 0, done_at = :now, done = :done, failures = 0,"
                " error = NULL WHERE name = :name",
                name=lease.name,
                due=now + every_seconds * _SECOND,
                now=now,
                done=done,
            )
        elif found:
            failures = found[0][0] + 1
            wait = min(every_seconds << min(failures, 20), max(every_seconds, AGAIN_SECONDS_MAX))
            # That row: it did not.
            tx.execute(
                "UPDATE job SET due_at = :due, leased_until = 0, failures = :failures, error = :error"
                " WHERE name = :name",
                name=lease.name,
                due=now + wait * _SECOND,
                failures=failures,
                error=(error or "")[:_ERROR_LENGTH_MAX],
            )

    retrying(db, work)
