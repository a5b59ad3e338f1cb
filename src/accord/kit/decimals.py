"""How is a number that people wrote read without guessing?

Digits and at most one point. Whatever two people could read in two ways is an error that says how to write it.
"""

import re

from accord.kit.errors import InputError

_DECIMAL = re.compile(r"([0-9]{1,40})(?:\.([0-9]{1,40}))?")
_GROUPED = re.compile(r"[0-9][,'_\u2019\s][0-9]")


def read_decimal(text: str, pointer: str, noun: str) -> tuple[int, int]:
    """The digits of a decimal number as a whole number, and how many of them are decimals: "2.50" is (25, 1).

    Raises: InputError when it is negative, ambiguous ("1,000") or no plain decimal number ("1e3", "NaN", "").
    """
    words = text.strip()
    shown = f"The {noun} {text[:40]!r}"
    if words.startswith(("-", "\N{MINUS SIGN}")):
        raise InputError.at(pointer, "negative", f"{shown} is negative. Write it without a sign.")
    if _GROUPED.search(words):
        detail = f"{shown} can be read in two ways. Write no thousands separator, and a point for decimals: 1000 or 2.5."
        raise InputError.at(pointer, "ambiguous_number", detail)
    match = _DECIMAL.fullmatch(words)
    if match is None:
        detail = f"{shown} is not a plain decimal number. Write digits and at most one point: 500 or 2.5."
        raise InputError.at(pointer, "not_a_number", detail)
    fraction = (match[2] or "").rstrip("0")
    return int(match[1] + fraction), len(fraction)
