"""What does a row ask for that somebody pasted from a spreadsheet or a mail?

A row of cells is put into a line of plain words, whatever order its columns are in: a day is known by its form, a price
by its currency or by coming after the quantity, an item and a customer by the names there are. A heading asks for nothing.
"""

from __future__ import annotations

import re

from accord.kit.days import Day
from accord.kit.errors import InputError
from accord.kit.spoken_days import read_day
from accord.promise.words.bare import Knows

_BULLET = re.compile(r"[-*•–—]\s+")
_NUMBER = re.compile(r"[0-9][0-9.,'\u00a0\u202f\u2009]*")
_QUANTITY = re.compile(r"[0-9][0-9.,'\u00a0\u202f\u2009]*\s?[^\W\d]{1,8}")  # "500 pcs"
_PRICE = re.compile(
    r"(?=.*[0-9])(?:[€$£].*|.*[€$£]|[A-Z]{3} ?[0-9].*|[0-9].* ?(?:EUR|USD|GBP|NOK|SEK|DKK|CHF|PLN))"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}|[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{2,4}|.*[^\W\d].*")
_HEADINGS = frozenset(
    {
        "item",
        "article",
        "code",
        "quantity",
        "qty",
        "amount",
        "unit",
        "date",
        "day",
        "due",
        "requested",
        "customer",
        "price",
    }
    | {"name", "description", "no", "pos", "line", "menge", "artikel", "datum", "termin", "kunde", "preis"}
)


def in_words(row: str, today: Day, knows: Knows) -> str:
    """The row as a line of plain words; "" where it asks for nothing."""
    row = _BULLET.sub("", row.strip(), count=1) if _BULLET.match(row.strip()) else row.strip()
    if "\t" not in row:
        return row
    cells = [" ".join(cell.replace('"', " ").split()) for cell in row.split("\t")]
    cells = [cell for cell in cells if cell]
    if _is_heading(cells):
        return ""
    found: dict[str, str] = {}
    numbers: list[str] = []
    for cell in cells:
        field = _field(cell, found, today, knows)
        if field == "number":
            numbers.append(cell)
        elif field:
            found[field] = cell
    if "item" not in found:  # one that is named by a number
        named = next((cell for cell in numbers if knows("item", cell)), None)
        if named is not None and len(numbers) > 1:
            numbers.remove(named)
            found["item"] = named
    for field in ("quantity", "price"):
        if field not in found and numbers:
            found[field] = numbers.pop(0)
    words = [found.get("quantity", ""), _quoted(found.get("item", "")), *numbers]
    for field, word in (("by", "by"), ("customer", "for"), ("price", "at")):
        if field in found:
            words += [word, _quoted(found[field]) if field == "customer" else found[field]]
    return " ".join([word for word in words if word])


def _field(cell: str, found: dict[str, str], today: Day, knows: Knows) -> str:
    """Which field a cell fills: "number" where only its place can say, "" where it says again what is known."""
    if _NUMBER.fullmatch(cell) and not _DATE.fullmatch(cell):
        return "number"
    if "item" not in found and knows("item", cell):
        return "item"
    if "by" not in found and _DATE.fullmatch(cell) and _is_day(cell, today):
        return "by"
    if "price" not in found and _PRICE.fullmatch(cell):
        return "price"
    if "quantity" not in found and _QUANTITY.fullmatch(cell):
        return "quantity"
    if "customer" not in found and knows("customer", cell):
        return "customer"
    if "item" not in found:
        return "item"
    # The name of the item beside its number is no second thing.
    return "" if knows("item", cell) else "customer"


def _is_day(cell: str, today: Day) -> bool:
    try:
        return read_day(cell, today) is not None
    except InputError:
        return True  # with two readings, or none: said when the line is read


def _is_heading(cells: list[str]) -> bool:
    words = [re.sub(r"[^\w]+", " ", cell.casefold()).split() for cell in cells]
    return (
        bool(cells)
        and not any(_NUMBER.search(cell) for cell in cells)
        and all(_HEADINGS.intersection(cell) for cell in words)
    )


def _quoted(name: str) -> str:
    return f'"{name}"' if name else ""
