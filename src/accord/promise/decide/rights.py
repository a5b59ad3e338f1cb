"""May this actor do this? What an option or a promise comes to, and what the rights say to it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from accord.kit.days import local_day
from accord.ledger.decide.graph import Graph
from accord.policy import decide as policy
from accord.policy.decide import Act
from accord.policy.model import Amount, Answer, Figures, LimitTake, Ruling
from accord.policy.model import Verb as Right
from accord.promise.decide.case import Case
from accord.promise.decide.life import restates
from accord.promise.decide.plan import Plan
from accord.promise.decide.price import is_thin, moved_minor
from accord.promise.decide.reply import ceil_div, half_up
from accord.promise.model import Make, Option, Piece, Promise, Refusal, Request, Verb

_OF_VERB = {
    Verb.ask: Right.commit,
    Verb.quote: Right.commit,  # a price that was given is our word
    Verb.hold: Right.hold,
    Verb.commit: Right.commit,
    Verb.release: Right.release,
    Verb.cancel: Right.cancel,
}
_AS_ASKED: Mapping[int, str] = {}  # nothing was substituted
_RANK = {Answer.allow: 0, Answer.ask: 1, Answer.deny: 2}


def judged(
    case: Case, figures: Figures, *, keeps_only: bool = False
) -> tuple[Ruling | None, tuple[LimitTake, ...]]:
    """What the rights say to the request of a case that comes to these figures; None where none are stated.

    `keeps_only`: to keep the supply while somebody else decides.
    """
    if case.book.rights is None or not case.is_judged:
        return None, ()
    verb = case.request.verb
    if keeps_only:
        return _judged(case, Right.hold, figures, keeps_only=True)
    if verb is not Verb.amend:
        return _judged(case, _OF_VERB[verb], figures)
    # What an amendment makes must be allowed as if it were made anew.
    amends, counted = _judged(case, Right.amend, figures)
    makes, takes = _judged(case, Right.hold if case.is_hold else Right.commit, figures)
    if _RANK[amends.answer] > _RANK[makes.answer]:
        return amends, ()
    if makes.answer is not Answer.allow:
        return makes, ()
    return makes, policy.together(takes, counted)


def _judged(
    case: Case, verb: Right, figures: Figures, *, keeps_only: bool = False
) -> tuple[Ruling, tuple[LimitTake, ...]]:
    rights = case.book.rights
    assert rights is not None
    act = Act(
        actor=case.actor,
        verb=verb,
        figures=figures,
        customer=case.customer.id if case.customer is not None else "",
        tier=case.customer.tier if case.customer is not None else "",
        today=local_day(case.now, rights.zone),
        currency=case.rules.currency,
        approves=case.approves is not None,
        asker=case.who.asker,
        asker_role=case.who.asker_role,
        keeps_only=keeps_only,
    )
    if case.approves is not None:  # in the role that was asked, not in another he may have
        return policy.judge_in(rights, case.approves, act, case.trial.free)
    return policy.judge(rights, act, case.trial.free)


def needs_of(ruling: Ruling | None) -> tuple[Refusal, ...]:
    """What a ruling leaves in the way."""
    if ruling is None or ruling.answer is Answer.allow:
        return ()
    return (Refusal.approval_needed,) if ruling.answer is Answer.ask else (Refusal.not_allowed,)


def figures_of(case: Case, plans: list[Plan], *, below_floor: bool) -> Figures:
    """What an option comes to: one plan a line."""
    amounts = []
    price: int | None = 0
    for plan in plans:
        line = case.request.lines[plan.pieces[0].line]
        paid = _paid(case, plan)
        price = None if price is None or paid is None else price + paid
        amounts.append(
            Amount(
                item=plan.item,  # what is given, which may be a substitute
                quantity=ceil_div(line.quantity, case.graph.items[plan.item].scale),
                value_minor=max(paid or 0, plan.cost_minor),
                expedite_minor=expedite_of(case.graph, plan.pieces, plan.makes),
            )
        )
    return Figures(
        amounts=tuple(amounts),
        days_late=max(plan.days_late for plan in plans),
        days_ahead=max(
            piece.deliver_on - case.trial.today(piece.site) for plan in plans for piece in plan.pieces
        ),
        price_minor=price,
        cost_minor=sum(plan.cost_minor for plan in plans),
        hold_seconds=case.hold_seconds,
        inside_fence=any(plan.kind == "inside_fence" for plan in plans),
        borrow=any(plan.kind == "borrow" for plan in plans),
        below_floor=below_floor,
    )


def figures_now(case: Case, before: Promise, given: Mapping[int, str] = _AS_ASKED) -> Figures:
    """What a promise comes to now: as when it was last decided, at what it would cost today and at today's floors.

    `given`: by line, the item that is delivered, where it may be another than was asked for.
    """
    known = msgspec.structs.replace(known_of(case.graph, before, given), hold_seconds=case.hold_seconds)
    if not restates(case.request):
        return known
    below = False
    for line in before.lines:
        item = given.get(line.line, line.item)
        if line.price_minor is None or item not in case.graph.items:
            continue
        paid = half_up(line.quantity * line.price_minor, case.graph.items[item].scale)
        cost = line.cost_minor + moved_minor(case.graph, before.parts, line=line.line)
        below = below or line.price_minor < case.floor_of(item)
        below = below or is_thin(paid, cost, case.rules.margin_bp_min)
    cost = known.cost_minor + moved_minor(case.graph, before.parts)
    return msgspec.structs.replace(known, cost_minor=max(0, cost), below_floor=below)


def prices_in_the_way(case: Case, before: Promise, figures: Figures, ruling: Ruling | None) -> list[Refusal]:
    """Why a hold cannot be made firm at its price: it is below the floor now, or it no longer holds and the cost has risen.

    Whoever approves decides about the price as well.
    """
    if not restates(case.request) or (case.approves is not None and ruling is not None):
        return []
    found = [Refusal.below_margin_floor] if figures.below_floor else []
    is_over = before.price_until is not None and before.price_until <= case.now
    if case.request.verb is Verb.commit and is_over and moved_minor(case.graph, before.parts) > 0:
        found.append(Refusal.price_expired)
    return found


def known_of(graph: Graph, before: Promise, given: Mapping[int, str] = _AS_ASKED) -> Figures:
    """What a promise came to when it was last decided; where no rights measured it, as far as its lines say."""
    if before.figures is not None:
        return before.figures
    amounts = []
    price: int | None = 0
    for line in before.lines:
        item = given.get(line.line, line.item)
        record = graph.items.get(item)
        scale = record.scale if record is not None else 1
        paid = None if line.price_minor is None else half_up(line.quantity * line.price_minor, scale)
        price = None if price is None or paid is None else price + paid
        amounts.append(
            Amount(
                item=item,
                quantity=ceil_div(line.quantity, scale),
                value_minor=max(paid or 0, line.cost_minor),
            )
        )
    return Figures(
        amounts=tuple(amounts),
        days_late=max((line.promised_on - line.requested_on for line in before.lines), default=0),
        price_minor=price,
        cost_minor=sum(line.cost_minor for line in before.lines),
    )


def figures_of_option(graph: Graph, request: Request, option: Option) -> Figures:
    """What an option came to that was offered where no rights were stated to measure it."""
    if option.figures is not None:
        return option.figures
    expedite = expedite_of(graph, option.pieces, option.makes)
    amounts = []
    whole = sum(piece.cost_minor for piece in option.pieces)
    given = {piece.line: piece.item for piece in option.pieces}
    for place, line in enumerate(request.lines):
        item = given.get(place, line.item)
        record = graph.items.get(item)
        cost = sum(piece.cost_minor for piece in option.pieces if piece.line == place)
        # What was paid for each line is not kept: the price of the whole is shared as the costs are.
        paid = half_up((option.price_minor or 0) * cost, whole) if whole > 0 else 0
        amounts.append(
            Amount(
                item=item,
                quantity=ceil_div(line.quantity, record.scale if record is not None else 1),
                value_minor=max(paid, cost),
                expedite_minor=expedite if place == 0 else 0,
            )
        )
    return Figures(
        amounts=tuple(amounts),
        days_late=option.days_late,
        price_minor=option.price_minor,
        cost_minor=option.cost_minor,
        inside_fence=option.kind == "inside_fence",
        borrow=option.kind == "borrow",
        below_floor=Refusal.below_margin_floor in option.needs,
    )


def _paid(case: Case, plan: Plan) -> int | None:
    """What the customer pays for a line; None where no price is known."""
    total = 0
    for piece in plan.pieces:
        price = case.price_of(case.request.lines[piece.line], piece.item)
        if price is None:
            return None
        total += half_up(piece.quantity * price, case.graph.items[piece.item].scale)
    return total


def expedite_of(graph: Graph, pieces: tuple[Piece, ...], makes: tuple[Make, ...]) -> int:
    """What is paid so that it comes sooner: overtime, the fare of a faster lane or last leg, what a faster way to buy or
    make costs more than the item does usually."""
    minor = 0
    for made in makes:
        if not made.expedite:
            continue
        kind, _, name = made.source.partition(":")
        if kind == "buy":
            term = graph.terms.get(name)
            if term is None:
                continue  # ended since
            item = graph.items[term.item]
            minor += half_up(
                made.quantity * max(0, (term.cost_minor or item.cost_minor) - item.cost_minor), item.scale
            )
        elif kind == "move":
            lane = graph.lanes.get(name)
            if lane is None:
                continue
            minor += half_up(made.quantity * lane.cost_minor, graph.items[lane.item].scale)
        else:
            operation = graph.operations.get(name)
            if operation is not None and operation.expedite:
                minor += half_up(made.quantity * operation.cost_minor, graph.items[operation.item].scale)
            for take in made.takes:
                key, _, resource = take.key.partition(":")
                if key == "overtime" and resource in graph.resources:
                    minor += take.quantity * graph.resources[resource].overtime_cost_minor
    for piece in pieces:
        leg = graph.delivery(piece.delivery)
        if leg is not None and leg.expedite:
            minor += half_up(piece.quantity * leg.cost_minor, graph.items[piece.item].scale)
    return minor
