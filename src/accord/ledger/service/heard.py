"""Who tells us of supply, what, and when did we last hear of it?"""

from __future__ import annotations

import msgspec

from accord.db.engine import Database
from accord.kit.days import Instant
from accord.ledger import store

_A_DAY = 86_400_000_000
_OWN = ("DayRolled", "PromiseEnded", "Nothing")  # what Accord tells itself


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of news of one source."""

    source: str  # who tells it: an actor
    kind: str  # Counted, ReceiptStated, …: of the first of what was told together
    heard_at: Instant
    lately: int  # how often in the last day
    lag_seconds: (
        int | None
    )  # how long the latest was on its way to us; None where it does not say of when it is


class Hearing(msgspec.Struct, frozen=True, kw_only=True):
    """All of them, as of a moment."""

    feeds: tuple[Feed, ...]  # by source and kind
    now: Instant


class _Dated(msgspec.Struct, frozen=True):
    as_of: Instant = 0
    at: Instant = 0


class _Told(msgspec.Struct, frozen=True):
    news: tuple[_Dated, ...] = ()


def hearing(db: Database) -> Hearing:
    """What was heard from whom, however long ago."""
    with db.read() as tx:
        now = tx.now()
        found = store.heard(tx, now - _A_DAY)
    return Hearing(
        feeds=tuple(
            Feed(
                source=one.actor,
                kind=one.kind,
                heard_at=one.at,
                lately=one.lately,
                lag_seconds=_lag(one.body, one.at),
            )
            for one in found
            if one.kind not in _OWN
        ),
        now=now,
    )


def _lag(body: bytes | None, at: Instant) -> int | None:
    try:
        told = msgspec.json.decode(body or b"{}", type=_Told)
    except msgspec.ValidationError:
        return None
    moments = [moment for one in told.news for moment in (one.as_of, one.at) if moment > _A_DAY]
    return max(0, (at - max(moments)) // 1_000_000) if moments else None
