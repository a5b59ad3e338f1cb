"""What does a line in plain words ask for?

"500 X-100 by 12 mar for Northwind at 18.50": first the quantity and the item, then in any order `by` a day, `for` a
customer, `to` a ship-to, `at` a price. A name that holds one of these words is put in double quotes. Nothing is looked
up and nothing is guessed: what has two readings, or no place, is an error that says how to write it.
"""

import re
import unicodedata
from collections.abc import Sequence

import msgspec

from accord.kit.days import Day, iso
from accord.kit.decimals import plain_decimal, spoken_prefix
from accord.kit.errors import InputError
from accord.kit.spoken_days import read_day

EXAMPLE = "500 X-100 by 12 mar for Northwind at 18.50"
LINE_LENGTH_MAX = 500
DAYS_AHEAD_MAX = 3_653  # ten years: beyond it the year is a slip of the finger

_UNITS = re.compile(
    r"pcs?|pieces?|ea|each|units?|st|stk|sets?|pairs?|boxe?s?|cartons?|pallets?|rolls?"
    r"|mg|g|kg|t|tons?|tonnes?|ml|cl|l|litres?|liters?|mm|cm|m|km|m2|m3|m²|m³",
    re.IGNORECASE,
)
_TIMES = ("x", "×", "*", "of")  # 5 x X-100, 5 of X-100
_CURRENCIES = {"€": "EUR", "£": "GBP", "$": "USD"}
_CURRENCY = re.compile(
    r"AED|AUD|BRL|CAD|CHF|CNY|CZK|DKK|EUR|GBP|HKD|HUF|INR|ISK|JPY|KRW|MXN|NOK|NZD|PLN|RON|SAR|SEK|SGD|THB|TRY|TWD|USD|ZAR",
    re.IGNORECASE,
)
_PER_PIECE = re.compile(r"each|ea|apiece|/ ?[a-z]{1,6}|per [a-z]{1,6}", re.IGNORECASE)

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

_DAY_WORDS_MAX = 6  # "thursday the 12th of march 2026"
_DAY_WITH_NUMBER = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|(?=.*[0-9]).*[a-z]{3}.*")
_DAY_OF_WORDS = re.compile(
    r"today|tomorrow|day after tomorrow|(this |next )?(mon|tues|wednes|thurs|fri|satur|sun)day"
)


class Span(msgspec.Struct, frozen=True):
    """Where in the line a value stands, to show it as a chip: characters from `start` up to, not with, `stop`."""

    field: str  # quantity, unit, item, by, customer, price, currency, ship_to
    start: int
    stop: int


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


class _Token(msgspec.Struct, frozen=True):
    text: str
    start: int
    stop: int
    quoted: bool


def read_words(line: str, today: Day) -> Words:
    """Read one line; a day without a year is the next such day from `today` on.

    Raises: InputError naming the field that is missing, ambiguous or cannot be meant, with an example.
    """
    tokens = _tokens(line)
    if not tokens:
        raise _wrong("quantity", "missing", f"The line is empty. Write for example: {EXAMPLE}")
    quantity, unit, spans, rest = _quantity(tokens)
    clauses = _clauses(rest, today)
    if "by" not in clauses:
        _split_bare_day(clauses, today)
    if not clauses["item"]:
        detail = f"The item is missing after the quantity {quantity}. Write for example: {EXAMPLE}"
        raise _wrong("item", "missing", detail)
    price = currency = None
    if "price" in clauses:
        price, currency = _price(clauses["price"])
    spans += [_span(field, found) for field, found in clauses.items()]
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


_TOKEN = re.compile(r'"(?P<straight>[^"]*)"(?=[\s,;]|$)|“(?P<curly>[^”]*)”(?=[\s,;]|$)|(?P<plain>[^ \t]+)')


def _tokens(line: str) -> list[_Token]:
    """The words of the line; what stands in double quotes at the start of a word is one of them."""
    if len(line) > LINE_LENGTH_MAX:
        detail = (
            f"The line has {len(line)} characters, the most is {LINE_LENGTH_MAX}. Ask for one item a line."
        )
        raise _wrong("line", "too_long", detail)
    line = line.rstrip()
    for character in line:
        if character != "\t" and unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp"):
            detail = (
                "The line holds a line break or a character that cannot be shown. Ask for one item a line."
            )
            raise _wrong("line", "unreadable_character", detail)
    tokens: list[_Token] = []
    for match in _TOKEN.finditer(line.rstrip("?!")):
        start, stop = match.span()
        inside = match["straight"] if match["straight"] is not None else match["curly"]
        if inside is not None:
            if not inside.strip():
                raise _wrong(
                    "line",
                    "empty_quotes",
                    f"There is nothing between the quotes. Write for example: {EXAMPLE}",
                )
            tokens.append(_Token(" ".join(inside.split()), start, stop, quoted=True))
            continue
        text = match[0]
        if text[0] in '"“':
            raise _wrong(
                "line",
                "open_quotes",
                f"The quotes before {text[1:21]!r} are never closed. Close them or leave them out.",
            )
        if text[0] == "@" and len(text) > 1:
            tokens.append(_Token("@", start, start + 1, quoted=False))
            text, start = text[1:], start + 1
        text = text.rstrip(",;")
        if text:
            tokens.append(_Token(text, start, start + len(text), quoted=False))
    return tokens


def _quantity(tokens: Sequence[_Token]) -> tuple[str, str | None, list[Span], Sequence[_Token]]:
    """The quantity and its unit at the front, and what follows them."""
    first, rest = tokens[0], tokens[1:]
    if first.text.startswith(("-", "\N{MINUS SIGN}")) and first.text[1:2].isdigit():
        raise _wrong(
            "quantity", "negative", f"The quantity {first.text[:40]!r} is negative. Give more than zero."
        )
    length = 0 if first.quoted else spoken_prefix(first.text)
    glued = first.text[length:]
    if length == 0 or (glued and glued not in _TIMES and _UNITS.fullmatch(glued) is None):
        detail = (
            f"The quantity is missing: the line begins with {first.text[:40]!r}. Write for example: {EXAMPLE}"
        )
        raise _wrong("quantity", "missing", detail)
    quantity = plain_decimal(first.text[:length], "/quantity", "quantity")
    if not quantity.strip("0."):
        raise _wrong(
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
        spans.append(_span("unit", rest[:1]))
        rest = rest[1:]
    if (
        len(rest) > 1
        and not rest[0].quoted
        and rest[0].text.casefold() in _TIMES
        and _keyword(rest[1:]) is None
    ):
        rest = rest[1:]
    return quantity, unit, spans, rest


def _check_grouping(first: _Token, rest: Sequence[_Token]) -> None:
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
    raise _wrong("quantity", "ambiguous_number", detail)


def _clauses(tokens: Sequence[_Token], today: Day) -> dict[str, list[_Token]]:
    """The words of each clause, by field; what stands before the first keyword is the item."""
    found: dict[str, list[_Token]] = {"item": []}
    field, opening = "item", ""  # the clause that is open, and the words that opened it; "" when none is
    position = 0
    while position < len(tokens):
        here = tokens[position:]
        opened = _opens(here, today)
        if opened is None:
            if not field:
                raise _out_of_place(here, "the day")
            found[field].append(here[0])
            position += 1
            continue
        _check_filled(found, field, opening)
        field, skipped = opened
        opening = _text(here[:skipped])
        position += skipped
        if field in found:
            detail = f"The line names two {_NOUNS[field]}s, the second after {opening or here[0].text!r}. Leave one out, or put a name with that word in double quotes."
            raise _wrong(field, "twice", detail)
        if field == "by":
            length = _day_length(tokens[position:], today)
            found["by"] = list(tokens[position : position + length])
            if not length:
                raise _no_day(tokens[position:], opening)
            position += length
            field = ""
        elif field:
            found[field] = []
    _check_filled(found, field, opening)
    return found


def _opens(tokens: Sequence[_Token], today: Day) -> tuple[str, int] | None:
    """Which clause begins here, and how many words of it are its keyword; None: none does."""
    if tokens[0].quoted:
        return None
    keyword = _keyword(tokens)
    if keyword is not None:
        return keyword
    word = tokens[0].text.casefold()
    if word in _OF_A_DAY and _day_length(tokens, today):
        return "by", 0
    if word in (*_BEFORE_A_DAY, *_VAGUE):
        length = _day_length(tokens[1:], today)
        if length and word in _VAGUE:
            detail = f"{_text(tokens[: length + 1])!r} leaves open whether that day counts. Write by and the last day that is good, for example by 12 mar."
            raise _wrong("by", "ambiguous_date", detail)
        if length:
            return "by", 1
    return None


def _keyword(tokens: Sequence[_Token]) -> tuple[str, int] | None:
    for words, field in _KEYWORDS:
        front = tokens[: len(words)]
        if tuple(token.text.casefold() for token in front) == words and not any(
            token.quoted for token in front
        ):
            return field, len(words)
    return None


def _day_length(tokens: Sequence[_Token], today: Day) -> int:
    """How many words at the front name a day, the most that do; 0: none."""
    if tokens and not tokens[0].quoted and tokens[0].text.casefold() == "asap":
        return 1
    for length in range(min(len(tokens), _DAY_WORDS_MAX), 0, -1):
        front = tokens[:length]
        if (
            not any(token.quoted for token in front)
            and read_day(_text(front), today, pointer="/by") is not None
        ):
            return length
    return 0


def _split_bare_day(clauses: dict[str, list[_Token]], today: Day) -> None:
    """Take a day without `by` from the end of a clause: "X-100 12 mar". In a name only a day with a number is one."""
    for field, tokens in clauses.items():
        for position in range(1, len(tokens)):
            text = _text(tokens[position:]).casefold()
            alone = _DAY_WITH_NUMBER.fullmatch(text) or (
                field in ("item", "price") and _DAY_OF_WORDS.fullmatch(text)
            )
            if alone and _day_length(tokens[position:], today) == len(tokens) - position:
                clauses["by"] = tokens[position:]
                clauses[field] = tokens[:position]
                return


def _by(tokens: Sequence[_Token], today: Day) -> str | None:
    text = _text(tokens)
    day = read_day(text, today, pointer="/by")
    if day is None:  # as soon as possible
        return None
    if day < today:
        detail = f"{text!r} is {iso(day)}, which is past. Today is {iso(today)}. Write a day from today on."
        raise _wrong("by", "in_the_past", detail)
    if day - today > DAYS_AHEAD_MAX:
        raise _wrong("by", "too_far", f"{text!r} is {iso(day)}, more than ten years ahead. Check the year.")
    return iso(day)


def _price(tokens: Sequence[_Token]) -> tuple[str, str | None]:
    """The price and its currency, which may stand on either side: "18.50", "€18.50", "18,50 EUR each"."""
    words = _text(tokens)
    rest, before = _currency(words)
    length = spoken_prefix(rest)
    if not length:
        detail = f"{words[:40]!r} is no price. Write at and an amount, for example at 18.50; put a name with at in double quotes."
        raise _wrong("price", "not_a_number", detail)
    number = rest[:length].rstrip(".,")
    price = plain_decimal(number, "/price", "price")
    rest, after = _currency(rest[length:].strip())
    if before and after and before != after:
        raise _wrong(
            "price", "ambiguous_currency", f"The price {words!r} names two currencies. Leave one out."
        )
    if rest and _PER_PIECE.fullmatch(rest) is None:
        raise _wrong(
            "price", "unexpected", f"{rest[:40]!r} after the price has no place. Write for example: {EXAMPLE}"
        )
    return price, before or after


def _currency(words: str) -> tuple[str, str | None]:
    """The currency in front of these words, and what follows it."""
    if words[:1] in _CURRENCIES:
        return words[1:].lstrip(), _CURRENCIES[words[0]]
    if _CURRENCY.fullmatch(words[:3]) and not words[3:4].isalpha():
        return words[3:].lstrip(), words[:3].upper()
    return words, None


def _check_filled(found: dict[str, list[_Token]], field: str, opening: str) -> None:
    if field and field != "item" and not found[field]:
        noun = _NOUNS[field]
        detail = f"The {noun} is missing after {opening!r}. Write for example: {EXAMPLE}"
        raise _wrong(field, "missing", detail)


def _no_day(tokens: Sequence[_Token], opening: str) -> InputError:
    if not tokens:
        return _wrong("by", "missing", f"The day is missing after {opening!r}. Write for example: {EXAMPLE}")
    detail = (
        f"{_text(tokens[:3])[:40]!r} after {opening!r} is no day. Write 12 mar, 2026-03-12, friday, in 3 weeks or w12; "
        f"put a name with {opening} in double quotes."
    )
    return _wrong("by", "not_a_date", detail)


def _out_of_place(tokens: Sequence[_Token], after: str) -> InputError:
    detail = (
        f"{tokens[0].text[:40]!r} after {after} has no place. The item follows the quantity; then by a day, for a customer, "
        f"to a ship-to, at a price. Write for example: {EXAMPLE}"
    )
    return _wrong("line", "unexpected", detail)


def _text(tokens: Sequence[_Token]) -> str:
    return " ".join(token.text for token in tokens)


def _name(tokens: Sequence[_Token], line: str) -> str:
    """A name as it stands in the line, commas inside it included, or as it stands in its quotes."""
    if any(token.quoted for token in tokens):
        return _text(tokens)
    return " ".join(line[tokens[0].start : tokens[-1].stop].split())


def _span(field: str, tokens: Sequence[_Token]) -> Span:
    return Span(field, tokens[0].start, tokens[-1].stop)


def _wrong(field: str, code: str, detail: str) -> InputError:
    return InputError.at(f"/{field}", code, detail)
