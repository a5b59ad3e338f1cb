"""Which commitments does supply still cover?

**The rule.** Firm draws are looked at in ship-day order, on the same day the earlier made first. A draw is covered
when what is usable by its day, less what covered draws before it took, is enough for its whole quantity; one that is
not covered takes nothing. Where that leaves a promise short that proposed receipts itself, these serve its own draws
first and others with what is left, so that who makes his own supply does not lose it to whom it cannot save. Promises
that are not short lend what they proposed until they need it, as the projection says.
Draws of holds are not judged: they make no exception, they are checked again when hardened. Days before today count
as today. Expiring lots: each draw takes the earliest expiry that satisfies its remaining life. On a resource each day
stands alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

import msgspec

from accord.kit.days import Day
from accord.ledger.model import Commitment, Draw, State, Supply, Why

_NEVER = 10_000_000


def _in_order(draws: Iterable[Draw], today: Day) -> list[Draw]:
    return sorted(
        (draw for draw in draws if draw.expires_at is None),
        key=lambda d: (max(d.on, today), d.sequence, d.id),
    )


class Peg(msgspec.Struct, frozen=True, gc=False):
    """So much of a draw is covered by a supply."""

    draw: str  # id
    supply: str  # id
    quantity: int


def short_at_node(supplies: Iterable[Supply], draws: Iterable[Draw], today: Day) -> dict[str, int]:
    """The draws at a node that are not covered: draw id -> base units short of its whole quantity."""
    return _judged(supplies, draws, today)[0]


def pegs_at_node(
    supplies: Iterable[Supply], draws: Iterable[Draw], today: Day
) -> tuple[tuple[Peg, ...], dict[str, int]]:
    """What covers each firm draw, in the order in which they are served, and what the others are short.

    Nothing is bound to anything by this: it says whom each supply would serve as things are, by the rule above.
    """
    supplies, draws = list(supplies), list(draws)
    short, served = _judged(supplies, draws, today)
    counted, firm = _counted(supplies), _in_order(draws, today)
    left, pegs = {one.id: one.quantity for one in counted}, []
    got: dict[str, int] = defaultdict(int)
    for peg in _own_pegs(counted, [draw for draw in firm if draw.promise in served], today):
        left[peg.supply] -= peg.quantity
        got[peg.draw] += peg.quantity
        pegs.append(peg)
    # The first to go lies last, where it is taken away when it is used up.
    lots = sorted(
        counted, key=lambda s: (s.expires_on or _NEVER, max(s.on, today), s.quantity, s.id), reverse=True
    )
    for draw in firm:
        if draw.id in short:
            continue
        on, wanted = max(draw.on, today), draw.quantity - got[draw.id]
        for lot in reversed(lots):
            if wanted == 0:
                break
            part = min(left[lot.id], wanted)
            if part and max(lot.on, today) <= on and (lot.expires_on or _NEVER) >= on + draw.life_days:
                left[lot.id] -= part
                wanted -= part
                pegs.append(Peg(draw.id, lot.id, part))
        while lots and left[lots[-1].id] == 0:
            lots.pop()
    place = {draw.id: n for n, draw in enumerate(firm)}
    return tuple(sorted(pegs, key=lambda peg: place[peg.draw])), short


def _counted(supplies: Iterable[Supply]) -> list[Supply]:
    return [s for s in supplies if s.counts is Why.counted and s.expires_at is None]


def _judged(
    supplies: Iterable[Supply], draws: Iterable[Draw], today: Day
) -> tuple[dict[str, int], frozenset[str | None]]:
    """What draws are short, and the promises whose own draws the receipts that they proposed had to serve first."""
    counted, firm = _counted(supplies), _in_order(draws, today)
    proposed = frozenset(s.proposed_by for s in counted if s.proposed_by is not None)
    served: frozenset[str | None] = frozenset()
    while True:
        left, own = _own(counted, [draw for draw in firm if draw.promise in served], today)
        short = _short(left, firm, own, today)
        more = {draw.promise for draw in firm if draw.id in short and draw.promise in proposed} - served
        if not more:
            return short, served
        served |= more


def _own(supplies: list[Supply], draws: list[Draw], today: Day) -> tuple[list[Supply], dict[str, int]]:
    """What each of these draws gets of the receipts that its own promise proposed, and the supplies less that."""
    if not draws:
        return supplies, {}
    left = {supply.id: supply.quantity for supply in supplies}
    own: dict[str, int] = {}
    for peg in _own_pegs(supplies, draws, today):
        left[peg.supply] -= peg.quantity
        own[peg.draw] = own.get(peg.draw, 0) + peg.quantity
    return [msgspec.structs.replace(s, quantity=left[s.id]) for s in supplies], own


def _own_pegs(supplies: list[Supply], draws: list[Draw], today: Day) -> list[Peg]:
    """What these draws get of the receipts that their own promises proposed, the draws in their order."""
    left = {supply.id: supply.quantity for supply in supplies}
    proposed: dict[str, list[Supply]] = {}
    for supply in sorted(supplies, key=lambda s: (s.on, s.id)):
        if supply.proposed_by is not None:
            proposed.setdefault(supply.proposed_by, []).append(supply)
    found = []
    for draw in draws:
        wanted = draw.quantity
        for supply in proposed.get(draw.promise or "", ()):
            part = min(left[supply.id], wanted)
            if supply.on <= max(draw.on, today) and part > 0:
                left[supply.id] -= part
                wanted -= part
                found.append(Peg(draw.id, supply.id, part))
    return found


def _short(supplies: list[Supply], draws: list[Draw], own: dict[str, int], today: Day) -> dict[str, int]:
    left = sorted([s.expires_on or _NEVER, max(s.on, today), s.quantity] for s in supplies)
    if any(lot[0] != _NEVER for lot in left):
        return _short_of_lots(left, draws, own, today)
    arrivals = sorted((usable, quantity) for _expires, usable, quantity in left)
    short: dict[str, int] = {}
    there, next_arrival = 0, 0
    for draw in draws:
        on, wanted = max(draw.on, today), draw.quantity - own.get(draw.id, 0)
        while next_arrival < len(arrivals) and arrivals[next_arrival][0] <= on:
            there += arrivals[next_arrival][1]
            next_arrival += 1
        if wanted <= there:
            there -= wanted
        else:
            short[draw.id] = wanted - there
    return short


def _short_of_lots(
    left: list[list[int]], draws: list[Draw], own: dict[str, int], today: Day
) -> dict[str, int]:
    short: dict[str, int] = {}
    for draw in draws:
        on, wanted = max(draw.on, today), draw.quantity - own.get(draw.id, 0)
        eligible = [lot for lot in left if lot[1] <= on and lot[0] >= on + draw.life_days]
        there = sum(lot[2] for lot in eligible)
        if there < wanted:
            short[draw.id] = wanted - there
            continue
        for lot in eligible:  # `left` is sorted by expiry
            taken = min(lot[2], wanted)
            lot[2] -= taken
            wanted -= taken
    return short


def short_at_capacity(capacity: Callable[[Day], int], draws: Iterable[Draw], today: Day) -> dict[str, int]:
    """The draws on a resource or supplier that no longer fit their day: draw id -> what is missing. Past days are done."""
    short: dict[str, int] = {}
    left: dict[Day, int] = {}
    for draw in sorted(
        (d for d in draws if d.expires_at is None and d.on >= today), key=lambda d: (d.on, d.sequence, d.id)
    ):
        there = left.setdefault(draw.on, capacity(draw.on))
        if draw.quantity <= there:
            left[draw.on] = there - draw.quantity
        else:
            short[draw.id] = draw.quantity - there
    return short


def overdue(commitments: Iterable[Commitment], today: Day) -> dict[str, int]:
    """Commitments whose ship day has passed without shipment: id -> what is still to ship."""
    return {
        c.id: c.quantity - c.fulfilled
        for c in commitments
        if c.state is State.committed and c.ship_on < today and c.fulfilled < c.quantity
    }
