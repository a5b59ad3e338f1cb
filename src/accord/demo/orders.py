"""Which orders had Halden Pumps promised before Accord came?

Every one of them is covered by stock or by what is on order, so the company starts without exceptions. The X-100 of the
story have orders of their own, which leave exactly what the story needs.
"""

from __future__ import annotations

from random import Random

from accord.demo import network, story
from accord.demo.catalogue import FAMILIES, Family
from accord.demo.supply import Plan
from accord.exceptions.model import OpeningLine
from accord.kit.days import Day
from accord.policy.model import Customer, Price

_STORY_ORDERS = (60, 45, 40, 25, 20)  # 190 of the 610 X-100 that are there in time
_STORY_ORDERS_LATER = (50, 40)  # 90 of the 200 that come a week later
_ORDERS_OF_A_PUMP = 9
_LARGEST = {100: 120, 200: 60, 300: 25, 400: 12, 500: 6}
_ON_THE_WAY_DAYS = 10  # no last leg and no wait for its carrier takes longer
_SUBSTITUTE_KEPT = story.QUANTITY + 200  # of the story's substitute, beside the orders


def open_orders(
    plan: Plan, customers: tuple[Customer, ...], prices: tuple[Price, ...], seed: int
) -> tuple[OpeningLine, ...]:
    """Order lines that are still to be delivered, each within what the plan leaves; they are noted in the plan."""
    chance = Random(f"{seed}:orders")
    listed = {price.id: price.list_minor for price in prices}
    found: list[OpeningLine] = []
    for family in FAMILIES:
        near = [
            customer
            for customer in customers
            if reached_from(family.site, customer) and customer.id != story.CUSTOMER
        ]
        for pump in family.pumps:
            wanted = _story_lines(plan) if pump == story.ITEM else _lines(plan, family, pump, chance)
            for promised_on, quantity in wanted:
                customer = near[chance.randrange(len(near))]
                line = OpeningLine(
                    customer=customer.id,
                    item=pump,
                    site=family.site,
                    quantity=quantity,
                    requested_on=promised_on - chance.choice((0, 0, 0, 2, 5)),
                    promised_on=promised_on,
                    ref=f"SO-{50_001 + len(found)}",
                    price_minor=listed.get(f"{pump}|{customer.tier}", listed[pump]),
                )
                found.append(line)
    return tuple(found)


def reached_from(site: str, customer: Customer) -> bool:
    """Whether the site delivers to the customer."""
    return site in network.ways(customer.ship_to)


def _story_lines(plan: Plan) -> list[tuple[Day, int]]:
    """The orders for the same X-100: before the story's truck leaves, and after the next one has left."""
    days = plan.dates
    lines = [(days.asked_on - 7 - n % 2, quantity) for n, quantity in enumerate(_STORY_ORDERS)]
    lines += [(days.later_on + 4 + 2 * n, quantity) for n, quantity in enumerate(_STORY_ORDERS_LATER)]
    plan.needs[story.ITEM, story.SITE].extend(lines)
    return lines


def _lines(plan: Plan, family: Family, pump: str, chance: Random) -> list[tuple[Day, int]]:
    node = (pump, family.site)
    lines = []
    for _ in range(_ORDERS_OF_A_PUMP):
        promised_on = _working_day(plan.today + _ON_THE_WAY_DAYS + chance.randrange(45))
        # When it leaves is for the ledger to say; taking it from the first possible day on is safe.
        leaves_on = promised_on - _ON_THE_WAY_DAYS
        left = plan.left(node, leaves_on)
        if pump == story.SUBSTITUTE:
            left = min(left, plan.left(node, plan.dates.ships_on) - _SUBSTITUTE_KEPT)
        quantity = min(1 + chance.randrange(_LARGEST[family.size]), left // 3)
        if family.size < 400:
            quantity -= quantity % 5
        if quantity > 0:
            plan.needs[node].append((leaves_on, quantity))
            lines.append((promised_on, quantity))
    return lines


def _working_day(day: Day) -> Day:
    """A Tuesday or Thursday near the day: every customer receives then."""
    return day + (1, 0, 1, 0, -1, -2, 2)[story.weekday(day)]
