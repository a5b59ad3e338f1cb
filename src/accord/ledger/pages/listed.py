"""What does the list of supply show: every item at every site in a line, the tightest first?"""

from __future__ import annotations

from urllib.parse import urlencode

from accord.kit.days import Day
from accord.ledger import said
from accord.ledger.decide.outlook import Outlook
from accord.ledger.pages import links
from accord.ledger.service.supply import NodeLine, NodeList

ROWS = 50

# How a node stands: the word, and the tone that goes with it.
_SHORT, _NONE, _SOME = ("short", "bad"), ("nothing free", "care"), ("free", "good")
_EMPTY = ("nothing there", "none")


def listed(found: NodeList, *, q: str, after: str | None, item: str | None = None) -> dict[str, object]:
    """The page of the list."""
    name = said.item_name(item, found.graph.items) if item is not None else ""
    return {
        "q": q,
        "item": item or "",
        "name": name,
        "sentence": sentence(found, q=q, item=item),
        "rows": [_row(one, found) for one in found.rows],
        "following": _href(q=q, after=found.following) if found.following else "",
        "is_later": after is not None,
        "is_narrowed": bool(q or item),
        "is_empty": not found.graph.items,
        "count": found.count,
        "has_resources": bool(found.graph.resources),
        "has_shares": found.graph.has_allocations,
    }


def sentence(found: NodeList, *, q: str, item: str | None) -> str:
    """The answer in one sentence: what is short, else what is tightest. The list itself is in that order."""
    if not found.count:
        return ""
    first = found.rows[0] if found.rows else None
    if found.short:
        whose = f"sites of {item}" if item else f"that fit “{q}”" if q else "items at sites"
        is_one = found.short == 1
        words = f"{found.short} of {found.count} {whose} {'is' if is_one else 'are'} short"
        return f"{words}: more is promised than is there or comes."
    if first is None:
        return ""
    left = said.number(first.outlook.spare, _scale(found, first.item))
    tight = f"{first.item} at {said.site_name(first.site, found.graph.sites)}"
    on = said.day(first.outlook.tightest_on, first.today)
    every = "Everything that is promised is covered."
    return f"{every} Tightest: {tight} on {on}, {left} spare."


def state(outlook: Outlook) -> tuple[str, str]:
    """How a node stands: word and tone."""
    if outlook.short_on is not None:
        return _SHORT
    if not outlook.supply:
        return _EMPTY
    return _SOME if outlook.free else _NONE


def cover(outlook: Outlook, today: Day) -> str:
    """How long what is on hand lasts for what is promised, in words."""
    if not outlook.taken:
        return "nothing promised"
    if outlook.uncovered_on is None:
        return "all"
    days = outlook.uncovered_on - today
    return f"{days} {'day' if days == 1 else 'days'}"


def _row(one: NodeLine, found: NodeList) -> dict[str, object]:
    seen, today, item, site = one.outlook, one.today, one.item, one.site
    scale = _scale(found, item)
    word, tone = state(seen)
    record = found.graph.items.get(item)
    return {
        "item": item,
        "name": said.item_name(item, found.graph.items),
        "site": said.site_name(site, found.graph.sites),
        "unit": record.unit if record is not None and record.unit != "piece" else "",
        "href": links.node(item, site),
        "word": word,
        "tone": tone,
        "on_hand": said.number(seen.on_hand, scale),
        "on_hand_href": links.rows(item, site, "on-hand"),
        "free": said.number(seen.free, scale),
        "free_href": links.rows(item, site, "free", until=today),
        "next": said.number(seen.next_quantity, scale) if seen.next_on is not None else "",
        "next_on": said.day(seen.next_on, today) if seen.next_on is not None else "",
        "next_href": links.rows(item, site, "receipts", since=seen.next_on, until=seen.next_on),
        "short": said.number(seen.short, scale) if seen.short_on is not None else "",
        "short_on": f"since {said.day(seen.short_on, today)}" if seen.short_on is not None else "",
        "short_href": links.rows(item, site, "left", until=seen.tightest_on),
        "cover": cover(seen, today),
        "cover_href": links.rows(item, site, "taken", until=seen.uncovered_on)
        if seen.uncovered_on is not None
        else "",
        "exceptions": one.exceptions,
        "exceptions_href": links.rows(item, site, "exceptions"),
    }


def _scale(found: NodeList, item: str) -> int:
    record = found.graph.items.get(item)
    return record.scale if record is not None else 1


def _href(**wanted: str | None) -> str:
    given = {name: value for name, value in wanted.items() if value}
    return "/supply" + (f"?{urlencode(given)}" if given else "")
