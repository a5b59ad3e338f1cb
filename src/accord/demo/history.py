"""What had Halden Pumps promised in the fourteen months before, and did it keep it?

2,400 deliveries. Chance says who, what and when; how many were kept is set, so that the scorecard has figures that a
test can hold: 94.1 % in the last thirty days, 92.8 % in the thirty before, and 41 % of what went wrong in the last ninety
was a supplier's delay.
"""

from __future__ import annotations

from random import Random

import msgspec

from accord.demo import story
from accord.demo.catalogue import FAMILIES
from accord.demo.orders import reached_from
from accord.kit.days import Day
from accord.policy.model import Customer, Price

COUNT = 2_400


class History(msgspec.Struct, frozen=True, kw_only=True):
    """One order line that was delivered in full."""

    ref: str
    customer: str
    item: str
    site: str
    quantity: int
    price_minor: int  # one stated unit
    requested_on: Day
    first_promised_on: Day
    delivered_on: Day
    cause: str  # why it came later than first promised, "" when it did not

    @property
    def is_kept(self) -> bool:
        """Delivered no later than first promised."""
        return self.delivered_on <= self.first_promised_on


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """A span of days before today, with what was due in it and what went wrong."""

    from_days: int  # before today
    until_days: int  # before today; the period ends the day before
    due: int
    late: int
    late_by_supplier: int


PERIODS = (
    Period(from_days=425, until_days=90, due=1_892, late=150, late_by_supplier=58),
    Period(from_days=90, until_days=60, due=172, late=12, late_by_supplier=5),
    Period(from_days=60, until_days=30, due=166, late=12, late_by_supplier=5),
    Period(from_days=30, until_days=1, due=170, late=10, late_by_supplier=4),
)
SUPPLIER_DELAY = "supplier delay"
_OTHER_CAUSES = ("machine down", "carrier delay", "quality", "date moved by us", "count was wrong")
_LARGEST = {100: 150, 200: 60, 300: 25, 400: 8, 500: 3}


def history(
    customers: tuple[Customer, ...], prices: tuple[Price, ...], today: Day, seed: int
) -> tuple[History, ...]:
    """The deliveries of fourteen months in the order of their first promised days; all of them before today."""
    chance = Random(f"{seed}:history")
    listed = {price.id: price.list_minor for price in prices}
    near = {
        family.site: [customer for customer in customers if reached_from(family.site, customer)]
        for family in FAMILIES
    }
    found: list[History] = []
    for period in PERIODS:
        days = sorted(_due_days(period, today, chance))
        late = set(chance.sample(range(period.due), period.late))
        by_supplier = set(chance.sample(sorted(late), period.late_by_supplier))
        for position, due_on in enumerate(days):
            family = FAMILIES[chance.choice((0, 0, 0, 1, 1, 2, 2, 3, 4))]
            pump = family.pumps[chance.randrange(len(family.pumps))]
            customer = near[family.site][chance.randrange(len(near[family.site]))]
            quantity = 1 + chance.randrange(_LARGEST[family.size])
            early = chance.choice((0, 0, 0, 0, 1, 2))
            days_late = min(chance.choice((1, 1, 2, 3, 5, 8, 13)), today - 1 - due_on)
            cause = ""
            if position in late:
                cause = SUPPLIER_DELAY if position in by_supplier else chance.choice(_OTHER_CAUSES)
            found.append(
                History(
                    ref=f"SO-{40_001 + len(found)}",
                    customer=customer.id,
                    item=pump,
                    site=family.site,
                    quantity=quantity,
                    price_minor=listed.get(f"{pump}|{customer.tier}", listed[pump]),
                    requested_on=due_on - chance.choice((0, 0, 0, 0, 1, 3, 7)),
                    first_promised_on=due_on,
                    delivered_on=due_on + days_late if cause else due_on - early,
                    cause=cause,
                )
            )
    return tuple(found)


def _due_days(period: Period, today: Day, chance: Random) -> list[Day]:
    """Working days of the period, at least one day before yesterday, so that each could be late and yet delivered."""
    first, last = today - period.from_days, today - max(period.until_days + 1, 3)
    days: list[Day] = []
    while len(days) < period.due:
        day = first + chance.randrange(last - first + 1)
        if story.weekday(day) < 5:
            days.append(day)
    return days
