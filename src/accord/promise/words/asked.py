"""What does a line in plain words ask for?

A line such as "500 X-100 by 12 mar for Northwind at 18.50" is split at by, for, at and from; what the pieces name is
looked up among the items, customers and sites there are. Nothing is guessed: a day that can be read in two ways, a
name that fits two things or none is an error with the best three matches. Pure: names and moment come in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

import msgspec

from accord.kit.days import Day, date_of, day_of
from accord.kit.errors import InputError
from accord.kit.money import parse_money
from accord.kit.quantity import parse_quantity
from accord.ledger.model import Item
from accord.promise.model import Line
from accord.promise.words.names import Names, find

LINE_CHARACTERS_MAX = 2_000
EXAMPLE = '"500 X-100 by 12 mar for Northwind at 18.50"'

_LONG_MONTHS: tuple[str, ...] = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_LONG_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = tuple(month[:3] for month in _LONG_MONTHS)
_WEEKDAYS = tuple(weekday[:3] for weekday in _LONG_WEEKDAYS)

_QUANTITY = re.compile(
    r"([0-9][0-9.,']*)\s*(?:(?:x|×|\*)\s+|(?:pcs?|pieces?|units?|ea)\.?\s+(?:of\s+)?)?(\S.*)", re.IGNORECASE
)
_MANY = re.compile(r"\s*(?:;|\n|\s\+\s|\s(?:and|&)\s+(?=[0-9]))\s*", re.IGNORECASE)
_CUT = re.compile(r"\s+(by|on|before|until|for|to|at|@|from|in)\s+", re.IGNORECASE)
_MONEY = re.compile(
    r"(?:([A-Z]{3}|€|\$|£)\s*)?([0-9][0-9.,']*)\s*(?:([A-Z]{3}|€|\$|£))?(?:\s*(?:each|a piece|per piece))?"
)
_SIGNS = {"€": "EUR", "$": "USD", "£": "GBP"}
_SPAN = re.compile(r"([0-9]{1,3})\s*(days?|weeks?)", re.IGNORECASE)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a line in plain words asks for."""

    lines: tuple[Line, ...]
    customer: str | None


def understand(text: str, names: Names, *, day_needed: bool = True) -> Asked:
    """The lines and the customer of a request in plain words; `for`, `by` and `from` of one line hold for those without.

    Raises: InputError naming the piece that cannot be understood, with the best matches where a name fits none or two.
    """
    if len(text) > LINE_CHARACTERS_MAX:
        raise _wrong(
            "words",
            "too_long",
            f"A line has at most {LINE_CHARACTERS_MAX:,} characters. Use a file for long orders.",
        )
    pieces = [piece for piece in _MANY.split(text.strip()) if piece.strip()]
    if not pieces:
        raise _wrong("words", "nothing_asked", f"Nothing was asked. Write for example {EXAMPLE}.")
    read = [_cut(piece, names) for piece in pieces]
    customers = sorted({one.customer for one in read if one.customer is not None})
    if len(customers) > 1:
        raise _wrong("customer", "two_customers", "One request is for one customer. Ask once for each.")
    days = {one.day for one in read if one.day is not None}
    sites = {one.site for one in read if one.site is not None}
    lines = []
    for one in read:
        day = one.day if one.day is not None else (days.copy().pop() if len(days) == 1 else None)
        if day is None and day_needed:
            detail = (
                f'No day was given for {one.item.id}. Say by when: "by 12 mar", "by friday", "in 2 weeks".'
            )
            raise _wrong("day", "day_missing", detail)
        site = one.site if one.site is not None else (sites.copy().pop() if len(sites) == 1 else None)
        lines.append(
            Line(
                item=one.item.id,
                quantity=one.quantity,
                requested_on=names.today if day is None else day,
                site=site,
                price_minor=one.price_minor,
            )
        )
    return Asked(lines=tuple(lines), customer=customers[0] if customers else None)


# --- one line ---


class _Read(msgspec.Struct, frozen=True, kw_only=True):
    quantity: int
    item: Item
    day: Day | None
    customer: str | None
    site: str | None
    price_minor: int | None


def _cut(piece: str, names: Names) -> _Read:
    """One line, cut at its words; a word that does not introduce what it should belongs to the name before it."""
    parts = _CUT.split(f" {piece.strip()} ")
    head, rest = parts[0].strip(), [(parts[i].lower(), parts[i + 1].strip()) for i in range(1, len(parts), 2)]
    found = {"item": head}
    last = "item"
    for index, (word, words) in enumerate(rest):
        kind = _kind(word, words)
        # The last `for` names the customer and the last `from` the site; those before it are part of a name.
        if kind in ("customer", "site") and any(_kind(*later) == kind for later in rest[index + 1 :]):
            kind = None
        if kind is None:
            found[last] = f"{found[last]} {word} {words}".strip()
        elif kind in found:
            detail = f"The {kind} is said twice in {piece.strip()[:80]!r}. Say it once."
            raise _wrong(kind, "said_twice", detail)
        else:
            found[kind] = words
            last = kind
    match = _QUANTITY.fullmatch(found["item"])
    if match is None:
        detail = (
            f"{found['item'][:60]!r} does not start with a quantity and an item. Write for example {EXAMPLE}."
        )
        raise _wrong("item", "no_quantity", detail)
    item = find(match[2].strip(), names.items, "item")
    return _Read(
        quantity=parse_quantity(match[1], item.scale, "quantity"),
        item=item,
        day=read_day(found["day"], names.today) if "day" in found else None,
        customer=find(found["customer"], names.customers, "customer").id if "customer" in found else None,
        site=find(found["site"], names.sites, "site").id if "site" in found else None,
        price_minor=_money(found["price"], names.currency) if "price" in found else None,
    )


def _kind(word: str, words: str) -> str | None:
    """What a word introduces; None when what follows shows that it is part of a name."""
    if word in ("by", "on", "before", "until"):
        return "day" if _starts_like_a_day(words) else None
    if word == "in":
        return "day" if _SPAN.fullmatch(words) else None
    if word in ("at", "@"):
        return "price" if _MONEY.fullmatch(words) else None
    if word == "from":
        return "site"
    return "customer"


def _starts_like_a_day(words: str) -> bool:
    first = words.lower().split()[0] if words else ""
    known = {*_MONTHS, *_WEEKDAYS, *_LONG_MONTHS, *_LONG_WEEKDAYS, "today", "tomorrow", "next"}
    return first[:1].isdigit() or first.strip(".,") in known


def _money(words: str, currency: str) -> int:
    match = _MONEY.fullmatch(words)
    assert match is not None  # _kind looked
    said = match[1] or match[3]
    if said is not None and _SIGNS.get(said, said) != currency:
        raise _wrong(
            "price",
            "wrong_currency",
            f"Prices are in {currency} here, not {said}. Give the price in {currency}.",
        )
    return parse_money(match[2], currency, "price")


# --- days ---


def read_day(words: str, today: Day) -> Day:
    """The day that words mean, this one or a later one: "12 mar", "friday", "in 2 weeks", "2027-03-12", "12.3.".

    A day without a year is the next such day, today included.
    Raises: InputError when it is no day, can be read in two ways ("3/4") or does not exist.
    """
    said = words.strip().lower().rstrip(",")
    if said in ("today", "now"):
        return today
    if said == "tomorrow":
        return today + 1
    if span := _SPAN.fullmatch(said):
        return today + int(span[1]) * (7 if span[2].startswith("week") else 1)
    weekday = _index(said.removeprefix("next "), _WEEKDAYS, _LONG_WEEKDAYS)
    if weekday is not None:
        ahead = (weekday - (today - 1)) % 7  # day 1, 0001-01-01, is a Monday
        return today + (ahead or 7 if said.startswith("next ") else ahead)
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", said):
        return day_of(said, pointer="day")
    if match := re.fullmatch(r"([0-9]{1,2})\.([0-9]{1,2})\.?(?:\s*([0-9]{4}))?", said):
        return _date(words, int(match[1]), int(match[2]), match[3], today)
    if match := re.fullmatch(
        r"([0-9]{1,2})(?:st|nd|rd|th|\.)?\s+(?:of\s+)?([a-z]+)\.?,?(?:\s+([0-9]{4}))?", said
    ):
        month = _index(match[2], _MONTHS, _LONG_MONTHS)
        if month is not None:
            return _date(words, int(match[1]), month + 1, match[3], today)
    if match := re.fullmatch(r"([a-z]+)\.?\s+([0-9]{1,2})(?:st|nd|rd|th)?,?(?:\s+([0-9]{4}))?", said):
        month = _index(match[1], _MONTHS, _LONG_MONTHS)
        if month is not None:
            return _date(words, int(match[2]), month + 1, match[3], today)
    if re.fullmatch(r"[0-9]{1,2}/[0-9]{1,2}(/[0-9]{2,4})?", said):
        detail = f'{words[:40]!r} can be read in two ways. Write the month as a word ("12 mar") or the date as 2027-03-12.'
        raise _wrong("day", "ambiguous_day", detail)
    detail = f'{words[:40]!r} is not a day I know. Write for example "12 mar", "friday", "in 2 weeks" or 2027-03-12.'
    raise _wrong("day", "not_a_day", detail)


def _index(word: str, short: Sequence[str], long: Sequence[str]) -> int | None:
    if word in long:
        return long.index(word)
    if word in short:
        return short.index(word)
    return 8 if word == "sept" and len(short) == len(_MONTHS) else None


def _date(words: str, day: int, month: int, year: str | None, today: Day) -> Day:
    first = date_of(today).year if year is None else int(year)
    # Without a year: the next one that has such a day (29 February may lie some years ahead) and lies not behind us.
    for candidate in range(first, first + (9 if year is None else 1)):
        try:
            found = date(candidate, month, day).toordinal()
        except ValueError:
            continue
        if year is not None or found >= today:
            return found
    detail = f"{words.strip()[:40]!r} is not a date that exists. Check day and month."
    raise _wrong("day", "not_a_date", detail)


def _wrong(pointer: str, code: str, detail: str) -> InputError:
    return InputError.at(pointer, code, detail)
