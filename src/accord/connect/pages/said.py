"""Which words do the pages of an import use for what files hold and what becomes of it?"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from accord.connect.changes import ENDS
from accord.connect.files.targets import TARGETS
from accord.connect.model import Report, Run, RunState, Uncovered
from accord.connect.service.working import Working
from accord.kit.days import Day, Instant, local_day
from accord.kit.quantity import format_quantity
from accord.ledger.said import day, moment
from accord.policy.model import Book

STEPS = (
    ("recognise", "Recognise"),
    ("map", "Map"),
    ("check", "Check"),
    ("try", "Dry run"),
    ("done", "Bring in"),
)

# What comes in, as people call it; a kind that is not here is called by its own name.
KINDS: Mapping[str, str] = {
    "calendar": "Calendars",
    "calendarrecord": "Calendars",
    "site": "Sites",
    "item": "Items",
    "resource": "Resources",
    "supplier": "Suppliers",
    "operation": "Operations",
    "lane": "Lanes",
    "term": "Suppliers' terms",
    "substitute": "Substitutes",
    "delivery": "Deliveries",
    "allocation": "Allocations",
    "count": "Stock",
    "receipt": "Receipts",
    "opening commitment": "Orders promised elsewhere",
    "open line": "Order lines that wait",
    "customer": "Customers",
    "tier": "Tiers",
    "price": "Prices",
    ENDS: "Ended",
}

# The tables that can come in, in the order in which a person looks for them.
TARGET_WORDS: Mapping[str, str] = {
    "on_hand": "Stock on hand",
    "receipts": "Receipts: what is expected",
    "orders": "Order lines to promise",
    "commitments": "Orders promised elsewhere",
    "items": "Items",
    "sites": "Sites",
    "customers": "Customers",
    "prices": "Prices",
    "tiers": "Customer tiers",
    "suppliers": "Suppliers",
    "terms": "Suppliers' terms",
    "operations": "Operations: how items are made",
    "bills": "Bills: what goes into items",
    "steps": "Steps: work on resources",
    "resources": "Resources",
    "lanes": "Lanes between sites",
    "deliveries": "Deliveries to customers",
    "substitutes": "Substitutes",
    "calendars": "Calendars",
}

BY: Mapping[str, str] = {
    "names": "its columns are called as ours",
    "memory": "as this source was read the last time",
    "suggestion": "a suggestion: look at it",
    "person": "you said so",
}

STATES: Mapping[RunState, tuple[str, str]] = {
    RunState.needs_you: ("needs you", "care"),
    RunState.staging: ("not read to the end", "care"),
    RunState.checked: ("ready", "care"),
    RunState.done: ("in", "good"),
    RunState.undone: ("taken back", "none"),
}

PHASES: Mapping[str, str] = {
    "": "Beginning",
    "wait": "Waiting for another import",
    "look": "Looking at the files",
    "check": "Checking rows",
    "stage": "Putting rows beside the ledger",
    "judge": "Judging what it does to promises",
    "bring in": "Letting them in",
    "write": "Judging promises and writing",
}

READINGS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "encoding": (
        ("utf-8", "UTF-8"),
        ("cp1252", "Windows, western (CP1252)"),
        ("cp1250", "Windows, central European (CP1250)"),
        ("cp1251", "Windows, Cyrillic (CP1251)"),
        ("iso-8859-15", "ISO 8859-15"),
        ("cp850", "DOS (CP850)"),
        ("utf-16", "UTF-16"),
        ("shift_jis", "Shift JIS"),
        ("gb18030", "GB 18030"),
    ),
    "delimiter": ((",", "comma"), (";", "semicolon"), ("tab", "tab"), ("|", "bar")),
    "decimal": ((".", "point: 1,234.5"), (",", "comma: 1.234,5")),
    "dates": (
        ("%d/%m/%Y", "day/month/year"),
        ("%m/%d/%Y", "month/day/year"),
        ("%d/%m/%y", "day/month/two digits"),
        ("%m/%d/%y", "month/day/two digits"),
        ("%d.%m.%Y", "day.month.year"),
        ("%d.%m.%y", "day.month.two digits"),
        ("%d-%m-%Y", "day-month-year"),
        ("%m-%d-%Y", "month-day-year"),
        ("%Y-%m-%d", "year-month-day"),
    ),
}
WHATS: Mapping[str, str] = {
    "encoding": "Encoding",
    "delimiter": "Between cells",
    "decimal": "Decimals",
    "dates": "Dates",
}

GROUPS: Mapping[str, str] = {
    "unknown_item": "unknown item",
    "unknown_site": "unknown site",
    "unknown_customer": "unknown customer",
    "unknown_supplier": "unknown supplier",
    "unknown_resource": "unknown resource",
    "unknown_calendar": "unknown calendar",
    "unknown_tier": "unknown tier",
    "missing": "something is missing",
    "not_a_date": "no date",
    "ambiguous_date": "a date with two readings",
    "ambiguous_number": "a number with two readings",
    "not_a_number": "no number",
    "not_whole": "no whole number",
    "not_positive": "zero",
    "too_large": "too large",
    "too_fine": "finer than the currency",
    "not_yes_no": "neither yes nor no",
    "unknown_word": "a word without one of ours",
}


def plural(n: int, noun: str, many: str = "") -> str:
    """ "1 row", "1,204 rows"."""
    return f"{n:,} {noun if n == 1 else many or f'{noun}s'}"


def files(run: Run) -> str:
    """The files of a run: "stock.csv", "items.csv and 2 more"."""
    names = run.setup.files
    if not names:
        return run.source.removeprefix("files/")
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def when(at: Instant | None, now: Instant) -> str:
    """A moment: "22 Nov 10:04 UTC"."""
    return "" if at is None else moment(at, local_day(now, "UTC"))


def did(report: Report | None) -> str:
    """What it did, or would do, in a few words: "12 created, 3 changed, 40 the same"."""
    if report is None:
        return ""
    new, changed, same = (
        sum(getattr(one, which) for one in report.made.values()) for which in ("new", "changed", "same")
    )
    parts = [f"{n:,} {word}" for n, word in ((new, "created"), (changed, "changed"), (same, "the same")) if n]
    if report.rejected:
        parts.append(f"{report.rejected:,} left out")
    return ", ".join(parts) or "nothing"


def made(report: Report, id: str, *, is_listed: bool) -> list[dict[str, object]]:
    """By kind how many things are new, changed, the same; each number with the list that adds up to it."""
    rows: list[dict[str, object]] = []
    for kind, change in report.made.items():
        cells = [
            {
                "n": f"{n:,}" if n else "",
                "href": f"/imports/{id}/rows?of={quote(kind)}&which={which}" if n and is_listed else "",
            }
            for which, n in (("new", change.new), ("changed", change.changed), ("same", change.same))
        ]
        rows.append({"kind": KINDS.get(kind, kind.capitalize()), "cells": cells})
    return rows


def uncovered(one: Uncovered, book: Book, today: Day) -> dict[str, object]:
    """A promise that is touched, as a row."""
    customer = book.customers.get(one.customer or "")
    in_days = plural(one.days, "day")
    return {
        "href": f"/promises/{one.promise}" if one.promise else "",
        "name": one.ref or ("this promise" if one.promise else "an order"),
        "is_new": not one.promise,
        "customer": (customer.name if customer is not None else one.customer) or "no customer",
        "owner": one.owner,
        "item": one.item,
        "site": one.site,
        "quantity": format_quantity(one.quantity, one.scale),
        "short": format_quantity(one.short, one.scale) if one.short else "",
        "ship_on": day(one.ship_on, today),
        "days": f"in {in_days}"
        if one.days > 0
        else "today"
        if one.days == 0
        else f"{plural(-one.days, 'day')} ago",
    }


def working(seen: Working) -> dict[str, object]:
    """How far it is, in words."""
    left = seen.left_seconds
    spent = f"{seen.seconds // 60}:{seen.seconds % 60:02} so far"
    parts = [PHASES.get(seen.phase, seen.phase)]
    if seen.total and seen.done and seen.phase != "judge":
        parts.append(f"{seen.done:,} of {seen.total:,}")
    if seen.rate and seen.total and seen.phase != "judge":
        parts.append(f"{seen.rate:,} a second")
    if left is not None and seen.phase in ("check", "stage", "bring in"):
        parts.append(f"{left // 60}:{left % 60:02} left in this step")
    if seen.problems:
        parts.append(f"{plural(seen.problems, 'row')} need{'s' if seen.problems == 1 else ''} you")
    return {
        "what": {"commit": "Bringing it in", "undo": "Taking it back"}.get(seen.what, "Reading it"),
        "says": " · ".join([*parts, spent]),
        "done": seen.done,
        "total": seen.total,
        "is_counted": bool(seen.total) and seen.phase in ("check", "stage", "judge", "bring in"),
        "may_stop": seen.phase != "write" and not seen.wants_stop,
        "is_stopping": seen.wants_stop,
        "actor": seen.actor,
        "is_commit": seen.what == "commit",
    }


def targets() -> list[dict[str, object]]:
    """What can come in: tables with the columns that a row needs, and those it may have."""
    return [
        {
            "id": name,
            "word": words,
            "needed": [field for field, one in TARGETS[name].fields.items() if one.required],
            "others": [field for field, one in TARGETS[name].fields.items() if not one.required],
        }
        for name, words in TARGET_WORDS.items()
    ]
