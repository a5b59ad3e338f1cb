"""What is Halden Pumps, all of it, on a day?

Everything is generated: the same seed and day give the same company. Nothing here touches a database or a clock.
"""

from __future__ import annotations

import msgspec

from accord.demo import catalogue, customers, network, orders, supply
from accord.demo.history import History, history
from accord.demo.morning import morning
from accord.demo.rights import rights
from accord.exceptions.model import Master, MasterStated, News, OpeningLine
from accord.kit.days import Day, midnight
from accord.policy.model import Customer, Edition, Price, Rules, Tier
from accord.promise.model import Request

HOME = "Europe/Oslo"  # where the company's day begins; its other sites share the hour
_NOON = 12 * 3_600 * 1_000_000

RULES = Rules(
    currency="EUR",
    fence_days=2,
    late_receipt_days=5,
    weigh_substitute=50,  # its substitutes do all that the plain pumps do
)


class Company(msgspec.Struct, frozen=True, kw_only=True):
    """A company as its systems would tell it to Accord."""

    seed: int
    today: Day
    policy: tuple[Customer | Tier | Price | Rules, ...]
    rights: Edition  # who may promise what
    master: tuple[Master, ...]
    supply: tuple[News, ...]  # counts and receipts
    open_orders: tuple[OpeningLine, ...]  # promised elsewhere, not yet delivered
    history: tuple[History, ...]  # promised elsewhere, delivered
    morning: tuple[Request, ...]  # what is asked today, in order

    @property
    def news(self) -> tuple[News, ...]:
        """Master data, supply and open orders, in the order in which they must be told."""
        return (*(MasterStated(record=record) for record in self.master), *self.supply, *self.open_orders)

    @property
    def past(self) -> tuple[OpeningLine, ...]:
        """The history as it is told: orders that were promised elsewhere and have been delivered, at noon."""
        return tuple(
            OpeningLine(
                customer=row.customer,
                item=row.item,
                site=row.site,
                quantity=row.quantity,
                requested_on=row.requested_on,
                promised_on=row.first_promised_on,
                ref=row.ref,
                price_minor=row.price_minor,
                delivered_at=midnight(row.delivered_on, HOME) + _NOON,
            )
            for row in self.history
        )


def company(seed: int, today: Day) -> Company:
    """The company of a seed on a day."""
    as_of = midnight(today, HOME)
    items = catalogue.items(today, as_of)
    prices = catalogue.prices(items)
    buyers = customers.customers(seed)
    plan = supply.plan(today)
    open_orders = orders.open_orders(plan, buyers, prices, seed)
    return Company(
        seed=seed,
        today=today,
        policy=(*customers.TIERS, *buyers, *prices, RULES),
        rights=rights(),
        master=(
            *network.calendars(today),
            *items,
            *network.SITES,
            *network.resources(),
            *network.suppliers(),
            *network.operations(today),
            *network.terms({item.id: item.cost_minor for item in items}),
            *network.lanes(),
            *network.deliveries(),
            *network.substitutes(),
            *network.allocations(today),
        ),
        supply=supply.news(plan, as_of),
        open_orders=open_orders,
        history=history(buyers, prices, today, seed),
        morning=morning(plan, buyers, seed),
    )
