"""How are days, quantities and the things of the ledger said to people?"""

from __future__ import annotations

from collections.abc import Mapping

from accord.kit.days import Day, Instant, date_of, instant_iso, local_day
from accord.kit.quantity import format_quantity
from accord.ledger.model import (
    Item,
    Kind,
    Lane,
    Operation,
    Site,
    Supplier,
    SupplyKind,
    Term,
    Why,
    kind_of_key,
    node_of,
)

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_A_MINUTE = 60 * 1_000_000
OLD = 24 * 60 * _A_MINUTE  # supply news of which nothing was heard for so long may be wrong by now

KINDS: Mapping[SupplyKind, str] = {
    SupplyKind.on_hand: "on hand",
    SupplyKind.purchase: "purchase",
    SupplyKind.transfer: "transfer",
    SupplyKind.production: "production",
}

# Why a supply does not count, in words, and what would make it count.
REASONS: Mapping[Why, tuple[str, str]] = {
    Why.counted: ("counts", ""),
    Why.blocked: ("not released", "It counts when a count says it is available."),
    Why.late: ("late", "It was due before today and nobody said when it comes. A new day makes it count."),
    Why.inside_fence: ("inside the fence", "It is planned, not released, and too near to be trusted."),
    Why.doubtful: ("doubtful", "What it needs itself is short."),
    Why.expired: ("expired", "Its last day of use has passed."),
}


def day(on: Day, today: Day | None = None) -> str:
    """A day as people say it: "Fri 12 Mar", with the year where it is not this one's."""
    date = date_of(on)
    words = f"{_WEEKDAYS[date.weekday()]} {date.day} {_MONTHS[date.month - 1]}"
    if today is not None and date_of(today).year == date.year:
        return words
    return f"{words} {date.year}"


def short_day(on: Day) -> str:
    """A day where there is little room, on a chart: "12 Mar"."""
    date = date_of(on)
    return f"{date.day} {_MONTHS[date.month - 1]}"


def age(since: Instant, now: Instant) -> str:
    """How long ago a moment was, as people say it: "3 min ago", "2 days ago"."""
    minutes = max(0, now - since) // _A_MINUTE
    if minutes < 1:
        return "just now"
    if minutes < 90:
        return f"{minutes} min ago"
    if minutes < 48 * 60:
        return f"{(minutes + 30) // 60} h ago"
    return f"{minutes // (24 * 60)} days ago"


def moment(at: Instant, today: Day | None = None) -> str:
    """A moment to the minute: "22 Nov 10:04 UTC", with the year where it is not this one's."""
    return f"{day(local_day(at, 'UTC'), today).split(' ', 1)[1]} {instant_iso(at)[11:16]} UTC"


def number(n: int, scale: int = 1) -> str:
    """Base units in the unit people state, long numbers grouped: "420", "12 500", "−2.5"."""
    text = format_quantity(abs(n), scale)
    whole, point, rest = text.partition(".")
    grouped = f"{int(whole):,}".replace(",", "\N{NARROW NO-BREAK SPACE}") if len(whole) > 4 else whole
    return f"{'−' if n < 0 else ''}{grouped}{point}{rest}"


def item_name(id: str, items: Mapping[str, Item]) -> str:
    """The name of an item beside its id; "" where it has none of its own."""
    known = items.get(id)
    return known.name if known is not None and known.name != id else ""


def site_name(id: str, sites: Mapping[str, Site]) -> str:
    """What people call a site."""
    known = sites.get(id)
    return known.name if known is not None and known.name else id


def thing(key: str) -> str:
    """What a key names, in words: "X-100 at Halden", "line 2"."""
    counted, name = kind_of_key(key), key.partition(":")[2]
    if counted is Kind.node:
        item, site = node_of(key)
        return f"{item} at {site}"
    if key.startswith("overtime:"):
        return f"overtime of {name}"
    if counted is Kind.limit:
        return f"the limit {name}"
    return f"the share {name}" if counted is Kind.allocation else name


def terms(path: tuple[str, ...]) -> str:
    """Whom a share is for: "tier A", "tier B, channel web"."""
    return ", ".join([term.replace(":", " ") for term in path])


def way(
    one: Operation | Lane | Term, suppliers: Mapping[str, Supplier], sites: Mapping[str, Site], scale: int
) -> dict[str, str]:
    """One way to have more of an item: what it is, how long it takes, and the fence before which nothing new may begin."""
    if isinstance(one, Operation):
        what, days = "Make", one.lead_days + one.after_days
        takes = "as the lines have room" if one.steps else f"{days} open days"
    elif isinstance(one, Lane):
        what, takes = f"Move from {site_name(one.origin, sites)}", f"{one.transit_days} days on the way"
    else:
        known = suppliers.get(one.supplier)
        what, takes = f"Buy from {known.name if known else one.supplier}", f"{one.lead_days} open days"
    lot = f"{number(one.lot_min, scale)} or more" if one.lot_min > 1 else "any quantity"
    steps = f", in steps of {number(one.lot_multiple, scale)}" if one.lot_multiple > 1 else ""
    return {
        "what": what + (" (expedited)" if one.expedite else ""),
        "id": one.id,
        "takes": takes,
        "lot": f"{lot}{steps}",
        "fence": f"{one.fence_days} days" if one.fence_days else "none",
    }
