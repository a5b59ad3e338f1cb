"""What the rules are: the policy in force, tiers, customers' terms, prices, and who may decide what."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from accord.kit.days import Instant


class Record(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
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


class Rules(msgspec.Struct, frozen=True, gc=False, kw_only=True):
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
    approval_seconds: int = 24 * 3600  # how long an approval may be given
    margin_bp_min: int | None = (
        None  # of a line, at current supply cost; less needs approval like a price below the floor
    )
    count_seconds_max: int | None = None  # what is on hand by an older count is not promised; None = any
    price_move_bp: int = 100  # a price holds for as long as its cost usually takes to move by this much …
    price_seconds_min: int = 3600  # … but no shorter than this …
    price_seconds_max: int = 30 * 86400  # … and no longer

    @property
    def hold_seconds_usual(self) -> int:
        """How long a hold lasts of which nobody says how long: never longer than any may."""
        return min(self.hold_seconds, self.hold_seconds_max)


# --- who may decide what ---------------------------------------------------------------------------

ANY = "*"  # every role, every customer, every item


class Verb(StrEnum):
    """What a right is about; asking is always allowed."""

    hold = "hold"  # also to renew one
    commit = "commit"  # also to harden a hold
    amend = "amend"  # must be allowed, and so must be what it makes of the promise
    release = "release"
    cancel = "cancel"


class Answer(StrEnum):
    """What a right says."""

    allow = "allow"
    ask = "ask"  # somebody else must agree
    deny = "deny"


class Right(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """One row of the table: who, for whom, what, up to which limits, and then what.

    A row speaks of an act when role, tier and verb fit, and covers it when no limit is exceeded. Of the rows that cover
    an act the first decides. A limit of None is none.
    """

    id: str
    then: Answer
    ask: str = ""  # the role that must agree, where `then` is ask
    role: str = ANY
    tiers: tuple[str, ...] = ()  # () = every customer; "" in it = those without a tier
    verbs: tuple[Verb, ...] = ()  # () = all
    quantity_max: int | None = None  # of one item, over all lines, stated units
    value_minor_max: int | None = None  # what the customer pays, or what it costs us where that is more
    days_late_max: int | None = None  # of the last delivery, against the requested day
    days_ahead_max: int | None = None  # of the last delivery, from today
    margin_bp_min: int | None = None  # at current supply cost; an unknown price has none
    expedite_minor_max: int | None = None  # what is paid so that it comes sooner
    hold_seconds_max: int | None = None
    inside_fence: bool = False  # covers work that starts inside the fence
    borrow: bool = False  # covers taking a lower tier's share
    below_floor: bool = False  # covers a price below the floor


class Counted(StrEnum):
    """What a cumulative limit counts."""

    value = "value"  # minor units
    quantity = "quantity"  # stated units, rounded up a line
    expedite = "expedite"  # minor units


class Subject(StrEnum):
    """Over whom a cumulative limit adds up."""

    customer = "customer"
    actor = "actor"
    team = "team"


class Period(StrEnum):
    """Over what time; periods begin on calendar days in the zone of the rights, weeks on Mondays."""

    day = "day"
    week = "week"
    month = "month"
    quarter = "quarter"
    year = "year"


class CumulativeLimit(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """How much may be promised on the authority of a role, added up over a customer, actor or team and a period."""

    id: str
    of: Counted
    over: Subject
    period: Period
    most: int  # in what `of` counts
    then: Answer  # what happens above it: ask or deny
    ask: str = ""
    role: str = ANY
    tiers: tuple[str, ...] = ()
    verbs: tuple[Verb, ...] = (Verb.hold, Verb.commit)  # holds and commitments alike
    item: str = ANY


class Actor(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """Who acts: a person, a system, a job, an agent."""

    id: str  # as the doors know it: a key's name, an account
    roles: tuple[str, ...] = ()
    team: str = ""
    person: str = ""  # who is behind it, where one person has several; "" = itself


class Rights(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """Who may decide what: one document, versioned with the policy."""

    rights: tuple[Right, ...] = ()  # in the order in which they count
    limits: tuple[CumulativeLimit, ...] = ()
    actors: tuple[Actor, ...] = ()
    everybody_else: str = ""  # the role of whoever is not among the actors; "" = none
    zone: str = "UTC"  # in which the days of cumulative limits begin
    change: str = ""  # the role that may state an edition; "" = whoever may use the command
    second: str = ""  # the role of which another person must agree before an edition counts; "" = none
    edition: str = ""  # which states them


class Amount(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """What one line comes to, as cumulative limits count it."""

    item: str  # that is given: of a substitute its own
    quantity: int  # stated units, rounded up
    value_minor: int
    expedite_minor: int = 0


class Figures(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """What an act comes to, as rights measure it."""

    amounts: tuple[Amount, ...] = ()  # a line each, in their order
    days_late: int = 0
    days_ahead: int = 0
    price_minor: int | None = None  # None = no price is known
    cost_minor: int = 0
    hold_seconds: int = 0  # 0 = it is no hold
    inside_fence: bool = False
    borrow: bool = False
    below_floor: bool = False

    @property
    def quantity(self) -> int:
        """Of the item of which it is most, over all its lines: more lines make no more room."""
        if len(self.amounts) == 1:
            return self.amounts[0].quantity
        of: dict[str, int] = {}
        for one in self.amounts:
            of[one.item] = of.get(one.item, 0) + one.quantity
        return max(of.values(), default=0)

    @property
    def value_minor(self) -> int:
        """Of the whole."""
        return sum(one.value_minor for one in self.amounts)

    @property
    def expedite_minor(self) -> int:
        """Of the whole."""
        return sum(one.expedite_minor for one in self.amounts)

    @property
    def margin_bp(self) -> int | None:
        """Of the price, rounded down; None without a price, which is then never enough."""
        if not self.price_minor or self.price_minor < 0:
            return None
        return (self.price_minor - self.cost_minor) * 10_000 // self.price_minor


class Case(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """A test case that stands beside the rights: who wants what, and what must come out."""

    name: str
    line: int = 0  # where it stands in the file
    actor: str = ""  # one of the actors …
    role: str = ""  # … or somebody in this role
    verb: Verb
    tier: str = ""
    customer: str = ""
    figures: Figures
    used: tuple[tuple[str, int], ...] = ()  # of which cumulative limit how much is used already
    expect: Answer
    ask: str = ""  # the role that must be asked
    by: str = ""  # the right or limit that must say so; "" = whichever


class Edition(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """The rules as one file states them, and from when on they count."""

    id: str  # of whoever states it
    name: str = ""
    effective_at: Instant | None = None  # None = from when it is stated
    rules: tuple[tuple[str, int | str | None], ...] = ()  # those that it changes; the others stay as they are
    tiers: tuple[Tier, ...] = ()
    rights: Rights
    cases: tuple[Case, ...] = ()
    stated_at: Instant = 0
    stated_by: str = ""
    stated_for: str = ""  # the person behind that, as it was then; "" = itself
    applied_at: Instant | None = None  # when it came into force; None = it is still to come
    second: str = ""  # the role of which another person must agree first; "" = none must
    agreed_by: str = ""  # who agreed
    over: str = ""  # the edition that was in force when it was stated; "" = none was
    withdrawn_at: Instant | None = None  # before it came into force: it never will
    withdrawn_by: str = ""
    withdrawn_why: str = ""


class LimitTake(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """What one line takes of a cumulative limit."""

    key: str
    on: int  # the first day of the period
    quantity: int
    line: int


class Ruling(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """What the rights say about an act, and why."""

    answer: Answer
    role: str = ""  # on whose authority, or in which role it was refused
    by: str = ""  # the right or cumulative limit that says so; "" = no right covers it
    ask: str = ""  # the role that must agree
    because: tuple[str, ...] = ()  # what was exceeded, by how much; for people inside


class Book(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The rules in force at a moment, with what the decision needs of customers and prices."""

    version: int  # of the records and the rules together
    rules: Rules
    customers: dict[str, Customer]
    tiers: dict[str, int]  # tier -> rank
    prices: dict[str, Price]  # "item" or "item|tier"
    effective_at: Instant = 0
    rights: Rights | None = None  # None = none are stated: all is allowed but what needs approval by itself
    stated: Rights | None = None  # the same as an edition states them, without the accounts it does not name
    accounts: tuple[Actor, ...] = ()  # whoever signs in, by name, as the accounts say it
    next_at: Instant | None = None  # when another edition comes into force; None = none is stated
