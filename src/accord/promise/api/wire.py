"""What does an answer look like in JSON?

The same structs for the API and for `--json`: quantities are decimal texts in the item's stated unit, money is minor
units with their currency, days are ISO dates at a site, moments are UTC. Numbers of options and lines count from 1 and
0: an option is named as people name it, a line as a program indexes it. Nothing here is decided, only written.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from accord.kit.days import Day, Instant, instant_iso, iso
from accord.kit.quantity import format_quantity
from accord.ledger import model as ledger
from accord.ledger.model import Item, Kind, kind_of_key, node_of
from accord.promise import model, said
from accord.promise.api.rulings import Ruling, ruling_out
from accord.promise.service.reads import Seen


class Money(msgspec.Struct, frozen=True, gc=False):
    """An amount in minor units: 1850 EUR cents."""

    minor: int
    currency: str


class Evidence(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What covers how much, when."""

    source: str
    quantity: str
    unit: str
    on: str | None  # null = it is there now
    note: str


class Piece(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One delivery of one line."""

    line: int  # index into the request's lines, from 0
    item: str
    site: str
    quantity: str
    unit: str
    ship_on: str
    deliver_on: str
    delivery: str | None  # the last leg; null = collected at the site
    from_stock: str  # of the quantity, from on hand and receipts that were there before
    evidence: list[Evidence]


class Take(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What is taken of one thing on one day."""

    key: str
    on: str
    quantity: str  # stated units of an item, minutes of a resource
    unit: str


class Make(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A receipt that the option proposes: make, move or buy."""

    item: str
    site: str
    source: str
    quantity: str
    unit: str
    starts_on: str
    on: str
    cost: Money
    is_expedited: bool
    is_static_lead: bool  # the date rests on a fixed lead time, no routing
    takes: list[Take]


class Option(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One way to answer the whole request."""

    number: int  # from 1, the order in which they are recommended
    id: str
    kind: str
    is_in_full_on_time: bool
    difference: str
    days_late: int
    price: Money | None
    cost: Money
    margin: Money | None
    cost_at: str | None  # when the oldest of the costs it rests on was confirmed; null = not known
    price_until: str | None  # so long the price holds
    needs: list[str]
    ruling: Ruling | None  # whether the caller may take it; null = no rights are stated
    pieces: list[Piece]
    makes: list[Make]


class Limit(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What would have to be better for a better answer."""

    why: str
    sentence: str
    key: str
    on: str
    short: str
    until: str | None
    ref: str


class LineVerdict(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The answer for one line."""

    line: int
    item: str
    quantity: str
    unit: str
    requested_on: str
    verdict: str
    on: str | None  # the earliest day in full
    quantity_on_time: str
    refusals: list[str]
    limit: Limit | None


class Refused(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One reason for a no, and what to do about it."""

    code: str
    detail: str


class Decision(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The answer to a request."""

    id: str | None  # null for a plain ask, which is not kept
    request: str
    verb: str
    verdict: str
    sentence: str
    customer: str | None
    promise: str | None
    expires_at: str | None
    chosen: int | None  # number of the option that was taken
    refusals: list[Refused]
    ruling: Ruling | None  # by which right it was done or not
    approval: str | None  # what was asked of somebody else, given or declined
    lines: list[LineVerdict]
    options: list[Option]
    digest: str  # send it back with `option`: then what you looked at must still be there
    as_of: str  # the moment of the decision, by the store's clock
    today: str
    graph_version: int
    policy_version: int
    engine_version: str


class Commitment(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One delivery of one line of a promise."""

    id: str
    site: str
    quantity: str
    fulfilled: str
    ship_on: str
    deliver_on: str
    state: str


class PromiseLine(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One line of a promise, with its three dates."""

    line: int
    item: str
    quantity: str
    unit: str
    requested_on: str
    first_promised_on: str
    promised_on: str
    price: Money | None
    site: str | None
    commitments: list[Commitment]


class Promise(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A hold or commitment with its lines and three dates."""

    id: str
    state: str
    customer: str | None
    actor: str
    ref: str
    request: str
    decision: str
    lines: list[PromiseLine]
    made_at: str
    changed_at: str
    expires_at: str | None
    price_until: str | None  # so long the price holds
    approved_by: str | None
    renewals: int
    version: int


class Page(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Some of a list; `next` continues it."""

    items: list[object]
    next: str | None


class Units:
    """What turns base units and minor units into words: the items and the currency in force."""

    __slots__ = ("currency", "items")

    def __init__(self, items: Mapping[str, Item], currency: str) -> None:
        self.items = items
        self.currency = currency

    def quantity(self, n: int, item: str) -> str:
        """Base units of an item in its stated unit."""
        known = self.items.get(item)
        return format_quantity(n, known.scale if known is not None else 1)

    def unit(self, item: str) -> str:
        """The unit people state for an item."""
        known = self.items.get(item)
        return known.unit if known is not None else "piece"

    def money(self, minor: int) -> Money:
        """An amount in the currency of the policy."""
        return Money(minor, self.currency)

    def money_or_none(self, minor: int | None) -> Money | None:
        """The same where no amount may be known."""
        return None if minor is None else Money(minor, self.currency)

    def of_key(self, key: str, n: int) -> tuple[str, str]:
        """Quantity and unit of what a key counts."""
        kind = kind_of_key(key) if ":" in key else Kind.allocation
        if kind is Kind.node:
            item = node_of(key)[0]
            return self.quantity(n, item), self.unit(item)
        return str(n), "minute" if kind is Kind.resource else "base unit"


def decision_out(decision: model.Decision, units: Units) -> Decision:
    """A decision as systems read it."""
    request = decision.request
    return Decision(
        id=decision.id or None,
        request=request.id,
        verb=request.verb.value,
        verdict=decision.verdict.value,
        sentence=decision.sentence,
        customer=(decision.act or request).customer,
        promise=decision.promise,
        expires_at=_moment(decision.expires_at),
        chosen=None if decision.chosen is None else decision.chosen + 1,
        refusals=refusals_out(decision.refusals),
        ruling=ruling_out(decision.ruling),
        approval=decision.approval,
        lines=[_line_out(verdict, decision.asked, decision.today, units) for verdict in decision.lines],
        options=[
            _option_out(number, option, units, decision.now)
            for number, option in enumerate(decision.options, 1)
        ],
        digest=decision.digest,
        as_of=instant_iso(decision.now),
        today=iso(decision.today),
        graph_version=decision.graph_version,
        policy_version=decision.policy_version,
        engine_version=decision.engine_version,
    )


def refusals_out(refusals: tuple[model.Refusal, ...]) -> list[Refused]:
    """Reasons for a no, each with what to do about it."""
    return [Refused(code=one.value, detail=" ".join(said.REFUSALS[one])) for one in refusals]


def promise_out(seen: Seen, units: Units) -> Promise:
    """A promise as systems read it."""
    promise = seen.promise
    commitments = {one.id: one for one in seen.commitments}
    return Promise(
        id=promise.id,
        state=seen.state.value,
        customer=promise.customer,
        actor=promise.actor,
        ref=promise.ref,
        request=promise.request,
        decision=promise.decision,
        lines=[_promise_line_out(line, commitments, units) for line in promise.lines],
        made_at=instant_iso(promise.made_at),
        changed_at=instant_iso(promise.changed_at),
        expires_at=_moment(promise.expires_at),
        price_until=_moment(promise.price_until),
        approved_by=promise.approved_by or None,
        renewals=promise.renewals,
        version=promise.version,
    )


def _promise_line_out(
    line: model.PromiseLine, commitments: Mapping[str, ledger.Commitment], units: Units
) -> PromiseLine:
    return PromiseLine(
        line=line.line,
        item=line.item,
        quantity=units.quantity(line.quantity, line.item),
        unit=units.unit(line.item),
        requested_on=iso(line.requested_on),
        first_promised_on=iso(line.first_promised_on),
        promised_on=iso(line.promised_on),
        price=units.money_or_none(line.price_minor),
        site=line.site,
        commitments=[
            Commitment(
                id=one.id,
                site=one.site,
                quantity=units.quantity(one.quantity, one.item),
                fulfilled=units.quantity(one.fulfilled, one.item),
                ship_on=iso(one.ship_on),
                deliver_on=iso(one.deliver_on),
                state=one.state.value,
            )
            for one in [commitments[id] for id in line.commitments if id in commitments]
        ],
    )


def _line_out(
    verdict: model.LineVerdict, lines: tuple[model.Line, ...], today: Day, units: Units
) -> LineVerdict:
    line = lines[verdict.line]
    return LineVerdict(
        line=verdict.line,
        item=line.item,
        quantity=units.quantity(line.quantity, line.item),
        unit=units.unit(line.item),
        requested_on=iso(line.requested_on),
        verdict=verdict.verdict.value,
        on=None if verdict.on is None else iso(verdict.on),
        quantity_on_time=units.quantity(verdict.quantity_on_time, line.item),
        refusals=[one.value for one in verdict.refusals],
        limit=None if verdict.limit is None else _limit_out(verdict.limit, today, units),
    )


def _limit_out(limit: model.Limit, today: Day, units: Units) -> Limit:
    return Limit(
        why=limit.why.value,
        sentence=said.limit(limit, units.items, today),
        key=limit.key,
        on=iso(limit.on),
        short=units.of_key(limit.key, limit.short)[0],
        until=None if limit.until is None else iso(limit.until),
        ref=limit.ref,
    )


def _option_out(number: int, option: model.Option, units: Units, now: Instant) -> Option:
    return Option(
        number=number,
        id=option.id,
        kind=option.kind,
        is_in_full_on_time=option.in_full_on_time,
        difference=option.difference,
        days_late=option.days_late,
        price=units.money_or_none(option.price_minor),
        cost=units.money(option.cost_minor),
        margin=units.money_or_none(option.margin_minor),
        cost_at=_moment(option.cost_at),
        price_until=_moment(now + option.price_seconds * 1_000_000) if option.price_seconds else None,
        needs=[one.value for one in option.needs],
        ruling=ruling_out(option.ruling),
        pieces=[_piece_out(piece, units) for piece in option.pieces],
        makes=[_make_out(make, units) for make in option.makes],
    )


def _piece_out(piece: model.Piece, units: Units) -> Piece:
    unit = units.unit(piece.item)
    return Piece(
        line=piece.line,
        item=piece.item,
        site=piece.site,
        quantity=units.quantity(piece.quantity, piece.item),
        unit=unit,
        ship_on=iso(piece.ship_on),
        deliver_on=iso(piece.deliver_on),
        delivery=piece.delivery or None,
        from_stock=units.quantity(piece.from_stock, piece.item),
        evidence=[
            Evidence(
                source=one.source,
                quantity=units.quantity(one.quantity, piece.item),
                unit=unit,
                on=iso(one.on) if one.on else None,
                note=one.note,
            )
            for one in piece.evidence
        ],
    )


def _make_out(make: model.Make, units: Units) -> Make:
    item, site = node_of(make.key)
    return Make(
        item=item,
        site=site,
        source=make.source,
        quantity=units.quantity(make.quantity, item),
        unit=units.unit(item),
        starts_on=iso(make.starts_on),
        on=iso(make.on),
        cost=units.money(make.cost_minor),
        is_expedited=make.expedite,
        is_static_lead=make.static_lead,
        takes=[_take_out(take, units) for take in make.takes],
    )


def _take_out(take: model.Take, units: Units) -> Take:
    quantity, unit = units.of_key(take.key, take.quantity)
    return Take(key=take.key, on=iso(take.on), quantity=quantity, unit=unit)


def _moment(at: Instant | None) -> str | None:
    return None if at is None else instant_iso(at)
