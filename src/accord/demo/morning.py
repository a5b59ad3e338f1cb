"""What do Halden Pumps' sellers ask for on one morning?

Forty requests: what comes from stock, what must be made, moved or bought, what is split or comes later, orders of many
lines, and some that the business must refuse. None of them touches the X-100, so that the story is still to be told.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from accord.demo import network, story
from accord.demo.catalogue import family_of
from accord.demo.supply import Plan
from accord.kit.days import Day, iso
from accord.policy.model import Customer
from accord.promise.model import Line, Request, Verb

COUNT = 40


def morning(plan: Plan, customers: tuple[Customer, ...], seed: int) -> tuple[Request, ...]:
    """The requests in the order in which they come; their ids say seed, day and place, so that a retry is harmless."""
    desk = _Desk(plan, customers, Random(f"{seed}:morning"))
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
            may_substitute=draft.may_substitute,
            ref=draft.ref or f"Q-{7_000 + number}",
        )
        for number, draft in enumerate(drafts, 1)
    )


class _Desk:
    """Who may be asking, when, and for how much."""

    def __init__(self, plan: Plan, customers: tuple[Customer, ...], chance: Random) -> None:
        self.plan = plan
        self.customers = customers
        self.chance = chance

    def someone(self, fits: Callable[[Customer], bool]) -> Customer:
        """A customer that fits; which one is chance. Where none fits, anyone but the story's."""
        others = [customer for customer in self.customers if customer.id != story.CUSTOMER]
        fitting = [customer for customer in others if fits(customer)] or others
        return fitting[self.chance.randrange(len(fitting))]

    def near(self, site: str, fits: Callable[[Customer], bool] = lambda customer: True) -> Customer:
        """A customer to whom the site delivers first, and who fits."""
        return self.someone(lambda customer: network.ways(customer.ship_to)[0] == site and fits(customer))

    def day(self, ahead: int) -> Day:
        """A Tuesday or Thursday about so many days ahead: every customer receives then."""
        day = self.plan.today + ahead
        return day + (1, 0, 1, 0, 4, 3, 2)[story.weekday(day)]

    def more_than_there_is(self, pump: str, on: Day, extra: int) -> int:
        """So many more than are left of a pump, where it is made, in stock and on order."""
        return self.plan.left((pump, family_of(pump).site), on) + extra


def _scripted(desk: _Desk) -> list[Request]:
    """What a morning is sure to bring, each for what it shows."""
    day, near, commit, hold = desk.day, desk.near, Verb.commit, Verb.hold
    far = day(40)
    return [
        # There, in stock or on order.
        _request(commit, near("Halden"), _line("X-120", 60, day(12))),
        _request(commit, near("Gdansk"), _line("X-400", 4, day(10))),
        _request(hold, near("Lyon", lambda c: c.tier == "A"), _line("X-200", 50, day(9))),
        _request(hold, near("Lyon"), _line("X-310", 12, day(14)), hold_seconds=4 * 3_600),
        _request(commit, near("Halden"), _line("X-500", 3, day(21))),
        _request(commit, near("Halden"), _line("S-10", 400, day(10))),
        # To be made: more than is in stock and on order.
        _request(commit, near("Halden"), _line("X-500", desk.more_than_there_is("X-500", far, 4), far)),
        _request(commit, near("Gdansk"), _line("X-410", desk.more_than_there_is("X-410", far, 6), far)),
        _request(commit, near("Gdansk"), _line("X-400", desk.more_than_there_is("X-400", far, 5), far)),
        # To be moved: ordered where it is not made.
        _request(commit, near("Halden"), _line("X-210", 20, day(18))),
        _request(commit, near("Gdansk"), _line("X-300", 25, day(19))),
        _request(hold, near("Lyon"), _line("X-400", 20, day(24))),
        _request(commit, near("Lyon"), _line("X-110", 60, day(27))),
        # Part of it later, or something else instead.
        _request(commit, near("Lyon", lambda c: c.may_split), _line("X-220", 160, day(11))),
        _request(commit, near("Lyon", lambda c: not c.may_split), _line("X-310", 120, day(10))),
        _request(
            hold, near("Gdansk", lambda c: c.may_substitute), _line("X-400", 60, day(15)), may_substitute=True
        ),
        # Set aside for others: the lower tier may not have it, the higher one only with approval.
        _request(
            commit, near("Lyon", lambda c: c.tier == "C"), _line("X-200", 150, day(4)), accept="requested"
        ),
        _request(
            commit, near("Lyon", lambda c: c.tier == "A"), _line("X-200", 150, day(4)), accept="requested"
        ),
        # Orders of many lines: each line by itself, or all of them on one day.
        _request(
            commit,
            near("Halden", lambda c: not c.ship_complete),
            _line("X-120", 40, day(13)),
            _line("X-500", 2, day(13)),
            _line("S-30", 10, day(13)),
        ),
        _request(
            commit,
            near("Lyon", lambda c: c.ship_complete),
            _line("X-200", 15, day(14)),
            _line("X-300", 10, day(14)),
            _line("S-20", 60, day(14)),
        ),
        _request(
            hold,
            near("Gdansk"),
            _line("X-400", 3, day(16)),
            _line("X-410", 3, day(16)),
            _line("X-120", 20, day(20)),
            _line("X-220", 10, day(23)),
        ),
        # What the business must refuse, each for a reason of its own.
        _request(commit, near("Lyon"), _line("X-300", 10, day(12), price_minor=9_900)),
        _request(commit, near("Gdansk"), _line("X-410", 80, day(9)), accept="requested"),
        _request(commit, near("Halden"), _line("S-10", 20_000, day(8)), accept="requested"),
        _request(commit, desk.someone(lambda c: c.late_days_max == 30), _line("X-510", 400, day(12))),
        _request(hold, near("Halden"), _line("X-120", 30, day(20)), hold_seconds=30 * 86_400),
        _request(commit, near("Lyon"), _line("X-200", 10, desk.plan.today - 3)),
        _request(commit, near("Lyon"), _line("X-999", 10, day(12))),
    ]


def _ordinary(desk: _Desk) -> Request:
    """One line of something that is usually there."""
    pump, largest = desk.chance.choice(_ORDINARY)
    customer = desk.someone(lambda customer: True)
    verb = Verb.hold if desk.chance.randrange(3) == 0 else Verb.commit
    quantity = 1 + desk.chance.randrange(largest)
    return _request(verb, customer, _line(pump, quantity, desk.day(9 + desk.chance.randrange(25))))


def _request(
    verb: Verb,
    customer: Customer,
    *lines: Line,
    accept: str = "best",
    hold_seconds: int | None = None,
    may_substitute: bool | None = None,
) -> Request:
    return Request(
        id="",
        verb=verb,
        customer=customer.id,
        lines=lines,
        accept=accept,
        hold_seconds=hold_seconds,
        may_substitute=may_substitute,
    )


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
