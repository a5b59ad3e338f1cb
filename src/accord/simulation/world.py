"""What does the small company of a simulation make, buy, move and sell?

It consists of families of five items, so that every mechanism is met often: a product made of two components on a
line with limited minutes, bought components (one from a supplier with a limit, one with a long lead time), food in
lots that expire, and traded goods with shares for tiers. Two sites in different zones, one of which works Monday to
Friday with a cut-off. `hot`: one family, everybody wants the same; `cold`: sixty.
"""

from __future__ import annotations

import msgspec

from accord.exceptions.model import Counted, MasterStated, News
from accord.kit.calendars import Calendar, CalendarRule, weekdays
from accord.kit.days import Day, Instant
from accord.ledger.model import (
    Allocation,
    CalendarRecord,
    Companion,
    Delivery,
    Input,
    Item,
    Lane,
    Load,
    Operation,
    Record,
    Resource,
    Site,
    Step,
    Substitute,
    Supplier,
    Term,
)
from accord.policy.model import Customer, Price, Rules, Tier

NORTH, SOUTH = "north", "south"
FAMILIES = {True: 1, False: 60}  # hot, cold
ITEMS_A_FAMILY = 5
CUTOFF_MINUTE = 14 * 60  # of the site that works
CUSTOMERS = ("ann", "bob", "cyd", "dan", "eve")

RULES = Rules(
    horizon_days=60, depth_max=4, fence_days=1, late_receipt_days=3, hold_seconds=3_600, options_max=4
)


class Family(msgspec.Struct, frozen=True):
    """The five items of one family."""

    number: int

    def item(self, letter: str) -> str:
        """p: product, c and d: components, f: food, t: traded."""
        return f"{letter}{self.number}"

    @property
    def items(self) -> tuple[str, ...]:
        return tuple(self.item(letter) for letter in "pcdft")


def families(hot: bool) -> tuple[Family, ...]:
    return tuple(Family(n) for n in range(FAMILIES[hot]))


def master_data(today: Day, hot: bool) -> list[Record]:
    """Everything that is stated once, before the life begins."""
    holiday = CalendarRule(from_on=today + 9, until_on=today + 11, weekdays=127, minutes=0, priority=-1)
    work = Calendar(name="work", default_minutes=0, rules=(holiday, *weekdays(480).rules))
    records: list[Record] = [
        CalendarRecord(id="work", calendar=work),
        CalendarRecord(id="carrier", calendar=weekdays(1_440)),
        Site(id=NORTH, name="North", zone="Europe/Oslo", calendar="work", cutoff_minute=CUTOFF_MINUTE),
        Site(id=SOUTH, name="South", zone="America/Chicago"),
        Delivery(id="by-van", site=NORTH, ship_to="*", transit_days=1, calendar="carrier"),
        Delivery(id="by-truck", site=SOUTH, ship_to="*", transit_days=2, cost_minor=40, priority=2),
    ]
    for family in families(hot):
        records += _family(family, today)
    return records


def _family(family: Family, today: Day) -> list[Record]:
    n = family.number
    p, c, d, f, t = family.items
    line, hand = f"line{n}", f"hand{n}"
    return [
        *(Item(id=item, name=item.upper(), cost_minor=500, planner=f"planner-{n}") for item in family.items),
        Resource(id=line, name=line, site=NORTH, calendar="work", overtime_minutes=60, overtime_cost_minor=2),
        Resource(id=hand, name=hand, site=NORTH, calendar="work", units=2),
        Operation(
            id=f"make-{p}", item=p, site=NORTH,
            inputs=(Input(item=c, quantity=2), Input(item=d, quantity=1, fixed=1)),
            steps=(
                Step(loads=(Load(resource=hand),), run_seconds=300),
                Step(loads=(Load(resource=line, also=(Companion(resource=hand),)), Load(resource=hand, units=2, priority=2)), setup_minutes=30, run_seconds=900),
            ),
            lot_min=5, lot_multiple=5, lot_max=40, cost_minor=100,
        ),
        Supplier(id=f"slow{n}", name="Slow", calendar="carrier"),
        Supplier(id=f"small{n}", name="Small", calendar="carrier", capacity=30),
        Term(id=f"buy-{c}", item=c, site=NORTH, supplier=f"small{n}", lead_days=3, lot_multiple=10, cost_minor=90),
        Term(id=f"buy-{d}", item=d, site=NORTH, supplier=f"slow{n}", lead_days=8, lot_min=20),
        Term(id=f"buy-{f}", item=f, site=NORTH, supplier=f"slow{n}", lead_days=4, lot_min=15),
        Term(id=f"rush-{d}", item=d, site=NORTH, supplier=f"slow{n}", lead_days=2, cost_minor=900, expedite=True),
        Lane(id=f"move-{p}", item=p, origin=NORTH, destination=SOUTH, transit_days=2, calendar="carrier"),
        Lane(id=f"move-{t}", item=t, origin=NORTH, destination=SOUTH, transit_days=3, lot_multiple=4),
        Lane(id=f"back-{t}", item=t, origin=SOUTH, destination=NORTH, transit_days=3),
        Substitute(id=f"sub-{t}", item=t, other=p),
        Allocation(id=f"a-{t}", item=t, site=NORTH, path=("tier:A",), rank=1, from_on=today, until_on=today + 30, quantity=20),
        Allocation(
            id=f"b-{t}", item=t, site=NORTH, path=("tier:B",), rank=2, from_on=today + 5, until_on=today + 40,
            quantity=10, release_on=today + 20,
        ),
    ]  # fmt: skip


def customers() -> list[Customer | Tier | Price | Rules]:
    """Five customers that differ in every term, two tiers."""
    return [
        Tier(id="A", rank=1),
        Tier(id="B", rank=2),
        Customer(id="ann", name="Ann", tier="A"),
        Customer(id="bob", name="Bob", tier="B", may_split=False, early_days_max=3, calendar="carrier"),
        Customer(id="cyd", name="Cyd", tier="B", ship_complete=True, may_substitute=True),
        Customer(id="dan", name="Dan", life_days_min=6, late_days_max=20),
        Customer(id="eve", name="Eve", ship_complete=True, ship_to="island"),
    ]


def opening_stock(today: Day, at: Instant, hot: bool) -> list[News]:
    """The first counts."""
    found: list[News] = []
    for family in families(hot):
        p, c, d, f, t = family.items
        for item, site, quantity in (
            (p, NORTH, 15),
            (p, SOUTH, 8),
            (c, NORTH, 60),
            (d, NORTH, 30),
            (t, NORTH, 50),
            (t, SOUTH, 12),
        ):
            found.append(Counted(item=item, site=site, quantity=quantity, as_of=at))
        for lot, days in (("old", 6), ("new", 25)):
            found.append(Counted(item=f, site=NORTH, quantity=20, as_of=at, lot=lot, expires_on=today + days))
    return found


def stated(records: list[Record]) -> list[News]:
    """Master data as news."""
    return [MasterStated(record=record) for record in records]  # type: ignore[arg-type]
