"""What does a decision change in the ledger, and how does the promise stand after it?

Ids are derived from the decision's: the same decision gives the same rows.
"""

from __future__ import annotations

import msgspec

from accord.kit.days import Instant
from accord.kit.derived_ids import derive
from accord.kit.errors import Fault
from accord.ledger.decide.graph import Graph
from accord.ledger.model import (
    Commitment,
    Draw,
    Effects,
    Proposal,
    State,
    Supply,
    SupplyKind,
    limit_of,
    node_key,
)
from accord.policy.model import Book
from accord.policy.model import Verb as Right
from accord.promise.decide.case import customer_of, terms_of
from accord.promise.decide.life import decides_anew, renews
from accord.promise.decide.standing import Standing
from accord.promise.model import Decision, Make, Option, Promise, PromiseLine, Verb

_KINDS = {"make": SupplyKind.production, "move": SupplyKind.transfer, "buy": SupplyKind.purchase}
_ENDED = {Verb.release: State.released, Verb.cancel: State.cancelled, Verb.amend: State.superseded}


def effects_of(
    decision: Decision,
    graph: Graph,
    rules: Book,
    standing: Standing | None = None,
    before: Promise | None = None,
) -> Effects | None:
    """What the decision changes in the ledger; None where it changes nothing.

    A hold's receipts count only for the hold: so much as it draws, on the day it draws it. Hardening makes the whole
    lot of it, from the day the lot arrives.
    """
    if decision.promise is None:
        return None
    request = decision.act or decision.request
    if decides_anew(request):
        if decision.chosen is None:
            raise Fault(f"{decision.id} promises {decision.promise} without an option")
        return _promised(decision, decision.options[decision.chosen], rules, standing, before)
    if standing is None:
        raise Fault(f"{decision.id} changes {decision.promise} without knowing what it holds")
    if request.verb in _ENDED:
        return Effects(
            gives_back=standing.gives, drops=standing.drops, resolves=_ended(standing, _ENDED[request.verb])
        )
    borrows = before is not None and before.figures is not None and before.figures.borrow
    return _restated(
        decision,
        standing,
        terms_of(customer_of(request, before, rules)),
        borrows=borrows,
        stays=_of_amendments(rules, request.verb),
    )


def _of_amendments(rules: Book, verb: Verb) -> frozenset[str]:
    """The limits that count amendments and not this verb: what was taken of them before stays taken."""
    limits = rules.rights.limits if rules.rights is not None else ()
    return frozenset(one.id for one in limits if Right.amend in one.verbs and verb.value not in one.verbs)


def _ended(standing: Standing, state: State) -> tuple[Commitment, ...]:
    return tuple(msgspec.structs.replace(c, state=state) for c in standing.commitments if c.state.is_open)


def _promised(
    decision: Decision, option: Option, rules: Book, standing: Standing | None, before: Promise | None
) -> Effects:
    """New draws, receipts and commitments; what an amended promise had goes."""
    promise = decision.promise or ""
    expires_at = decision.expires_at
    state = State.committed if expires_at is None else State.held
    numbers = iter(range(1 << 30))
    customer = customer_of(decision.act or decision.request, before, rules)

    def draw(key: str, owner: str, on: int, quantity: int, life_days: int, feeds: str | None) -> Draw:
        return Draw(
            key=key,
            id=derive("drw", decision.id, next(numbers)),
            owner=owner,
            promise=promise,
            on=on,
            quantity=quantity,
            expires_at=expires_at,
            life_days=life_days,
            feeds=feeds,
        )

    proposes = []
    for place, receipt in enumerate(option.makes):
        supply = _receipt(receipt, derive("rcp", decision.id, place), promise, expires_at)
        own = tuple(
            draw(take.key, supply.id, take.on, take.quantity, take.life_days, receipt.key)
            for take in receipt.takes
        )
        proposes.append(Proposal(supply=supply, source=receipt.source, draws=own))
    commitments = tuple(
        Commitment(
            key=node_key(piece.item, piece.site),
            id=derive("com", decision.id, place),
            promise=promise,
            line=piece.line,
            item=piece.item,
            site=piece.site,
            quantity=piece.quantity,
            ship_on=piece.ship_on,
            deliver_on=piece.deliver_on,
            state=state,
            made_at=decision.now,
        )
        for place, piece in enumerate(option.pieces)
    )
    draws = []
    place = -1
    for take in option.takes:
        # Each delivery draws on its node first and then on the shares of it, in the order of the deliveries.
        place += take.key.startswith("node:")
        draws.append(draw(take.key, commitments[place].id, take.on, take.quantity, take.life_days, None))
    for limit in decision.limits:
        draws.append(
            draw(limit.key, _first_of(commitments, limit.line).id, limit.on, limit.quantity, 0, None)
        )
    return Effects(
        terms=tuple(sorted(terms_of(customer))),
        borrows=decision.figures.borrow if decision.figures is not None else False,
        gives_back=standing.gives if standing is not None else (),
        drops=standing.drops if standing is not None else (),
        proposes=tuple(proposes),
        draws=tuple(draws),
        commitments=commitments,
        resolves=_ended(standing, State.superseded) if standing is not None else (),
    )


def _first_of(commitments: tuple[Commitment, ...], line: int) -> Commitment:
    """The delivery of a line that stands for what the line takes of cumulative limits."""
    return next(c for c in commitments if c.line == line)


def _receipt(receipt: Make, id: str, promise: str, expires_at: Instant | None) -> Supply:
    kind = _KINDS[receipt.source.partition(":")[0]]
    if expires_at is None:
        return Supply(
            key=receipt.key,
            id=id,
            kind=kind,
            quantity=receipt.quantity,
            on=receipt.on,
            due_on=receipt.on,
            proposed_by=promise,
        )
    return Supply(
        key=receipt.key,
        id=id,
        kind=kind,
        quantity=receipt.needed,
        on=receipt.needed_on,
        due_on=receipt.on,
        proposed_by=promise,
        expires_at=expires_at,
        lot_quantity=receipt.quantity,
        lot_on=receipt.on,
        starts_on=receipt.starts_on,
    )


def _restated(
    decision: Decision, standing: Standing, terms: frozenset[str], *, borrows: bool, stays: frozenset[str]
) -> Effects:
    """The same draws and receipts, firm from now on or until another moment; what they take of limits is as of now, but
    for those that stay as they are.
    """
    expires_at = decision.expires_at
    changing = [draw for draw in standing.draws if draw.expires_at is not None]
    supplies = [supply for supply in standing.supplies if supply.expires_at is not None]
    proposed = {supply.id for supply in supplies}
    after = [
        msgspec.structs.replace(draw, expires_at=expires_at)
        for draw in changing
        if not draw.key.startswith("limit:") or limit_of(draw.key) in stays
    ]
    open_now = tuple(c for c in standing.commitments if c.state is State.held)
    after += [
        Draw(
            key=limit.key,
            id=derive("drw", decision.id, place),
            owner=_first_of(open_now, limit.line).id,
            promise=decision.promise,
            on=limit.on,
            quantity=limit.quantity,
            expires_at=expires_at,
        )
        for place, limit in enumerate(decision.limits)
    ]
    proposes = tuple(
        Proposal(
            supply=_hardened(supply)
            if expires_at is None
            else msgspec.structs.replace(supply, expires_at=expires_at),
            source="",
            draws=tuple(draw for draw in after if draw.owner == supply.id),
        )
        for supply in supplies
    )
    resolves: tuple[Commitment, ...] = ()
    if expires_at is None:
        resolves = tuple(
            msgspec.structs.replace(c, state=State.committed)
            for c in standing.commitments
            if c.state is State.held
        )
    return Effects(
        terms=tuple(sorted(terms)),
        borrows=borrows,
        gives_back=tuple(changing),
        drops=tuple(supplies),
        proposes=proposes,
        draws=tuple(draw for draw in after if draw.owner not in proposed),
        resolves=resolves,
    )


def _hardened(supply: Supply) -> Supply:
    if not supply.lot_quantity:
        return msgspec.structs.replace(supply, expires_at=None)
    return msgspec.structs.replace(
        supply,
        quantity=supply.lot_quantity,
        on=supply.lot_on,
        expires_at=None,
        lot_quantity=0,
        lot_on=0,
        starts_on=0,
    )


# --- the promise ---


def promise_after(
    decision: Decision, before: Promise | None, effects: Effects | None, *, actor: str, asker: str = ""
) -> Promise | None:
    """How the promise stands after the decision; None where it made or changed none.

    `asker`: whose wish it was, where the actor approved it.
    """
    if decision.promise is None:
        return None
    request = decision.act or decision.request
    if decides_anew(request):
        return _made(decision, before, effects, actor, asker or actor)
    if before is None:
        raise Fault(f"{decision.id} changes {decision.promise}, which is not there")
    state = _ENDED.get(request.verb) or (State.committed if decision.expires_at is None else State.held)
    return msgspec.structs.replace(
        before,
        state=state,
        decision=decision.id,
        changed_at=decision.now,
        expires_at=decision.expires_at,
        renewals=before.renewals + renews(request, before, decision.now),
        version=before.version + 1,
        figures=decision.figures or before.figures,
        approved_by=actor if decision.request.verb is Verb.approve else before.approved_by,
    )


def _made(
    decision: Decision, before: Promise | None, effects: Effects | None, actor: str, asker: str
) -> Promise:
    request = decision.act or decision.request
    approver = actor if decision.request.verb is Verb.approve else ""
    assert effects is not None
    assert decision.promise is not None
    assert decision.chosen is not None  # without an option no promise was named
    option = decision.options[decision.chosen]
    known = {line.line: line for line in before.lines} if before is not None else {}
    lines = []
    for place, line in enumerate(request.lines):
        pieces = [piece for piece in option.pieces if piece.line == place]
        promised_on = max([piece.deliver_on for piece in pieces])
        # The first promised day is for ever; a line of another item is another line.
        old = known.get(place)
        same = old is not None and old.item == line.item
        lines.append(
            PromiseLine(
                line=place,
                item=line.item,
                quantity=line.quantity,
                requested_on=line.requested_on,
                first_promised_on=old.first_promised_on if old is not None and same else promised_on,
                promised_on=promised_on,
                price_minor=decision.prices[place] if decision.prices else line.price_minor,
                is_listed=line.price_minor is None,
                cost_minor=sum([piece.cost_minor for piece in pieces]),
                site=line.site,
                commitments=tuple([c.id for c in effects.commitments if c.line == place]),
            )
        )
    state = State.committed if decision.expires_at is None else State.held
    if before is not None:
        return msgspec.structs.replace(
            before,
            state=state,
            decision=decision.id,
            lines=tuple(lines),
            changed_at=decision.now,
            expires_at=decision.expires_at,
            renewals=before.renewals + renews(request, before, decision.now),
            version=before.version + 1,
            changed_by=tuple(sorted({*before.changed_by, asker})),
            figures=decision.figures,
            approved_by=approver,
            parts=decision.parts,
            price_until=decision.price_until,
            value_minor=option.price_minor,
        )
    return Promise(
        id=decision.promise,
        state=state,
        customer=request.customer,
        actor=asker,
        ref=request.ref,
        request=request.id,
        decision=decision.id,
        lines=tuple(lines),
        made_at=decision.now,
        changed_at=decision.now,
        expires_at=decision.expires_at,
        figures=decision.figures,
        approved_by=approver,
        parts=decision.parts,
        price_until=decision.price_until,
        value_minor=option.price_minor,
    )
