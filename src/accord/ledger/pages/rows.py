"""Which rows add up to a number on the page of a node? The list, and its sum."""

from __future__ import annotations

import msgspec

from accord.kit.days import Day
from accord.kit.errors import InputError, NotFound
from accord.ledger import said, service
from accord.ledger.decide.outlook import EVERYTHING, SUPPLY, TAKEN, Mark, chosen, level_on, limiting, total
from accord.ledger.model import node_key
from accord.ledger.pages import links
from accord.ledger.pages.shown import Shown

ROWS_MAX = 2_000  # beyond it the latest are left out and said to be

# The kinds of lists: which entries, how the list is called, and whether what is taken counts as more.
_LISTS: dict[str, tuple[frozenset[Mark], str, int]] = {
    "on-hand": (frozenset({Mark.on_hand}), "On hand", 1),
    "receipts": (frozenset({Mark.receipt}), "Receipts", 1),
    "supply": (SUPPLY, "On hand and receipts", 1),
    "commitments": (frozenset({Mark.commitment}), "Commitments", -1),
    "holds": (frozenset({Mark.hold}), "Holds", -1),
    "needs": (frozenset({Mark.need}), "Taken by work and moves", -1),
    "taken": (TAKEN, "All that is taken", -1),
    "left": (EVERYTHING, "What is left", 1),
}


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """A list and what it adds up to, in base units."""

    title: str
    sentence: str
    rows: list[dict[str, str]]
    total: int
    is_signed: bool = False  # supply and what is taken stand in one list
    is_cut: bool = False


def listing(
    sheet: service.NodeSheet,
    *,
    kind: str,
    since: Day | None,
    until: Day | None,
    share: str = "",
    supply: str = "",
) -> Listing:
    """The list of a kind. Raises: InputError for a kind there is none of, NotFound for a share or supply."""
    shown = Shown(sheet)
    if kind in _LISTS:
        return _entries(sheet, shown, kind, since, until)
    if kind == "free":
        return _free(sheet, shown, sheet.today if until is None else until)
    if kind == "not-counted":
        rows = [{**shown.supply(one), "note": said.REASONS[one.counts][0]} for one in sheet.not_counted]
        quantity = sum(one.quantity for one in sheet.not_counted)
        words = "It is there or expected, and part of no other number until what is said here changes."
        return Listing(title="Not counted", sentence=words, rows=rows, total=quantity)
    if kind == "exceptions":
        return _exceptions(sheet, shown)
    if kind == "share":
        return _share(sheet, shown, share)
    if kind == "covers":
        return _covers(sheet, shown, supply)
    raise InputError.at("kind", "unknown_kind", f"There is no list {kind[:40]!r} of supply.")


def page(sheet: service.NodeSheet, found: Listing) -> dict[str, object]:
    """The page of a list."""
    shown = Shown(sheet)
    return {
        "whose": f"{sheet.item} at {said.site_name(sheet.site, sheet.graph.sites)}",
        "back": links.node(sheet.item, sheet.site),
        "title": found.title,
        "sentence": found.sentence,
        "rows": found.rows,
        "total": shown.number(found.total),
        "unit": shown.unit,
        "is_signed": found.is_signed,
        "is_cut": found.is_cut,
    }


def _entries(
    sheet: service.NodeSheet, shown: Shown, kind: str, since: Day | None, until: Day | None
) -> Listing:
    marks, title, sign = _LISTS[kind]
    found = chosen(sheet.entries, marks, since=since, until=until)
    quantity = sign * total(found)
    return Listing(
        title=title,
        sentence=f"{title}{_span(shown, since, until)}: {shown.number(quantity)}.",
        rows=[shown.entry(entry, sign=sign) for entry in found[:ROWS_MAX]],
        total=quantity,
        is_signed=kind == "left",
        is_cut=len(found) > ROWS_MAX,
    )


def _free(sheet: service.NodeSheet, shown: Shown, on: Day) -> Listing:
    """What can be promised for a day: what is left on the tightest day from then on, and what stands in its way."""
    tight, level = limiting(sheet.levels, on), level_on(sheet.levels, on)
    rows = [shown.entry(entry) for entry in chosen(sheet.entries, EVERYTHING, until=tight.on)]
    if level.free != tight.left:
        what = (
            "short: more is taken than there is, so nothing can be promised"
            if tight.left < 0
            else "expires before later promises that need it"
        )
        rows.append(
            {
                "what": what,
                "kind": "",
                "on": shown.day(tight.on),
                "quantity": shown.number(level.free - tight.left),
            }
        )
    limit = (
        f"What is left on {shown.day(tight.on)} limits it" if tight.on > on else "No later day has less left"
    )
    return Listing(
        title="Can be promised",
        sentence=f"{shown.number(level.free)} can be promised for {shown.day(on)}. {limit}: all that is there or comes"
        " by then, less all that is taken by then.",
        rows=rows[:ROWS_MAX],
        total=level.free,
        is_signed=True,
        is_cut=len(rows) > ROWS_MAX,
    )


def _exceptions(sheet: service.NodeSheet, shown: Shown) -> Listing:
    rows = []
    for one in sheet.exceptions:
        known = sheet.commitments.get(one.commitment)
        rows.append(
            {
                "what": f"promise …{(known.promise if known else one.commitment)[-6:]}",
                "href": links.promise(known.promise) if known is not None else "",
                "kind": f"owner: {one.owner}",
                "note": f"open for {said.age(one.opened_at, sheet.now).removesuffix(' ago')}",
                "on": shown.day(known.ship_on) if known is not None else "",
                "quantity": shown.number(one.short),
            }
        )
    count = len(sheet.exceptions)
    return Listing(
        title="Open exceptions",
        sentence=f"{count} {'commitment is' if count == 1 else 'commitments are'} no longer covered as promised.",
        rows=rows,
        total=sum(one.short for one in sheet.exceptions),
    )


def _share(sheet: service.NodeSheet, shown: Shown, id: str) -> Listing:
    share = next((one for one in sheet.shares if one.allocation.id == id), None)
    if share is None:
        raise NotFound(f"There is no share {id[:60]} at {said.thing(node_key(sheet.item, sheet.site))}.")
    return Listing(
        title=f"Taken of the share of {said.terms(share.allocation.path)}",
        sentence=f"{shown.number(share.used)} of {shown.number(share.allocation.quantity)} are taken.",
        rows=[shown.draw(one) for one in share.draws],
        total=share.used,
    )


def _covers(sheet: service.NodeSheet, shown: Shown, id: str) -> Listing:
    supply = next(
        (one.supply for one in sheet.entries if one.supply is not None and one.supply.id == id), None
    )
    if supply is None:
        raise NotFound(
            f"There is no supply {id[:60]} at {said.thing(node_key(sheet.item, sheet.site))} that counts."
        )
    draws = {entry.draw.id: entry.draw for entry in sheet.entries if entry.draw is not None}
    pegs = [peg for peg in sheet.pegs if peg.supply == id]
    quantity = sum(peg.quantity for peg in pegs)
    document = shown.document(supply)
    words = f"{shown.number(quantity)} of {shown.number(supply.quantity)} are needed for these, in the order of their days"
    return Listing(
        title=f"Covered by {document}",
        sentence=f"{words}. Nothing is bound to it: what comes earlier, or goes, changes who is served by what."
        if pegs
        else f"Nobody needs {document} as things are: its {shown.number(supply.quantity)} are spare or held.",
        rows=[{**shown.draw(draws[peg.draw]), "quantity": shown.number(peg.quantity)} for peg in pegs],
        total=quantity,
    )


def _span(shown: Shown, since: Day | None, until: Day | None) -> str:
    if since is not None and until is not None:
        return (
            f" on {shown.day(until)}" if since == until else f" from {shown.day(since)} to {shown.day(until)}"
        )
    if until is not None:
        return f" up to {shown.day(until)}"
    return f" from {shown.day(since)} on" if since is not None else ""
