"""What are frePPLe's nouns, as far as we use them?

One struct a model, with its fields under one spelling (`item` and `item_id` are the same). Fields that only describe
are in `QUIET`; whatever is in neither is listed in the report when it says anything.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

ALWAYS_FROM = datetime(1971, 1, 1)  # noqa: DTZ001 - frePPLe's moments have no zone; before it: since ever
ALWAYS_UNTIL = datetime(2030, 12, 31)  # noqa: DTZ001 - frePPLe's end of time: for ever

ONE = Decimal(1)
NONE = Decimal(0)


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """What others refer to by its name."""

    name: str


class Calendar(Named, frozen=True, kw_only=True):
    defaultvalue: Decimal = NONE


class CalendarBucket(msgspec.Struct, frozen=True, kw_only=True):
    """A value in a period, on some weekdays, between two times of day."""

    calendar: str
    startdate: datetime | None = None
    enddate: datetime | None = None
    value: Decimal = NONE
    priority: int = 0  # the lowest wins; of equals the one that starts last
    monday: bool = True
    tuesday: bool = True
    wednesday: bool = True
    thursday: bool = True
    friday: bool = True
    saturday: bool = True
    sunday: bool = True
    starttime: str | None = None  # "HH:MM:SS"
    endtime: str | None = None  # "23:59:59" means the end of the day

    @property
    def weekdays(self) -> tuple[bool, ...]:
        """Monday to Sunday."""
        return (
            self.monday,
            self.tuesday,
            self.wednesday,
            self.thursday,
            self.friday,
            self.saturday,
            self.sunday,
        )


class Location(Named, frozen=True, kw_only=True):
    available: str | None = None
    owner: str | None = None


class Customer(Named, frozen=True, kw_only=True):
    owner: str | None = None


class Item(Named, frozen=True, kw_only=True):
    owner: str | None = None
    cost: Decimal | None = None
    uom: str | None = None
    description: str | None = None


class Supplier(Named, frozen=True, kw_only=True):
    available: str | None = None
    owner: str | None = None


class Operation(Named, frozen=True, kw_only=True):
    """Work, or a choice (alternate, split) or a sequence (routing) of work."""

    type: str = "fixed_time"
    item: str | None = None
    location: str | None = None
    owner: str | None = None
    available: str | None = None
    priority: int | None = 1  # of alternates; the sequence within a routing
    duration: timedelta = timedelta()
    duration_per: timedelta = timedelta()  # a unit of the operation
    fence: timedelta = timedelta()
    posttime: timedelta = timedelta()
    sizeminimum: Decimal | None = ONE
    sizemultiple: Decimal | None = None
    sizemaximum: Decimal | None = None
    cost: Decimal | None = None
    effective_start: datetime | None = None
    effective_end: datetime | None = None


class SubOperation(msgspec.Struct, frozen=True, kw_only=True):
    """Older models: an operation inside another one."""

    operation: str
    suboperation: str
    priority: int = 1
    effective_start: datetime | None = None
    effective_end: datetime | None = None


class OperationMaterial(msgspec.Struct, frozen=True, kw_only=True):
    """A flow: negative consumes, positive produces, for one unit of the operation."""

    operation: str
    item: str
    quantity: Decimal = ONE
    quantity_fixed: Decimal = NONE
    type: str = "start"
    priority: int | None = 1
    name: str | None = None  # flows of one name are alternates
    location: str | None = None
    effective_start: datetime | None = None
    effective_end: datetime | None = None


class OperationDependency(msgspec.Struct, frozen=True, kw_only=True):
    """An operation that waits for another one."""

    operation: str
    blockedby: str


class OperationResource(msgspec.Struct, frozen=True, kw_only=True):
    """A load: resources of different names are all needed, those of one name are alternates."""

    operation: str
    resource: str
    quantity: Decimal = ONE
    priority: int | None = 1
    name: str | None = None
    skill: str | None = None
    effective_start: datetime | None = None
    effective_end: datetime | None = None


class Resource(Named, frozen=True, kw_only=True):
    type: str | None = "default"
    maximum: Decimal | None = ONE
    maximum_calendar: str | None = None
    available: str | None = None
    location: str | None = None
    owner: str | None = None
    constrained: bool | None = True
    efficiency: Decimal | None = Decimal(100)


class ResourceSkill(msgspec.Struct, frozen=True, kw_only=True):
    resource: str
    skill: str
    priority: int | None = 1
    effective_start: datetime | None = None
    effective_end: datetime | None = None


class Skill(Named, frozen=True, kw_only=True):
    pass


class Buffer(msgspec.Struct, frozen=True, kw_only=True):
    item: str
    location: str
    onhand: Decimal | None = NONE


class ItemSupplier(msgspec.Struct, frozen=True, kw_only=True):
    item: str
    supplier: str
    location: str | None = None  # None = everywhere
    leadtime: timedelta | None = timedelta()
    hard_safety_leadtime: timedelta | None = timedelta()
    fence: timedelta | None = timedelta()
    sizeminimum: Decimal | None = ONE
    sizemultiple: Decimal | None = None
    sizemaximum: Decimal | None = None
    cost: Decimal | None = None
    priority: int | None = 1
    effective_start: datetime | None = None
    effective_end: datetime | None = None


class ItemDistribution(msgspec.Struct, frozen=True, kw_only=True):
    item: str
    origin: str
    location: str  # the destination
    leadtime: timedelta | None = timedelta()
    fence: timedelta | None = timedelta()
    sizeminimum: Decimal | None = ONE
    sizemultiple: Decimal | None = None
    sizemaximum: Decimal | None = None
    cost: Decimal | None = None
    priority: int | None = 1
    effective_start: datetime | None = None
    effective_end: datetime | None = None


class OperationPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A purchase (PO), distribution (DO) or manufacturing (MO) order, or a delivery (DLVR)."""

    reference: str
    type: str
    quantity: Decimal
    status: str = "proposed"
    startdate: datetime | None = None
    enddate: datetime | None = None
    item: str | None = None
    location: str | None = None
    origin: str | None = None
    destination: str | None = None
    supplier: str | None = None
    operation: str | None = None
    quantity_completed: Decimal | None = NONE


class Demand(Named, frozen=True, kw_only=True):
    item: str | None = None
    location: str | None = None
    customer: str | None = None
    operation: str | None = None
    quantity: Decimal = ONE
    due: datetime
    priority: int | None = 10
    status: str | None = "open"


class Parameter(Named, frozen=True, kw_only=True):
    value: str | None = None


MODELS: dict[str, type[msgspec.Struct]] = {
    "calendar": Calendar,
    "calendarbucket": CalendarBucket,
    "location": Location,
    "customer": Customer,
    "item": Item,
    "supplier": Supplier,
    "operation": Operation,
    "suboperation": SubOperation,
    "operationdependency": OperationDependency,
    "operationmaterial": OperationMaterial,
    "operationresource": OperationResource,
    "resource": Resource,
    "resourceskill": ResourceSkill,
    "skill": Skill,
    "buffer": Buffer,
    "itemsupplier": ItemSupplier,
    "itemdistribution": ItemDistribution,
    "operationplan": OperationPlan,
    "demand": Demand,
    "parameter": Parameter,
}

# Whole models that say nothing about supply.
QUIET_MODELS = frozenset(
    [
        "userpreference",
        "comment",
        "follower",
        "notification",
        "bucket",
        "bucketdetail",
        "report",
        "scheduledtask",
    ]
)

# Fields that describe, or are results of frePPLe's own plan.
_DESCRIBES = frozenset(
    ["id", "description", "category", "subcategory", "source", "lastmodified", "lft", "rght", "lvl", "hidden"]
)
QUIET: dict[str, frozenset[str]] = {
    "item": frozenset(["weight", "volume", "latedemandcount", "latedemandquantity", "latedemandvalue"]),
    "demand": frozenset(["plan", "delay", "delivery", "plannedquantity", "deliverydate"]),
    "operationplan": frozenset(["name", "plan", "color", "criticality", "delay", "due", "feasible"]),
    "parameter": frozenset(["description"]),
}
# What a field says when nobody has said anything.
SILENT: dict[str, frozenset[str]] = {
    "type": frozenset(["default", "make to stock"]),
    "search": frozenset(["PRIORITY"]),
    "resource_qty": frozenset(["1"]),
    "efficiency": frozenset(["100"]),
    "policy": frozenset(["independent"]),
}


def describes(model: str, field: str) -> bool:
    """Whether the field has no bearing on what can be promised."""
    return field in _DESCRIBES or field in QUIET.get(model, frozenset()) or field.startswith("owner_")
