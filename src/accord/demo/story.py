"""Which figures does the story of the demo rest on?

A seller asks for 500 X-100 for Northwind by a Friday about three weeks ahead. 420 can be there. The other 80 come with
WO 2231, which waits for the castings of Brenner's PO 4711, and so a week late; unless castings come by express and the
line works overtime, or the customer takes X-110. Everything here is relative to today.
"""

from __future__ import annotations

import msgspec

from accord.kit.days import Day
from accord.promise.model import Line, Request, Verb

CUSTOMER = "Northwind"
SHIP_TO = "Hamburg"
ITEM = "X-100"
SUBSTITUTE = "X-110"
SITE = "Halden"
QUANTITY = 500
ON_TIME = 420  # what is there by the day, in stock and on order
PRICE_MINOR = 1_850
PRICE_BELOW_FLOOR_MINOR = 1_590
SUPPLIER = "Brenner"
PURCHASE = "PO 4711"
PURCHASE_QUANTITY = 800
WORK = "WO 2231"  # made of those castings
WORK_QUANTITY = 200

_MONDAY = 1  # date(1, 1, 1), day 1, was a Monday
_A_WEEK = 7


class Dates(msgspec.Struct, frozen=True, kw_only=True):
    """The days of the story."""

    today: Day
    asked_on: Day  # the Friday the customer asks for
    ships_on: Day  # the truck to Hamburg leaves on Wednesdays
    purchase_on: Day  # the castings of PO 4711 arrive, and WO 2231 begins
    work_on: Day  # the pumps of WO 2231 are there
    later_on: Day  # the next Friday


def weekday(day: Day) -> int:
    """0 on Mondays to 6 on Sundays."""
    return (day - _MONDAY) % _A_WEEK


def dates(today: Day) -> Dates:
    """The story's days: it asks for the first Friday that is at least 16 days ahead."""
    asked_on = today + 16 + (4 - weekday(today + 16)) % _A_WEEK
    return Dates(
        today=today,
        asked_on=asked_on,
        ships_on=asked_on - 2,
        purchase_on=asked_on + 4,
        work_on=asked_on + 5,
        later_on=asked_on + _A_WEEK,
    )


def asks(today: Day, *, price_minor: int = PRICE_MINOR) -> Request:
    """The seller's question."""
    line = Line(item=ITEM, quantity=QUANTITY, requested_on=dates(today).asked_on, price_minor=price_minor)
    return Request(id="story", verb=Verb.ask, customer=CUSTOMER, lines=(line,))
