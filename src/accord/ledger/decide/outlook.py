"""What do people see of one node, and which rows does each number add up from?

An **entry** is one supply or one draw with its sign and the day from which it counts. Whatever is said of a node is a sum
of entries: what is there on a day is all supply up to it, what is left is that less all that is taken up to it, and what can
be promised is what is left on the tightest day from then on. So every number has a list, and the list has the same sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

import msgspec

from accord.kit.days import Day, Instant
from accord.ledger.decide.gate import counts
from accord.ledger.decide.projection import Projection, deltas_of, has_lots, lot_atp
from accord.ledger.model import Draw, Profile, Supply, SupplyKind

_ALL = 10_000  # basis points


class Mark(StrEnum):
    """What kind of row an entry is."""

    on_hand = "on_hand"
    receipt = "receipt"
    commitment = "commitment"
    hold = "hold"
    need = "need"  # what a receipt elsewhere takes: a component, origin stock


SUPPLY = frozenset({Mark.on_hand, Mark.receipt})
TAKEN = frozenset({Mark.commitment, Mark.hold, Mark.need})
EVERYTHING = SUPPLY | TAKEN


class Entry(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One supply or draw at a node, as it counts today."""

    mark: Mark
    on: Day  # counts from this day: today for what is on hand or overdue
    quantity: int  # + supply, − taken
    supply: Supply | None = None  # one of these two is there
    draw: Draw | None = None


class Level(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """How a node stands from one day on, until the next level."""

    on: Day
    supply: int  # there or come by then
    commitments: int  # taken by then, as are the next two
    holds: int
    needs: int
    left: int  # supply less all that is taken; negative = shortfall
    free: int  # what can be promised for this day without breaking a later promise


class Outlook(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A node in few numbers."""

    on_hand: int
    free: int  # what can be promised now, everybody's shares included
    spare: int  # what is left on the tightest day; negative = shortfall
    tightest_on: Day  # the first day on which no more than that is left
    next_on: Day | None  # the first receipt
    next_quantity: int  # all that comes on that day
    more_on: Day | None  # from this day more can be promised …
    more: int  # … so much
    short_on: Day | None  # the first day on which more is taken than there is
    short: int  # how much, at worst
    uncovered_on: (
        Day | None
    )  # the first day on which stock alone does not do; None = it covers all that is taken
    supply: int  # all that is there or comes
    taken: int


def entries(supplies: Iterable[Supply], draws: Iterable[Draw], today: Day, now: Instant) -> tuple[Entry, ...]:
    """What counts at a node, by day, supply before what is taken; what was held until a moment that has come is left out."""
    found = [
        Entry(
            mark=Mark.on_hand if one.kind is SupplyKind.on_hand else Mark.receipt,
            on=max(one.on, today),
            quantity=one.quantity,
            supply=one,
        )
        for one in supplies
        if counts(one) and not is_over(one, now)
    ]
    found += [
        Entry(mark=mark_of(one), on=max(one.on, today), quantity=-one.quantity, draw=one)
        for one in draws
        if not is_over(one, now)
    ]
    return tuple(sorted(found, key=_place))


def is_over(row: Supply | Draw, now: Instant) -> bool:
    """Whether the hold that a row belongs to has ended by time."""
    return row.expires_at is not None and row.expires_at <= now


def mark_of(draw: Draw) -> Mark:
    """What kind of draw it is."""
    if draw.feeds is not None:
        return Mark.need
    return Mark.commitment if draw.expires_at is None else Mark.hold


_ORDER = {mark: place for place, mark in enumerate(Mark)}


def _place(entry: Entry) -> tuple[Day, int, str]:
    row = entry.supply or entry.draw
    return (entry.on, _ORDER[entry.mark], row.id if row is not None else "")


def chosen(
    found: Iterable[Entry], marks: frozenset[Mark], *, since: Day | None = None, until: Day | None = None
) -> tuple[Entry, ...]:
    """The entries of these kinds that count from a day in [since, until], both included."""
    return tuple(
        entry
        for entry in found
        if entry.mark in marks
        and (since is None or entry.on >= since)
        and (until is None or entry.on <= until)
    )


def total(found: Iterable[Entry]) -> int:
    """What entries add up to."""
    return sum(entry.quantity for entry in found)


def levels(found: Sequence[Entry], profile: Profile, today: Day) -> tuple[Level, ...]:
    """The days on which a node changes, today first; `profile` is what the same rows fold into."""
    sums = dict.fromkeys(Mark, 0)
    by_day: dict[Day, dict[Mark, int]] = {today: dict(sums)}
    for entry in found:
        day = by_day.setdefault(entry.on, dict(sums))
        day[entry.mark] += entry.quantity
    projection = Projection(deltas_of(profile, today))
    steps = []
    for on in sorted(by_day):
        for mark, quantity in by_day[on].items():
            sums[mark] += quantity
        steps.append(
            Level(
                on=on,
                supply=sums[Mark.on_hand] + sums[Mark.receipt],
                commitments=-sums[Mark.commitment],
                holds=-sums[Mark.hold],
                needs=-sums[Mark.need],
                left=sum(sums.values()),
                free=free(projection, profile, today, on),
            )
        )
    return tuple(steps)


def free(projection: Projection, profile: Profile, today: Day, on: Day) -> int:
    """What can be promised for a day: no more than the lots allow where there are some."""
    floor = max(0, projection.floor(on))
    if floor and has_lots(profile):
        return min(floor, lot_atp(profile.supply, profile.draws, today, on, 0))
    return floor


def tightest(projection: Projection, on: Day) -> Day:
    """The first day from this one on at whose end no more is left than on any later one."""
    floor = projection.floor(on)
    if projection.level(on) == floor:
        return on
    return next(day for day in projection.days if day > on and projection.level(day) == floor)


def limiting(steps: Sequence[Level], on: Day) -> Level:
    """The level that says how much can be promised for a day: the first from it on at which no more is left than later."""
    since = max([step.on for step in steps if step.on <= on], default=steps[0].on)
    return min((step for step in steps if step.on >= since), key=lambda step: (step.left, step.on))


def level_on(steps: Sequence[Level], on: Day) -> Level:
    """The level of a day; the first one for a day before it."""
    return next((step for step in reversed(steps) if step.on <= on), steps[0])


def outlook(profile: Profile, today: Day) -> Outlook:
    """A node's numbers, from its profile alone."""
    projection = Projection(deltas_of(profile, today))
    spare = projection.floor(today)
    on_hand = sum(quantity for on, quantity, _id, _ref, _expires in profile.supply if on == 0)
    receipts = [(max(on, today), quantity) for on, quantity, _id, _ref, _expires in profile.supply if on]
    next_on = min((on for on, _quantity in receipts), default=None)
    now = free(projection, profile, today, today)
    more_on = projection.rises_on(today)
    more = free(projection, profile, today, more_on) - now if more_on is not None else 0
    return Outlook(
        on_hand=on_hand,
        free=now,
        spare=spare,
        tightest_on=tightest(projection, today),
        next_on=next_on,
        next_quantity=sum(quantity for on, quantity in receipts if on == next_on),
        more_on=more_on if more > 0 else None,
        more=max(0, more),
        short_on=next((day for day in projection.days if projection.level(day) < 0), None),
        short=max(0, -spare),
        uncovered_on=_uncovered_on(profile, on_hand, today),
        supply=sum(row[1] for row in profile.supply),
        taken=sum(quantity for _on, _life, quantity in profile.draws),
    )


def _uncovered_on(profile: Profile, on_hand: int, today: Day) -> Day | None:
    """The first day on which what is taken up to it is more than what is on hand now."""
    taken = 0
    for on, _life, quantity in profile.draws:
        taken += quantity
        if taken > on_hand:
            return max(on, today)
    return None


def tightness(seen: Outlook) -> tuple[int, int, int]:
    """How tight a node is, smaller is tighter: what is short first, the sooner the tighter; then what has the smaller part of
    its supply left; what has neither supply nor promises comes last."""
    if seen.short_on is not None:
        return (0, seen.short_on, -seen.short)
    if not seen.supply:
        return (2, 0, 0)
    return (1, seen.free * _ALL // seen.supply, seen.tightest_on)
