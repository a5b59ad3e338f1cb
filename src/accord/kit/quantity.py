"""How many: decimal words outside, whole base units inside.

An item keeps how many base units make one stated unit, its scale: 10 for tenths of a piece, 1000 for grams of a
kilogram. Everything inside counts base units; only this file multiplies and divides.
"""

from math import gcd

from accord.kit.decimals import read_decimal
from accord.kit.errors import Fault, InputError

QUANTITY_MAX = 10**12  # base units; beyond it someone has typed a barcode into the quantity


def parse_quantity(text: str | int, scale: int, pointer: str) -> int:
    """Base units of a quantity in stated units ("2.5" at scale 1000 is 2500).

    Raises: InputError naming the field: not a plain decimal, not more than zero, not whole in base units, too large.
    """
    if type(text) not in (int, str):  # True and 2.5 come from callers that checked no types
        detail = (
            f'The quantity {str(text)[:40]!r} is not written as text. Write it in quotes, for example "2.5".'
        )
        raise InputError.at(pointer, "not_a_number", detail)
    # An int beyond the clamp is too large all the same, and a million digits are never turned into text.
    words = str(max(-1, min(text, 10**30))) if isinstance(text, int) else text
    shown = repr(words[:40])
    digits, decimals = read_decimal(words, pointer, "quantity")
    power: int = 10**decimals
    units, rest = divmod(digits * scale, power)
    if units > QUANTITY_MAX:
        detail = f"The quantity {shown} is too large. The most is {format_quantity(QUANTITY_MAX // scale * scale, scale)}."
        raise InputError.at(pointer, "too_large", detail)
    if rest:
        detail = f"The quantity {shown} is not a whole number of base units. The smallest step is {format_quantity(1, scale)}."
        raise InputError.at(pointer, "not_whole", detail)
    if units == 0:
        raise InputError.at(pointer, "not_positive", f"The quantity {shown} is zero. Give more than zero.")
    return units


def format_quantity(n: int, scale: int) -> str:
    """The exact decimal of base units in stated units, as short as it can be (2500 at scale 1000 is "2.5").

    Raises: Fault when no finite decimal says it: such a scale must not be given to an item (see `is_decimal_scale`).
    """
    if scale == 1:
        return str(n)
    if scale < 1:
        raise Fault(f"a scale is 1 or more, not {scale}")
    numerator, denominator = n // (common := gcd(n, scale)), scale // common
    places = _places(denominator)
    if places is None:
        raise Fault(f"{n} units at scale {scale} have no exact decimal")
    digits = str(abs(numerator) * 10**places // denominator).rjust(places + 1, "0")
    sign = "-" if n < 0 else ""
    return sign + (f"{digits[:-places]}.{digits[-places:]}" if places else digits)


def is_decimal_scale(scale: int) -> bool:
    """Whether every quantity at this scale has an exact decimal: the scale is made of twos and fives only."""
    return scale >= 1 and _places(scale) is not None


def _places(denominator: int) -> int | None:
    """How many decimals a fraction with this denominator needs; None when they never end."""
    twos = fives = 0
    while denominator % 2 == 0:
        denominator, twos = denominator // 2, twos + 1
    while denominator % 5 == 0:
        denominator, fives = denominator // 5, fives + 1
    return max(twos, fives) if denominator == 1 else None
