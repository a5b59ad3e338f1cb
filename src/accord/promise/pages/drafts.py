"""How is a promise written down anew: its lines as fields, and what is wrong with a field?"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

import msgspec

from accord.kit.days import day_of, iso
from accord.kit.errors import FieldError, InputError
from accord.kit.money import parse_money
from accord.kit.quantity import format_quantity, parse_quantity
from accord.promise import said
from accord.promise.model import Line, Promise
from accord.promise.named import find
from accord.promise.pages.shown import Shown

LINES_MAX = 100


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One line as it stands in the form; everything as it was typed."""

    item: str = ""
    quantity: str = ""
    on: str = ""
    price: str = ""
    errors: tuple[tuple[str, str], ...] = ()  # (field, words)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was typed: it is no line."""
        return not (self.item or self.quantity or self.price)

    @property
    def wrong(self) -> dict[str, str]:
        """What is wrong, by field."""
        return dict(self.errors)


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """All of them."""

    fields: tuple[Field, ...]
    lines: tuple[Line, ...] = ()  # what they say; () where something is wrong

    @property
    def errors(self) -> list[tuple[str, str]]:
        """Everything that is wrong: the id of the field, and words."""
        return [
            (f"{name}-{place}", words)
            for place, field in enumerate(self.fields)
            for name, words in field.errors
        ]

    def query(self, **more: str) -> str:
        """The same as an address says it."""
        pairs = [
            (name, getattr(field, name))
            for field in self.fields
            for name in ("item", "quantity", "on", "price")
        ]
        return urlencode([*pairs, *more.items()])


def draft_of(promise: Promise, shown: Shown) -> Draft:
    """The lines of a promise as they are, and an empty one below."""
    fields = []
    for line in promise.lines:
        known = shown.names.items.get(line.item)
        price = (
            ""
            if line.is_listed or line.price_minor is None
            else said.money(line.price_minor, shown.names.currency).partition(" ")[0]
        )
        fields.append(
            Field(
                item=line.item,
                quantity=format_quantity(line.quantity, known.scale if known is not None else 1),
                on=iso(line.requested_on),
                price=price,
            )
        )
    return Draft(fields=(*fields, Field()))


def read_draft(
    items: Sequence[str],
    quantities: Sequence[str],
    days: Sequence[str],
    prices: Sequence[str],
    promise: Promise,
    shown: Shown,
) -> Draft:
    """What was typed; a line without a quantity is left out. Raises: InputError where fields are missing, or far too many."""
    if not 0 < len(items) == len(quantities) == len(days) == len(prices) <= LINES_MAX + 1:
        raise InputError.at(
            "item",
            "not_lines",
            f"A promise has at most {LINES_MAX} lines, each with item, quantity, day and price.",
        )
    fields, lines = [], []
    for place, typed in enumerate(zip(items, quantities, days, prices, strict=True)):
        item, quantity, on, price = (text.strip() for text in typed)
        field = Field(item=item, quantity=quantity, on=on, price=price)
        if field.is_empty or not quantity:
            fields.append(field if not field.is_empty else Field(on=on))
            continue
        line, errors = _line(field, place, promise, shown)
        fields.append(msgspec.structs.replace(field, errors=errors))
        if line is not None:
            lines.append(line)
    whole = not any(field.errors for field in fields)
    if whole and not lines:
        fields[0] = msgspec.structs.replace(
            fields[0],
            errors=(("quantity", "A promise has at least one line. To end it, cancel or release it."),),
        )
    if not fields or not fields[-1].is_empty:
        fields.append(Field())
    return Draft(fields=tuple(fields), lines=tuple(lines) if whole else ())


def _line(
    field: Field, place: int, promise: Promise, shown: Shown
) -> tuple[Line | None, tuple[tuple[str, str], ...]]:
    errors: list[tuple[str, str]] = []
    names = shown.names
    scale, item = 1, field.item
    try:
        found = find(field.item, names.items, "item")
        scale, item = found.scale, found.id
    except InputError as error:
        errors.append(("item", _words(error)))
    quantity, on, price = 0, 0, None
    try:
        quantity = parse_quantity(field.quantity, scale, "quantity")
    except InputError as error:
        errors.append(("quantity", _words(error)))
    try:
        on = day_of(field.on, pointer="on")
    except InputError as error:
        errors.append(("on", _words(error)))
    try:
        price = parse_money(field.price, names.currency, "price") if field.price else None
    except InputError as error:
        errors.append(("price", _words(error)))
    if errors:
        return None, tuple(errors)
    was = promise.lines[place] if place < len(promise.lines) else None
    site = was.site if was is not None and was.item == item else None
    return Line(item=item, quantity=quantity, requested_on=on, price_minor=price, site=site), ()


def _words(error: InputError) -> str:
    first: FieldError | None = error.errors[0] if error.errors else None
    return first.detail if first is not None else error.detail
