"""How much money: decimal words outside, whole minor units and a currency inside."""

import re

from accord.kit.decimals import read_decimal
from accord.kit.errors import InputError

MONEY_MINOR_MAX = 10**15

# ISO 4217, the currencies whose minor unit is not the hundredth.
_WITHOUT_MINOR_UNIT = re.compile(r"BIF|CLP|DJF|GNF|ISK|JPY|KMF|KRW|PYG|RWF|UGX|UYI|VND|VUV|XAF|XOF|XPF")
_IN_THOUSANDTHS = re.compile(r"BHD|IQD|JOD|KWD|LYD|OMR|TND")
_IN_TEN_THOUSANDTHS = re.compile(r"CLF|UYW")
_CURRENCY = re.compile(r"[A-Z]{3}")


def exponent_of(currency: str, pointer: str = "currency") -> int:
    """How many decimals the currency has.

    Raises: InputError when it is not written as three capital letters.
    """
    if _CURRENCY.fullmatch(currency) is None:
        detail = f"{currency[:20]!r} is not a currency code. Write three capital letters, for example EUR."
        raise InputError.at(pointer, "not_a_currency", detail)
    if _WITHOUT_MINOR_UNIT.fullmatch(currency):
        return 0
    if _IN_THOUSANDTHS.fullmatch(currency):
        return 3
    return 4 if _IN_TEN_THOUSANDTHS.fullmatch(currency) else 2


def parse_money(text: str, currency: str, pointer: str) -> int:
    """Minor units of an amount ("18.50" in EUR is 1850). Zero is an amount; less is not.

    Raises: InputError naming the field: not a plain decimal, finer than the currency's minor unit, too large.
    """
    exponent = exponent_of(currency)
    digits, decimals = read_decimal(text, pointer, "amount")
    if decimals > exponent:
        detail = f"The amount {text[:40]!r} is finer than {currency} allows. Use at most {exponent} decimals."
        raise InputError.at(pointer, "too_fine", detail)
    power: int = 10 ** (exponent - decimals)
    minor = digits * power
    if minor > MONEY_MINOR_MAX:
        raise InputError.at(
            pointer, "too_large", f"The amount {text[:40]!r} is too large. Check the number of digits."
        )
    return minor


def format_money(minor: int, currency: str) -> str:
    """The exact amount with its currency: 1850 minor units of EUR are "18.50 EUR"."""
    exponent = exponent_of(currency)
    digits = str(abs(minor)).rjust(exponent + 1, "0")
    amount = f"{digits[:-exponent]}.{digits[-exponent:]}" if exponent else digits
    return f"{'-' if minor < 0 else ''}{amount} {currency}"
