"""Which items, customers and days does a request in plain words name?

`words` splits a line; here its pieces are looked up among what there is. People write part of a name in any case;
programs write ids, and nothing else will do for them. Neither is guessed at: what fits two things or none is an error
that carries the best three matches.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec

from accord.kit.days import Day, Instant, day_of, local_day
from accord.kit.errors import InputError
from accord.kit.likeness import Named, alike, best
from accord.kit.money import parse_money
from accord.kit.quantity import parse_quantity
from accord.ledger.model import Item, Site
from accord.policy.model import Customer
from accord.promise.model import Line
from accord.promise.words import Knows, Words, read_words
from accord.promise.words.pasted import in_words

LINES_MAX = 100  # of one request in plain words; longer orders come as a file
_N = TypeVar("_N", bound=Named)
_LINES = re.compile(r"[;\n]")
_PIECES = re.compile(r"pcs?|pieces?|ea|each|units?|st|stk", re.IGNORECASE)


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that words may name today."""

    items: Mapping[str, Item]
    customers: Mapping[str, Customer]
    sites: Mapping[str, Site]
    currency: str
    today: Day


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a request in plain words asks for."""

    lines: tuple[Line, ...]
    customer: str | None


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a request as it was read."""

    text: str  # in plain words: a row of a table is put into words first
    row: int  # its place among the lines that hold anything, headings and what is said for all of them included
    words: Words | None  # None = it cannot be read at all
    line: Line | None  # None = something in it is not understood
    error: InputError | None


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it was read, line by line."""

    pieces: tuple[Piece, ...]
    customer: str | None


def today_of(sites: Mapping[str, Site], now: Instant) -> Day:
    """The day it is at most of our sites, of equals the later one: what people there mean by today."""
    days = Counter[Day]()
    for zone, count in (Counter(site.zone for site in sites.values()) or Counter({"UTC": 1})).items():
        days[local_day(now, zone)] += count
    return max(days, key=lambda day: (days[day], day))


def understand(text: str, names: Names) -> Asked:
    """The lines and the customer of a request; lines are parted by semicolons or line ends.

    A day or customer that only one line names holds for all. Without any day it is asked for today: the answer then
    says the earliest. Raises: InputError naming the piece that cannot be understood.
    """
    found = read(text, names)
    for piece in found.pieces:
        if piece.error is not None:
            raise piece.error
    return Asked(
        lines=tuple([piece.line for piece in found.pieces if piece.line is not None]), customer=found.customer
    )


def read(text: str, names: Names) -> Read:
    """Every line by itself, what cannot be understood of it beside it. Raises: InputError for too many lines."""
    texts = [piece for piece in _LINES.split(text) if piece.strip()]
    if len(texts) > LINES_MAX:
        detail = f"{len(texts)} lines were asked for, at most {LINES_MAX} in plain words. Use a file for long orders."
        raise _wrong("line", "too_many_lines", detail)
    knows = knows_of(names)
    rows = [in_words(piece, names.today, knows) for piece in texts]
    drafts = [_worded(row, place, names, knows) for place, row in enumerate(rows) if row]
    drafts = drafts or [_worded("", 0, names, knows)]
    customers: dict[str, None] = {}
    for draft in drafts:
        if draft.words is not None and draft.words.customer is not None:
            try:
                customers[find(draft.words.customer, names.customers, "customer").id] = None
                if len(customers) > 1:
                    detail = "One request is for one customer. Ask once for each."
                    draft.error = _wrong("customer", "two_customers", detail)
            except InputError as error:
                draft.error = error
    customer = next(iter(customers), None)
    days = {draft.words.by for draft in drafts if draft.words is not None and draft.words.by is not None}
    common = days.pop() if len(days) == 1 else None
    pieces = [draft.finished(common, customer, names) for draft in drafts if not draft.is_common]
    return Read(pieces=tuple(pieces), customer=customer)


_COMMON = re.compile(r"(?:for|by)\s", re.IGNORECASE)
_STAND_IN = (
    "1 all "  # in front of a line that only says for whom or by when, so that it can be read like the others
)


class _Draft:
    """A line while the others are read: what holds for all is known only then."""

    __slots__ = ("error", "is_common", "row", "text", "words")

    def __init__(self, text: str, row: int) -> None:
        self.text = text
        self.row = row
        self.words: Words | None = None
        self.error: InputError | None = None
        self.is_common = False  # says only for whom or by when all of it is

    def finished(self, common: str | None, customer: str | None, names: Names) -> Piece:
        line = None
        if self.error is None and self.words is not None:
            try:
                line = _line(self.words, self.words.by or common, customer, names)
            except InputError as error:
                self.error = error
        return Piece(text=self.text, row=self.row, words=self.words, line=line, error=self.error)


def _worded(text: str, row: int, names: Names, knows: Knows) -> _Draft:
    draft = _Draft(text, row)
    try:
        if _COMMON.match(text):
            draft.words = read_words(_STAND_IN + text, names.today)
            draft.is_common = True
        else:
            draft.words = read_words(text, names.today, knows)
    except InputError as error:
        draft.error = error
    return draft


def _line(words: Words, by: str | None, customer: str | None, names: Names) -> Line:
    item = find(words.item, names.items, "item")
    if words.unit is not None and not _is_unit(words.unit, item.unit):
        detail = (
            f"{item.id} is counted in {item.unit}, not in {words.unit}. Give the quantity in {item.unit}."
        )
        raise _wrong("unit", "wrong_unit", detail)
    if words.currency is not None and words.currency != names.currency:
        detail = f"Prices are in {names.currency} here, not in {words.currency}. Give the price in {names.currency}."
        raise _wrong("price", "wrong_currency", detail)
    zone = names.customers[customer].ship_to if customer is not None else "*"
    if words.ship_to is not None and words.ship_to.casefold() != zone.casefold():
        detail = (
            f"A promise is delivered where the customer's terms say ({zone}). Leave out {words.ship_to!r}."
        )
        raise _wrong("ship_to", "not_the_customers", detail)
    return Line(
        item=item.id,
        quantity=parse_quantity(words.quantity, item.scale, "quantity"),
        requested_on=names.today if by is None else day_of(by, pointer="day"),
        price_minor=None if words.price is None else parse_money(words.price, names.currency, "price"),
    )


def _is_unit(said: str, unit: str) -> bool:
    if _PIECES.fullmatch(said) and _PIECES.fullmatch(unit):
        return True
    return said.casefold().removesuffix("s") == unit.casefold().removesuffix("s")


def the_one(text: str, among: Mapping[str, _N]) -> _N | None:
    """The one thing that a text names, as `find` finds it; None without looking for what may have been meant."""
    said = text.strip().strip("\"'")
    if said in among:
        return among[said]
    same = _fitting(said.casefold(), among)
    return same[0] if len(same) == 1 else None


def find(text: str, among: Mapping[str, _N], noun: str) -> _N:
    """The one thing that a text names: by id, by name, or by a part of it that no other has; case does not matter.

    Raises: InputError with the best three matches when it names two things or none.
    """
    said = text.strip().strip("\"'")
    if said in among:
        return among[said]
    folded = said.casefold()
    same = _fitting(folded, among)
    if len(same) == 1:
        return same[0]
    if same:
        likest = best(folded, same)
        detail = f"{said[:60]!r} fits {len(same)} {noun}s: {_listed(likest, len(same))}. Say which one."
        raise _unresolved(noun, f"ambiguous_{noun}", detail, likest)
    near = alike(said, among.values())
    if near:
        detail = f"There is no {noun} {said[:60]!r}. Did you mean {_listed(near, len(near))}?"
    else:
        detail = f"There is no {noun} {said[:60]!r}. Check the spelling, or import it first."
    raise _unresolved(noun, f"unknown_{noun}", detail, near)


def _fitting(folded: str, among: Mapping[str, _N]) -> list[_N]:
    """What a case-folded text fits in the best way in which it fits anything."""
    for same in (
        [one for one in among.values() if one.id.casefold() == folded],
        [one for one in among.values() if one.name.casefold() == folded],
        [one for one in among.values() if _starts(one, folded)] if len(folded) > 1 else [],
        [one for one in among.values() if folded in one.name.casefold()] if len(folded) > 2 else [],
    ):
        if same:
            return same
    return []


def knows_of(names: Names) -> Knows:
    """Whether a text names exactly one item or customer, to place words that nothing introduces."""
    kinds: dict[str, Mapping[str, Item] | Mapping[str, Customer]] = {
        "item": names.items,
        "customer": names.customers,
    }
    known: dict[tuple[str, str], bool] = {}  # the same few words are tried again and again

    def knows(field: str, text: str) -> bool:
        asked = (field, text.strip("\"'").casefold())
        if asked not in known:
            among: Mapping[str, Item | Customer] = kinds[field]
            known[asked] = len(_fitting(asked[1], among)) == 1
        return known[asked]

    return knows


def exact(id: str, among: Mapping[str, _N], noun: str, pointer: str) -> _N:
    """The thing with this id, for programs, which do not spell things in other ways.

    Raises: InputError at the pointer, with the best three matches.
    """
    found = among.get(id)
    if found is not None:
        return found
    near = alike(id, among.values())
    hint = f"Did you mean {_listed(near, len(near))}?" if near else "Check the id."
    detail = f"There is no {noun} with the id {id[:60]!r}. {hint}"
    raise _with_matches(InputError.at(pointer, f"unknown_{noun}", detail), near)


def _starts(one: Named, folded: str) -> bool:
    name = one.name.casefold()
    return one.id.casefold().startswith(folded) or name.startswith(folded) or f" {folded}" in f" {name}"


def _listed(named: Sequence[Named], count: int) -> str:
    words = [one.id if one.name in ("", one.id) else f"{one.name} ({one.id})" for one in named]
    return ", ".join(words) + (" …" if count > len(words) else "")


def _unresolved(noun: str, code: str, detail: str, near: Sequence[Named]) -> InputError:
    return _with_matches(_wrong(noun, code, detail), near)


def _with_matches(error: InputError, near: Sequence[Named]) -> InputError:
    error.extra["matches"] = [{"id": one.id, "name": one.name} for one in near]
    return error


def _wrong(pointer: str, code: str, detail: str) -> InputError:
    return InputError.at(pointer, code, detail)
