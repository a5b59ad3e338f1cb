"""Which company do the faults happen to? A small one in which everything is met: stock, receipts, making, moving, buying."""

from __future__ import annotations

from accord.db.engine import Database
from accord.exceptions.model import Counted, MasterStated, News, ReceiptStated
from accord.exceptions.service import supply_changed
from accord.kit.calendars import weekdays
from accord.kit.days import Day
from accord.ledger.model import (
    CalendarRecord,
    Input,
    Item,
    Lane,
    Load,
    Operation,
    Record,
    Resource,
    Site,
    Step,
    Supplier,
    SupplyKind,
    Term,
)
from accord.ledger.service import reads
from accord.policy import service as policy
from accord.policy.model import Customer, Rules, Tier

EAST, WEST = "east", "west"
STOCKED = ("s0", "s1", "s2")  # bought now and then, promised from what is there and what is expected
MADE, PART, MOVED = "made", "part", "moved"
ITEMS = (*STOCKED, MADE, PART, MOVED)
CUSTOMERS = ("ann", "bob")
ACTOR = "client"

MASTERS: tuple[Record, ...] = (
    CalendarRecord(id="work", calendar=weekdays(480)),
    Site(id=EAST, name="East", zone="UTC"),
    Site(id=WEST, name="West", zone="UTC"),
    *(Item(id=item, name=item.title(), cost_minor=500) for item in ITEMS),
    Resource(id="line", name="Line", site=EAST, calendar="work"),
    Operation(
        id="make",
        item=MADE,
        site=EAST,
        inputs=(Input(item=PART, quantity=2),),
        steps=(Step(loads=(Load(resource="line"),), run_seconds=60),),
        lot_min=5,
    ),
    Supplier(id="supplier", name="Supplier"),
    Term(id="buy", item=PART, site=EAST, supplier="supplier", lead_days=2, lot_multiple=10),
    Lane(id="move", item=MOVED, origin=EAST, destination=WEST, transit_days=2),
)


def begin(db: Database, *, on_hand: int = 400) -> Day:
    """Tell the company to a fresh database; the day it is there."""
    supply_changed(db, [MasterStated(record=r) for r in MASTERS], actor="erp", id="masters")  # type: ignore[arg-type]
    policy.put(
        db,
        [
            Rules(horizon_days=60, depth_max=3, hold_seconds=7_200),
            Tier(id="A", rank=1),
            Customer(id="ann", name="Ann", tier="A"),
            Customer(id="bob", name="Bob"),
        ],
        actor="crm",
        id="policy",
    )
    counted: list[News] = [
        Counted(item=item, site=site, quantity=on_hand, as_of=1)
        for item, site in ((*((item, EAST) for item in ITEMS), (STOCKED[0], WEST)))
    ]
    supply_changed(db, counted, actor="erp", id="stock")
    with db.read() as tx:
        return reads.node(tx, STOCKED[0], EAST).today


def receipt(id: str, item: str, quantity: int, due_on: Day) -> ReceiptStated:
    """A purchase that is expected in the east."""
    return ReceiptStated(
        item=item, site=EAST, id=id, kind=SupplyKind.purchase, quantity=quantity, due_on=due_on, ref=id
    )
