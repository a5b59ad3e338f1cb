"""What supply news is: the words in which other systems and people tell us that supply changed."""

from __future__ import annotations

import msgspec

from accord.kit.days import Day, Instant
from accord.ledger.model import (
    Allocation,
    CalendarRecord,
    Delivery,
    Item,
    Lane,
    Operation,
    Resource,
    Site,
    Substitute,
    Supplier,
    SupplyKind,
    Term,
)

Master = (
    Item
    | Site
    | CalendarRecord
    | Resource
    | Operation
    | Lane
    | Supplier
    | Term
    | Substitute
    | Delivery
    | Allocation
)


class Counted(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """An on-hand count of one lot and status of a node; replaces what was known of that lot and status."""

    item: str
    site: str
    quantity: int
    as_of: Instant  # shipments up to it are inside the count
    sequence: int = 0  # of the counting system; an older one is ignored, and said so
    lot: str | None = None
    expires_on: Day | None = None
    status: str = "available"


class Component(msgspec.Struct, frozen=True, kw_only=True):
    """What an unfinished receipt still takes: a component, minutes, origin stock."""

    key: str
    on: Day
    quantity: int


class ReceiptStated(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A purchase, transfer or production receipt: new, or changed in quantity or day. Quantity 0 ends it."""

    item: str
    site: str
    id: str  # of the planning system, stable
    kind: SupplyKind
    quantity: int
    due_on: Day
    released: bool = True
    ref: str = ""
    lot: str | None = None
    expires_on: Day | None = None
    cites: str | None = None  # rcp_… of the proposed receipt it carries out
    components: tuple[Component, ...] = ()


class ReceiptArrived(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A receipt came in: it becomes on hand (the remainder stays expected when `closes` is False)."""

    item: str
    site: str
    id: str
    quantity: int
    at: Instant
    closes: bool = True
    lot: str | None = None
    expires_on: Day | None = None


class Shipped(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A shipment left for a customer: fulfils a commitment, partly or wholly, and lowers on hand."""

    commitment: str
    quantity: int
    at: Instant
    lot: str | None = None


class MasterStated(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Master data: new or changed (`record`), or ended (`ends` names kind and id)."""

    record: Master | None = None
    ends: tuple[str, str] | None = None  # (kind, id)


class DayRolled(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A site's local midnight passed."""

    site: str


class OpeningLine(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """An order promised elsewhere before go-live: recorded, never refused, an exception where uncovered."""

    customer: str | None
    item: str
    site: str
    quantity: int
    requested_on: Day
    promised_on: Day
    ref: str
    price_minor: int | None = None
    delivered_at: Instant | None = None  # all of it was delivered then: history, which takes nothing any more


News = Counted | ReceiptStated | ReceiptArrived | Shipped | MasterStated | DayRolled | OpeningLine


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What the news did."""

    cause: str  # cau_…
    applied: int
    ignored: tuple[str, ...]  # sentences: what was not applied, and why
    opened: tuple[str, ...]  # exceptions
    closed: tuple[str, ...]
