"""A small company for the tests of doors: two sites, three items, three customers, told through the services."""

from __future__ import annotations

from accord.db.engine import Database
from accord.exceptions.model import Counted, MasterStated, ReceiptStated
from accord.exceptions.service import supply_changed
from accord.kit.days import Day, date_of, iso
from accord.ledger.model import Item, Site, SupplyKind
from accord.ledger.service import reads
from accord.policy import service as policy
from accord.policy.model import Customer, Price, Tier

MASTERS = (
    Item(id="X-100", name="Pump 100", cost_minor=1_200),
    Item(id="X-110", name="Pump 110", cost_minor=1_300),
    Item(id="OIL", name="Gear oil", unit="litre", scale=1_000),
    Site(id="Halden", name="Halden"),
    Site(id="Lyon", name="Lyon"),
)
TERMS = (
    Tier(id="A", rank=1),
    Customer(id="C1", name="Northwind", tier="A"),
    Customer(id="C2", name="Northgate"),
    Customer(id="C3", name="Whole Lots", may_split=False),
    Price(id="X-100", item="X-100", list_minor=2_000, floor_minor=1_500),
)


def tell(db: Database) -> Day:
    """100 X-100 on hand at Halden, 50 more in 14 days, 2.5 litres of oil at Lyon; today at Halden."""
    supply_changed(db, [MasterStated(record=record) for record in MASTERS], actor="erp", id="masters")
    policy.put(db, TERMS, actor="crm", id="terms")
    with db.read() as tx:
        today = reads.node(tx, "X-100", "Halden").today
    news = [
        Counted(item="X-100", site="Halden", quantity=100, as_of=1),
        Counted(item="OIL", site="Lyon", quantity=2_500, as_of=1),
        ReceiptStated(
            item="X-100",
            site="Halden",
            id="po-1",
            kind=SupplyKind.purchase,
            quantity=50,
            due_on=today + 14,
            ref="PO 1",
        ),
    ]
    supply_changed(db, news, actor="erp", id="supply")
    return today


def iso_day(today: Day, ahead: int) -> str:
    """The day so many days ahead, as programs write it."""
    return iso(today + ahead)


def said_day(today: Day, ahead: int) -> str:
    """The day so many days ahead, as people write it: "12 mar 2027"."""
    date = date_of(today + ahead)
    return f"{date.day} {date:%b} {date.year}".lower()
