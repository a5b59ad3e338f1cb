"""Where is kept which import is being worked on right now, and how far that is?

One row a run, while somebody works on it or until it is known why that ended: a page of any process can tell, and two
do not work on one run at once.
"""

from __future__ import annotations

import msgspec
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Table

from accord.db.schema import Moment, Words, metadata
from accord.db.tx import Tx
from accord.kit.days import Instant

import_work = Table(
    "import_work",
    metadata,
    Column("run", Words, primary_key=True),
    Column("what", Words, nullable=False),  # check, commit
    Column("actor", Words, nullable=False),
    Column("holder", Words, nullable=False),  # the process
    Column("began_at", Moment, nullable=False),
    Column("beat_at", Moment, nullable=False),  # when it was last heard of
    Column("phase", Words, nullable=False),
    Column("done", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("problems", BigInteger, nullable=False),
    Column("wants_stop", Integer, nullable=False),
    Column("error", LargeBinary),  # JSON of a problem: why it ended; NULL while it goes on
)

_COLUMNS = "run, what, actor, holder, began_at, beat_at, phase, done, total, problems, wants_stop, error"


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What is done for a run, as it is kept."""

    run: str
    what: str
    actor: str
    holder: str
    began_at: Instant
    beat_at: Instant
    phase: str = ""
    done: int = 0
    total: int = 0
    problems: int = 0
    wants_stop: int = 0
    error: bytes | None = None


def work(tx: Tx, run: str) -> Work | None:
    """What is done for a run, or why that ended."""
    # One row, by primary key.
    found = tx.rows(f"SELECT {_COLUMNS} FROM import_work WHERE run = :run", run=run)  # noqa: S608 - our own names
    return Work(**dict(zip(_COLUMNS.split(", "), found[0], strict=True))) if found else None


def begin_work(tx: Tx, work: Work, *, gone_before: Instant) -> bool:
    """Keep that work begins; False while another process is at it that was heard of since `gone_before`."""
    # One row, unless there is a live one; by primary key.
    count = tx.execute(
        "INSERT INTO import_work (run, what, actor, holder, began_at, beat_at, phase, done, total, problems, wants_stop)"
        " VALUES (:run, :what, :actor, :holder, :now, :now, '', 0, 0, 0, 0)"
        " ON CONFLICT (run) DO UPDATE SET what = excluded.what, actor = excluded.actor, holder = excluded.holder,"
        " began_at = excluded.began_at, beat_at = excluded.beat_at, phase = '', done = 0, total = 0, problems = 0,"
        " wants_stop = 0, error = NULL WHERE import_work.error IS NOT NULL OR import_work.beat_at < :gone",
        run=work.run,
        what=work.what,
        actor=work.actor,
        holder=work.holder,
        now=work.began_at,
        gone=gone_before,
    )
    return count == 1


def beat(tx: Tx, run: str, now: Instant, phase: str, done: int, total: int, problems: int) -> bool:
    """Keep how far it is; whether somebody wants it to stop."""
    # One row, by primary key; and the same again.
    tx.execute(
        "UPDATE import_work SET beat_at = :now, phase = :phase, done = :done, total = :total, problems = :problems"
        " WHERE run = :run",
        run=run,
        now=now,
        phase=phase,
        done=done,
        total=total,
        problems=problems,
    )
    found = tx.rows("SELECT wants_stop FROM import_work WHERE run = :run", run=run)
    return bool(found) and bool(found[0][0])


def ask_to_stop(tx: Tx, run: str) -> None:
    """Keep that somebody wants it to stop."""
    # One row, by primary key.
    tx.execute("UPDATE import_work SET wants_stop = 1 WHERE run = :run", run=run)


def end_work(tx: Tx, run: str, holder: str, error: bytes | None = None) -> None:
    """Forget that it was worked on, or keep why it ended; nothing when another process has it by now."""
    if error is None:
        # One row, by primary key.
        tx.execute("DELETE FROM import_work WHERE run = :run AND holder = :holder", run=run, holder=holder)
        return
    # The same row.
    tx.execute(
        "UPDATE import_work SET error = :error WHERE run = :run AND holder = :holder",
        run=run,
        holder=holder,
        error=error,
    )


def forget_work(tx: Tx, run: str) -> None:
    """Forget why work on a run ended."""
    # One row, by primary key.
    tx.execute("DELETE FROM import_work WHERE run = :run AND error IS NOT NULL", run=run)
