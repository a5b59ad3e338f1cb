"""What does the page of one item at one site show?"""

from __future__ import annotations

from accord.ledger import said, service
from accord.ledger.decide.outlook import Mark, chosen
from accord.ledger.pages import links
from accord.ledger.pages.curve import WEEKS, curve
from accord.ledger.pages.listed import cover, state
from accord.ledger.pages.shown import Shown

_RECEIPTS = frozenset({Mark.receipt})
_ON_HAND = frozenset({Mark.on_hand})
_TAKEN = (
    (Mark.commitment, "commitments", "Commitments"),
    (Mark.hold, "holds", "Holds"),
    (Mark.need, "needs", "Taken by work and moves"),
)
_ROWS_MAX = 12  # of each kind on the page; the list behind the number has all


def node(sheet: service.NodeSheet, weeks: int) -> dict[str, object]:
    """The page of a node."""
    shown, seen = Shown(sheet), sheet.outlook
    word, tone = state(seen)
    site = said.site_name(sheet.site, sheet.graph.sites)
    return {
        "item": sheet.item,
        "name": said.item_name(sheet.item, sheet.graph.items),
        "site": site,
        "unit": shown.unit,
        "word": word,
        "tone": tone,
        "sentence": sentence(sheet),
        "is_nothing": not seen.supply and not seen.taken and not sheet.not_counted,
        "tabs": [{"word": site, "href": links.node(sheet.item, sheet.site), "is_now": True, "free": ""}]
        + [
            {
                "word": said.site_name(other, sheet.graph.sites),
                "href": links.node(sheet.item, other),
                "is_now": False,
                "free": f"{shown.number(found.free)} free",
            }
            for other, found in sheet.elsewhere.items()
        ],
        "spans": [
            {
                "word": f"{one} weeks",
                "href": links.node(sheet.item, sheet.site, weeks=str(one)),
                "is_now": one == weeks,
            }
            for one in WEEKS
        ],
        "facts": _facts(sheet, shown),
        "curve": curve(sheet, weeks),
        "receipts": [
            shown.supply(entry.supply)
            for entry in chosen(sheet.entries, _RECEIPTS)[:_ROWS_MAX]
            if entry.supply is not None
        ],
        "receipts_total": shown.number(seen.supply - seen.on_hand),
        "receipts_href": shown.rows("receipts"),
        "kept": kept(sheet),
        "stock": [
            shown.supply(entry.supply)
            for entry in chosen(sheet.entries, _ON_HAND)
            if entry.supply is not None
        ],
        "not_counted": [shown.supply(one) for one in sheet.not_counted],
        "taken": [_taken(sheet, shown, mark, kind, title) for mark, kind, title in _TAKEN],
        "shares": [share_row(one, sheet, shown) for one in sheet.shares],
        "substitutes": _substitutes(sheet),
        "ways": _ways(sheet, shown),
        "rows_max": _ROWS_MAX,
    }


def sentence(sheet: service.NodeSheet) -> str:
    """The answer: what can be promised now, when more can, and what stands in the way."""
    shown, seen = Shown(sheet), sheet.outlook
    where = f"{sheet.item} at {said.site_name(sheet.site, sheet.graph.sites)}"
    if not seen.supply and not seen.taken:
        return f"{where}: nothing is there, nothing is expected, nothing is promised."
    if seen.short_on is not None:
        more = f", {shown.number(seen.short)} at worst" if seen.tightest_on != seen.short_on else ""
        first = next(step for step in sheet.levels if step.on == seen.short_on)
        return (
            f"{where}: {shown.number(-first.left)} short on {shown.day(seen.short_on)}{more}. More is promised than is"
            " there or comes, so nothing can be promised now."
        )
    words = f"{shown.number(seen.free)} can be promised now" if seen.free else "nothing can be promised now"
    if sheet.open_to_all < seen.free:
        aside = shown.number(seen.free - sheet.open_to_all)
        words += f" ({aside} of them set aside)"
    if seen.more_on is not None:
        more = " more" if seen.free else ""
        words += f", {shown.number(seen.more)}{more} from {shown.day(seen.more_on)}"
    if seen.tightest_on > sheet.today:
        words += f"; tightest on {shown.day(seen.tightest_on)}, {shown.number(seen.spare)} spare"
    return f"{where}: {words}."


def kept(sheet: service.NodeSheet) -> str:
    """How receipts kept their day here, in a sentence."""
    known = sheet.kept
    if not known.over:
        return "No receipt here is over yet, so nothing is known of how they keep their day."
    came = (
        "1 receipt came or was withdrawn"
        if known.over == 1
        else f"{known.over} receipts came or were withdrawn"
    )
    late = f", {known.late} up to {known.late_days_max} days later" if known.late else ""
    return f"{came} here: {known.kept} on the day that was stated first{late}."


def share_row(share: service.Share, sheet: service.NodeSheet, shown: Shown) -> dict[str, str]:
    """One share in words."""
    given = share.allocation
    release = given.release_on or given.until_on
    state = "released" if share.is_released else f"until {shown.day(release)}"
    return {
        "for": said.terms(given.path),
        "rank": str(given.rank),
        "from": shown.day(given.from_on),
        "until": shown.day(given.until_on - 1),
        "given": shown.number(given.quantity),
        "used": shown.number(share.used),
        "used_href": links.share_rows(sheet.item, sheet.site, given.id),
        "left": shown.number(share.left),
        "over": shown.number(share.used - given.quantity) if share.used > given.quantity else "",
        "state": state,
    }


def _facts(sheet: service.NodeSheet, shown: Shown) -> list[dict[str, str]]:
    seen, today = sheet.outlook, sheet.today
    facts = [
        ("Can be promised now", shown.number(seen.free), shown.rows("free", until=today), ""),
        ("On hand", shown.number(seen.on_hand), shown.rows("on-hand"), ""),
        ("Expected", shown.number(seen.supply - seen.on_hand), shown.rows("receipts"), ""),
        ("Taken", shown.number(seen.taken), shown.rows("taken"), ""),
    ]
    if seen.next_on is not None:
        href = shown.rows("receipts", since=seen.next_on, until=seen.next_on)
        facts.append(("Next receipt", shown.number(seen.next_quantity), href, shown.day(seen.next_on)))
    if seen.short_on is not None:
        href = shown.rows("left", until=seen.tightest_on)
        facts.append(("Short at worst", shown.number(seen.short), href, shown.day(seen.tightest_on)))
    blocked = sum(one.quantity for one in sheet.not_counted)
    if blocked:
        facts.append(("Not counted", shown.number(blocked), shown.rows("not-counted"), ""))
    if sheet.exceptions:
        facts.append(("Open exceptions", str(len(sheet.exceptions)), shown.rows("exceptions"), ""))
    rows = [
        {"name": name, "number": number, "href": href, "note": note} for name, number, href, note in facts
    ]
    uncovered = shown.rows("taken", until=seen.uncovered_on) if seen.uncovered_on is not None else ""
    rows.append({"name": "Stock covers", "number": cover(seen, today), "href": uncovered, "note": ""})
    return rows


def _taken(sheet: service.NodeSheet, shown: Shown, mark: Mark, kind: str, title: str) -> dict[str, object]:
    found = chosen(sheet.entries, frozenset({mark}))
    return {
        "title": title,
        "kind": kind,
        "rows": [shown.entry(entry, sign=-1) for entry in found[:_ROWS_MAX]],
        "count": len(found),
        "total": shown.number(-sum(entry.quantity for entry in found)),
        "href": shown.rows(kind),
    }


def _substitutes(sheet: service.NodeSheet) -> list[dict[str, str]]:
    return [
        {
            "item": one.other,
            "name": said.item_name(one.other, sheet.graph.items),
            "href": links.node(one.other, sheet.site),
        }
        for one in sheet.graph.substitutes_for(sheet.item)
    ]


def _ways(sheet: service.NodeSheet, shown: Shown) -> list[dict[str, str]]:
    """How more of it can be had, and how near a new one may begin."""
    return [
        said.way(one, sheet.graph.suppliers, sheet.graph.sites, shown.scale)
        for one in sheet.graph.sources_for(sheet.item, sheet.site)
    ]
