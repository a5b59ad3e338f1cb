"""Where do the words of a line belong that no small word introduces: "500 x-100 12 mar northw 18.50"?

A day is known by its form, a price by a decimal point or a currency, an item and a customer by the names there are. What
could be two of them is an error; what can be none of them is left where it stood.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from accord.kit.days import Day
from accord.kit.errors import InputError
from accord.kit.spoken_days import read_day
from accord.promise.words.tokens import Token, text_of, wrong
from accord.promise.words.values import DAY_OF_WORDS, DAY_WITH_NUMBER, day_length, price_in

Knows = Callable[[str, str], bool]  # (item or customer, text): whether the text names exactly one of them

_WORDS_MAX = 24  # of one clause that are tried: nobody leaves the small words out of a longer one
_PRICE_WORDS_MAX = 3  # "18.50 EUR each"
_NUMBER = re.compile(r"[0-9]+")

_Placed = dict[str, list[Token]]


def place(clauses: _Placed, loose: list[Token], knows: Knows, today: Day) -> None:
    """Move the words that name something else out of the item and the customer, and `loose` to where it belongs.

    Raises: InputError for a number that may be a day or a price.
    """
    for field in ("item", "customer"):
        _split(clauses, field, knows, today)
    if 0 < len(loose) <= _WORDS_MAX:
        for is_strict in (True, False):
            placed = _placed(loose, clauses, knows, today, is_strict=is_strict)
            if placed is not None:
                clauses.update(placed)
                loose.clear()
                return


def _split(clauses: _Placed, field: str, knows: Knows, today: Day) -> None:
    """Cut a clause after the words that name its thing, where the rest can be placed."""
    tokens = clauses.get(field, [])
    if not 1 < len(tokens) <= _WORDS_MAX or knows(field, text_of(tokens)):
        return
    ends = range(len(tokens) - 1, 0, -1)
    known = [end for end in ends if knows(field, text_of(tokens[:end]))]
    # A name that is known comes first, the longest; then a slip in the customer after it; then a slip in the name itself.
    tries = [(end, True) for end in known] + [(end, False) for end in known]
    tries += [] if known else [(end, True) for end in reversed(ends)]
    for end, is_strict in tries:
        placed = _placed(tokens[end:], clauses, knows, today, is_strict=is_strict)
        if placed is not None:
            clauses[field] = tokens[:end]
            clauses.update(placed)
            return


def _placed(
    tokens: Sequence[Token], taken: _Placed, knows: Knows, today: Day, *, is_strict: bool
) -> _Placed | None:
    """Which fields these words are, all of them; None when some can be none. `is_strict`: only a customer who is known."""
    if not tokens:
        return {}
    for field, length in _readings(tokens, taken, knows, today, is_strict=is_strict):
        found = {field: list(tokens[:length])}
        rest = _placed(tokens[length:], {**taken, **found}, knows, today, is_strict=is_strict)
        if rest is not None:
            _check_number(found, {**taken, **found, **rest}, today)
            return {**found, **rest}
    return None


def _readings(
    tokens: Sequence[Token], taken: _Placed, knows: Knows, today: Day, *, is_strict: bool
) -> list[tuple[str, int]]:
    """What the words at the front may be, and how many of them, the likeliest first."""
    found: list[tuple[str, int]] = []
    if "by" not in taken:
        length = day_length(tokens, today)
        words = text_of(tokens[:length]).casefold()
        if length and (DAY_WITH_NUMBER.fullmatch(words) or DAY_OF_WORDS.fullmatch(words)):
            found.append(("by", length))
    if "price" not in taken:
        lengths = range(min(len(tokens), _PRICE_WORDS_MAX), 0, -1)
        found += [("price", length) for length in lengths if _is_price(tokens[:length])]
    if "customer" not in taken:
        known = [
            length for length in range(len(tokens), 0, -1) if knows("customer", text_of(tokens[:length]))
        ]
        found += [("customer", length) for length in known]
        if not is_strict and not known:
            found += [("customer", length) for length in range(_name_length(tokens, today), 0, -1)]
    return found


def _name_length(tokens: Sequence[Token], today: Day) -> int:
    """How many words at the front may be a name: up to a day or a price."""
    for length in range(len(tokens)):
        if _is_price(tokens[length : length + 1]) or (length and day_length(tokens[length:], today)):
            return length
    return len(tokens)


def _is_price(tokens: Sequence[Token]) -> bool:
    if any(token.quoted for token in tokens):
        return False
    try:
        price_in(tokens)
    except InputError as error:
        # A number is meant for one even where it can be read in two ways: that is said then.
        return error.errors[0].code in ("ambiguous_number", "ambiguous_currency")
    return True


def _check_number(found: _Placed, all_of_it: _Placed, today: Day) -> None:
    """Refuse a bare number that may be a day as well where no day is named: "18.5", "12"."""
    words = text_of(found.get("price", []))
    if not words or "by" in all_of_it:
        return
    try:
        may_be_a_day = (
            _NUMBER.fullmatch(words) is not None or read_day(words, today, pointer="/by") is not None
        )
    except InputError as error:
        may_be_a_day = error.errors[0].code == "ambiguous_date"
    if may_be_a_day:
        detail = f"{words!r} may be a price or a day. Write at {words} for a price, or a day as 12 mar."
        raise wrong("price", "ambiguous_number", detail)
