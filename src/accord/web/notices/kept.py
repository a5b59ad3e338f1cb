"""Where are notices kept, and which of them does one person see?

A notice is for an audience, a person or a role, and there is one for each cause: what the same cause brings later is added
to it, and makes it new again. Who has read it or mutes its kind is kept apart, by person. Who has a role is asked when
notices are read: whoever gets the role tomorrow finds what waits for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from accord.db.schema import notice, notice_mute, notice_read, notice_timer, notice_wish
from accord.db.tx import Tx
from accord.kit.days import Day, Instant
from accord.kit.ids import new_id

SUBJECTS_MAX = 200  # that a notice names; of more it says how many
_MARK = "notices_position"  # the setting with the position of the last event that was looked at
_MOST = 200  # notices that are counted; there are "99+" of more


class Subject(msgspec.Struct, frozen=True):
    """One thing a notice is about."""

    what: str  # "60 X-100 for Northwind"
    href: str


class Body(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a notice is about."""

    subjects: dict[str, Subject]  # by the id of what is added and taken away: an exception, a promise
    more: int = 0  # subjects that are not named
    words: str = ""  # what its kind needs beside: who decided, until when


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """A notice as one person sees it."""

    id: str
    audience: str
    kind: str
    cause: str
    at: Instant
    changed_at: Instant
    over_at: Instant | None
    body: Body
    is_new: bool


class Reader(msgspec.Struct, frozen=True):
    """Who reads: himself, his roles, or everything on an open server."""

    person: str
    audiences: tuple[str, ...]
    sees_all: bool = False


def person(name: str) -> str:
    """The audience of one person, whatever it is called."""
    return f"person:{name}"


def role(name: str) -> str:
    """The audience of all who have a role."""
    return f"role:{name}"


def owner(name: str) -> str:
    """The audience of whoever answers for something: the person of this name, or all who have this role."""
    return f"owner:{name}"


def reader(name: str, roles: Sequence[str]) -> Reader:
    """What a person with these roles is told."""
    names = (name, *roles)
    return Reader(name, (person(name), *(role(one) for one in roles), *(owner(one) for one in names)))


class Timer(msgspec.Struct, frozen=True):
    """Something to look at again at a moment."""

    subject: str
    kind: str  # hold_24h, hold_2h, hold_over, approval_over
    at: Instant


class Wish(msgspec.Struct, frozen=True):
    """What somebody wanted and did not get."""

    item: str
    person: str
    request: str
    on: Day
    what: str
    line: str  # in plain words, to be asked again
    at: Instant


# --- what was looked at ---


def mark(tx: Tx) -> int:
    """The position of the last event that was looked at."""
    # One row, by primary key.
    found = tx.rows("SELECT value FROM setting WHERE name = :name", name=_MARK)
    return int(found[0][0]) if found else 0


def locked_mark(tx: Tx) -> int:
    """The same, kept from others until the transaction ends."""
    # The setting's row, made when it is not there; by primary key.
    tx.execute(
        "INSERT INTO setting (name, value) VALUES (:name, '0') ON CONFLICT (name) DO NOTHING", name=_MARK
    )
    return int(tx.rows("SELECT value FROM setting WHERE name = :name FOR UPDATE", name=_MARK)[0][0])


def set_mark(tx: Tx, position: int) -> None:
    """All up to here was looked at."""
    # One row, by primary key.
    tx.execute("UPDATE setting SET value = :value WHERE name = :name", value=str(position), name=_MARK)


# --- what is told ---


def put(
    tx: Tx,
    audience: str,
    kind: str,
    cause: str,
    subjects: Mapping[str, Subject],
    *,
    words: str = "",
    actor: str = "",
) -> None:
    """Tell an audience, or add to what it was told of this cause; `actor` caused it and is not told himself."""
    now = tx.now()
    # One row, by the unique index on audience and cause.
    found = tx.rows(
        "SELECT id, body, over_at FROM notice WHERE audience = :audience AND cause = :cause FOR UPDATE",
        audience=audience,
        cause=cause,
    )
    if not found:
        body = _grown(Body({}), subjects, words)
        row = (new_id("not", now), audience, kind, cause, now, now, None, actor, msgspec.json.encode(body))
        tx.insert(notice, [row])
        return
    ((id, body_before, over_at),) = found
    before = Body({}) if over_at is not None else msgspec.json.decode(body_before, type=Body)
    # One row, by primary key.
    tx.execute(
        "UPDATE notice SET changed_at = :now, over_at = NULL, body = :body WHERE id = :id",
        now=now,
        body=msgspec.json.encode(_grown(before, subjects, words)),
        id=id,
    )


def _grown(body: Body, subjects: Mapping[str, Subject], words: str) -> Body:
    every = {**body.subjects, **subjects}
    kept = dict(list(every.items())[:SUBJECTS_MAX])
    return Body(kept, body.more + len(every) - len(kept), words or body.words)


def take_out(tx: Tx, cause: str, subject: str) -> None:
    """This is no longer so: out of what was told of the cause, which is over when nothing is left."""
    # The few rows of the index on cause.
    found = tx.rows(
        "SELECT id, body FROM notice WHERE cause = :cause AND over_at IS NULL ORDER BY id", cause=cause
    )
    for id, encoded in found:
        body = msgspec.json.decode(encoded, type=Body)
        rest = {key: value for key, value in body.subjects.items() if key != subject}
        more = body.more if subject in body.subjects else max(0, body.more - 1)
        if not rest and not more:
            end_one(tx, id)
            continue
        # One row, by primary key.
        tx.execute(
            "UPDATE notice SET body = :body WHERE id = :id",
            body=msgspec.json.encode(Body(rest, more, body.words)),
            id=id,
        )


def end(tx: Tx, cause: str, words: str = "") -> None:
    """What was told of this cause is over; `words` say how."""
    # The few rows of the index on cause.
    for id, encoded in tx.rows(
        "SELECT id, body FROM notice WHERE cause = :cause AND over_at IS NULL ORDER BY id", cause=cause
    ):
        if words:
            body = msgspec.structs.replace(msgspec.json.decode(encoded, type=Body), words=words)
            # One row, by primary key.
            tx.execute("UPDATE notice SET body = :body WHERE id = :id", body=msgspec.json.encode(body), id=id)
        end_one(tx, id)


def end_one(tx: Tx, id: str) -> None:
    """One notice is over."""
    # One row, by primary key.
    tx.execute("UPDATE notice SET over_at = :now WHERE id = :id", now=tx.now(), id=id)


# --- timers and wishes ---


def set_timers(tx: Tx, subject: str, timers: Sequence[Timer]) -> None:
    """Look at this again at these moments and at no others."""
    # A stretch of the primary key.
    tx.execute("DELETE FROM notice_timer WHERE subject = :subject", subject=subject)
    tx.insert(notice_timer, [(one.subject, one.kind, one.at) for one in timers])


def due(tx: Tx, limit: int) -> list[Timer]:
    """What is to be looked at now."""
    # A stretch of the index on at.
    found = tx.rows(
        "SELECT subject, kind, at FROM notice_timer WHERE at <= :now ORDER BY at, subject, kind LIMIT :limit",
        now=tx.now(),
        limit=limit,
    )
    return [Timer(*row) for row in found]


def drop_timer(tx: Tx, timer: Timer) -> bool:
    """It was looked at; False when it was not there any more."""
    # One row, by primary key.
    found = tx.rows(
        "DELETE FROM notice_timer WHERE subject = :subject AND kind = :kind AND at = :at RETURNING subject",
        subject=timer.subject,
        kind=timer.kind,
        at=timer.at,
    )
    return bool(found)


def add_wish(tx: Tx, wish: Wish) -> None:
    """Remember what somebody wanted; the same of the same person again takes its place."""
    # One row, by primary key.
    tx.execute(
        "DELETE FROM notice_wish WHERE item = :item AND person = :person AND request = :request",
        item=wish.item,
        person=wish.person,
        request=wish.request,
    )
    tx.insert(notice_wish, [msgspec.structs.astuple(wish)])


def take_wishes(tx: Tx, items: Sequence[str], *, not_of: str, from_day: Day) -> list[Wish]:
    """Who wanted these items, for a day that is not past; they are told now, so the wishes are gone."""
    # A stretch of the primary key for each item.
    found = tx.rows_in(
        "SELECT item, person, request, day, what, line, at FROM notice_wish WHERE item IN (:keys) ORDER BY item, person, request",
        sorted(items),
    )
    wishes = [Wish(*row) for row in found]
    taken = [one for one in wishes if one.on < from_day or one.person != not_of]
    for one in taken:
        # One row, by primary key.
        tx.execute(
            "DELETE FROM notice_wish WHERE item = :item AND person = :person AND request = :request",
            item=one.item,
            person=one.person,
            request=one.request,
        )
    return [one for one in taken if one.on >= from_day]


# --- who reads ---

_COLUMNS = "n.id, n.audience, n.kind, n.cause, n.at, n.changed_at, n.over_at, n.body"
_IS_NEW = (
    "n.over_at IS NULL AND NOT EXISTS (SELECT 1 FROM notice_read r WHERE r.person = :person AND r.notice = n.id"
    " AND r.read_at >= n.changed_at) AND NOT EXISTS (SELECT 1 FROM notice_mute m WHERE m.person = :person AND m.kind = n.kind)"
)


def new(tx: Tx, reader: Reader) -> list[Notice]:
    """What a person has not read, the latest first, one a cause."""
    # Stretches of the index on audience and changed_at; the two others by primary key.
    return _found(tx, reader, f"SELECT {_COLUMNS}, 1 FROM notice n WHERE {_IS_NEW}", _MOST)  # noqa: S608 - our own names


def listed(tx: Tx, reader: Reader, limit: int) -> list[Notice]:
    """What a person was told, the latest first, one a cause."""
    # Stretches of the index on audience and changed_at; the two others by primary key.
    select = f"SELECT {_COLUMNS}, CASE WHEN {_IS_NEW} THEN 1 ELSE 0 END FROM notice n WHERE 1 = 1"  # noqa: S608 - our own names
    return _found(tx, reader, select, limit)


def one(tx: Tx, reader: Reader, id: str) -> Notice | None:
    """One notice, if this person was told it, with all that he was told of its cause."""
    # One row, by primary key.
    found = tx.rows("SELECT cause FROM notice WHERE id = :id", id=id)
    if not found:
        return None
    select = f"SELECT {_COLUMNS}, CASE WHEN {_IS_NEW} THEN 1 ELSE 0 END FROM notice n WHERE n.cause = :cause"  # noqa: S608 - our own names
    # The few rows of the index on cause.
    told = _told(tx, reader, select, _MOST, cause=found[0][0])
    if all(each.id != id for each in told):
        return None
    return msgspec.structs.replace(_together(told)[0], id=id)


def _found(tx: Tx, reader: Reader, select: str, limit: int) -> list[Notice]:
    return _together(_told(tx, reader, select, limit))


def _together(told: Sequence[Notice]) -> list[Notice]:
    """One notice a cause: who is told as a person and in a role, or in two of them, reads all of it once."""
    one_a_cause: dict[str, Notice] = {}
    for also in told:
        known = one_a_cause.setdefault(also.cause, also)
        if known is also or (known.over_at is None and also.over_at is not None):
            continue  # what is over for one of them adds nothing to what is not
        before = known.body.subjects if (known.over_at is None) == (also.over_at is None) else {}
        body = Body(
            {**before, **also.body.subjects},
            max(known.body.more, also.body.more),
            known.body.words or also.body.words,
        )
        one_a_cause[also.cause] = msgspec.structs.replace(
            known, body=body, over_at=also.over_at, is_new=known.is_new or also.is_new
        )
    return list(one_a_cause.values())


def _told(tx: Tx, reader: Reader, select: str, limit: int, **params: str) -> list[Notice]:
    order = " ORDER BY n.changed_at DESC, n.id DESC LIMIT :limit"
    if reader.sees_all:
        rows = tx.rows(f"{select}{order}", person=reader.person, limit=limit, **params)
    else:
        rows = tx.rows_in(
            f"{select} AND n.audience IN (:keys) AND n.actor <> :person{order}",
            sorted(reader.audiences),
            person=reader.person,
            limit=limit,
            **params,
        )
    return [
        Notice(
            id=id,
            audience=audience,
            kind=kind,
            cause=cause,
            at=at,
            changed_at=changed_at,
            over_at=over_at,
            body=msgspec.json.decode(body, type=Body),
            is_new=bool(is_new),
        )
        for id, audience, kind, cause, at, changed_at, over_at, body, is_new in rows
    ]


def read(tx: Tx, reader: Reader, causes: Sequence[str]) -> None:
    """A person has read these, in whatever audience they were told."""
    now = tx.now()
    # The index on cause.
    ids = [id for (id,) in tx.rows_in("SELECT id FROM notice WHERE cause IN (:keys) ORDER BY id", causes)]
    # Those rows, by primary key.
    tx.execute_in(
        "DELETE FROM notice_read WHERE person = :person AND notice IN (:keys)", ids, person=reader.person
    )
    tx.insert(notice_read, [(reader.person, id, now) for id in ids])


def mute(tx: Tx, person: str, kind: str, *, is_muted: bool) -> None:
    """A person wants to be told of a kind no more, or again."""
    # One row, by primary key.
    tx.execute("DELETE FROM notice_mute WHERE person = :person AND kind = :kind", person=person, kind=kind)
    if is_muted:
        tx.insert(notice_mute, [(person, kind, tx.now())])


def mutes(tx: Tx) -> list[tuple[str, str]]:
    """Who is not told of which kind: for everybody to see."""
    # All rows: a few for each person at most.
    return [
        (person, kind)
        for person, kind in tx.rows("SELECT person, kind FROM notice_mute ORDER BY kind, person")
    ]


def pulse(tx: Tx) -> tuple[int, ...]:
    """Numbers that change when somebody may have something new."""
    # The end of the index on changed_at, and one row by primary key.
    ((latest,),) = tx.rows("SELECT coalesce(max(changed_at), 0) FROM notice")
    ((over,),) = tx.rows("SELECT coalesce(max(over_at), 0) FROM notice")
    return (latest, over)


def prune(tx: Tx, older_than: Instant) -> int:
    """Forget what was told before a moment, and wishes as old; how much."""
    # The index on changed_at; then by primary key.
    ids = [id for (id,) in tx.rows("DELETE FROM notice WHERE changed_at < :at RETURNING id", at=older_than)]
    if ids:
        # A scan of what was read, once an hour.
        tx.execute_in("DELETE FROM notice_read WHERE notice IN (:keys)", ids)
    # A scan of the wishes, once an hour.
    return len(ids) + tx.execute("DELETE FROM notice_wish WHERE at < :at", at=older_than)
