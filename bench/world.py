"""What the bench promises from: a company of many items at two sites, and a two-level bill for what is made.

Every node has stock for the whole run and receipts in the weeks ahead, sites have calendars and cut-offs, customers
tiers and zones, items prices and floors: a line looks at all of it, as a real one does. Lines name no site, so they leave from
the first one of the customer's zone; half of the customers are in each zone, and all nodes are drawn on.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import msgspec

from accord.db.engine import Database
from accord.exceptions.model import Counted, Master, MasterStated, News, ReceiptStated
from accord.exceptions.service import supply_changed
from accord.kit.calendars import weekdays
from accord.kit.days import Day, iso
from accord.ledger.model import (
    CalendarRecord,
    Delivery,
    Input,
    Item,
    Load,
    Operation,
    Resource,
    Site,
    Step,
    Supplier,
    SupplyKind,
    Term,
)
from accord.ledger.service import reads
from accord.policy import service as policy
from accord.policy.model import Customer, Price, Tier
from accord.promise.model import Line, Request, Verb

ACTOR = "bench"
SITES = ("Halden", "Lyon")
CUSTOMERS = 60
MADE = 40  # items that are made, each on one of the lines
LINES = 4
DAYS_AHEAD = (7, 60)  # a requested day is in this span
SEED = 7

_STOCK = 10**9
_RECEIPTS = 4  # a node, one a week
_NEWS_MAX = 5_000


class World(msgspec.Struct, frozen=True):
    """What a caller must know of the company to ask."""

    items: int
    today: Day


def load(db: Database, items: int) -> World:
    """Fill an empty database."""
    supply_changed(db, [MasterStated(record=one) for one in _masters(items)], actor=ACTOR, id="masters")
    policy.put(
        db,
        [
            Tier(id="A", rank=1),
            Tier(id="B", rank=2),
            *(
                Customer(
                    id=customer(n),
                    name=f"Customer {n}",
                    tier="AB"[n % 2],
                    ship_to=("north", "south")[n // 2 % 2],
                )
                for n in range(CUSTOMERS)
            ),
            *(
                Price(id=item(n), item=item(n), list_minor=2_000 + n, floor_minor=1_200 + n)
                for n in range(items)
            ),
        ],
        actor=ACTOR,
        id="terms",
    )
    with db.read() as tx:
        today = reads.node(tx, item(0), SITES[0]).today
    news = list(_supply(items, today))
    for start in range(0, len(news), _NEWS_MAX):
        supply_changed(db, news[start : start + _NEWS_MAX], actor=ACTOR, id=f"supply {start}")
    return World(items, today)


def item(n: int) -> str:
    """The id of an item with stock."""
    return f"item-{n:05}"


def made_item(n: int) -> str:
    """The id of an item that is made to order."""
    return f"made-{n:02}"


def customer(n: int) -> str:
    """The id of a customer."""
    return f"customer-{n:02}"


def _masters(items: int) -> Iterator[Master]:
    yield CalendarRecord(id="week", calendar=weekdays(480))
    yield CalendarRecord(id="shifts", calendar=weekdays(960))
    for site, zone in zip(SITES, ("Europe/Oslo", "Europe/Paris"), strict=True):
        yield Site(id=site, name=site, zone=zone, calendar="week", cutoff_minute=15 * 60)
    for zone, first in (("north", 0), ("south", 1)):
        for place, site in enumerate(SITES):
            yield Delivery(
                id=f"{site}-{zone}", site=site, ship_to=zone, transit_days=1 + (place != first),
                cost_minor=10, priority=1 + (place != first),
            )  # fmt: skip
    for n in range(items):
        yield Item(id=item(n), name=f"Item {n}", cost_minor=1_000 + n)
    yield Supplier(id="supplier", name="Supplier", calendar="week")
    for name in ("rotor", "winding", "housing"):
        yield Item(id=name, name=name.title(), cost_minor=200)
        yield Term(
            id=f"buy-{name}", item=name, site=SITES[0], supplier="supplier", lead_days=5, lot_multiple=100
        )
    yield Resource(id="winding", name="Winding", site=SITES[0], calendar="shifts", units=8)
    for n in range(LINES):
        yield Resource(id=f"line-{n}", name=f"Line {n}", site=SITES[0], calendar="shifts", units=20)
    for n in range(MADE):
        yield Item(id=made_item(n), name=f"Made {n}", cost_minor=5_000)
        yield Item(id=f"motor-{n:02}", name=f"Motor {n}", cost_minor=1_500)
        yield Operation(
            id=f"wind-{n:02}", item=f"motor-{n:02}", site=SITES[0],
            inputs=(Input(item="rotor", quantity=1), Input(item="winding", quantity=2)),
            steps=(Step(loads=(Load(resource="winding"),), setup_minutes=5, run_seconds=60),),
        )  # fmt: skip
        yield Operation(
            id=f"build-{n:02}", item=made_item(n), site=SITES[0],
            inputs=(Input(item=f"motor-{n:02}", quantity=1), Input(item="housing", quantity=1)),
            steps=(Step(loads=(Load(resource=f"line-{n % LINES}"),), setup_minutes=10, run_seconds=90),),
        )  # fmt: skip


def _supply(items: int, today: Day) -> Iterator[News]:
    for n in range(items):
        for site in SITES:
            yield Counted(item=item(n), site=site, quantity=_STOCK, as_of=1)
            for week in range(_RECEIPTS):
                yield ReceiptStated(
                    item=item(n), site=site, id=f"po-{n}-{site}-{week}", kind=SupplyKind.purchase,
                    quantity=1_000, due_on=today + 7 * week + 3,
                )  # fmt: skip


class Asker:
    """Makes requests of one line, each with an id of its own, the same ones again for the same name.

    With a share (k, n) it wants every n-th item alone, from the k-th on: what a process gets when requests go by node.
    """

    def __init__(self, world: World, name: str, *, is_hot: bool, share: tuple[int, int] = (0, 1)) -> None:
        self._world = world
        self._share = share
        self._name = name
        self._is_hot = is_hot
        self._random = random.Random(f"{SEED} {name}")
        self._number = 0

    def _terms(self) -> tuple[str, str, str, int, Day]:
        """Id, customer, item, quantity, day."""
        self._number += 1
        chance = self._random.random
        part, parts = self._share
        n = 0 if self._is_hot else int(chance() * (self._world.items // parts)) * parts + part
        who = 0 if self._is_hot else int(chance() * CUSTOMERS)  # one zone: one node
        first, last = DAYS_AHEAD
        day = self._world.today + first + int(chance() * (last - first))
        return f"{self._name}-{self._number}", customer(who), item(n), 1 + int(chance() * 5), day

    def request(self) -> Request:
        """The next one, as the service takes it."""
        id, who, what, quantity, day = self._terms()
        return Request(
            id=id,
            verb=Verb.commit,
            customer=who,
            lines=(Line(item=what, quantity=quantity, requested_on=day),),
        )

    def body(self) -> tuple[str, bytes]:
        """The next one, as a system sends it: its idempotency key and its JSON."""
        id, who, what, quantity, day = self._terms()
        line = f'{{"item":"{what}","quantity":"{quantity}","requested_on":"{iso(day)}"}}'
        return id, f'{{"verb":"commit","customer":"{who}","lines":[{line}]}}'.encode()

    def bulk(self, orders: int) -> tuple[str, bytes]:
        """The next ones in one call of the batch door."""
        made = [self.body() for _ in range(orders)]
        bodies = b",".join(b'{"id":"%b",%b' % (id.encode(), body[1:]) for id, body in made)
        return f"bulk-{made[0][0]}", b'{"orders":[%b]}' % bodies


def made_request(world: World, name: str, n: int) -> Request:
    """A request that nothing but making answers: motors are wound, pumps are built, what is bought is bought."""
    line = Line(item=made_item(n % MADE), quantity=1 + n % 5, requested_on=world.today + 60, site=SITES[0])
    return Request(id=f"{name}-{n}", verb=Verb.commit, customer=customer(0), lines=(line,))
