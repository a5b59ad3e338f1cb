"""How old is what we know, and from whom do we have it?

The chip on every page shows the oldest news that dates rest on: the count of stock that was heard longest ago. It is read from
the database every few seconds at most, beside the pages and never by them.
"""

from __future__ import annotations

import asyncio
import threading
import time

import msgspec
import structlog
from litestar import get
from litestar.datastructures import State
from litestar.response import Template

from accord.db.engine import Database
from accord.db.tx import wall_clock
from accord.kit.days import Instant, local_day
from accord.ledger import service as ledger
from accord.ledger.said import OLD, age, moment
from accord.ledger.service import Feed, Hearing
from accord.policy import service as policy
from accord.web.access import authority

_LOG = structlog.get_logger("accord.web")

FRESH_SECONDS = 5.0
_A_SECOND = 1_000_000
_GONE = (
    90 * 24 * 3_600 * _A_SECOND
)  # a source that was not heard for so long has ended: it is listed, and the chip is of others

_WHAT = {
    "Counted": "stock",
    "ReceiptStated": "receipts",
    "ReceiptArrived": "arrivals",
    "Shipped": "shipments",
    "OpeningLine": "open orders",
    "MasterStated": "master data",
}


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What was heard, and how old a count may be."""

    hearing: Hearing
    count_seconds_max: int | None


class Chip(msgspec.Struct, frozen=True, kw_only=True):
    """What the bar shows."""

    what: str  # "erp stock"; "" where nothing was ever told
    age: str
    tone: str


class Ages:
    """The chip of one database, kept for a few seconds."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._lock = threading.Lock()
        self._kept: tuple[float, Known] | None = None

    def chip(self) -> Chip:
        """What the bar shows now. Pages are drawn where nothing may wait: what is known is shown, and is read anew beside them."""
        kept = self._kept
        if kept is None:
            known = self._read()
        else:
            known = kept[1]
            if time.monotonic() - kept[0] > FRESH_SECONDS:
                self._kept = (time.monotonic(), known)  # one reads it for all
                self._read_beside()
        return chip(known, wall_clock())

    def _read_beside(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._try_to_read()
        else:
            loop.run_in_executor(None, self._try_to_read)

    def _try_to_read(self) -> None:
        try:
            self._read()
        except Exception as error:  # noqa: BLE001 - the page is drawn already, with what was known before
            _LOG.warning("age_unknown", error=str(error))

    def _read(self) -> Known:
        with self._lock:
            found = read(self._db)
            self._kept = (time.monotonic(), found)
        return found


def read(db: Database) -> Known:
    """What was heard, as of now."""
    with db.read() as tx:
        most = policy.book(tx).rules.count_seconds_max
    return Known(hearing=ledger.hearing(db), count_seconds_max=most)


def chip(known: Known, now: Instant) -> Chip:
    """The oldest news that dates rest on: of the stock; where nobody counts it, of what changes most."""
    feeds = [one for one in known.hearing.feeds if now - one.heard_at < _GONE] or list(known.hearing.feeds)
    stock = [one for one in feeds if one.kind == "Counted"]
    other = [one for one in feeds if one.kind != "MasterStated"] or feeds
    if not feeds:
        return Chip(what="", age="nothing told yet", tone="none")
    oldest = min(stock or other, key=lambda one: one.heard_at)
    return Chip(
        what=f"{oldest.source} {what(oldest)}",
        age=age(oldest.heard_at, now),
        tone=tone(oldest, known.count_seconds_max, now),
    )


def what(feed: Feed) -> str:
    """What a feed tells, in a word."""
    return _WHAT.get(feed.kind, feed.kind)


def tone(feed: Feed, count_seconds_max: int | None, now: Instant) -> str:
    """none: as it should be; care: it may be wrong by now; bad: nothing is promised from it."""
    since = now - feed.heard_at
    if feed.kind == "MasterStated" or feed.kind == "OpeningLine":
        return "none"  # said once, and true until something else is said
    if feed.kind == "Counted" and count_seconds_max is not None:
        most = count_seconds_max * _A_SECOND
        return "bad" if since > most else "care" if since > most // 2 else "none"
    return "care" if since > OLD else "none"


@get(
    "/sources",
    opt={"operation": ("supply.read", "connect.read")},
    include_in_schema=False,
    sync_to_thread=True,
)
def sources(state: State) -> Template:
    """Everybody who tells us something, what, when we last heard it, and what its age means."""
    known = read(state["db"])
    now, most = known.hearing.now, known.count_seconds_max
    today = local_day(now, "UTC")
    rows, before = [], ""
    for one in known.hearing.feeds:
        found = tone(one, most, now)
        rows.append(
            {
                "source": one.source,
                "is_first": one.source != before,
                "what": what(one),
                "age": age(one.heard_at, now),
                "at": moment(one.heard_at, today),
                "tone": "good" if found == "none" else found,
                "state": _state(one, found),
                "lag": "" if one.lag_seconds is None else _span(one.lag_seconds),
                "lately": one.lately,
            }
        )
        before = one.source
    shown = chip(known, now)
    context = {
        "rows": rows,
        "tone": shown.tone,
        "sentence": _sentence(known, shown),
        "notice": _meaning(shown, most),
        "limit": "A count of any age is relied on: the policy names no limit."
        if most is None
        else f"The policy relies on counts up to {_span(most)} old.",
        "owners": " or ".join(authority.may_ask("supply.tell")),
        "as_of": moment(now, today),
    }
    return Template(template_name="sources.html", context=context)


def _sentence(known: Known, shown: Chip) -> str:
    if not known.hearing.feeds:
        return "Nothing was told yet, so nothing can be promised."
    who = len({one.source for one in known.hearing.feeds})
    return f"{'One source tells' if who == 1 else f'{who} sources tell'} us what there is. Oldest of what dates rest on: {shown.what}, {shown.age}."


def _meaning(shown: Chip, most: int | None) -> str:
    if shown.tone == "bad":
        return f"The {shown.what} is older than {_span(most or 0)}: nothing is promised from it until it is counted again."
    if shown.tone == "care":
        return f"The {shown.what} may be wrong by now. Dates still rest on it."
    return ""


def _state(feed: Feed, found: str) -> str:
    if found == "bad":
        return "too old to promise on"
    if found == "care":
        return "silent"
    return "said once" if feed.kind in ("MasterStated", "OpeningLine") else "heard"


def _span(seconds: int) -> str:
    if seconds < 90:
        return f"{seconds} s"
    if seconds < 90 * 60:
        return f"{seconds // 60} min"
    if seconds < 48 * 3_600:
        return f"{seconds // 3_600} h"
    return f"{seconds // 86_400} days"


PAGES = [sources]
