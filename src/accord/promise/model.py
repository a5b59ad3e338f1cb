"""What a promise is: the request, the options, the decision, the promise itself.

A **request** asks for a promise (or changes one). A **decision** is the immutable answer. Three kinds of no:
a refusal is a value in the decision; an error is raised; a fault loses the transaction.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from accord.kit.days import Day, Instant
from accord.ledger.model import State
from accord.policy.model import Figures as Figures
from accord.policy.model import LimitTake as LimitTake
from accord.policy.model import Ruling as Ruling


class Verb(StrEnum):
    """What the caller wants done."""

    ask = "ask"  # changes nothing
    quote = "quote"  # states a price and until when it holds; kept, and takes nothing
    hold = "hold"  # also renews a hold when `promise` is given
    commit = "commit"  # also hardens a hold when `promise` is given
    amend = "amend"  # replaces the lines of a promise
    release = "release"  # ends a hold
    cancel = "cancel"  # ends a commitment
    approve = "approve"  # lets happen what somebody else asked for
    decline = "decline"  # says no to it


class Line(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """One item, quantity and day."""

    item: str
    quantity: int  # base units, > 0
    requested_on: Day  # delivery day, the ship-to's date
    site: str | None = None  # leave from this site only; None = any that delivers to the ship-to
    price_minor: int | None = None  # asked price of one stated unit
    ref: str = ""  # the caller's own line number


class Request(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """One order or quote asking for a promise; its id makes a retry harmless."""

    id: str  # from the caller
    verb: Verb
    customer: str | None = None
    lines: tuple[Line, ...] = ()
    promise: str | None = None  # prm_..., for amend, release, cancel, commit of a hold, renewal
    option: str | None = None  # "1", "2", … or an option id; None = the first
    accept: str = "requested"  # "requested": only what keeps the requested day in full; "best": the first option, whatever day
    digest: str | None = None  # of the answer the caller looked at; a named option must still be there
    hold_seconds: int | None = None
    ship_complete: bool | None = None  # None = the customer's term
    may_split: bool | None = None
    may_substitute: bool | None = None
    ref: str = ""  # order or quote number
    asks_approval: bool = False  # where somebody else must agree: ask them, and keep the supply meanwhile where rights let it be held
    approval: str | None = None  # apr_..., for approve and decline
    promise_version: int | None = (
        None  # of the promise the caller looked at; another one is changed by nobody unseen
    )
    note: str = ""  # to whoever must agree, or why it was declined


class Refusal(StrEnum):
    """Why the business says no: statements, in order of precedence."""

    unknown_item = "unknown_item"
    unknown_site = "unknown_site"
    unknown_customer = "unknown_customer"
    unknown_promise = "unknown_promise"
    unknown_approval = "unknown_approval"
    day_in_the_past = "day_in_the_past"
    beyond_horizon = "beyond_horizon"
    promise_is_not_a_hold = "promise_is_not_a_hold"
    promise_is_not_a_commitment = "promise_is_not_a_commitment"
    promise_is_not_open = "promise_is_not_open"
    already_delivered = "already_delivered"
    hold_expired = "hold_expired"
    hold_too_long = "hold_too_long"
    hold_too_large = "hold_too_large"
    hold_renewed_too_often = "hold_renewed_too_often"
    approval_is_not_open = "approval_is_not_open"  # given or declined before
    approval_expired = "approval_expired"
    approver_is_requester = "approver_is_requester"
    changed_since_asked = "changed_since_asked"  # the promise was changed after approval was asked
    changed_meanwhile = "changed_meanwhile"  # the promise is not the version that the caller looked at
    feed_too_old = "feed_too_old"  # what is known of the stock is older than the policy trusts
    no_way_to_the_customer = "no_way_to_the_customer"  # no site delivers there
    no_source = "no_source"  # not in stock, and no way to make, move or buy it
    supply_short = "supply_short"
    capacity_full = "capacity_full"
    inside_fence = "inside_fence"
    lead_time_too_long = "lead_time_too_long"
    lot_too_large = "lot_too_large"  # the customer may not be given what a minimum lot makes
    remaining_life_too_short = "remaining_life_too_short"
    protected_for_others = "protected_for_others"  # allocations of other tiers
    later_than_accepted = "later_than_accepted"
    split_not_accepted = "split_not_accepted"
    not_allowed = "not_allowed"  # no right of the actor covers it, and nobody can be asked
    below_margin_floor = "below_margin_floor"
    price_expired = "price_expired"  # the price no longer holds, and what it costs has risen since
    approval_needed = "approval_needed"
    option_is_gone = "option_is_gone"  # changed while you looked
    choice_needed = (
        "choice_needed"  # it can be kept, but only in a way that somebody must agree to: name the option
    )
    not_by_then = "not_by_then"  # there are options, but none by the requested day


class Verdict(StrEnum):
    """The answer in one word."""

    yes = "yes"
    yes_but = "yes_but"
    needs_approval = "needs_approval"
    not_by_then = "not_by_then"
    cannot_promise = "cannot_promise"
    cannot_know = "cannot_know"  # what is known of the stock is too old to promise on
    done = "done"  # release, cancel


class Take(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """What is taken of one key on one day."""

    key: str
    on: Day
    quantity: int
    life_days: int = 0


class Make(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """A receipt this option proposes, with what it takes itself. Its index in the plan is its name until it has an id."""

    key: str  # the node it arrives at
    source: str  # "make:<operation>", "move:<lane>", "buy:<term>"
    quantity: int  # the whole lot
    starts_on: Day
    on: Day  # usable from
    needed: int  # of the lot, what this option itself draws; the rest is supply for the next promise …
    needed_on: Day  # … and the day on which it draws it
    takes: tuple[Take, ...]
    cost_minor: int  # whole lot
    expedite: bool = False
    static_lead: bool = False  # the date rests on a fixed lead time, no routing


class Evidence(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """One row of the arithmetic of "why": what covers how much, when."""

    source: str  # "on hand", "PO 4711", "make:…", …
    quantity: int
    on: Day
    note: str = ""


class Limit(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """The step that limits: what would have to be better for a better answer."""

    why: Refusal
    key: str
    on: Day  # the day on which it is short
    short: int  # by how much, base units or minutes
    until: Day | None = None  # when it is relieved, None = not within the horizon
    ref: str = ""  # of the receipt that relieves it


class Piece(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """One delivery of one line."""

    line: int  # index into the request's lines
    item: str
    site: str
    quantity: int
    ship_on: Day
    deliver_on: Day
    delivery: str  # id of the last leg, "" = collected at the site
    from_stock: int  # of it, from on hand and receipts that were there before
    cost_minor: int = 0  # supply, freight and holding of this delivery
    evidence: tuple[Evidence, ...] = ()


class CostPart(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """So much of an item at a cost: a part of what an option costs."""

    item: str
    quantity: int  # base units
    unit_minor: int  # one stated unit, when it was promised
    term: str = ""  # by which it is bought; "" = at the item's cost
    line: int = 0


class Option(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """One way to answer the whole request."""

    id: str  # opt_… digest of kind and pieces: the same offer has the same id
    kind: str  # full, later, split, split_site, other_site, substitute, make, move, buy, expedite, borrow, inside_fence, by_line, ship_complete
    in_full_on_time: bool
    pieces: tuple[Piece, ...]
    takes: tuple[Take, ...]  # of the promise itself: nodes and allocations
    makes: tuple[Make, ...]  # in the order they must be proposed
    days_late: int  # of the last delivery, against the latest requested day of its line
    price_minor: int | None  # whole option, None = no price known
    cost_minor: int  # supply at current cost + freight + holding + expedite
    margin_minor: int | None
    score: int  # rank by policy, lower is better
    difference: str  # one line, against the first option
    needs: tuple[Refusal, ...] = ()  # what stands in the way of taking it without approval
    cost_at: Instant | None = None  # when the oldest of the costs it rests on was confirmed; None = not known
    price_seconds: int = 0  # for how long its price holds
    figures: Figures | None = None  # what it comes to, as rights measure it; None = no rights are stated
    ruling: Ruling | None = None  # whether the actor may take it; None = no rights are stated


class Stale(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """Stock of which too long nothing was heard."""

    key: str
    counted_at: Instant  # when the oldest of it was last counted
    owner: str  # who sees to the item


class LineVerdict(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """The answer for one line, taken alone on what the earlier lines left."""

    line: int
    verdict: Verdict
    on: Day | None  # earliest day in full
    quantity_on_time: int
    refusals: tuple[Refusal, ...] = ()
    limit: Limit | None = None


class Decision(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """The immutable answer: what was asked, seen, offered, chosen."""

    id: str  # dec_…, "" for a plain ask
    request: Request
    now: Instant
    today: Day
    graph_version: int
    policy_version: int
    engine_version: str
    verdict: Verdict
    sentence: str  # may be read aloud; no internal figures
    refusals: tuple[Refusal, ...] = ()
    lines: tuple[LineVerdict, ...] = ()
    options: tuple[Option, ...] = ()
    chosen: int | None = None  # index into options: what was taken, None = nothing
    promise: str | None = None  # prm_… made or changed
    expires_at: Instant | None = None  # of a hold
    digest: str = ""  # of options and day: "what the caller looked at"
    reads: tuple[tuple[str, int], ...] = ()  # (key, version) read, sorted
    snapshot: str = ""  # digest of what stood on these keys
    ruling: Ruling | None = None  # by which right it was done, or not; None = no rights are stated
    limits: tuple[LimitTake, ...] = ()  # what it draws of cumulative limits
    figures: Figures | None = None  # of what was taken, as rights measure it
    prices: tuple[int | None, ...] = ()  # of one stated unit, a line each, of what was taken
    parts: tuple[CostPart, ...] = ()  # on which costs it rests
    price_until: Instant | None = None  # so long the price holds
    approval: str | None = None  # apr_… asked for, given or declined
    approval_version: int | None = None  # of the approval that was read
    act: Request | None = None  # what an approval is asked for or lets happen; None = the request itself
    about: tuple[
        Line, ...
    ] = ()  # what lines and options answer where the request names no lines: those of a promise

    stale: tuple[Stale, ...] = ()  # what it rests on that is too old to be relied on

    @property
    def asked(self) -> tuple[Line, ...]:
        """The lines that its lines and options answer."""
        return self.about or (self.act or self.request).lines


class PromiseLine(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """One line of a promise, with its three dates."""

    line: int
    item: str
    quantity: int
    requested_on: Day
    first_promised_on: Day  # for ever: last delivery of the line when first promised
    promised_on: Day  # now
    price_minor: int | None = None  # one stated unit, as agreed; None = none is known
    is_listed: bool = False  # the price was not asked for: it is the list price of then
    cost_minor: int = 0  # whole line, when promised
    site: str | None = None  # as requested
    commitments: tuple[str, ...] = ()  # com_…


class Promise(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """A hold or commitment with its lines and three dates."""

    id: str  # prm_…
    state: State
    customer: str | None
    actor: str
    ref: str
    request: str  # id of the request that made it
    decision: str  # the latest decision about it
    lines: tuple[PromiseLine, ...]
    made_at: Instant
    changed_at: Instant
    expires_at: Instant | None = None
    renewals: int = 0
    version: int = 1
    changed_by: tuple[str, ...] = ()  # who amended it, sorted: none of them approves it either
    figures: Figures | None = None  # as rights measured it when it was last decided
    approved_by: str = ""  # whose word it stands on beside the actor's
    parts: tuple[CostPart, ...] = ()  # on which costs its price rests
    price_until: Instant | None = None  # so long the price holds; None = for ever
    value_minor: int | None = None  # what the customer pays for the whole; None = no price is known


class ApprovalState(StrEnum):
    """Where an approval stands."""

    pending = "pending"
    approved = "approved"
    declined = "declined"
    expired = "expired"  # by comparison with the clock, nobody writes it
    void = "void"  # the promise it was about was changed since; by comparison, nobody writes it


class Approval(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """What one actor asked of another: bound to exactly this, until a moment."""

    id: str  # apr_…
    state: ApprovalState
    request: Request  # what was asked for; with the option it is about
    customer: str | None
    actor: str  # who asked …
    person: str = ""  # … and the person behind that, as it was then
    role: str  # who must agree
    ruling: Ruling  # why
    figures: Figures
    sentence: str  # what it is about, as the decision said it
    decision: str  # dec_… that asked for it
    promise: str | None = None  # prm_… that keeps the supply, or that it is about
    promise_version: int | None = None  # that it is about: another one is another thing
    keeps: bool = False  # the promise is a hold made for this, and goes with it
    asked_at: Instant
    expires_at: Instant
    decided_by: str = ""
    decided_at: Instant | None = None
    note: str = ""  # of whoever asked; once decided, of whoever decided
    version: int = 1  # 1 = asked, 2 = decided
