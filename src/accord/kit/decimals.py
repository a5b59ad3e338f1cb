"""How is a number that people wrote read without guessing?

A system writes digits and at most one point. A person may also write a decimal comma or group thousands; whatever two
people could then read in two ways is an error that says how to write it.
"""

import re

from accord.kit.errors import InputError

_DECIMAL = re.compile(r"([0-9]{1,40})(?:\.([0-9]{1,40}))?")
# What people group thousands with when they do not type a point or comma: apostrophes, no-break and narrow spaces.
_QUIET = "'\u2019\u00a0\u202f\u2009"
_SPOKEN = re.compile(rf"[0-9][0-9.,{_QUIET}]*")
_GROUPS = re.compile(
    rf"[1-9][0-9]{{0,2}}(?:(?P<sign>[.,{_QUIET}])[0-9]{{3}})(?:(?P=sign)[0-9]{{3}})*(?P<rest>[.,][0-9]+)?"
)
_PLAIN = re.compile(r"([0-9]{1,40})(?:[.,]([0-9]{1,40}))?")
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


def spoken_prefix(text: str) -> int:
    """How many characters at the front of the text are a number as people write it; 0 when it starts with none."""
    match = _SPOKEN.match(text)
    return 0 if match is None else match.end()


def plain_decimal(text: str, pointer: str, noun: str) -> str:
    """The number a person wrote as digits and at most one point: "2,5" is "2.5", "1.234,50" is "1234.50".

    Raises: InputError when it has two readings (it shows both: "1,000" is 1000 or 1.000), or none.
    """
    groups, plain = _GROUPS.fullmatch(text), _PLAIN.fullmatch(text)
    if groups is not None and (groups["rest"] or " ")[0] != groups["sign"]:
        sign, rest = groups["sign"], groups["rest"]
        whole = text.removesuffix(rest or "").replace(sign, "")
        if plain is not None:
            detail = f"The {noun} {text!r} can be read in two ways: {whole} or {plain[1]}.{plain[2]}. Write {whole}"
            detail += f" or {plain[1]}.{plain[2].rstrip('0') or '0'}."
            raise InputError.at(pointer, "ambiguous_number", detail)
        return whole if rest is None else f"{whole}.{rest[1:]}"
    if plain is None:
        detail = f"The {noun} {text[:40]!r} is not a number. Write digits and at most one point: 500 or 2.5."
        raise InputError.at(pointer, "not_a_number", detail)
    whole = plain[1].lstrip("0") or "0"
    return whole if plain[2] is None else f"{whole}.{plain[2]}"
