"""What must we still tell others?

A message is written in the transaction that makes it true, and sent afterwards: at least once, with an id that never
changes, so that the receiver can drop repeats. Messages about one subject are sent in order: the next one is not taken
before the one before it is sent. One that cannot be sent is parked: it and what follows it about the same subject wait
until a person unparks it or says that it is done.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from accord.db import events, practice
from accord.db.engine import Database, retrying
from accord.db.failures import ConstraintBroken, Retry
from accord.db.schema import outbox as outbox_table
from accord.db.tx import Tx
from accord.kit.days import Instant
from accord.kit.errors import NotFound

LEASE_SECONDS = 60  # how long the one who took a message has to send it
_SECOND = 1_000_000
_ORDER_CONSTRAINTS = {"uq_outbox_subject_subject_seq", "outbox.subject, outbox.subject_seq"}


class Message(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Something to tell."""

    id: str  # constant: the receiver's idempotency key
    topic: str  # what it is about: "promise.committed"
    subject: str  # whose order it keeps: a promise's id
    body: bytes
    first: bool = False  # the subject is new in this transaction, so nothing needs to be looked up


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """A message to send now; say how it went with `mark_sent`, `put_off` or `park`."""

    id: str
    topic: str
    subject: str
    subject_seq: int
    body: bytes
    created_at: Instant
    attempts: int  # this one included


class Backlog(msgspec.Struct, frozen=True, kw_only=True):
    """What is still to be told."""

    waiting: int
    oldest_at: Instant | None
    parked: int


def add(tx: Tx, messages: Sequence[Message], *, at: Instant | None = None) -> None:
    """Put messages into the outbox, in this order for each subject; `at` saves asking the store's clock once more.

    Raises: Retry when another transaction adds to the same subject at the same time.
    """
    if not messages:
        return
    now = tx.now() if at is None else at
    known = sorted({message.subject for message in messages if not message.first})
    last: dict[str, int] = {}
    if known:
        # The last number of each subject, through the unique index on subject and number.
        last = dict(
            tx.rows_in(
                "SELECT subject, max(subject_seq) FROM outbox WHERE subject IN (:keys) GROUP BY subject ORDER BY subject",
                known,
            )
        )
    rows = []
    for message in messages:
        seq = last[message.subject] = last.get(message.subject, 0) + 1
        rows.append(
            (
                message.id,
                message.topic,
                message.subject,
                seq,
                message.body,
                now,
                now,
                0,
                None,
                None,
                None,
                None,
            )
        )
    try:
        tx.insert(outbox_table, rows)
    except ConstraintBroken as broken:
        if broken.constraint in _ORDER_CONSTRAINTS:
            raise Retry("another transaction told the same subject something") from broken
        raise


def take(db: Database, limit: int) -> list[Taken]:
    """The messages whose turn it is, at most `limit`, oldest first; nobody else gets them for a minute.

    In a practice database it is nobody's turn, ever: nothing that is done there reaches anybody.
    """
    # Whether there is anything at all, without a write: the partial index on what is not sent.
    with db.read() as tx:
        if practice.made_at(tx) is not None:
            return []
        if not tx.rows(
            "SELECT 1 FROM outbox WHERE sent_at IS NULL AND parked_at IS NULL AND due_at <= :now LIMIT 1",
            now=tx.now(),
        ):
            return []
    return retrying(db, lambda tx: _take(tx, limit))


def _take(tx: Tx, limit: int) -> list[Taken]:
    now = tx.now()
    # The first unsent message of each subject that is due, oldest first: the partial index on due_at, then for each
    # candidate the unique index on subject and number. Rows that another sender is just taking are passed over.
    found = tx.rows(
        "SELECT id, topic, subject, subject_seq, body, created_at, attempts FROM outbox o"
        " WHERE sent_at IS NULL AND parked_at IS NULL AND due_at <= :now AND NOT EXISTS ("
        "  SELECT 1 FROM outbox e WHERE e.subject = o.subject AND e.subject_seq < o.subject_seq AND e.sent_at IS NULL"
        " ) ORDER BY due_at, id LIMIT :limit FOR UPDATE SKIP LOCKED",
        now=now,
        limit=limit,
    )
    # Those rows, by primary key.
    tx.update_many(
        outbox_table,
        ("id",),
        ("due_at", "attempts"),
        [(row[0], now + LEASE_SECONDS * _SECOND, row[6] + 1) for row in found],
    )
    return [
        Taken(
            id=id,
            topic=topic,
            subject=subject,
            subject_seq=seq,
            body=body,
            created_at=created_at,
            attempts=attempts + 1,
        )
        for id, topic, subject, seq, body, created_at, attempts in found
    ]


def mark_sent(tx: Tx, ids: Sequence[str]) -> int:
    """The receiver has them, or a person says so. Returns how many were not marked before."""
    # Those rows, by primary key.
    return tx.execute_in(
        "UPDATE outbox SET sent_at = :now, parked_at = NULL, error = NULL WHERE id IN (:keys) AND sent_at IS NULL",
        ids,
        now=tx.now(),
    )


def put_off(tx: Tx, id: str, *, seconds: int, error: str) -> None:
    """It could not be sent now: try again after a while."""
    # That row, by primary key.
    tx.execute(
        "UPDATE outbox SET due_at = :due_at, error = :error WHERE id = :id AND sent_at IS NULL",
        due_at=tx.now() + seconds * _SECOND,
        error=error,
        id=id,
    )


def park(tx: Tx, id: str, *, error: str) -> None:
    """It cannot be sent: it waits for a person, and so does what follows it about the same subject."""
    # That row, by primary key.
    tx.execute(
        "UPDATE outbox SET parked_at = :now, error = :error WHERE id = :id AND sent_at IS NULL",
        now=tx.now(),
        error=error,
        id=id,
    )


def unpark(tx: Tx, ids: Sequence[str]) -> int:
    """Try these again now. Returns how many were parked."""
    # Those rows, by primary key.
    return tx.execute_in(
        "UPDATE outbox SET parked_at = NULL, due_at = :now WHERE id IN (:keys) AND parked_at IS NOT NULL",
        ids,
        now=tx.now(),
    )


def backlog(tx: Tx) -> Backlog:
    """How much is waiting and parked; through the partial index on what is not sent."""
    ((waiting, oldest_at, parked),) = tx.rows(
        "SELECT count(*) - count(parked_at), min(CASE WHEN parked_at IS NULL THEN created_at END), count(parked_at)"
        " FROM outbox WHERE sent_at IS NULL"
    )
    return Backlog(waiting=waiting, oldest_at=oldest_at, parked=parked)


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was not sent yet, as people look at it."""

    id: str
    topic: str
    subject: str
    position: int | None  # in the order of events; None = not yet given
    created_at: Instant
    due_at: Instant
    attempts: int
    error: str | None
    parked_at: Instant | None


def waiting(
    db: Database, *, after: str | None = None, limit: int = 50, parked_only: bool = False
) -> tuple[list[Waiting], Backlog, str | None]:
    """A page of what is not sent, in the order of ids, which is about that of writing; how much; where the next page starts."""
    with db.read() as tx:
        # What is not sent: a stretch of the primary key, or the partial index on due_at where little is left to send.
        found = tx.rows(
            "SELECT id, topic, subject, position, created_at, due_at, attempts, error, parked_at FROM outbox"  # noqa: S608
            f" WHERE sent_at IS NULL AND id > :after{' AND parked_at IS NOT NULL' if parked_only else ''}"
            " ORDER BY id LIMIT :limit",
            after=after or "",
            limit=limit + 1,
        )
        how_much = backlog(tx)
    names = Waiting.__struct_fields__
    page = [Waiting(**dict(zip(names, row, strict=True))) for row in found[:limit]]
    return page, how_much, page[-1].id if len(found) > limit else None


def settle(db: Database, *, retry: Sequence[str] = (), sent: Sequence[str] = ()) -> None:
    """What a person decides about messages: try parked ones again, or call them sent; all of it or nothing.

    Raises: NotFound naming one that is not there, or is not parked.
    """

    def work(tx: Tx) -> None:
        for one in retry:
            if not unpark(tx, [one]):
                raise NotFound(
                    f"There is no parked message {one[:100]!r}. List them with: accord outbox --parked"
                )
        for one in sent:
            if not mark_sent(tx, [one]):
                raise NotFound(f"There is no message {one[:100]!r} that waits. List them with: accord outbox")

    if retry or sent:
        retrying(db, work)


def prune_sent(tx: Tx, older_than: Instant) -> int:
    """Forget messages sent before a moment, except the last of each subject, which carries its number.

    What has no position yet stays: who reads events along must be able to see it, or be told that it is gone.
    """
    # The sent rows that a later one of their subject follows; a scan, done seldom.
    gone = tx.rows(
        "DELETE FROM outbox WHERE sent_at < :older_than AND position IS NOT NULL AND EXISTS ("
        "  SELECT 1 FROM outbox l WHERE l.subject = outbox.subject AND l.subject_seq > outbox.subject_seq)"
        " RETURNING position",
        older_than=older_than,
    )
    events.forget(tx, max((position for (position,) in gone), default=0))
    return len(gone)
