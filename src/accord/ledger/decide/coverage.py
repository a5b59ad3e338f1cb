"""Which commitments does supply still cover?

**The rule.** Firm draws are looked at in ship-day order, on the same day the earlier made first. A draw is covered
when what is usable by its day, less what covered draws before it took, is enough for its whole quantity; one that is
not covered takes nothing. Draws of holds are not judged: they make no exception, they are checked again when hardened.
Days before today count as today. Expiring lots: each draw takes the earliest expiry that satisfies its remaining life.
On a resource each day stands alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from accord.kit.days import Day
from accord.ledger.model import Commitment, Draw, State, Supply, Why

_NEVER = 10_000_000


def _in_order(draws: Iterable[Draw], today: Day) -> list[Draw]:
    return sorted(
        (draw for draw in draws if draw.expires_at is None), key=lambda d: (max(d.on, today), d.sequence, d.id)
    )


def short_at_node(supplies: Iterable[Supply], draws: Iterable[Draw], today: Day) -> dict[str, int]:
    """The draws at a node that are not covered: draw id -> base units short of its whole quantity."""
    left = sorted(
        [supply.expires_on or _NEVER, max(supply.on, today), supply.quantity]
        for supply in supplies
        if supply.counts is Why.counted and supply.expires_at is None
    )
    has_lots = any(lot[0] != _NEVER for lot in left)
    if has_lots:
        return _short_of_lots(left, _in_order(draws, today), today)
    arrivals = sorted((usable, quantity) for _expires, usable, quantity in left)
    short: dict[str, int] = {}
    there, next_arrival = 0, 0
    for draw in _in_order(draws, today):
        on = max(draw.on, today)
        while next_arrival < len(arrivals) and arrivals[next_arrival][0] <= on:
            there += arrivals[next_arrival][1]
            next_arrival += 1
        if draw.quantity <= there:
            there -= draw.quantity
        else:
            short[draw.id] = draw.quantity - there
    return short


def _short_of_lots(left: list[list[int]], draws: Sequence[Draw], today: Day) -> dict[str, int]:
    short: dict[str, int] = {}
    for draw in draws:
        on = max(draw.on, today)
        eligible = [lot for lot in left if lot[1] <= on and lot[0] >= on + draw.life_days]
        there = sum(lot[2] for lot in eligible)
        if there < draw.quantity:
            short[draw.id] = draw.quantity - there
            continue
        wanted = draw.quantity
        for lot in eligible:  # `left` is sorted by expiry
            taken = min(lot[2], wanted)
            lot[2] -= taken
            wanted -= taken
    return short


def short_at_capacity(capacity: Callable[[Day], int], draws: Iterable[Draw], today: Day) -> dict[str, int]:
    """The draws on a resource or supplier that no longer fit their day: draw id -> what is missing. Past days are done."""
    short: dict[str, int] = {}
    left: dict[Day, int] = {}
    for draw in sorted((d for d in draws if d.expires_at is None and d.on >= today), key=lambda d: (d.on, d.sequence, d.id)):
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
