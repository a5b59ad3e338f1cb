"""Which promises are shown in the list, for what somebody typed?"""

from __future__ import annotations

from urllib.parse import urlencode

from accord.db.engine import Database
from accord.kit.errors import InputError
from accord.promise import service
from accord.promise.named import find
from accord.promise.pages.shown import Shown

ROWS = 50

# The filters that stand above the list: the state as the store names it, and the word for it.
FILTERS = (
    ("", "All"),
    ("held", "Held"),
    ("committed", "Committed"),
    ("fulfilled", "Delivered"),
    ("cancelled", "Cancelled"),
    ("released", "Released"),
    ("expired", "Expired"),
)


def listed(
    db: Database, *, q: str, state: str, after: str | None, actors: frozenset[str] | None
) -> dict[str, object]:
    """The page: filters, rows, and where the next page is. `actors`: whose promises, None = everybody's.
    Raises: InputError for a state there is none of."""
    if state not in {name for name, _ in FILTERS}:
        raise InputError.at("state", "unknown_state", f"There is no state {state[:40]!r}.")
    shown = Shown.read(db)
    meant = _meant(q, shown)
    found, following = service.promises(
        db,
        after=after,
        limit=ROWS,
        state=state or None,
        customer=meant.get("customer"),
        item=meant.get("item"),
        ref=meant.get("ref"),
        actors=actors,
    )
    return {
        "q": q,
        "state": state,
        "meant": _said(meant, shown),
        "filters": [
            {"word": word, "href": _href(q=q, state=name), "is_now": name == state} for name, word in FILTERS
        ],
        "rows": [shown.promise(one) for one in found],
        "following": _href(q=q, state=state, after=following) if following else "",
        "is_later": after is not None,
        "is_narrowed": bool(q or state),
    }


def _meant(q: str, shown: Shown) -> dict[str, str]:
    """What a word names: a customer or an item that is known, else an order number."""
    if not q:
        return {}
    for kind, known in (("customer", shown.names.customers), ("item", shown.names.items)):
        try:
            return {kind: find(q, known, kind).id}
        except InputError:
            continue
    return {"ref": q}


def _said(meant: dict[str, str], shown: Shown) -> str:
    if "customer" in meant:
        return f"customer {shown.customer(meant['customer'])}"
    if "item" in meant:
        return f"item {meant['item']}"
    return f"order number {meant['ref']}" if meant else ""


def _href(**wanted: str | None) -> str:
    given = {name: value for name, value in wanted.items() if value}
    return "/promises" + (f"?{urlencode(given)}" if given else "")
