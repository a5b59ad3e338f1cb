"""What is in the ledger: master data, supply, draws, commitments, and the profile of a key.

A **key** names one thing that has an amount at every future day: a node (an item at a site), a resource,
a supplier's capacity, an allocation. Nodes carry over from day to day, the others do not.

Every struct here is frozen and can be written as JSON. Days are ``Day`` (``date.toordinal()`` of a local
date at the site), moments ``Instant`` (microseconds since the epoch, UTC), quantities whole base units of
the item, money minor units of the company's currency.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from accord.kit.calendars import Calendar
from accord.kit.days import Day, Instant


class Kind(StrEnum):
    """What kind of thing a key names; only a node carries over."""

    node = "node"
    resource = "resource"
    supplier = "supplier"
    allocation = "allocation"
    limit = "limit"  # of decision rights: how much may be promised for a subject in a period


def _part(text: str) -> str:
    return text.replace("%", "%25").replace("@", "%40")


def node_key(item: str, site: str) -> str:
    """The key of an item at a site; injective for any two texts."""
    plain = f"node:{item}@{site}"
    is_plain = "%" not in plain and plain.count("@") == 1
    return plain if is_plain else f"node:{_part(item)}@{_part(site)}"


def node_of(key: str) -> tuple[str, str]:
    """(item, site) of a node's key. Raises: ValueError when it is no node's key."""
    if not key.startswith("node:"):
        raise ValueError(f"{key} is not the key of a node")
    item, site = key[5:].split("@")
    if "%" not in key:
        return item, site
    return item.replace("%40", "@").replace("%25", "%"), site.replace("%40", "@").replace("%25", "%")


def resource_key(resource: str, overtime: bool = False) -> str:
    """The key of a resource's minutes; overtime is a key of its own."""
    return f"overtime:{resource}" if overtime else f"resource:{resource}"


def supplier_key(supplier: str) -> str:
    """The key of a supplier's capacity, in base units a day."""
    return f"supplier:{supplier}"


def allocation_key(allocation: str) -> str:
    """The key of one allocation (one node, one path, one period)."""
    return f"allocation:{allocation}"


def limit_key(limit: str, subject: str, period: str) -> str:
    """The key of a cumulative limit for one subject and period; injective for any three texts."""
    names = [text.replace("%", "%25").replace(":", "%3A") for text in (limit, subject, period)]
    return ":".join(["limit", *names])


def limit_of(key: str) -> str:
    """The id of the limit that a key of it names."""
    return key.split(":")[1].replace("%3A", ":").replace("%25", "%")


def kind_of_key(key: str) -> Kind:
    """The kind a key's prefix says. Raises: ValueError for an unknown prefix."""
    kind = _KINDS.get(key.partition(":")[0])
    if kind is None:
        raise ValueError(f"{key} is the key of nothing known")
    return kind


_KINDS = {**{kind.value: kind for kind in Kind}, "overtime": Kind.resource}


class Record(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """Master data: never overwritten, each row in force from one graph version to another."""

    id: str


class Item(Record, frozen=True, kw_only=True):
    """What is sold, made or bought."""

    name: str
    unit: str = "piece"
    scale: int = 1  # base units in one stated unit: 10 = tenths of a piece
    cost_minor: int = 0  # standard cost of one stated unit; the fallback where a source has none
    cost_at: Instant | None = None  # when the cost was last confirmed
    holding_bp_a_year: int = 0  # carrying rate of the item's value, basis points a year
    planner: str = "planner"  # who owns an exception on it


class Site(Record, frozen=True, kw_only=True):
    """A place that holds or makes items."""

    name: str
    zone: str = "UTC"  # IANA name
    calendar: str | None = None  # id of a Calendar; None = every day is open
    cutoff_minute: int | None = None  # local wall minute after which today's ship day is over


class CalendarRecord(Record, frozen=True, kw_only=True):
    """A working calendar under the id by which others name it."""

    calendar: Calendar


class Resource(Record, frozen=True, kw_only=True):
    """What has capacity: a line, a machine, a crew, a dock."""

    name: str
    site: str
    calendar: str | None = None  # minutes a day of ONE unit; None = 1440
    units: int = 1  # how many work side by side
    overtime_minutes: int = 0  # extra minutes an open day per unit, at a cost
    overtime_cost_minor: int = 0  # a minute of overtime


class Companion(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """A resource that a job needs for the same minutes as the load's own, such as a machine's operator."""

    resource: str
    units: int = 1


class Load(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """One way to load a step: a resource and how many of its units the job keeps busy, and what it needs besides."""

    resource: str
    units: int = 1
    priority: int = 1  # lower first, ties by resource id, then as stated
    also: tuple[Companion, ...] = ()  # busy for the same minutes; no resource twice

    @property
    def together(self) -> tuple[tuple[str, int], ...]:
        """Every resource that a job keeps busy at the same time, with how many of its units; its own first."""
        own = (self.resource, self.units)
        return (own, *((other.resource, other.units) for other in self.also)) if self.also else (own,)


class Step(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """One step of a routing; takes setup + run time on the first load that has room, priority order."""

    loads: tuple[Load, ...]
    setup_minutes: int = 0
    run_seconds: int = 0  # for `run_per` base units
    run_per: int = 1
    name: str = ""


class Input(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """One line of a bill: `quantity` base units of the item for `per` base units made, rounded up."""

    item: str
    quantity: int
    per: int = 1
    fixed: int = 0  # base units a lot, whatever its size
    alternates: tuple[str, ...] = ()  # other items that may stand in for it one for one, in this order
    from_on: Day | None = None  # the line is in force on days in [from_on, until_on)
    until_on: Day | None = None


class Operation(Record, frozen=True, kw_only=True):
    """One way to make an item at a site: a bill, a routing, lot sizes, lead time."""

    item: str
    site: str
    inputs: tuple[Input, ...] = ()
    steps: tuple[Step, ...] = ()  # in working order
    lead_days: int = 0  # open days of the site before the first step
    lead_seconds: int = 0  # variable lead time for `lead_per` base units, rounded up to open days, added
    lead_per: int = 1
    day_minutes: int = 1440  # working minutes of a day that lead_seconds fills
    after_days: int = 0  # open days after the last step until it is usable
    static_lead: bool = False  # True: no routing is known, the lead time is a labelled fallback
    lot_min: int = 1
    lot_multiple: int = 1
    lot_max: int | None = None  # above it, several lots, each with its own setup
    fence_days: int = 0  # may not start before today + fence_days
    cost_minor: int = 0  # of one stated unit, besides its inputs
    priority: int = 1
    expedite: bool = False
    from_on: Day | None = None
    until_on: Day | None = None


class Lane(Record, frozen=True, kw_only=True):
    """A way to move an item from one site to another."""

    item: str
    origin: str
    destination: str
    transit_days: int
    calendar: str | None = None  # the carrier's departure days
    lot_min: int = 1
    lot_multiple: int = 1
    lot_max: int | None = None
    fence_days: int = 0
    cost_minor: int = 0  # of one stated unit
    priority: int = 1
    expedite: bool = False
    incoterm: str = ""
    from_on: Day | None = None
    until_on: Day | None = None


class Supplier(Record, frozen=True, kw_only=True):
    """Who sells to us."""

    name: str
    calendar: str | None = None  # the days it works
    capacity: int | None = None  # base units on an open day, over all items; None = unlimited


class Term(Record, frozen=True, kw_only=True):
    """One way to buy an item for a site."""

    item: str
    site: str
    supplier: str
    lead_days: int  # open days of the supplier, from the day of the order
    lot_min: int = 1
    lot_multiple: int = 1
    lot_max: int | None = None
    fence_days: int = 0
    cost_minor: int = 0  # of one stated unit; 0 = the item's cost
    priority: int = 1
    expedite: bool = False
    from_on: Day | None = None
    until_on: Day | None = None


class Substitute(Record, frozen=True, kw_only=True):
    """`other` may be delivered where `item` was asked, one for one."""

    item: str
    other: str
    priority: int = 1


class Delivery(Record, frozen=True, kw_only=True):
    """The last leg, from a site to a ship-to zone of customers."""

    site: str
    ship_to: str  # a zone of customers; "*" = any
    transit_days: int = 0
    calendar: str | None = None  # the carrier's departure days
    cost_minor: int = 0  # of one stated unit
    priority: int = 1
    expedite: bool = False


class Allocation(Record, frozen=True, kw_only=True):
    """A share of a node's supply set aside for a path (tier, then channel or region) in a period.

    A path is a tuple of terms such as ``("tier:A",)`` or ``("tier:A", "channel:web")``; a requester belongs
    to it when it carries every term.
    """

    item: str
    site: str
    path: tuple[str, ...]
    rank: int  # 1 = the highest tier
    from_on: Day
    until_on: Day  # exclusive
    quantity: int
    release_on: Day | None = None  # unused shares return to the rest on this day; None = until_on


class LimitRecord(Record, frozen=True, kw_only=True):
    """How much may be drawn on each key of a cumulative limit; the policy states it."""

    most: int


class SupplyKind(StrEnum):
    """Where a supply comes from."""

    on_hand = "on_hand"
    purchase = "purchase"
    transfer = "transfer"
    production = "production"


class Why(StrEnum):
    """Why a supply does not count towards what can be promised (or that it does)."""

    counted = "counted"
    blocked = "blocked"  # on hand, but in quality inspection, quarantine, damaged
    late = "late"  # overdue, and the policy does not trust it any more
    inside_fence = "inside_fence"  # planned, not released, and its day is inside the fence
    doubtful = "doubtful"  # its own components, capacity or origin stock are short
    expired = "expired"


class Supply(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """A quantity that is, or becomes, usable at a node on a day."""

    key: str
    id: str
    kind: SupplyKind
    quantity: int
    on: Day  # usable from this day; 0 = on hand, now
    due_on: Day | None = None  # the day first stated, kept when a late receipt is moved
    released: bool = True  # False = planned
    proposed_by: str | None = None  # promise id, when a promise proposed it (rcp_...)
    expires_at: Instant | None = None  # proposed by a hold: it goes with the hold, None = firm
    lot_quantity: int = 0  # proposed by a hold: the whole lot that hardening makes of it …
    lot_on: Day = 0  # … and the day from which it is usable; until then it counts only for its hold
    starts_on: Day = 0  # proposed by a hold: the day on which its work, its way or its order must begin
    ref: str = ""  # the planning system's own number, for people
    status: str = "available"  # on hand only: available, or why not
    lot: str | None = None
    expires_on: Day | None = None  # last day it may be used
    counts: Why = Why.counted
    doubts: tuple[str, ...] = ()  # keys on which what it needs itself is short; not empty = doubtful
    as_of: Instant = 0  # on hand only: the moment of the count; movements up to it are inside
    sequence: int = 0  # on hand only: of the counting system


class Draw(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """What a commitment, a hold or an unfinished receipt takes of one key on one day."""

    key: str
    id: str  # unique within the key
    owner: str  # com_... of the line's commitment or hold, or the id of the receipt it feeds
    promise: str | None  # prm_..., None when the owner is no promise's
    on: Day
    quantity: int
    sequence: int = 0  # order of making, over the whole ledger; ties in coverage go to the lower
    expires_at: Instant | None = None  # None = firm
    life_days: int = 0  # remaining life asked for at ship day
    feeds: str | None = None  # node where the owner arrives, when the owner is a receipt


class Movement(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """Goods that came to or left a node; kept so that a count that is older than it can be brought up to date."""

    key: str
    id: str
    at: Instant
    quantity: int  # + in, - out
    lot: str | None = None
    commitment: str | None = None  # what it shipped for


class State(StrEnum):
    """Where a line's commitment stands."""

    held = "held"
    committed = "committed"
    fulfilled = "fulfilled"
    released = "released"
    cancelled = "cancelled"
    expired = "expired"
    superseded = "superseded"  # amended: another commitment took its place

    @property
    def is_open(self) -> bool:
        """Whether its draws are still in the ledger."""
        return self in (State.held, State.committed)


class Commitment(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """One delivery of one line: a quantity to leave a node on a day."""

    key: str  # the node it leaves
    id: str  # com_...
    promise: str
    line: int
    item: str
    site: str
    quantity: int
    ship_on: Day
    deliver_on: Day
    state: State
    fulfilled: int = 0
    opening: bool = False  # promised elsewhere before Accord: outside I1's "when made"
    made_at: Instant = 0


class Profile(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Everything a decision needs of one key, kept in the key's row by the gate, packed.

    ``verify`` rebuilds it from the rows. Draws are summed by (day, remaining life).
    """

    key: str
    version: int = 0  # raised by one with every change of the key
    supply: tuple[
        tuple[Day, int, str, str, Day], ...
    ] = ()  # (usable on, quantity, id, ref, expires on or 0), sorted
    draws: tuple[tuple[Day, int, int], ...] = ()  # (day, remaining life in days, quantity), sorted
    next_expiry_at: Instant | None = None  # of the earliest draw or proposed receipt that expires
    planned_on: Day | None = None  # the earliest day of a planned receipt that counts
    rolled_to: Day = 0  # the site's day for which overdue receipts and shipments were last judged
    latest_at: Instant = 0  # latest moment stored on this key: the clock never runs behind it
    shortfall_max: int = 0  # how far below zero supply news has pushed it; decisions may not
    counted_at: Instant = 0  # when the oldest of what is on hand and counts was counted; 0 = nothing is


class Proposal(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """A receipt that a decision proposes: make, move or buy."""

    supply: Supply
    source: str  # id of the operation, lane or term
    draws: tuple[Draw, ...]  # what it takes itself: components, minutes, origin stock; owner = its id


class Effects(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What one decision changes in the ledger; the gate applies it all or not at all."""

    terms: tuple[str, ...] = ()  # of the requester: "tier:A", "channel:web", …; against whom shares protect
    borrows: bool = False  # an approved loan of lower ranks' shares
    gives_back: tuple[
        Draw, ...
    ] = ()  # draws ended first: of an amended promise, of a hold, of a cancelled line
    drops: tuple[Supply, ...] = ()  # proposed receipts that nobody draws on any more
    proposes: tuple[Proposal, ...] = ()
    draws: tuple[Draw, ...] = ()  # on nodes and allocations, owner = the commitment
    commitments: tuple[Commitment, ...] = ()  # new ones
    resolves: tuple[Commitment, ...] = ()  # new states of commitments that were there before, same id


class OpenException(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A commitment that reality no longer supports."""

    key: str  # the node where it is short
    id: str  # exc_...
    commitment: str
    cause: str  # cau_... the news that uncovered it
    owner: str  # a person or a role, never empty
    opened_at: Instant
    short: int  # base units of it that are not covered
    closed_at: Instant | None = None
    closed_why: str = ""
