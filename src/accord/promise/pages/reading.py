"""What has been understood of a line so far: which of its words are what, and what may have been meant?

Nothing is asked of the desk here. Each word that was understood becomes a chip that stands for its place in the line; what is
unclear comes with the best ways to mend the line, and what is missing with the word that introduces it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlencode

import msgspec

from accord.kit.days import day_of, iso
from accord.kit.decimals import spoken_prefix
from accord.kit.errors import InputError
from accord.kit.likeness import Named
from accord.kit.quantity import format_quantity
from accord.promise import said
from accord.promise.model import Line
from accord.promise.named import Piece, Read, find, knows_of, read
from accord.promise.pages.shown import Shown
from accord.promise.words import Words, read_words

_FIELDS = ("quantity", "item", "by", "customer", "price", "ship_to")
_OPENERS = {"by": "by", "customer": "for", "price": "at"}
_MISSING = {"item": "item", "by": "day", "customer": "customer", "price": "price"}
_OF_POINTER = {"day": "by", "unit": "quantity", "currency": "price"}
_STOPS_MAX = 12  # words from the end of which a line is read without: what is unclear is near where one types
_PLAIN = re.compile(r"[\w&][\w.&/-]*")
_SMALL = frozenset({"by", "for", "to", "at", "on", "due", "in", "of", "no"})


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that may have been meant."""

    word: str  # as it is shown
    note: str  # what it is called beside that
    puts: str  # what stands in the line then
    href: str  # the page with the line mended, for whoever has no scripts


class Chip(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that the line says, or does not say yet."""

    field: str
    word: str
    note: str = ""  # what it is called, or that it was not said
    tone: str = "known"  # known, unclear, missing, derived
    start: int = 0  # its place in the line …
    stop: int = 0
    adds: str = ""  # … or what is added at its end
    detail: str = ""  # what is wrong
    ways: tuple[Way, ...] = ()


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line as it was understood."""

    text: str
    chips: tuple[Chip, ...]
    problem: str = ""  # "" = it can be asked


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """All of it."""

    rows: tuple[Row, ...]
    customer: str = ""  # for whom all of it is

    @property
    def problems(self) -> int:
        """How many lines cannot be asked yet."""
        return sum(bool(row.problem) for row in self.rows)


def reading(q: str, shown: Shown, *, view: str = "") -> Reading:
    """What the text says, line by line. Raises: InputError for more lines than one request has."""
    if not q.strip():
        return Reading(rows=())
    found = read(q, shown.names)
    rows = [_row(q, place, piece, found, shown, view) for place, piece in enumerate(found.pieces)]
    return Reading(rows=tuple(rows), customer=shown.customer(found.customer))


def _row(q: str, place: int, piece: Piece, found: Read, shown: Shown, view: str) -> Row:
    is_single = len(found.pieces) == 1
    text = q if is_single and "\t" not in q else piece.text
    error = piece.error

    def href(mended: str) -> str:
        whole = mended if is_single else _with_line(q, piece, place, mended)
        return "/?" + urlencode({"q": whole, **({"view": view} if view else {})})

    words = piece.words or _as_far_as_it_goes(text, shown)
    chips = {one.field: one for one in _said(words, text, piece, found, shown)} if words is not None else {}
    if words is None and (length := spoken_prefix(text)):
        chips["quantity"] = Chip(field="quantity", word=text[:length], start=0, stop=length)
    for wrong in _wrong(error, words, piece, shown):
        name = _field_of(wrong)
        if name not in _FIELDS or wrong.errors[0].code == "missing":
            continue
        was = chips.get(name)
        start, stop = (was.start, was.stop) if was is not None else _place_of(wrong, text)
        chips[name] = Chip(
            field=name,
            word=text[start:stop] or _MISSING.get(name, name),
            tone="unclear",
            start=start,
            stop=stop,
            detail=wrong.detail,
            ways=tuple(_ways(wrong, name, text, start, stop, href)),
        )
    for name, word in _MISSING.items():
        if name not in chips and (is_single or name == "item"):
            chips[name] = Chip(
                field=name,
                word=word,
                tone="missing",
                note=_not_said(name, piece, found, shown),
                start=len(text),
                stop=len(text),
                adds=f"{_OPENERS[name]} " if name in _OPENERS else "",
            )
    problem = error.detail if error is not None else ""
    return Row(text=text, chips=tuple([chips[name] for name in _FIELDS if name in chips]), problem=problem)


def _wrong(error: InputError | None, words: Words | None, piece: Piece, shown: Shown) -> Iterator[InputError]:
    """Everything that is unclear: an answer names the first of it, a line that is typed shows all."""
    if error is not None:
        yield error
    if piece.line is not None or words is None:
        return
    if words.customer is not None and _field_of(error) != "customer":
        yield from _unknown(words.customer, shown.names.customers, "customer")
    if _field_of(error) != "item":
        yield from _unknown(words.item, shown.names.items, "item")


def _unknown(text: str, among: Mapping[str, Named], noun: str) -> Iterator[InputError]:
    try:
        find(text, among, noun)
    except InputError as error:
        yield error


def _field_of(error: InputError | None) -> str:
    if error is None or not error.errors:
        return ""
    pointer = error.errors[0].pointer.strip("/")
    return _OF_POINTER.get(pointer, pointer)


def _said(words: Words, text: str, piece: Piece, found: Read, shown: Shown) -> Iterator[Chip]:
    """A chip for each thing the line says."""
    names, line = shown.names, piece.line
    customer = names.customers.get(found.customer or "")
    for span in words.spans:
        if span.field in ("unit", "currency"):
            continue
        word, note = text[span.start : span.stop].strip('"“”'), ""
        if span.field == "quantity":
            record = names.items.get(line.item) if line is not None else None
            note = words.unit or (record.unit if record is not None and record.unit != "piece" else "")
        elif span.field == "item" and line is not None:
            word, note = line.item, shown.name_of(line.item)
        elif span.field == "by" and words.by is not None:
            word = said.day(day_of(words.by), names.today)
        elif span.field == "customer" and customer is not None:
            word = customer.name or customer.id
        elif span.field == "price" and words.price is not None:
            word, note = (shown.money(line.price_minor) if line is not None else word), "each"
        yield Chip(field=span.field, word=word, note=note, start=span.start, stop=span.stop)
    if (
        customer is not None
        and customer.ship_to != "*"
        and words.ship_to is None
        and words.customer is not None
    ):
        yield Chip(field="ship_to", word=customer.ship_to, note="ship to", tone="derived")


def _not_said(field: str, piece: Piece, found: Read, shown: Shown) -> str:
    """What counts where the line does not say it."""
    if piece.line is None:
        return ""
    if field == "by":
        return "as soon as it can"
    if field == "price":
        listed = shown.list_price(piece.line.item, found.customer)
        return f"list {shown.money(listed)}" if listed is not None else ""
    return ""


def _as_far_as_it_goes(text: str, shown: Shown) -> Words | None:
    """The longest beginning of a line that can be read; None when not even its first words can."""
    knows = knows_of(shown.names)
    stops = sorted({match.start() for match in re.finditer(r"\s+", text)}, reverse=True)
    for stop in [*stops[:_STOPS_MAX], *stops[-1:]]:
        try:
            return read_words(text[:stop], shown.names.today, knows)
        except InputError:
            continue
    return None


def _place_of(error: InputError, text: str) -> tuple[int, int]:
    """Where in the line stands what the error is about: the words that it quotes."""
    quoted = re.search(r"'([^']+)'", error.detail)
    words = quoted[1].split() if quoted else []
    found = re.search(r"\s+".join(map(re.escape, words)), text, re.IGNORECASE) if words else None
    return found.span() if found is not None else (len(text), len(text))


def _ways(error: InputError, field: str, text: str, start: int, stop: int, href: object) -> Iterator[Way]:
    """The ways to mend it, the best first."""
    assert callable(href)
    if start == stop:
        return
    found: list[tuple[str, str, str]] = []
    matches = error.extra.get("matches")
    for one in matches if isinstance(matches, list) else []:
        id, name = str(one["id"]), str(one["name"])
        if field == "item":
            found.append((id, name if name != id else "", in_quotes(id)))
        else:
            found.append((name or id, id if name and name != id else "", in_quotes(id)))
    readings = error.extra.get("readings")
    for one in readings if isinstance(readings, list) else []:
        found.append((said.day(day_of(str(one))), str(one), str(one)))
    for word, note, puts in found:
        yield Way(word=word, note=note, puts=puts, href=href(text[:start] + puts + text[stop:]))


def in_quotes(name: str) -> str:
    """A name as it can stand in a line: in quotes where its words could be taken for something else."""
    return name if _PLAIN.fullmatch(name) and name.casefold() not in _SMALL else f'"{name}"'


def _with_line(q: str, piece: Piece, place: int, mended: str) -> str:
    """The whole text with one of its lines mended."""
    lines = [one for one in re.split(r"[;\n]", q) if one.strip()]
    if 0 <= piece.row < len(lines):
        lines[piece.row] = mended
    return "\n".join(one.rstrip("\r") for one in lines)


# --- the same as fields ---


class Fields(msgspec.Struct, frozen=True, kw_only=True):
    """A request for one thing, field by field, as somebody typed it."""

    quantity: str = ""
    item: str = ""
    on: str = ""
    customer: str = ""
    price: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing was typed."""
        return not any((self.quantity, self.item, self.on, self.customer, self.price))

    def line(self) -> str:
        """The line of plain words that says the same."""
        words = [self.quantity.strip(), in_quotes(_plain(self.item)) if self.item.strip() else ""]
        for opener, value in (
            ("by", self.on.strip()),
            ("for", _plain(self.customer)),
            ("at", self.price.strip()),
        ):
            if value:
                words += [opener, in_quotes(value) if opener == "for" else value]
        return " ".join([word for word in words if word])


def fields_of(q: str, shown: Shown) -> Fields:
    """The fields that a line fills, as far as it can be read."""
    found = reading(q, shown)
    if not found.rows:
        return Fields()
    row = found.rows[0]
    told = {
        chip.field: row.text[chip.start : chip.stop].strip('"“”')
        for chip in row.chips
        if chip.stop > chip.start
    }
    return Fields(
        quantity=told.get("quantity", ""),
        item=told.get("item", ""),
        on=told.get("by", ""),
        customer=told.get("customer", ""),
        price=told.get("price", ""),
    )


def line_of(line: Line, price_minor: int | None, customer: str, shown: Shown) -> str:
    """A line of what was asked before, as one would type it now; a day that is over is left out."""
    known = shown.names.items.get(line.item)
    words = (
        f"{format_quantity(line.quantity, known.scale if known is not None else 1)} {in_quotes(line.item)}"
    )
    if line.requested_on >= shown.names.today:
        words += f" by {iso(line.requested_on)}"
    words += f" for {in_quotes(customer)}" if customer else ""
    price = shown.plain_money(price_minor)
    return words + (f" at {price}" if price else "")


def _plain(text: str) -> str:
    return " ".join(text.replace('"', " ").split())
