"""What happened, in one order that nobody who reads along can miss anything of?

A transaction that began earlier may commit later, so neither a moment nor a number taken inside a transaction orders
messages safely: a reader who has seen the later one would never see the earlier. So each message of the outbox gets
its position after its commit, from one publisher at a time: positions are 1, 2, 3 ... without gaps, they become
visible in their order, and messages about one subject keep theirs.
"""

from __future__ import annotations

import msgspec

from accord.db.engine import Database, retrying
from accord.db.schema import outbox as outbox_table
from accord.db.tx import Tx
from accord.kit.days import Instant
from accord.kit.errors import InputError

_LAST = "outbox_position"  # the setting that counts positions; whoever publishes locks it
_FORGOTTEN = (
    "outbox_forgotten"  # the setting with the last position that may be missing because it was pruned
)
_BATCH = 500  # a file has one writer: promises wait for no more than so many


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A message in its place."""

    position: int
    id: str
    topic: str
    subject: str
    body: bytes
    at: Instant  # when it was written


def is_waiting(db: Database) -> bool:
    """Whether a message has no position yet."""
    with db.read() as tx:
        # One entry of the partial index on what has no position.
        return bool(tx.rows("SELECT 1 FROM outbox WHERE position IS NULL LIMIT 1"))


def publish(db: Database, *, limit: int = _BATCH) -> int:
    """Give positions to the oldest messages that have none, about `limit`; how many. Call again while it is not 0."""
    return retrying(db, lambda tx: _publish(tx, limit)) if is_waiting(db) else 0


def _publish(tx: Tx, limit: int) -> int:
    last = _locked(tx, _LAST)
    ids = _in_order(tx, limit)
    tx.update_many(
        outbox_table, ("id",), ("position",), [(id, last + place) for place, id in enumerate(ids, 1)]
    )
    _set(tx, _LAST, last + len(ids))
    return len(ids)


def _in_order(tx: Tx, limit: int) -> list[str]:
    """What has no position, by the moment it was written, but each subject's messages in their own order."""
    # The oldest ones, through the partial index on what has no position. All that is committed is seen: the lock came before.
    found = tx.rows(
        "SELECT id, subject, subject_seq FROM outbox WHERE position IS NULL"
        " ORDER BY created_at, subject, subject_seq LIMIT :limit",
        limit=limit,
    )
    # A clock that went back may have put a subject's later message first; what is new has nothing before it.
    own: dict[str, list[str]] = {}
    subjects = sorted({subject for _id, subject, seq in found if seq > 1})
    if subjects:
        # All that has no position of these subjects, through the unique index on subject and number.
        for id, subject in tx.rows_in(
            "SELECT id, subject FROM outbox WHERE subject IN (:keys) AND position IS NULL ORDER BY subject, subject_seq",
            subjects,
        ):
            own.setdefault(subject, []).append(id)
    ordered: dict[str, None] = {}
    for id, subject, _seq in found:
        before = own.get(subject, ())
        for earlier in before:
            if earlier == id:
                break
            ordered[earlier] = None
        ordered[id] = None
    return list(ordered)


def after(tx: Tx, position: int, limit: int) -> list[Event]:
    """The events after a position, at most `limit`, in order.

    Raises: InputError when some of them were forgotten meanwhile, or there was never an event at this position.
    """
    forgotten = _value(tx, _FORGOTTEN)
    if position < forgotten:
        detail = f"Events up to {forgotten} were forgotten. Read anew how things stand, then go on after {forgotten}."
        raise InputError.at("after", "forgotten", detail)
    latest = last(tx)
    if position > latest:
        # An older backup came back: positions are given out again, and who waited here would miss those up to this one.
        detail = f"There are events up to {latest} only: this position is of another database, or of after a backup that was restored."
        detail += f" Read anew how things stand, then go on after {latest}."
        raise InputError.at("after", "not_there_yet", detail)
    # A stretch of the index on position.
    found = tx.rows(
        "SELECT position, id, topic, subject, body, created_at FROM outbox WHERE position > :position"
        " ORDER BY position LIMIT :limit",
        position=position,
        limit=limit,
    )
    return [
        Event(position=place, id=id, topic=topic, subject=subject, body=body, at=at)
        for place, id, topic, subject, body, at in found
    ]


def forget(tx: Tx, position: int) -> None:
    """Remember that events up to this position may be gone, so that who still wants them is told."""
    if position > _locked(tx, _FORGOTTEN):
        _set(tx, _FORGOTTEN, position)


def forgotten(tx: Tx) -> int:
    """The last position that may be missing because it was pruned; 0 while nothing was."""
    return _value(tx, _FORGOTTEN)


def last(tx: Tx) -> int:
    """The position of the latest event that has one."""
    return _value(tx, _LAST)


def _value(tx: Tx, name: str) -> int:
    # One row, by primary key.
    found = tx.rows("SELECT value FROM setting WHERE name = :name", name=name)
    return int(found[0][0]) if found else 0


def _locked(tx: Tx, name: str) -> int:
    # The setting's row, made when it is not there, locked until the transaction ends; by primary key.
    tx.execute(
        "INSERT INTO setting (name, value) VALUES (:name, '0') ON CONFLICT (name) DO NOTHING", name=name
    )
    return int(tx.rows("SELECT value FROM setting WHERE name = :name FOR UPDATE", name=name)[0][0])


def _set(tx: Tx, name: str, value: int) -> None:
    # One row, by primary key.
    tx.execute("UPDATE setting SET value = :value WHERE name = :name", value=str(value), name=name)
