"""How much is there on every future day, and how much of it can still be promised?

A node's **projection** on a day is what was supplied up to it minus what is drawn up to it. **ATP** for a day is
the smallest projection from that day on (look-ahead), never less than zero: taking it breaks no later promise.
Days before today count as today: what is overdue on either side cannot be undone.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from itertools import accumulate
from operator import itemgetter

from accord.kit.days import Day
from accord.ledger.model import Profile

_NEVER = 10_000_000  # later than any day
_EXPIRES_ON = itemgetter(4)  # of a row of supply


class Projection:
    """The cumulative steps of one node; immutable once built.

    `days` are the days on which it changes, ascending; `levels[i]` holds from `days[i]` to the next; before the
    first step it is zero. `floors[i]` is the smallest level from `days[i]` on.
    """

    __slots__ = ("days", "floors", "levels")

    def __init__(self, deltas: Mapping[Day, int]) -> None:
        self.days = sorted(deltas)
        self.levels = list(accumulate(map(deltas.__getitem__, self.days)))
        self.floors = list(accumulate(reversed(self.levels), min))
        self.floors.reverse()

    def level(self, on: Day) -> int:
        """The projection on a day."""
        i = bisect_right(self.days, on)
        return self.levels[i - 1] if i else 0

    def floor(self, on: Day) -> int:
        """The smallest projection from a day on; negative where there is a shortfall."""
        i = bisect_right(self.days, on)
        if i == len(self.days):
            return self.levels[-1] if self.levels else 0
        here = self.levels[i - 1] if i else 0
        later = self.floors[i]
        return here if here < later else later

    def rises_on(self, on: Day) -> Day | None:
        """The first day after `on` from which the floor is higher than on `on`; None = never."""
        floor = self.floor(on)
        for i in range(bisect_right(self.days, on), len(self.days)):
            if self.floors[i] > floor:
                return self.days[i]
        return None


def deltas_of(profile: Profile, today: Day) -> dict[Day, int]:
    """What changes on which day, past days counted as today; today is always among them."""
    deltas: dict[Day, int] = {today: 0}
    for on, quantity, _id, _ref, _expires in profile.supply:
        day = on if on > today else today
        deltas[day] = deltas.get(day, 0) + quantity
    for on, _life, quantity in profile.draws:
        day = on if on > today else today
        deltas[day] = deltas.get(day, 0) - quantity
    return deltas


def has_lots(profile: Profile) -> bool:
    """Whether anything at the node expires, so that lots must be replayed."""
    return any(map(_EXPIRES_ON, profile.supply))


def lowest_of(profile: Profile, today: Day) -> int:
    """The summary the database checks: the smallest projection, or minus what no lot can cover."""
    lowest = lowest_level(deltas_of(profile, today))
    if has_lots(profile):
        unfilled = sum(unfilled_by_day(profile.supply, profile.draws, today).values())
        return min(lowest, -unfilled)
    return lowest


def lowest_level(deltas: Mapping[Day, int]) -> int:
    """The smallest projection of all days that change it, without building one; there is at least one such day."""
    return min(accumulate(map(deltas.__getitem__, sorted(deltas))))


def unfilled_by_day(
    supply: Iterable[tuple[Day, int, str, str, Day]],
    draws: Iterable[tuple[Day, int, int]],
    today: Day,
) -> dict[tuple[Day, int], int]:
    """What no lot can cover, by (day, remaining life): draws in ship-day order each take the earliest expiry that satisfies.

    `supply` rows are (usable on, quantity, id, ref, last day of use or 0), `draws` (day, remaining life, quantity).
    Exact: the lots a draw may use are an upper set in expiry, so taking the earliest eligible one never hurts a
    later draw.
    """
    left = sorted(
        [expires or _NEVER, on if on > today else today, quantity]
        for on, quantity, _id, _ref, expires in supply
    )
    unfilled: dict[tuple[Day, int], int] = {}
    for on, life, quantity in sorted((on if on > today else today, life, q) for on, life, q in draws):
        for lot in left:
            if quantity == 0:
                break
            if lot[1] <= on and lot[0] >= on + life and lot[2]:
                taken = lot[2] if lot[2] < quantity else quantity
                lot[2] -= taken
                quantity -= taken
        if quantity:
            unfilled[on, life] = unfilled.get((on, life), 0) + quantity
    return unfilled


def newly_unfilled(
    supply: Iterable[tuple[Day, int, str, str, Day]],
    draws: Iterable[tuple[Day, int, int]],
    today: Day,
    missed: Mapping[tuple[Day, int], int],
) -> dict[tuple[Day, int], int]:
    """What no lot can cover, by (day, remaining life), when nothing is given to what was `missed` before.

    Empty = every draw can be as well covered as it was. What comes with a change serves the change: replayed with all
    draws, those that were short come first by their order and take it, and what it was brought for would seem short.
    """
    wanted: dict[tuple[Day, int], int] = {}
    for on, life, quantity in draws:
        slot = (on if on > today else today, life)
        wanted[slot] = wanted.get(slot, 0) + quantity
    kept = [(*slot, left) for slot, q in wanted.items() if (left := q - missed.get(slot, 0)) > 0]
    return unfilled_by_day(supply, kept, today)


def lot_atp(
    supply: tuple[tuple[Day, int, str, str, Day], ...],
    draws: tuple[tuple[Day, int, int], ...],
    today: Day,
    on: Day,
    life_days: int,
) -> int:
    """The largest extra draw on a day, with so much remaining life, that leaves every other draw as well covered as before."""
    before = unfilled_by_day(supply, draws, today)
    day = on if on > today else today
    high = sum(
        quantity
        for usable, quantity, _id, _ref, expires in supply
        if (usable if usable > today else today) <= day and (expires or _NEVER) >= day + life_days
    )
    low = 0
    while low < high:
        middle = (low + high + 1) // 2
        after = unfilled_by_day(supply, (*draws, (day, life_days, middle)), today)
        if all(missing <= before.get(slot, 0) for slot, missing in after.items()):
            low = middle
        else:
            high = middle - 1
    return low
