"""Which words of a line are a day, and which are a price?"""

from __future__ import annotations

import re
from collections.abc import Sequence

from accord.kit.days import Day
from accord.kit.decimals import plain_decimal, spoken_prefix
from accord.kit.spoken_days import read_day
from accord.promise.words.tokens import EXAMPLE, Token, text_of, wrong

_CURRENCIES = {"€": "EUR", "£": "GBP", "$": "USD"}
_CURRENCY = re.compile(
    r"AED|AUD|BRL|CAD|CHF|CNY|CZK|DKK|EUR|GBP|HKD|HUF|INR|ISK|JPY|KRW|MXN|NOK|NZD|PLN|RON|SAR|SEK|SGD|THB|TRY|TWD|USD|ZAR",
    re.IGNORECASE,
)
_PER_PIECE = re.compile(r"each|ea|apiece|/ ?[a-z]{1,6}|per [a-z]{1,6}", re.IGNORECASE)

_DAY_WORDS_MAX = 6  # "thursday the 12th of march 2026"
DAY_WITH_NUMBER = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|(?=.*[0-9]).*[a-z]{3}.*")
DAY_OF_WORDS = re.compile(
    r"today|tomorrow|day after tomorrow|(this |next )?(mon|tues|wednes|thurs|fri|satur|sun)day"
)


def day_length(tokens: Sequence[Token], today: Day) -> int:
    """How many words at the front name a day, the most that do; 0: none."""
    if tokens and not tokens[0].quoted and tokens[0].text.casefold() == "asap":
        return 1
    for length in range(min(len(tokens), _DAY_WORDS_MAX), 0, -1):
        front = tokens[:length]
        if (
            not any(token.quoted for token in front)
            and read_day(text_of(front), today, pointer="/by") is not None
        ):
            return length
    return 0


def price_in(tokens: Sequence[Token]) -> tuple[str, str | None]:
    """The price and its currency, which may stand on either side: "18.50", "€18.50", "18,50 EUR each"."""
    words = text_of(tokens)
    rest, before = currency_in(words)
    length = spoken_prefix(rest)
    if not length:
        detail = f"{words[:40]!r} is no price. Write at and an amount, for example at 18.50; put a name with at in double quotes."
        raise wrong("price", "not_a_number", detail)
    number = rest[:length].rstrip(".,")
    price = plain_decimal(number, "/price", "price")
    rest, after = currency_in(rest[length:].strip())
    if before and after and before != after:
        raise wrong(
            "price", "ambiguous_currency", f"The price {words!r} names two currencies. Leave one out."
        )
    if rest and _PER_PIECE.fullmatch(rest) is None:
        raise wrong(
            "price", "unexpected", f"{rest[:40]!r} after the price has no place. Write for example: {EXAMPLE}"
        )
    return price, before or after


def currency_in(words: str) -> tuple[str, str | None]:
    """The currency in front of these words, and what follows it."""
    if words[:1] in _CURRENCIES:
        return words[1:].lstrip(), _CURRENCIES[words[0]]
    if _CURRENCY.fullmatch(words[:3]) and not words[3:4].isalpha():
        return words[3:].lstrip(), words[:3].upper()
    return words, None
