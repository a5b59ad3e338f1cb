"""What the rules are: the policy in force, tiers, customers' terms, prices."""

from __future__ import annotations

import msgspec

from accord.kit.days import Instant


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A versioned row of the policy part: never overwritten."""

    id: str


class Customer(Record, frozen=True, kw_only=True):
    """Terms of a customer, as far as a promise needs them. `customers` writes them down through the service."""

    name: str
    tier: str = ""
    channel: str = ""
    region: str = ""
    ship_to: str = "*"  # zone for the last leg
    calendar: str | None = None  # days on which it receives goods
    ship_complete: bool = False  # all lines of an order on one day, or none
    may_split: bool = True  # a line may come in several deliveries
    may_substitute: bool = False
    early_days_max: int = 0  # how many days before the requested day it accepts a delivery
    late_days_max: int | None = None  # later than this it does not want it at all; None = any day
    life_days_min: int = 0  # remaining shelf life it asks for at ship day
    seller: str = ""  # who owns the relation


class Tier(Record, frozen=True, kw_only=True):
    """A customer's rank; 1 is the highest."""

    rank: int


class Price(Record, frozen=True, kw_only=True):
    """The list price and floor of an item; id = item, or item + "|" + tier."""

    item: str
    tier: str = ""
    list_minor: int = 0  # one stated unit
    floor_minor: int = 0  # never accepted below it without approval


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The policy: one document, versioned, the version kept with each decision."""

    currency: str = "EUR"
    horizon_days: int = 365  # how far ahead a promise may lie
    depth_max: int = 6  # how many levels CTP may go down
    fence_days: int = 0  # planned receipts and new work do not count before today + fence_days
    late_receipt_days: int | None = 7  # an overdue receipt is expected today + this; None = no longer counted
    hold_seconds: int = 48 * 3600  # when the caller names no length
    hold_seconds_max: int = 14 * 86400
    hold_renewals_max: int = 3
    hold_quantity_max: int | None = None  # of one line, base units
    options_max: int = 5
    weigh_late_day: int = 100  # ranking: points per day late …
    weigh_cost_bp: int = 1  # … per basis point of extra cost over the order's value …
    weigh_delivery: int = 50  # … per delivery beyond the first …
    weigh_substitute: int = 150  # … for a substitute …
    weigh_other_site: int = 20  # … for leaving from another site
    weigh_expedite: int = 30


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """The rules in force at a moment, with what the decision needs of customers and prices."""

    version: int  # of the records and the rules together
    rules: Rules
    customers: dict[str, Customer]
    tiers: dict[str, int]  # tier -> rank
    prices: dict[str, Price]  # "item" or "item|tier"
    effective_at: Instant = 0
