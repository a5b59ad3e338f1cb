"""What may be written? The gate's arithmetic, apart from what the decision already checked.

**The rule.** No decision may lower a projection on a day on which the result is below zero; and what a decision newly
draws must be covered, by supply, capacity and the shares that are protected for others.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from accord.kit.days import Day, Instant
from accord.kit.errors import Fault
from accord.ledger.decide.graph import Graph
from accord.ledger.decide.projection import (
    Projection,
    deltas_of,
    has_lots,
    lowest_level,
    lowest_of,
    newly_unfilled,
    unfilled_by_day,
)
from accord.ledger.decide.shares import reserved
from accord.ledger.model import Draw, Kind, Profile, Supply, SupplyKind, Why, allocation_key, kind_of_key


def supply_row(supply: Supply) -> tuple[Day, int, str, str, Day]:
    """A supply as a profile keeps it."""
    return (supply.on, supply.quantity, supply.id, supply.ref, supply.expires_on or 0)


def counts(supply: Supply) -> bool:
    """Whether a supply is part of the projection."""
    return supply.counts is Why.counted and supply.quantity > 0


def is_proposal(supply: Supply) -> bool:
    """Whether a promise proposed it and nobody carries it out yet: who does gives it an id of his own."""
    return supply.proposed_by is not None and supply.id.startswith("rcp_")


def changed(
    profile: Profile,
    *,
    gives: Iterable[Draw] = (),
    takes: Iterable[Draw] = (),
    drops: Iterable[Supply] = (),
    adds: Iterable[Supply] = (),
    now: Instant = 0,
) -> Profile:
    """The profile after draws and supplies come and go, one version later. Raises: Fault when what goes was not there."""
    draws = list(profile.draws)
    expiries = [profile.next_expiry_at] if profile.next_expiry_at is not None else []
    for draw in gives:
        if _shift(draws, draw, -draw.quantity) < 0:
            raise Fault(f"{draw.id} gives back more at {profile.key} on day {draw.on} than is drawn")
    for draw in takes:
        _shift(draws, draw, draw.quantity)
        if draw.expires_at is not None:
            expiries.append(draw.expires_at)
    supply = profile.supply
    gone = {s.id for s in drops if counts(s)}
    added = [s for s in adds if counts(s)]
    if gone or added:
        expiries += [s.expires_at for s in added if s.expires_at is not None]
        supply = tuple(sorted([row for row in supply if row[2] not in gone] + [supply_row(s) for s in added]))
    return Profile(
        key=profile.key,
        version=profile.version + 1,
        supply=supply,
        draws=tuple(draws),
        next_expiry_at=min(expiries, default=None),
        planned_on=profile.planned_on,
        rolled_to=profile.rolled_to,
        latest_at=now if now > profile.latest_at else profile.latest_at,
        shortfall_max=profile.shortfall_max,
        counted_at=profile.counted_at,  # no decision changes what is on hand
    )


def without_hold(
    profile: Profile, gives: Sequence[Draw], drops: Sequence[Supply], adds: Sequence[Supply]
) -> Profile:
    """The profile without a hold that ends, where receipts that it proposed go with it.

    What a hold brings is nobody else's, also where it stands for some days before the hold draws the last of it: so
    nobody loses by its going, and what was there before for others is what was there without the hold.
    """
    stays = {supply.id for supply in adds}
    gone = [s for s in drops if s.expires_at is not None and s.id not in stays]
    if not gone:
        return profile
    owned = [draw for draw in gives if draw.expires_at is not None]
    return changed(profile, gives=owned, drops=gone)


def _shift(draws: list[tuple[Day, int, int]], draw: Draw, by: int) -> int:
    """Change what is drawn on the day and with the remaining life of a draw, in place and in order; what it is then."""
    on, life = draw.on, draw.life_days
    place = bisect_left(draws, (on, life, 0))
    is_there = place < len(draws) and draws[place][0] == on and draws[place][1] == life
    quantity = (draws[place][2] if is_there else 0) + by
    draws[place : place + is_there] = [(on, life, quantity)] if quantity else []
    return quantity


def folded(
    profile: Profile, supplies: Sequence[Supply], draws: Sequence[Draw], *, version: int, now: Instant
) -> Profile:
    """The profile that the rows of a key add up to."""
    slots: dict[tuple[Day, int], int] = {}
    for draw in draws:
        slot = (draw.on, draw.life_days)
        slots[slot] = slots.get(slot, 0) + draw.quantity
    expiries = [d.expires_at for d in draws if d.expires_at is not None]
    expiries += [s.expires_at for s in supplies if s.expires_at is not None]
    planned = [s.on for s in supplies if not s.released and counts(s)]
    # What came since and was not counted by itself makes no count younger.
    counted = [s.as_of for s in supplies if s.kind is SupplyKind.on_hand and counts(s) and s.as_of]
    return Profile(
        key=profile.key,
        version=version,
        supply=tuple(sorted(supply_row(s) for s in supplies if counts(s))),
        draws=tuple(sorted((on, life, quantity) for (on, life), quantity in slots.items())),
        next_expiry_at=min(expiries, default=None),
        planned_on=min(planned, default=None),
        rolled_to=profile.rolled_to,
        latest_at=max(now, profile.latest_at),
        shortfall_max=profile.shortfall_max,
        counted_at=min(counted, default=0),
    )


def lowest(profile: Profile, graph: Graph, today: Day) -> int:
    """The summary that the database checks: how low the key gets on any day from today on."""
    if kind_of_key(profile.key) is Kind.node:
        return lowest_of(profile, today)
    used: dict[Day, int] = {}
    for on, _life, quantity in profile.draws:
        used[on] = used.get(on, 0) + quantity
    is_share = profile.key.startswith(("allocation:", "limit:"))  # drawn on the first day of a period
    return min(
        (graph.capacity(profile.key, on) - q for on, q in used.items() if is_share or on >= today), default=0
    )


def check(before: Profile, middle: Profile, after: Profile, graph: Graph, today: Day) -> int:
    """The gate's rule for one key: `middle` is after giving back, before drawing anew. Returns the lowest of `after`.

    Raises: Fault when a day ends below zero and is lower than it was before, or than it was before the new draws.
    """
    if kind_of_key(after.key) is Kind.node:
        return _check_node((before,) if middle is before else (before, middle), after, today)
    # A share says who may draw: one that was cut leaves what was taken out of it as it is, also when a hold of it is made
    # firm. Minutes and what a supplier can make are there or not: what gives them back draws them anew.
    is_share = after.key.startswith("allocation:")
    for on, used in _used(after).items():
        was, then = _used(before).get(on, 0), _used(middle).get(on, 0)
        if graph.capacity(after.key, on) < used and used > (was if is_share else min(was, then)):
            raise Fault(f"{after.key} would be drawn beyond its capacity on day {on}")
    return lowest(after, graph, today)


def _check_node(befores: Sequence[Profile], after: Profile, today: Day) -> int:
    deltas = deltas_of(after, today)
    low = lowest_level(deltas)
    if low < 0:
        # Only now it matters how low each day was before.
        new = Projection(deltas)
        for before in befores:
            old = Projection(deltas_of(before, today))
            for day in sorted({*new.days, *old.days}):
                level = new.level(day)
                if level < 0 and level < old.level(day):
                    raise Fault(f"{after.key} would fall to {level} on day {day}")
    if has_lots(after):
        unfilled = unfilled_by_day(after.supply, after.draws, today)
        for before in befores if unfilled else ():
            missed = unfilled_by_day(before.supply, before.draws, today)
            for slot, missing in newly_unfilled(after.supply, after.draws, today, missed).items():
                raise Fault(f"no lot at {after.key} covers {missing} drawn on day {slot[0]}")
        low = min(low, -sum(unfilled.values()))
    return low


def _used(profile: Profile) -> dict[Day, int]:
    used: dict[Day, int] = {}
    for on, _life, quantity in profile.draws:
        used[on] = used.get(on, 0) + quantity
    return used


def check_shares(
    middle: Profile,
    after: Profile,
    used: tuple[dict[str, int], dict[str, int]],
    graph: Graph,
    today: Day,
    terms: frozenset[str],
    borrows: bool,
) -> None:
    """New draws leave what is protected for others as it was.

    `used` is what each allocation of the node had given out before the decision, and has after it. Raises: Fault.
    """
    allocations = graph.allocations_on(after.key)
    if not allocations:
        return
    unused, keeps = (
        {
            a.id: max(0, graph.capacity(allocation_key(a.id), a.from_on) - given.get(a.id, 0))
            for a in allocations
        }
        for given in used
    )
    kept = reserved(allocations, unused, deltas_of(middle, today), today, terms, borrows, keeps)
    new, old = deltas_of(after, today), deltas_of(middle, today)
    for day, quantity in kept:
        new[day] = new.get(day, 0) - quantity
        old[day] = old.get(day, 0) - quantity
    left, was = Projection(new), Projection(old)
    for day in sorted({*left.days, *was.days}):
        if left.level(day) < 0 and left.level(day) < was.level(day):
            raise Fault(f"{after.key} would give away on day {day} what is protected for others")
