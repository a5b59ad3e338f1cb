"""One way to answer one line: what leaves from where and when, and what that takes and costs."""

from __future__ import annotations

from accord.kit.days import Day
from accord.ledger.decide.trial import Trial
from accord.promise.decide.case import Case, Wish
from accord.promise.decide.ctp import Ctp
from accord.promise.decide.needs import settled
from accord.promise.decide.reply import Reply, Short
from accord.promise.decide.way import Way
from accord.promise.model import Make, Piece, Refusal, Take


class Plan:
    """Deliveries of one line that together are the whole quantity, with everything they draw."""

    __slots__ = (
        "cost_minor",
        "days_late",
        "deliver_on",
        "item",
        "kind",
        "makes",
        "needs",
        "pieces",
        "requested_on",
        "takes",
    )

    def __init__(self, kind: str, wish: Wish, parts: list[Part], needs: tuple[Refusal, ...] = ()) -> None:
        self.kind = kind
        self.item = wish.item
        self.requested_on = wish.requested_on
        self.needs = needs
        if len(parts) == 1:
            part = parts[0]
            self.pieces: tuple[Piece, ...] = (part.piece,)
            self.takes: tuple[Take, ...] = part.reply.takes
            self.makes: tuple[Make, ...] = part.reply.makes
            self.cost_minor = part.cost_minor
            self.deliver_on = part.piece.deliver_on  # of the last of it
        else:
            self.pieces = tuple(part.piece for part in parts)
            self.takes = tuple(take for part in parts for take in part.reply.takes)
            self.makes = tuple(receipt for part in parts for receipt in part.reply.makes)
            self.cost_minor = sum(part.cost_minor for part in parts)
            self.deliver_on = max(piece.deliver_on for piece in self.pieces)
        self.days_late = max(0, self.deliver_on - wish.requested_on)  # of the last delivery

    def apply(self, trial: Trial) -> None:
        """Try it again on a trial that was undone."""
        apply(trial, self.makes, self.takes)


class Part:
    """One delivery that was tried with success."""

    __slots__ = ("cost_minor", "piece", "reply")

    def __init__(self, wish: Wish, way: Way, quantity: int, ship_on: Day, target: Day, reply: Reply) -> None:
        self.reply = reply
        freight = wish.money(quantity, way.leg.cost_minor) if way.leg.cost_minor else 0
        self.cost_minor = reply.cost_minor + freight
        self.piece = Piece(
            line=wish.index,
            item=wish.item,
            site=way.site,
            quantity=quantity,
            ship_on=ship_on,
            deliver_on=way.deliver_on(ship_on, target, wish.requested_on),
            delivery=way.leg.id,
            from_stock=reply.from_stock,
            cost_minor=self.cost_minor,
            evidence=reply.evidence,
        )


def apply(trial: Trial, makes: tuple[Make, ...], takes: tuple[Take, ...]) -> None:
    """Put receipts and draws of an option on a trial."""
    for receipt in makes:
        for take in receipt.takes:
            trial.take(take.key, take.on, take.quantity, take.life_days)
        trial.add(receipt.key, receipt.on, receipt.quantity, receipt.source)
    for take in takes:
        trial.take(take.key, take.on, take.quantity, take.life_days)


def leaves_shares(case: Case, plans: list[Plan], *, is_certain: bool = False) -> bool:
    """Whether all of it together leaves what is set aside for others as it was, as the gate will ask.

    Line by line that is not sure: once one of them has drawn what there is, the requester's own share may stand where a
    lower one stood. The trial is left as it was.
    """
    takes = [take for plan in plans for take in plan.takes]
    takes += [take for plan in plans for one in plan.makes for take in one.takes]
    nodes = [take for take in takes if take.key.startswith("node:")]
    if len(nodes) < 2 or not any(case.graph.allocations_on(take.key) for take in nodes):
        return True
    makes, _ = settled(case, plans, is_certain=is_certain)
    return case.trial.bears(
        # A hold's receipts count for no more than the hold draws, on that day.
        [
            (m.key, m.needed_on, m.needed, 0) if case.leaves_hold else (m.key, m.on, m.quantity, 0)
            for m in makes
        ],
        [
            (take.key, take.on, take.quantity, take.life_days)
            for take in takes
            if take.key.startswith(("node:", "allocation:"))
        ],
        terms=case.terms,
        borrow=any(plan.kind == "borrow" for plan in plans),
    )


def cover(
    ctp: Ctp, wish: Wish, way: Way, quantity: int, target: Day, life_days: int, *, explains: bool = False
) -> Part | Short | None:
    """Try to deliver the quantity on the target day; None = nothing that leaves from now on is there by then."""
    ship_on = way.ship_on(target)
    if ship_on is None:
        return None
    reply = ctp.cover(quantity, wish.item, way.site, ship_on, life_days=life_days, explains=explains)
    if isinstance(reply, Short):
        return reply
    return Part(wish, way, quantity, ship_on, target, reply)


def soonest(
    ctp: Ctp, wish: Wish, way: Way, quantity: int, first: Day | None, last: Day, life_days: int
) -> tuple[Part, Day] | None:
    """The first day from `first` to `last` on which the quantity can be delivered in full this way, and that delivery.

    Exactly the answer of trying every receiving day in turn: what is skipped cannot succeed.
    """
    target = first
    while target is not None and target <= last:
        ship_on = way.ship_on(target)
        if ship_on is None:
            following = way.target_of(way.first_ship_on)
        else:
            reply = ctp.cover(quantity, wish.item, way.site, ship_on, life_days=life_days)
            if not isinstance(reply, Short):
                return Part(wish, way, quantity, ship_on, target, reply), target
            again = ctp.next_try(quantity, wish.item, way.site, ship_on, life_days)
            following = None if again is None else way.target_of(again)
        target = following  # later than before: the ship day that was tried was the last one for it
    return None


def most(ctp: Ctp, wish: Wish, way: Way, quantity: int, target: Day, life_days: int) -> int:
    """The largest part of the quantity that can be delivered on the day this way; the trial is left as it was.

    What stock and receipts give, or more where a source brings more by then; found by halving, so where more is
    possible although less is not (lot sizes and alternates can be so) it may say less than the largest.
    """
    ship_on = way.ship_on(target)
    if ship_on is None:
        return 0
    low = min(quantity, ctp.available(wish.item, way.site, ship_on, life_days))
    if low == quantity or not ctp.may_bring(wish.item, way.site, ship_on):
        return low
    high = quantity
    trial = ctp.trial
    while low < high:
        middle = (low + high + 1) // 2
        mark = trial.mark()
        reply = ctp.cover(middle, wish.item, way.site, ship_on, life_days=life_days)
        trial.undo(mark)
        if isinstance(reply, Short):
            high = middle - 1
        else:
            low = middle
    return low
