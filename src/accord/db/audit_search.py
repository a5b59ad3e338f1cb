"""What does the record say about something? Entries that fit, the latest first, and one entry with what proves it.

Bodies are not indexed: a search reads entries from the latest back, so many at a time, and says how far it got. Nothing
that identifies a person is read here.
"""

from __future__ import annotations

from typing import Any

import msgspec

from accord.db import audit
from accord.db.audit_checkpoints import last, last_heads
from accord.db.tx import Tx
from accord.kit.days import Instant
from accord.kit.errors import InputError, NotFound

LOOK_MAX = 200_000  # entries that one page of a search reads

_SEQ_MAX = 2**62
_COLUMNS = "at, chain_id, seq, type, body, commitment, hash, personal IS NOT NULL AS has_personal"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries; everything that is given must hold."""

    value: str = ""  # some member says exactly this: the id of a promise, a request, an edition, a commitment
    actor: str = ""
    type: str = ""
    from_at: Instant | None = None
    until_at: Instant | None = None  # not this moment any more

    @property
    def reads_bodies(self) -> bool:
        """Whether entries must be read to know whether they fit."""
        return bool(self.value or self.actor or self.type)


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One entry as it is kept."""

    at: Instant
    chain_id: str
    seq: int
    type: str
    body: bytes
    commitment: str  # to a personal part; "" = there never was one
    hash: str
    has_personal: bool

    @property
    def members(self) -> dict[str, Any]:
        """What it says; an entry that somebody spoiled says nothing."""
        try:
            found = msgspec.json.decode(self.body)
        except (msgspec.DecodeError, TypeError):
            return {}
        return found if isinstance(found, dict) else {}


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Some entries, and where one goes on."""

    entries: tuple[Kept, ...]
    following: str | None  # a cursor; None = there is nothing before
    looked_back_to: Instant | None = None  # how far a search got that is not through; None = it is


def search(tx: Tx, wanted: Wanted, *, after: str | None = None, limit: int = 50) -> Page:
    """Entries that fit, the latest first, from a cursor on. Raises: InputError for a cursor that is none."""
    conditions, params = _within(wanted, after)
    fits, more = _fits(wanted, tx.dialect)
    look = LOOK_MAX if wanted.reads_bodies else limit + 1
    # A stretch of the index on the moment, backwards, and of it what fits.
    found = [
        _kept(row)
        for row in tx.rows(
            f"SELECT * FROM (SELECT {_COLUMNS} FROM audit WHERE {conditions}"  # noqa: S608 - our own words
            f" ORDER BY at DESC, chain_id DESC, seq DESC LIMIT :look) AS looked_at WHERE {fits}"
            " ORDER BY at DESC, chain_id DESC, seq DESC LIMIT :rows",
            look=look,
            rows=limit + 1,
            **params,
            **more,
        )
    ]
    if len(found) > limit:
        return Page(entries=tuple(found[:limit]), following=_cursor(found[limit - 1]))
    if not wanted.reads_bodies:
        return Page(entries=tuple(found), following=None)
    # The last entry that was looked at, where there are more; a walk along the same index.
    end = tx.rows(
        f"SELECT at, chain_id, seq FROM audit WHERE {conditions}"  # noqa: S608 - our own words
        " ORDER BY at DESC, chain_id DESC, seq DESC LIMIT 1 OFFSET :offset",
        offset=LOOK_MAX - 1,
        **params,
    )
    if not end:
        return Page(entries=tuple(found), following=None)
    at, chain_id, seq = end[0]
    return Page(entries=tuple(found), following=f"{at}.{seq}.{chain_id}", looked_back_to=at)


def every(tx: Tx, wanted: Wanted, *, most: int) -> list[Kept]:
    """All entries that fit, the earliest first. Raises: InputError where there are more than so many."""
    conditions, params = _within(wanted, None)
    fits, more = _fits(wanted, tx.dialect)
    # The same stretch of the index, forwards.
    rows = tx.rows(
        f"SELECT {_COLUMNS} FROM audit WHERE {conditions} AND {fits}"  # noqa: S608 - our own words
        " ORDER BY at, chain_id, seq LIMIT :most",
        most=most + 1,
        **params,
        **more,
    )
    if len(rows) > most:
        detail = f"More than {most:,} entries fit, the most that one file takes. Narrow them by days."
        raise InputError.at("from", "too_many", detail)
    return [_kept(row) for row in rows]


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """The record as a whole."""

    entries: int
    chains: int
    first_at: Instant | None  # of the first entry; None = there is none
    checkpoint: int | None  # number of the last one
    checkpoint_at: Instant | None
    unsigned: int  # entries since then


def whole(tx: Tx) -> Whole:
    """How much there is, and how much of it a checkpoint has seen."""
    # How far each chain reaches: one look-up a chain at the end of its stretch of the primary key.
    ends: dict[str, int] = dict(
        tx.rows(
            "SELECT c.id, (SELECT max(a.seq) FROM audit a WHERE a.chain_id = c.id) FROM audit_chain c"
            " WHERE EXISTS (SELECT 1 FROM audit a WHERE a.chain_id = c.id)"
        )
    )
    # The earliest moment, at the end of its index.
    first = tx.rows("SELECT min(at) FROM audit")[0][0]
    made, heads = last(tx), last_heads(tx) or ()
    signed = sum(min(head.seq, ends.get(head.chain_id, 0)) for head in heads)
    entries = sum(ends.values())
    return Whole(
        entries=entries,
        chains=len(ends),
        first_at=first,
        checkpoint=made.seq if made is not None else None,
        checkpoint_at=made.at if made is not None else None,
        unsigned=entries - signed,
    )


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One entry, and what it hangs on."""

    entry: Kept
    before: str  # the hash before it; "" = the entry before it is gone
    fits: bool  # its hash is that of what it says and of the entry before it
    is_first: bool
    is_last: bool  # of its chain
    is_signed: bool  # the last checkpoint saw it, or one after it in its chain


def one(tx: Tx, chain_id: str, seq: int) -> Shown:
    """An entry. Raises: NotFound."""
    if not 0 < seq < _SEQ_MAX:  # SQLite compares with nothing larger
        raise _no_entry(chain_id, seq)
    # This entry and its neighbours, by primary key.
    rows = {
        row[2]: _kept(row)
        for row in tx.rows(
            f"SELECT {_COLUMNS} FROM audit WHERE chain_id = :chain AND seq BETWEEN :low AND :high",  # noqa: S608 - our own words
            chain=chain_id,
            low=seq - 1,
            high=seq + 1,
        )
    }
    entry = rows.get(seq)
    if entry is None:
        raise _no_entry(chain_id, seq)
    if seq == 1:
        # The chain itself, by primary key.
        started = tx.rows("SELECT started_at, writer FROM audit_chain WHERE id = :id", id=chain_id)
        before = audit.genesis(chain_id, *started[0]) if started else ""
    else:
        before = rows[seq - 1].hash if seq - 1 in rows else ""
    try:
        hashed = audit.entry_hash(before, entry.at, entry.type, entry.body, entry.commitment)
    except (TypeError, AttributeError):
        hashed = ""  # SQLite lets somebody put text where bytes belong
    seen = {head.chain_id: head.seq for head in last_heads(tx) or ()}
    return Shown(
        entry=entry,
        before=before,
        fits=bool(before) and hashed == entry.hash,
        is_first=seq == 1,
        is_last=seq + 1 not in rows,
        is_signed=seq <= seen.get(chain_id, 0),
    )


def _no_entry(chain_id: str, seq: int) -> NotFound:
    return NotFound(f"The record has no entry {str(seq)[:20]} in the chain {chain_id[:60]!r}. Search for it.")


def _within(wanted: Wanted, after: str | None) -> tuple[str, dict[str, Any]]:
    """What an index can tell: the span of time, and where one goes on."""
    words: list[str] = ["1 = 1"]
    params: dict[str, Any] = {}
    if wanted.from_at is not None:
        words.append("at >= :from_at")
        params["from_at"] = wanted.from_at
    if wanted.until_at is not None:
        words.append("at < :until_at")
        params["until_at"] = wanted.until_at
    if after:
        at, _, rest = after.partition(".")
        seq, _, chain = rest.partition(".")
        if not (at.isdecimal() and seq.isdecimal() and chain) or max(len(at), len(seq)) > 18:
            raise InputError.at("after", "not_a_cursor", "This is not where a page ends. Begin anew.")
        words.append("(at, chain_id, seq) < (:after_at, :after_chain, :after_seq)")
        params.update(after_at=int(at), after_chain=chain, after_seq=int(seq))
    return " AND ".join(words), params


def _fits(wanted: Wanted, dialect: str) -> tuple[str, dict[str, Any]]:
    """What only the entry itself can tell."""
    words: list[str] = ["1 = 1"]
    params: dict[str, Any] = {}
    if wanted.type:
        words.append("type = :type")
        params["type"] = wanted.type
    for name, text in (("actor", f'"actor":{_said(wanted.actor)}'), ("value", f":{_said(wanted.value)}")):
        if getattr(wanted, name):
            has = f"instr(body, :{name})" if dialect == "sqlite" else f"position(:{name} in body)"
            words.append(f"{has} > 0")
            params[name] = text.encode()
    return " AND ".join(words), params


def _said(value: str) -> str:
    """A text as a body holds it, so that a part of another text is not taken for it."""
    return msgspec.json.encode(value).decode()


def _cursor(entry: Kept) -> str:
    return f"{entry.at}.{entry.seq}.{entry.chain_id}"


def _kept(row: tuple[Any, ...]) -> Kept:
    at, chain_id, seq, type, body, commitment, hashed, has_personal = row
    return Kept(
        at=at,
        chain_id=chain_id,
        seq=seq,
        type=type,
        body=body,
        commitment=commitment,
        hash=hashed,
        has_personal=bool(has_personal),
    )
