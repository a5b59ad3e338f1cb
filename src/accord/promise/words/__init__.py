"""What does a line in plain words ask for?

"500 X-100 by 12 mar for Northwind at 18.50": first the quantity and the item, then in any order `by` a day, `for` a
customer, `to` a ship-to, `at` a price. A name that holds one of these words is put in double quotes. Whoever knows the
names there are may leave these words out: "500 x-100 12 mar northw 18.50". Nothing is guessed: what has two readings, or
no place, is an error that says how to write it.
"""

import re
from collections.abc import Sequence

import msgspec

from accord.kit.days import Day, iso
from accord.kit.decimals import plain_decimal, spoken_prefix
from accord.kit.errors import InputError
from accord.kit.spoken_days import read_day
from accord.promise.words.bare import Knows as Knows
from accord.promise.words.bare import place
from accord.promise.words.tokens import EXAMPLE as EXAMPLE
from accord.promise.words.tokens import Span as Span
from accord.promise.words.tokens import Token, span_of, text_of, tokens_of, wrong
from accord.promise.words.values import DAY_OF_WORDS, DAY_WITH_NUMBER, day_length, price_in

DAYS_AHEAD_MAX = 3_653  # ten years: beyond it the year is a slip of the finger

_UNITS = re.compile(
    r"pcs?|pieces?|ea|each|units?|st|stk|sets?|pairs?|boxe?s?|cartons?|pallets?|rolls?"
    r"|mg|g|kg|t|tons?|tonnes?|ml|cl|l|litres?|liters?|mm|cm|m|km|m2|m3|m²|m³",
    re.IGNORECASE,
)
_TIMES = ("x", "×", "*", "of")  # 5 x X-100, 5 of X-100

# Each clause begins with one of these; the first that fits counts, so the longer ones come first. "" opens nothing.
_KEYWORDS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("no", "later", "than"), "by"),
    (("at", "the", "latest"), ""),
    (("delivered", "to"), "ship_to"),
    (("deliver", "to"), "ship_to"),
    (("shipped", "to"), "ship_to"),
    (("ship", "to"), "ship_to"),
    (("due", "by"), "by"),
    (("by",), "by"),
    (("for",), "customer"),
    (("to",), "ship_to"),
    (("at",), "price"),
    (("@",), "price"),
)
_BEFORE_A_DAY = ("on", "due")  # open a clause only where a day follows: Stoke on Trent is a place
_OF_A_DAY = ("in", "within", "asap")  # belong to the day they open: "in 3 weeks"
_VAGUE = ("before", "after", "until", "till", "from")  # leave open whether the day itself counts
_NOUNS = {"item": "item", "by": "day", "customer": "customer", "ship_to": "ship-to", "price": "price"}


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What the line says, each value as text, looked up nowhere."""

    quantity: str  # digits and at most one point, in stated units
    item: str
    by: str | None  # ISO date, today or later; None: as soon as possible
    customer: str | None
    price: str | None  # of one stated unit: digits and at most one point
    ship_to: str | None
    unit: str | None = None  # as written: "kg"
    currency: str | None = None  # ISO 4217; None: not stated
    spans: tuple[Span, ...] = ()  # in the order of the line


def read_words(line: str, today: Day, knows: Knows | None = None) -> Words:
    """Read one line; a day without a year is the next such day from `today` on.

    With `knows`, which says whether a text names one item or customer, the small words may be left out.

    Raises: InputError naming the field that is missing, ambiguous or cannot be meant, with an example.
    """
    tokens = tokens_of(line)
    if not tokens:
        raise wrong("quantity", "missing", f"The line is empty. Write for example: {EXAMPLE}")
    quantity, unit, spans, rest = _quantity(tokens)
    loose: list[Token] | None = None if knows is None else []
    clauses = _clauses(rest, today, loose)
    if "by" not in clauses:
        _split_bare_day(clauses, today)
    if knows is not None and loose is not None:
        place(clauses, loose, knows, today)
        if loose:
            raise _out_of_place(loose, "the day")
    if not clauses["item"]:
        detail = f"The item is missing after the quantity {quantity}. Write for example: {EXAMPLE}"
        raise wrong("item", "missing", detail)
    price = currency = None
    if "price" in clauses:
        price, currency = price_in(clauses["price"])
    spans += [span_of(field, found) for field, found in clauses.items()]
    return Words(
        quantity=quantity,
        item=_name(clauses["item"], line),
        by=_by(clauses["by"], today) if "by" in clauses else None,
        customer=_name(clauses["customer"], line) if "customer" in clauses else None,
        price=price,
        ship_to=_name(clauses["ship_to"], line) if "ship_to" in clauses else None,
        unit=unit,
        currency=currency,
        spans=tuple(sorted(spans, key=lambda span: span.start)),
    )


def _quantity(tokens: Sequence[Token]) -> tuple[str, str | None, list[Span], Sequence[Token]]:
    """The quantity and its unit at the front, and what follows them."""
    first, rest = tokens[0], tokens[1:]
    if first.text.startswith(("-", "\N{MINUS SIGN}")) and first.text[1:2].isdigit():
        raise wrong(
            "quantity", "negative", f"The quantity {first.text[:40]!r} is negative. Give more than zero."
        )
    length = 0 if first.quoted else spoken_prefix(first.text)
    glued = first.text[length:]
    if length == 0 or (glued and glued not in _TIMES and _UNITS.fullmatch(glued) is None):
        detail = (
            f"The quantity is missing: the line begins with {first.text[:40]!r}. Write for example: {EXAMPLE}"
        )
        raise wrong("quantity", "missing", detail)
    quantity = plain_decimal(first.text[:length], "/quantity", "quantity")
    if not quantity.strip("0."):
        raise wrong(
            "quantity", "not_positive", f"The quantity {first.text[:40]!r} is zero. Give more than zero."
        )
    _check_grouping(first, rest)
    spans = [Span("quantity", first.start, first.start + length)]
    unit = None
    if glued and glued not in _TIMES:
        unit = glued
        spans.append(Span("unit", first.start + length, first.stop))
    elif (
        len(rest) > 1 and not rest[0].quoted and _UNITS.fullmatch(rest[0].text) and _keyword(rest[1:]) is None
    ):
        unit = rest[0].text
        spans.append(span_of("unit", rest[:1]))
        rest = rest[1:]
    if (
        len(rest) > 1
        and not rest[0].quoted
        and rest[0].text.casefold() in _TIMES
        and _keyword(rest[1:]) is None
    ):
        rest = rest[1:]
    return quantity, unit, spans, rest


def _check_grouping(first: Token, rest: Sequence[Token]) -> None:
    """Refuse "1 000 X-100": a thousand, or one of the item "000 X-100"?"""
    if re.fullmatch(r"[1-9][0-9]{0,2}", first.text) is None or len(rest) < 2:
        return
    second, third = rest[0], rest[1]
    if second.quoted or re.fullmatch(r"[0-9]{3}", second.text) is None or _keyword(rest[1:]) is not None:
        return
    detail = (
        f"'{first.text} {second.text} {third.text[:40]}' can be read in two ways: {first.text}{second.text} of "
        f"{third.text[:40]!r}, or {first.text} of '{second.text} {third.text[:40]}'. Write the number without a space, "
        "or the item in quotes."
    )
    raise wrong("quantity", "ambiguous_number", detail)


def _clauses(tokens: Sequence[Token], today: Day, loose: list[Token] | None) -> dict[str, list[Token]]:
    """The words of each clause, by field; what stands before the first keyword is the item. What has no place is an
    error, or put into `loose`."""
    found: dict[str, list[Token]] = {"item": []}
    field, opening = "item", ""  # the clause that is open, and the words that opened it; "" when none is
    position = 0
    while position < len(tokens):
        here = tokens[position:]
        opened = _opens(here, today)
        if opened is None:
            if not field:
                if loose is None:
                    raise _out_of_place(here, "the day")
                loose.append(here[0])
                position += 1
                continue
            found[field].append(here[0])
            position += 1
            continue
        _check_filled(found, field, opening)
        field, skipped = opened
        opening = text_of(here[:skipped])
        position += skipped
        if field in found:
            detail = f"The line names two {_NOUNS[field]}s, the second after {opening or here[0].text!r}. Leave one out, or put a name with that word in double quotes."
            raise wrong(field, "twice", detail)
        if field == "by":
            length = day_length(tokens[position:], today)
            found["by"] = list(tokens[position : position + length])
            if not length:
                raise _no_day(tokens[position:], opening)
            position += length
            field = ""
        elif field:
            found[field] = []
    _check_filled(found, field, opening)
    return found


def _opens(tokens: Sequence[Token], today: Day) -> tuple[str, int] | None:
    """Which clause begins here, and how many words of it are its keyword; None: none does."""
    if tokens[0].quoted:
        return None
    keyword = _keyword(tokens)
    if keyword is not None:
        return keyword
    word = tokens[0].text.casefold()
    if word in _OF_A_DAY and day_length(tokens, today):
        return "by", 0
    if word in (*_BEFORE_A_DAY, *_VAGUE):
        length = day_length(tokens[1:], today)
        if length and word in _VAGUE:
            detail = f"{text_of(tokens[: length + 1])!r} leaves open whether that day counts. Write by and the last day that is good, for example by 12 mar."
            raise wrong("by", "ambiguous_date", detail)
        if length:
            return "by", 1
    return None


def _keyword(tokens: Sequence[Token]) -> tuple[str, int] | None:
    for words, field in _KEYWORDS:
        front = tokens[: len(words)]
        if tuple(token.text.casefold() for token in front) == words and not any(
            token.quoted for token in front
        ):
            return field, len(words)
    return None


def _split_bare_day(clauses: dict[str, list[Token]], today: Day) -> None:
    """Take a day without `by` from the end of a clause: "X-100 12 mar". In a name only a day with a number is one."""
    for field, tokens in clauses.items():
        for position in range(1, len(tokens)):
            text = text_of(tokens[position:]).casefold()
            alone = DAY_WITH_NUMBER.fullmatch(text) or (
                field in ("item", "price") and DAY_OF_WORDS.fullmatch(text)
            )
            if alone and day_length(tokens[position:], today) == len(tokens) - position:
                clauses["by"] = tokens[position:]
                clauses[field] = tokens[:position]
                return


def _by(tokens: Sequence[Token], today: Day) -> str | None:
    text = text_of(tokens)
    day = read_day(text, today, pointer="/by")
    if day is None:  # as soon as possible
        return None
    if day < today:
        detail = f"{text!r} is {iso(day)}, which is past. Today is {iso(today)}. Write a day from today on."
        raise wrong("by", "in_the_past", detail)
    if day - today > DAYS_AHEAD_MAX:
        raise wrong("by", "too_far", f"{text!r} is {iso(day)}, more than ten years ahead. Check the year.")
    return iso(day)


def _check_filled(found: dict[str, list[Token]], field: str, opening: str) -> None:
    if field and field != "item" and not found[field]:
        noun = _NOUNS[field]
        detail = f"The {noun} is missing after {opening!r}. Write for example: {EXAMPLE}"
        raise wrong(field, "missing", detail)


def _no_day(tokens: Sequence[Token], opening: str) -> InputError:
    if not tokens:
        return wrong("by", "missing", f"The day is missing after {opening!r}. Write for example: {EXAMPLE}")
    detail = (
        f"{text_of(tokens[:3])[:40]!r} after {opening!r} is no day. Write 12 mar, 2026-03-12, friday, in 3 weeks or w12; "
        f"put a name with {opening} in double quotes."
    )
    return wrong("by", "not_a_date", detail)


def _out_of_place(tokens: Sequence[Token], after: str) -> InputError:
    detail = (
        f"{tokens[0].text[:40]!r} after {after} has no place. The item follows the quantity; then by a day, for a customer, "
        f"to a ship-to, at a price. Write for example: {EXAMPLE}"
    )
    return wrong("line", "unexpected", detail)


def _name(tokens: Sequence[Token], line: str) -> str:
    """A name as it stands in the line, commas inside it included, or as it stands in its quotes."""
    if any(token.quoted for token in tokens):
        return text_of(tokens)
    return " ".join(line[tokens[0].start : tokens[-1].stop].split())
