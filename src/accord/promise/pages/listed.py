"""Which promises are shown in the list, and what stands above it?"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from accord.db.engine import Database
from accord.ledger.model import State
from accord.promise.pages.filters import (
    EXPIRING_HOURS,
    SORTS,
    STATES,
    Asked,
    look_of,
    meant,
    read_query,
    views,
)
from accord.promise.pages.rows import row
from accord.promise.pages.shown import Shown
from accord.promise.pages.visiting import Visit
from accord.promise.service import listing
from accord.promise.service.listing import Listed, Sort

ROWS = 50

# What can be done with several at once: the verb, its word, and of which state they must be.
VERBS = (
    ("commit", "Commit", State.held),
    ("hold", "Hold longer", State.held),
    ("release", "Release", State.held),
    ("cancel", "Cancel", State.committed),
)
_COLUMNS: tuple[tuple[str, Sort | None, str], ...] = (
    ("State", None, ""),
    ("Customer", None, ""),
    ("What", None, ""),
    ("Requested", None, ""),
    ("First promised", None, ""),
    ("Now promised", "due", ""),
    ("Value", "value", "number"),
    ("Owner", None, ""),
    ("Made", "made", ""),
)


# What is said of what is in a list: of one, and of many.
_OF_VIEW = {
    "uncovered": ("open promise is not covered by supply", "open promises are not covered by supply"),
    "due": ("open promise is due this week", "open promises are due this week"),
    "expiring": (f"hold ends within {EXPIRING_HOURS} hours", f"holds end within {EXPIRING_HOURS} hours"),
    "changed": ("promise was amended or moved", "promises were amended or moved"),
    "mine": ("promise is yours", "promises are yours"),
    "team": ("promise is your team's", "promises are your team's"),
}
# What is said where there is nothing in it.
_EMPTY = {
    "uncovered": "Supply covers every open promise",
    "due": "Nothing that is open is due this week",
    "expiring": f"No hold ends within {EXPIRING_HOURS} hours",
    "changed": "Nothing was amended or moved",
    "mine": "You have promised nothing yet, nor has anybody to your customers",
    "team": "Your team has promised nothing yet",
}


def listed(db: Database, asked: Asked, visit: Visit, *, after: str | None) -> dict[str, object]:
    """The page: filters, rows, and where the next page is. Raises: InputError for what there is none of."""
    shown = Shown.read(db)
    said = meant(asked.q, shown.names)
    look = look_of(asked, shown.names, shown.now, visit, said)
    plain = msgspec.structs.replace(asked, view="", state="")
    beside = {
        name: look_of(msgspec.structs.replace(plain, view=name), shown.names, shown.now, visit, said)
        for name, _word in views(visit)
    }
    sort, is_down = asked.order
    found = listing.look(db, look, sort=sort, is_down=is_down, after=after, limit=ROWS, beside=beside)
    saved = listing.saved_views(db, visit.actor)
    return {
        "asked": asked,
        "q": asked.q,
        "meant": _said(said, shown),
        "sentence": _sentence(found, asked),
        "views": [
            {
                "word": word,
                "href": asked.href(view=name, sort=""),
                "is_now": name == asked.view,
                "count": _grouped(found.within[name]),
            }
            for name, word in views(visit)
        ],
        "states": _states(found.counts, asked),
        "columns": [_column(*one, asked) for one in _COLUMNS],
        "order": f"{SORTS[sort][0]}, {'last or most first' if is_down else 'first or least first'}",
        "rows": [row(one, shown, found.uncovered.get(one.promise.id, ())) for one in found.rows],
        "verbs": [(verb, word) for verb, word, _state in VERBS if visit.may(f"promise.{verb}")],
        "following": asked.href(after=found.following) if found.following else "",
        "first_page": asked.href() if after is not None else "",
        "file": f"/promises.csv?{asked.query()}" if asked.query() else "/promises.csv",
        "saved": [
            {"name": name, "href": read_query(query).href(), "is_now": read_query(query) == asked}
            for name, query in saved
        ],
        "query": asked.query(),
        "is_narrowed": asked.is_narrowed,
        "as_of": shown.now,
    }


def _sentence(found: Listed, asked: Asked) -> list[dict[str, str]]:
    """The answer in one sentence: pieces, of which those with an address open what they count."""
    plain = Asked(q=asked.q)
    open_now = found.counts.get(State.held, 0) + found.counts.get(State.committed, 0)
    if asked.view:
        count = sum(found.counts.values())
        one, many = _OF_VIEW[asked.view]
        words = f"{_grouped(count)} {one if count == 1 else many}" if count else _EMPTY[asked.view]
        return [{"words": words, "href": ""}]
    pieces = [{"words": f"{_grouped(open_now)} open", "href": ""}]
    for name in ("uncovered", "due", "expiring"):
        one, many = (
            words.replace("open promise ", "").replace("open promises ", "") for words in _OF_VIEW[name]
        )
        count = found.within[name]
        if count:
            pieces.append(
                {"words": f"{_grouped(count)} {one if count == 1 else many}", "href": plain.href(view=name)}
            )
    if not found.within["uncovered"] and open_now:
        pieces.append({"words": "supply covers every one of them", "href": ""})
    return pieces


def _states(counts: Mapping[State, int], asked: Asked) -> list[dict[str, object]]:
    every = {
        "word": "Any state",
        "href": asked.href(state=""),
        "is_now": not asked.state,
        "count": _grouped(sum(counts.values())),
    }
    return [
        every,
        *(
            {
                "word": word,
                "href": asked.href(state=state.value),
                "is_now": asked.state == state.value,
                "count": _grouped(counts.get(state, 0)),
            }
            for state, word in STATES
            if counts.get(state, 0) or asked.state == state.value
        ),
    ]


def _column(word: str, sort: Sort | None, kind: str, asked: Asked) -> dict[str, str]:
    if sort is None:
        return {"word": word, "kind": kind, "href": "", "order": ""}
    now, is_down = asked.order
    usual = SORTS[sort][1]
    if now != sort:
        return {"word": word, "kind": kind, "href": asked.href(sort=sort), "order": ""}
    other = sort if is_down != usual else f"-{sort}"
    return {
        "word": word,
        "kind": kind,
        "href": asked.href(sort=other),
        "order": "descending" if is_down else "ascending",
    }


def _said(found: dict[str, str], shown: Shown) -> str:
    if "customer" in found:
        return f"customer {shown.customer(found['customer'])}"
    if "item" in found:
        return f"item {found['item']}"
    return f"order number {found['ref']}" if found else ""


def _grouped(n: int) -> str:
    return f"{n:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
