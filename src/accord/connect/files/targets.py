"""Which of our things can come in from a file, and with which fields?

The names of targets and fields are those of mapping files, and of columns that need no mapping.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class As(StrEnum):
    """How the words of a field are read."""

    text = "text"
    quantity = "quantity"  # stated units of the item, more than zero
    amount = "amount"  # stated units of the item, zero or more
    decimal = "decimal"  # a plain number, zero or more
    whole = "whole"  # a whole number, zero or more
    money = "money"
    day = "day"
    moment = "moment"
    minute = "minute"  # of the day: 14:30
    yes_no = "yes_no"
    names = "names"  # separated by |


# What a person is told should stand there.
EXPECTED: dict[str, str] = {
    As.text: "some words",
    As.quantity: "a quantity above zero, such as 12 or 2.5",
    As.amount: "a quantity, zero or more, such as 12 or 2.5",
    As.decimal: "a number, zero or more, such as 12 or 2.5",
    As.whole: "a whole number, zero or more",
    As.money: "an amount of money, such as 12.50",
    As.day: "a date, such as 2026-03-12",
    As.moment: "a moment with its zone, such as 2026-03-12T14:30:00Z, or a date",
    As.minute: "a time of day, such as 14:30",
    As.yes_no: "yes or no",
    As.names: "names, separated by |",
    "item": "an item that is there",
    "site": "a site that is there",
    "supplier": "a supplier that is there",
    "customer": "a customer that is there",
    "calendar": "a calendar that is there",
    "tier": "a tier that is there",
    "resource": "a resource that is there",
}


# What of a record a field states, where that is not called as the field is.
STATES: dict[str, tuple[str, ...]] = {
    "cost": ("cost_minor", "cost_at"),  # a cost that is stated is as old as its statement
    "cutoff": ("cutoff_minute",),
    "decimals": ("scale",),
    "floor": ("floor_minor",),
    "holding_percent_a_year": ("holding_bp_a_year",),
    "lead_seconds": ("lead_seconds", "lead_per"),
    "list": ("list_minor",),
    "overtime_cost": ("overtime_cost_minor",),
}


class Field(msgspec.Struct, frozen=True):
    """One field of a target."""

    as_: As = As.text
    required: bool = False


class Target(msgspec.Struct, frozen=True):
    """One kind of thing that comes in."""

    name: str
    fields: dict[str, Field]

    @property
    def required(self) -> frozenset[str]:
        """The fields without which a row means nothing."""
        return frozenset(name for name, field in self.fields.items() if field.required)


def _target(name: str, required: dict[str, As], optional: dict[str, As]) -> Target:
    fields = {field: Field(as_, required=True) for field, as_ in required.items()}
    return Target(name, fields | {field: Field(as_) for field, as_ in optional.items()})


_T, _Q, _W, _D, _M, _Y = As.text, As.quantity, As.whole, As.day, As.money, As.yes_no
_LOTS = {"lot_min": _Q, "lot_multiple": _Q, "lot_max": _Q}
_SOURCE = {
    **_LOTS,
    "fence_days": _W,
    "cost": _M,
    "priority": _W,
    "expedite": _Y,
    "from_on": _D,
    "until_on": _D,
}

# In the order in which they are read: what others refer to comes first.
TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        _target("calendars", {"id": _T, "weekdays": _T},
                {"minutes": _W, "opens": As.minute, "closes": As.minute, "from_on": _D, "until_on": _D, "priority": _W}),
        _target("sites", {"id": _T}, {"name": _T, "zone": _T, "calendar": _T, "cutoff": As.minute}),
        _target("items", {"id": _T},
                {"name": _T, "unit": _T, "decimals": _W, "cost": _M, "holding_percent_a_year": As.decimal, "planner": _T}),
        _target("resources", {"id": _T, "site": _T},
                {"name": _T, "calendar": _T, "units": _W, "overtime_minutes": _W, "overtime_cost": _M}),
        _target("suppliers", {"id": _T}, {"name": _T, "calendar": _T, "capacity": _W}),
        _target("operations", {"item": _T, "site": _T},
                {"id": _T, "lead_days": _W, "lead_seconds": As.decimal, "after_days": _W, "day_minutes": _W,
                 "static_lead": _Y, **_SOURCE}),
        _target("bills", {"item": _T, "site": _T, "component": _T, "quantity": As.decimal},
                {"operation": _T, "per": As.decimal, "fixed": As.decimal, "alternates": As.names,
                 "from_on": _D, "until_on": _D}),
        _target("steps", {"item": _T, "site": _T, "resource": As.names},
                {"operation": _T, "sequence": _W, "name": _T, "setup_minutes": _W, "run_minutes": As.decimal, "units": _W,
                 "also": As.names, "also_units": _W}),
        _target("lanes", {"item": _T, "origin": _T, "destination": _T, "transit_days": _W},
                {"id": _T, "calendar": _T, "incoterm": _T, **_SOURCE}),
        _target("terms", {"item": _T, "site": _T, "supplier": _T, "lead_days": _W}, {"id": _T, **_SOURCE}),
        _target("substitutes", {"item": _T, "other": _T}, {"id": _T, "priority": _W}),
        _target("deliveries", {"site": _T, "ship_to": _T},
                {"id": _T, "transit_days": _W, "calendar": _T, "cost": _M, "priority": _W, "expedite": _Y}),
        _target("on_hand", {"item": _T, "site": _T, "quantity": As.amount},
                {"lot": _T, "expires_on": _D, "status": _T, "counted_at": As.moment}),
        _target("receipts", {"id": _T, "item": _T, "site": _T, "quantity": As.amount, "due_on": _D},
                {"kind": _T, "released": _Y, "ref": _T, "lot": _T, "expires_on": _D, "origin": _T, "ships_on": _D}),
        _target("tiers", {"id": _T, "rank": _W}, {}),
        _target("customers", {"id": _T},
                {"name": _T, "tier": _T, "channel": _T, "region": _T, "ship_to": _T, "calendar": _T,
                 "ship_complete": _Y, "may_split": _Y, "may_substitute": _Y, "early_days_max": _W,
                 "late_days_max": _W, "life_days_min": _W, "seller": _T}),
        _target("prices", {"item": _T, "list": _M}, {"tier": _T, "floor": _M}),
        _target("commitments", {"ref": _T, "item": _T, "site": _T, "quantity": _Q, "requested_on": _D, "promised_on": _D},
                {"customer": _T, "price": _M}),
        _target("orders", {"id": _T, "item": _T, "quantity": _Q, "requested_on": _D},
                {"customer": _T, "site": _T, "price": _M, "priority": _W, "ref": _T}),
    )
}  # fmt: skip
