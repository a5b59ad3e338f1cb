"""How are days and quantities said to people?"""

from __future__ import annotations

from accord.kit.days import Day, date_of
from accord.kit.quantity import format_quantity
from accord.ledger.model import Item

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def day_words(day: Day) -> str:
    """The day as "Fri 12 Mar 2027", the same in every locale."""
    date = date_of(day)
    return f"{_WEEKDAYS[(day - 1) % 7]} {date.day} {_MONTHS[date.month - 1]} {date.year}"


def quantity_words(quantity: int, item: Item) -> str:
    """The quantity in stated units, with the unit where it is not pieces: "500", "2.5 kg"."""
    number = str(quantity) if item.scale == 1 else format_quantity(quantity, item.scale)
    return number if item.unit == "piece" else f"{number} {item.unit}"


def lines_words(count: int) -> str:
    """ "1 line", "3 lines"."""
    return "1 line" if count == 1 else f"{count} lines"
