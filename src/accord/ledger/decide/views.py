"""How do other systems count ATP, and what would they show?

Accord's own ATP is the look-ahead one (`lookahead`): the least that is projected on a day and on all later ones. The
other views are for reports and comparison only; nothing is ever promised by them. All rows hold one number a period,
in base units, the first period first; a demand is met from the supply of its own period.
"""

from collections.abc import Sequence
from itertools import accumulate

import msgspec


def period(supply: Sequence[int], demand: Sequence[int]) -> tuple[int, ...]:
    """Supply minus demand within each period. Nothing carries over: neither on hand nor what a period leaves."""
    return tuple(s - d for s, d in zip(supply, demand, strict=True))


def projected(on_hand: int, supply: Sequence[int], demand: Sequence[int]) -> tuple[int, ...]:
    """What is on hand at the end of each period: on hand now, plus all supply, minus all demand so far."""
    return tuple(accumulate(period(supply, demand), initial=on_hand))[1:]


def cumulative(on_hand: int, supply: Sequence[int], demand: Sequence[int]) -> tuple[int, ...]:
    """What is left so far, without a look ahead: promising it may break a later promise.

    Source: the APICS dictionary, "cumulative available-to-promise without look-ahead": the ATP of the period before,
    plus the master schedule, minus the orders of the period. That is the projection.
    """
    return projected(on_hand, supply, demand)


def lookahead(on_hand: int, supply: Sequence[int], demand: Sequence[int]) -> tuple[int, ...]:
    """The least that is projected in each period and all later ones: all of it can be promised, and no unit more."""
    rows = projected(on_hand, supply, demand)
    return tuple(accumulate(reversed(rows), min))[::-1]


def discrete(on_hand: int, mps: Sequence[int], orders: Sequence[int]) -> tuple[int | None, ...]:
    """What each planned lot leaves until the next one; None in periods that bring no lot.

    First period: on hand, plus its MPS if any, minus the orders until the next MPS. Later, only where there is an MPS:
    that MPS minus the orders until the next. A lot that does not cover its orders shows a negative number: the
    correction some textbooks then make by hand (take what is missing from the lot before) is not made, so that each
    number can be checked against its own lot.
    """
    starts = [n for n, quantity in enumerate(mps) if n == 0 or quantity > 0]
    row: list[int | None] = [None] * len(mps)
    for start, stop in zip(starts, [*starts, len(mps)][1:], strict=True):
        row[start] = (on_hand if start == 0 else 0) + mps[start] - sum(orders[start:stop])
    return tuple(row)


class MasterSchedule(msgspec.Struct, frozen=True):
    """Lots planned so that the projection never turns negative; one number a period."""

    before: tuple[int, ...]  # projected at the end of the period, had no further lot been planned in it
    mps: tuple[int, ...]  # what comes in: lots that were fixed, and the ones planned here
    projected_on_hand: tuple[int, ...]


def plan_lots(
    on_hand: int,
    *,
    forecast: Sequence[int],
    orders: Sequence[int],
    lot_size: int,
    fixed: Sequence[int] | None = None,
) -> MasterSchedule:
    """Plan whole lots in each period whose projection would turn negative, as few as keep it at zero or more.

    A period needs the larger of its forecast and its orders. `fixed`: lots that are already scheduled.
    Source: W. J. Stevenson, Operations Management, the chapter on master scheduling.
    """
    left = on_hand
    before, mps, after = [], [], []
    for needed, scheduled in zip(larger(forecast, orders), fixed or (0,) * len(orders), strict=True):
        left += scheduled - needed
        before.append(left)
        lots = max(0, -(left // lot_size))  # rounded up
        left += lots * lot_size
        mps.append(scheduled + lots * lot_size)
        after.append(left)
    return MasterSchedule(before=tuple(before), mps=tuple(mps), projected_on_hand=tuple(after))


def larger(forecast: Sequence[int], orders: Sequence[int]) -> tuple[int, ...]:
    """What each period needs: orders eat up the forecast and may exceed it."""
    return tuple(max(f, o) for f, o in zip(forecast, orders, strict=True))
