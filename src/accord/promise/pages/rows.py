"""How does a promise look as one row of a list, on the screen and in a file?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from accord.kit.days import Day, instant_iso, iso
from accord.kit.quantity import format_quantity
from accord.ledger.model import OpenException, State, node_of
from accord.ledger.said import day, moment, number
from accord.promise import said
from accord.promise.pages.shown import Shown
from accord.promise.service.reads import Seen

TONES = {
    State.held: "care",
    State.committed: "good",
    State.fulfilled: "good",
}
WORDS = {State.fulfilled: "delivered"}

HEADS = (
    "promise", "state", "customer", "customer name", "order", "line", "item", "quantity", "unit", "requested",
    "first promised", "now promised", "price each", "value of the promise", "currency", "owner", "made at", "held until",
)  # fmt: skip

# What a spreadsheet would take for the beginning of a formula; some of them also behind blanks, or written wide.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # fmt: skip


def row(seen: Seen, shown: Shown, short: Sequence[OpenException] = ()) -> dict[str, object]:
    """One promise in one row; what differs from line to line is said as a span."""
    promise, today = seen.promise, shown.names.today
    first = promise.lines[0]
    return {
        "id": promise.id,
        "state": WORDS.get(seen.state, seen.state.value),
        "tone": TONES.get(seen.state, "none"),
        "customer": shown.customer(promise.customer),
        "ref": promise.ref,
        "quantity": _quantity(shown, first.quantity, first.item),
        "item": first.item,
        "name": shown.names.items[first.item].name if first.item in shown.names.items else "",
        "more": len(promise.lines) - 1,
        "requested": span([line.requested_on for line in promise.lines], today),
        "first": span([line.first_promised_on for line in promise.lines], today),
        "now": span([line.promised_on for line in promise.lines], today),
        "is_moved": any(line.promised_on != line.first_promised_on for line in promise.lines),
        "is_late": any(line.promised_on > line.requested_on for line in promise.lines),
        "value": shown.money(promise.value_minor),
        "owner": owner(seen, shown),
        "made": moment(promise.made_at, today),
        "until": moment(promise.expires_at, today) if seen.state is State.held and promise.expires_at else "",
        "short": short_words(short, shown),
    }


def owner(seen: Seen, shown: Shown) -> str:
    """Who answers for it: whoever owns the relation to the customer, else who made it."""
    known = shown.names.customers.get(seen.promise.customer or "")
    return known.seller if known is not None and known.seller else seen.promise.actor


def short_words(short: Sequence[OpenException], shown: Shown) -> str:
    """What is not covered, in one phrase: "80 X-100 not covered"."""
    if not short:
        return ""
    item = node_of(short[0].key)[0]
    more = f" and {len(short) - 1} more" if len(short) > 1 else ""
    return f"{_quantity(shown, short[0].short, item)} {item}{more} not covered"


def span(days: Sequence[Day], today: Day) -> str:
    """One day, or from when to when: "Tue 8 Dec", "Tue 8 – Thu 17 Dec"."""
    low, high = min(days), max(days)
    if low == high:
        return day(low, today)
    first, last = day(low, today), day(high, today)
    if first.split(" ")[2:] == last.split(" ")[2:]:
        first = " ".join(first.split(" ")[:2])
    return f"{first} – {last}"


def _quantity(shown: Shown, n: int, item: str) -> str:
    known = shown.names.items.get(item)
    return number(n, known.scale if known is not None else 1)


# --- a file ---


def file_rows(pieces: Iterable[list[Seen]], shown: Shown) -> Iterator[list[str]]:
    """The cells of a file, a row a line of a promise: plain numbers and ISO days, which every program reads."""
    yield list(HEADS)
    currency = shown.names.currency
    for piece in pieces:
        for seen in piece:
            promise = seen.promise
            for line in promise.lines:
                known = shown.names.items.get(line.item)
                yield [
                    text(cell)
                    for cell in (
                        promise.id,
                        WORDS.get(seen.state, seen.state.value),
                        promise.customer or "",
                        shown.customer(promise.customer),
                        promise.ref,
                        str(line.line + 1),
                        line.item,
                        format_quantity(line.quantity, known.scale if known is not None else 1),
                        known.unit if known is not None else "",
                        iso(line.requested_on),
                        iso(line.first_promised_on),
                        iso(line.promised_on),
                        _amount(line.price_minor, currency),
                        _amount(promise.value_minor, currency),
                        currency,
                        owner(seen, shown),
                        instant_iso(promise.made_at),
                        instant_iso(promise.expires_at)
                        if seen.state is State.held and promise.expires_at
                        else "",
                    )
                ]


def text(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe in front says that it is text."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) else cell


def _amount(minor: int | None, currency: str) -> str:
    return "" if minor is None else said.money(minor, currency).partition(" ")[0]
