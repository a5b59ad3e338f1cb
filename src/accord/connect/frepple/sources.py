"""How do frePPLe's suppliers and distributions become terms and lanes?

A row on a group of items or places stands for each leaf of it. Lead times are rounded up to whole days.
"""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

import msgspec

from accord.connect.frepple import words
from accord.connect.frepple.world import World
from accord.connect.model import Kind
from accord.kit.days import Day
from accord.ledger.model import Lane, Supplier, Term


class Lot(msgspec.Struct, frozen=True):
    """Lot sizes in base units."""

    minimum: int
    multiple: int
    maximum: int | None


def lot_of(
    world: World,
    item: str,
    minimum: Decimal | None,
    multiple: Decimal | None,
    maximum: Decimal | None,
    *,
    where: str,
) -> Lot:
    """Their lot sizes, for one unit of the item, in base units."""
    least = max(1, world.units(item, minimum))
    step = max(1, world.units(item, multiple))
    most = world.units(item, maximum, up=False) if maximum else None
    if most is not None and most <= least:
        # One size only: every lot is that large.
        step, most = least, least
    elif most is not None and most < step:
        world.notes.add(
            Kind.approximated,
            "lots that may be no larger than less than one multiple, made one multiple",
            where,
        )
        most = step
    return Lot(least, step, most)


def minor(cost: Decimal | None) -> int:
    """Hundredths of their currency, rounded half up."""
    return int((cost or Decimal(0)).scaleb(2).to_integral_value(rounding=ROUND_HALF_UP))


def suppliers(world: World) -> list[Supplier]:
    """Every supplier, in the order of the file; one that only terms mention too."""
    rows = {row.name: row for row in world.model.all(words.Supplier)}
    names = dict.fromkeys([*rows, *(row.supplier for row in world.model.all(words.ItemSupplier))])
    found = []
    for name in names:
        row = rows.get(name)
        available = row.available if row is not None and row.available in world.courses else None
        found.append(Supplier(id=name, name=name, calendar=available))
    return found


def terms(world: World) -> list[Term]:
    """Ways to buy."""
    found = []
    ids: set[str] = set()
    for row in world.model.all(words.ItemSupplier):
        if _is_unused(world, row.priority, f"{row.item} from {row.supplier}"):
            continue
        for item in world.items.leaves(row.item):
            lot = lot_of(world, item, row.sizeminimum, row.sizemultiple, row.sizemaximum, where=row.item)
            for site in world.places(row.location):
                from_on, until_on = _validity(world, row.effective_start, row.effective_end)
                found.append(
                    Term(
                        id=unique(f"{item} for {site} from {row.supplier}", ids),
                        item=item,
                        site=site,
                        supplier=row.supplier,
                        lead_days=world.days(row.leadtime) + world.days(row.hard_safety_leadtime),
                        lot_min=lot.minimum,
                        lot_multiple=lot.multiple,
                        lot_max=lot.maximum,
                        fence_days=world.days(row.fence),
                        cost_minor=minor(row.cost),
                        priority=1 if row.priority is None else row.priority,
                        from_on=from_on,
                        until_on=until_on,
                    )
                )
    return found


def lanes(world: World) -> list[Lane]:
    """Ways to move."""
    found = []
    ids: set[str] = set()
    for row in world.model.all(words.ItemDistribution):
        if _is_unused(world, row.priority, f"{row.item} from {row.origin} to {row.location}"):
            continue
        for item in world.items.leaves(row.item):
            lot = lot_of(world, item, row.sizeminimum, row.sizemultiple, row.sizemaximum, where=row.item)
            for site in world.places(row.location):
                if site == row.origin:
                    continue
                from_on, until_on = _validity(world, row.effective_start, row.effective_end)
                found.append(
                    Lane(
                        id=unique(f"{item} from {row.origin} to {site}", ids),
                        item=item,
                        origin=row.origin,
                        destination=site,
                        transit_days=world.days(row.leadtime),
                        lot_min=lot.minimum,
                        lot_multiple=lot.multiple,
                        lot_max=lot.maximum,
                        fence_days=world.days(row.fence),
                        cost_minor=minor(row.cost),
                        priority=1 if row.priority is None else row.priority,
                        from_on=from_on,
                        until_on=until_on,
                    )
                )
    return found


def _is_unused(world: World, priority: int | None, where: str) -> bool:
    """Priority 0 means: planners may use it by hand, plans do not."""
    if priority == 0:
        world.notes.add(Kind.skipped, "sources with priority 0, which are not used in planning", where)
    return priority == 0


def _validity(world: World, start: datetime | None, end: datetime | None) -> tuple[Day | None, Day | None]:
    return world.from_on(start), world.until_on(end)


def unique(id: str, ids: set[str]) -> str:
    """The id, with a number when the same source is there for several periods."""
    number, found = 2, id
    while found in ids:
        found, number = f"{id} #{number}", number + 1
    ids.add(found)
    return found
