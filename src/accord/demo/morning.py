"""What do Halden Pumps' sellers ask for on one morning?

Forty requests: what comes from stock, what must be made, moved or bought, what is split or comes later, orders of many
lines, and some that the business must refuse. None of them touches the X-100, so that the story is still to be told.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from accord.demo import story
from accord.demo.supply import Plan
from accord.kit.days import Day, iso
from accord.policy.model import Customer
from accord.promise.model import Line, Request, Verb

COUNT = 40


def morning(plan: Plan, customers: tuple[Customer, ...], seed: int) -> tuple[Request, ...]:
    """The requests in the order in which they come; their ids say seed, day and place, so that a retry is harmless."""
    desk = _Desk(plan.today, customers, Random(f"{seed}:morning"))
    drafts = [
        Request(
            id="", verb=Verb.ask, customer=story.CUSTOMER, lines=story.asks(plan.today).lines, ref="Q-7001"
        ),
        *_scripted(desk),
    ]
    while len(drafts) < COUNT:
        drafts.append(_ordinary(desk))
    prefix = f"morning-{seed}-{iso(plan.today)}"
    return tuple(
        Request(
            id=f"{prefix}-{number:02}",
            verb=draft.verb,
            customer=draft.customer,
            lines=draft.lines,
            accept=draft.accept,
            hold_seconds=draft.hold_seconds,
            ref=draft.ref or f"Q-{7_000 + number}",
        )
        for number, draft in enumerate(drafts, 1)
    )


class _Desk:
    """Who may be asking, and when."""

    def __init__(self, today: Day, customers: tuple[Customer, ...], chance: Random) -> None:
        self.today = today
        self.customers = customers
        self.chance = chance

    def someone(self, fits: Callable[[Customer], bool]) -> Customer:
        """A customer that fits; which one is chance. Where none fits, anyone but the story's."""
        others = [customer for customer in self.customers if customer.id != story.CUSTOMER]
        fitting = [customer for customer in others if fits(customer)] or others
        return fitting[self.chance.randrange(len(fitting))]

    def day(self, ahead: int) -> Day:
        """A Tuesday, or the Thursday, about so many days ahead."""
        day = self.today + ahead
        return day + (1, 0, 1, 0, 4, 3, 2)[story.weekday(day)]


def _request(
    verb: Verb, customer: Customer, *lines: Line, accept: str = "best", hold_seconds: int | None = None
) -> Request:
    return Request(
        id="", verb=verb, customer=customer.id, lines=lines, accept=accept, hold_seconds=hold_seconds
    )


def _scripted(desk: _Desk) -> list[Request]:
    """What a morning is sure to bring, each for what it shows."""
    day = desk.day
    near = {site: (lambda c, zones=zones: c.ship_to in zones) for site, zones in _FIRST.items()}
    return [
        # From stock.
        _request(Verb.commit, desk.someone(near["Halden"]), _line("X-120", 60, day(12))),
        _request(Verb.commit, desk.someone(near["Gdansk"]), _line("X-400", 4, day(10))),
    ]


def _ordinary(desk: _Desk) -> Request:
    """One line of something that is usually there."""
    pump, largest = desk.chance.choice(_ORDINARY)
    customer = desk.someone(lambda c: True)
    verb = Verb.hold if desk.chance.randrange(3) == 0 else Verb.commit
    quantity = 1 + desk.chance.randrange(largest)
    return _request(verb, customer, _line(pump, quantity, desk.day(9 + desk.chance.randrange(25))))


def _line(item: str, quantity: int, on: Day, price_minor: int | None = None) -> Line:
    return Line(item=item, quantity=quantity, requested_on=on, price_minor=price_minor)


_ORDINARY = (
    ("X-120", 30),
    ("X-200", 10),
    ("X-210", 15),
    ("X-220", 10),
    ("X-300", 6),
    ("X-310", 5),
    ("X-410", 2),
)
_FIRST = {
    "Halden": ("Oslo", "Gothenburg", "Copenhagen"),
    "Lyon": ("Paris", "Milan", "Munich", "Barcelona", "Rotterdam", "London"),
    "Gdansk": ("Berlin", "Warsaw", "Prague", "Riga"),
}
