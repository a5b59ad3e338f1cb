"""Whether a quantity can leave a node on a day, by the definition alone: every way, in order, on rows that are changed for good only by the way that works.

This is the definition of docs/concepts.md written down a second time, as simply as it can be said. It shares no
code with `accord`.
"""

from __future__ import annotations

from tests.oracle import calendars
from tests.oracle.world import Record, Rows, World, node

MAKE, MOVE, BUY = 0, 1, 2  # of sources with equal priority, in this order
KIND = {MAKE: "operation", MOVE: "lane", BUY: "term"}


def up(quantity: int, per: int) -> int:
    return -(-quantity // per)


def sources(world: World, item: str, site: str) -> list[tuple[int, int, str, Record]]:
    """Every way to get the item at the site: (priority, kind, id, record), in the order in which they are tried."""
    found = []
    for kind, name in KIND.items():
        for record in world.all(name):
            where = record["destination"] if kind == MOVE else record["site"]
            if record["item"] == item and where == site and (world.expedite or not record.get("expedite")):
                found.append((record.get("priority", 1), kind, record["id"], record))
    return sorted(found, key=lambda entry: entry[:3])


def cover(
    world: World, rows: Rows, quantity: int, item: str, site: str, on: int, path: tuple[str, ...] = ()
) -> bool:
    """Take `quantity` of the item at the site on day `on`, in full; on failure nothing is changed."""
    if path and (item not in world.kinds.get("item", {}) or site not in world.kinds.get("site", {})):
        return False
    before = rows.copy()
    key = node(item, site)
    rest = quantity - min(quantity, rows.available(key, on))
    if rest == 0:
        rows.take(key, on, quantity)
        return True
    if len(path) <= world.rules["depth_max"] - 1 + 0 or not path:
        for _, kind, _, record in sources(world, item, site):
            if _get(world, rows, kind, record, rest, on, (*path, key)):
                rows.take(key, on, quantity)
                return True
            rows.put_back(before.copy())
    rows.put_back(before)
    return False


def lots(record: Record, rest: int) -> list[int]:
    """The lots that make at least `rest`: rounded up to the multiple, none under the minimum, none above the maximum."""
    multiple = record.get("lot_multiple", 1)
    least = up(record.get("lot_min", 1), multiple) * multiple
    total = max(up(rest, multiple) * multiple, least)
    largest = record.get("lot_max")
    if largest is None or total <= largest // multiple * multiple:
        return [total]
    largest = largest // multiple * multiple
    found = []
    while total >= largest:
        found.append(largest)
        total -= largest
    if total:
        found.append(max(total, least))
    return found


def in_force(record: Record, day: int) -> bool:
    starts, ends = record.get("from_on"), record.get("until_on")
    return (starts is None or day >= starts) and (ends is None or day < ends)


def earliest_start(world: World, site: str, fence_days: int) -> int | None:
    """The first day on which new work may begin at a site."""
    record = world.one("site", site)
    calendar = world.site_calendar(site)
    first = calendars.first_working_day(record, calendar, world.now)
    if first is None:
        return None
    fenced = calendars.today(record, world.now) + max(fence_days, world.rules["fence_days"])
    return max(first, fenced)


def _get(
    world: World, rows: Rows, kind: int, record: Record, rest: int, on: int, path: tuple[str, ...]
) -> bool:
    way = {MAKE: _make, MOVE: _move, BUY: _buy}[kind]
    return all(way(world, rows, record, lot, on, path) for lot in reversed(lots(record, rest)))


def _buy(world: World, rows: Rows, term: Record, lot: int, on: int, path: tuple[str, ...]) -> bool:
    supplier = world.one("supplier", term["supplier"])
    working = world.calendar(supplier.get("calendar"))
    receiving = world.site_calendar(term["site"])
    first = earliest_start(world, term["site"], term.get("fence_days", 0))
    if first is None:
        return False
    for order in range(on, first - 1, -1):
        if not calendars.is_open(working, order) or not in_force(term, order):
            continue
        ready = calendars.forward(working, order, term["lead_days"])
        arrival = None if ready is None else calendars.first_open(receiving, ready)
        if ready is None or arrival is None or arrival > on:
            continue
        if supplier.get("capacity") is not None:
            left = lot
            key = f"supplier:{supplier['id']}"
            # A lot that fills the supplier for longer than its lead time is ordered that much earlier.
            for day in range(ready, first - 1, -1):
                if day >= (term.get("from_on") or 0) and calendars.is_open(working, day):
                    some = min(left, max(0, supplier["capacity"] - rows.used(key, day)))
                    rows.take(key, day, some)
                    left -= some
            if left:
                return False
        rows.add(path[-1], arrival, lot)
        return True
    return False


def _move(world: World, rows: Rows, lane: Record, lot: int, on: int, path: tuple[str, ...]) -> bool:
    if node(lane["item"], lane["origin"]) in path:
        return False
    leaving = world.site_calendar(lane["origin"])
    carrier = world.calendar(lane.get("calendar"))
    receiving = world.site_calendar(lane["destination"])
    first = earliest_start(world, lane["origin"], lane.get("fence_days", 0))
    if first is None:
        return False
    for ship in range(on, first - 1, -1):
        if not (
            calendars.is_open(leaving, ship) and calendars.is_open(carrier, ship) and in_force(lane, ship)
        ):
            continue
        arrival = calendars.first_open(receiving, ship + lane["transit_days"])
        if arrival is None or arrival > on:
            continue
        if not cover(world, rows, lot, lane["item"], lane["origin"], ship, path):
            return False
        rows.add(path[-1], arrival, lot)
        return True
    return False


def _make(world: World, rows: Rows, operation: Record, lot: int, on: int, path: tuple[str, ...]) -> bool:
    calendar = world.site_calendar(operation["site"])
    first = earliest_start(world, operation["site"], operation.get("fence_days", 0))
    usable = calendars.last_open(calendar, on)
    finished = calendars.back(calendar, on, operation.get("after_days", 0))
    if first is None or usable is None or finished is None:
        return False
    start: int | None = finished
    if operation.get("steps"):
        start = _work(world, rows, operation["steps"], lot, finished - 1, first)
        if start is None:
            return False
    minutes = up(lot * operation.get("lead_seconds", 0), 60 * operation.get("lead_per", 1))
    lead = operation.get("lead_days", 0) + up(minutes, operation.get("day_minutes", 1_440))
    start = calendars.back(calendar, start, lead)
    if start is None or start < first or not in_force(operation, start):
        return False
    for line in operation.get("inputs", ()):
        if not in_force(line, start):
            continue
        needed = up(lot * line["quantity"], line.get("per", 1)) + line.get("fixed", 0)
        for item in (line["item"], *line.get("alternates", ())):
            if node(item, operation["site"]) in path:
                continue
            if cover(world, rows, needed, item, operation["site"], start, path):
                break
        else:
            return False
    rows.add(path[-1], usable, lot)
    return True


def _work(world: World, rows: Rows, steps: list[Record], lot: int, last: int, first: int) -> int | None:
    """Place the steps backward from the day `last`; the day on which the first one starts, None when they do not fit."""
    spent = 0  # minutes of the day `last` that following steps took
    for step in reversed(steps):
        needed = step.get("setup_minutes", 0) + up(
            lot * step.get("run_seconds", 0), 60 * step.get("run_per", 1)
        )
        if needed == 0:
            continue
        for load in sorted(step["loads"], key=lambda load: (load.get("priority", 1), load["resource"])):
            placed = _place(world, rows, load, needed, last, spent, first)
            if placed is not None:
                last, spent = placed
                break
        else:
            return None
    return last


def _place(
    world: World, rows: Rows, load: Record, needed: int, last: int, spent: int, first: int
) -> tuple[int, int] | None:
    """Put `needed` minutes on every resource of a load, backward: (day of the start, minutes gone of that day)."""
    both = (load, *load.get("also", ()))
    busy = [(world.one("resource", one["resource"]), one.get("units", 1)) for one in both]
    if any(units > resource.get("units", 1) for resource, units in busy):
        return None
    taken: list[tuple[str, int, int]] = []  # key, day, quantity
    day = last
    while needed > 0:
        if day < first:
            return None
        some, drawn = shift(world, rows, busy, day, needed, spent)
        if some > 0:
            taken += drawn
            needed -= some
            last, gone = day, spent + some
        day, spent = day - 1, 0
    for key, on, quantity in taken:
        rows.take(key, on, quantity)
    return last, gone


def shift(
    world: World, rows: Rows, busy: list[tuple[Record, int]], day: int, needed: int, spent: int
) -> tuple[int, list[tuple[str, int, int]]]:
    """One day of a job: its minutes, and what it draws for them on each resource."""
    opened = [calendars.minutes_on(world.calendar(resource.get("calendar")), day) for resource, _ in busy]
    if 0 in opened:
        return 0, []
    extra = [resource.get("overtime_minutes", 0) if world.expedite else 0 for resource, _ in busy]
    regular, overtime = [], []
    for (resource, units), open_minutes, more in zip(busy, opened, extra, strict=True):
        for kind, one, found in (("resource", open_minutes, regular), ("overtime", more, overtime)):
            left = one * resource.get("units", 1) - rows.used(f"{kind}:{resource['id']}", day)
            found.append(min(one, max(0, left) // units))
    all_regular = min(regular)
    longer = [
        min(free - all_regular, open_minutes - min(opened))
        for free, open_minutes in zip(regular, opened, strict=True)
    ]
    beyond = min(spare + more for spare, more in zip(longer, overtime, strict=True))
    room = min(one + more for one, more in zip(opened, extra, strict=True)) - spent
    some = max(0, min(needed, all_regular + beyond, room))
    drawn = []
    for (resource, units), spare in zip(busy, longer, strict=True):
        in_time = min(some, all_regular) + min(max(0, some - all_regular), spare)
        drawn.append((f"resource:{resource['id']}", day, in_time * units))
        drawn.append((f"overtime:{resource['id']}", day, (some - in_time) * units))
    return some, [draw for draw in drawn if draw[2]]
