"""On which day can all lines of an order be delivered together at the earliest: every day upward, lines in order on what the earlier left."""

from __future__ import annotations

from tests.oracle import calendars
from tests.oracle.cover import cover
from tests.oracle.line import legs, receives, ship_day
from tests.oracle.world import Record, Rows, World


def together(world: World, rows: Rows, customer: Record | None, lines: list[Record]) -> int | None:
    """The first day on which each line can be there in full from one site, all on one set of rows."""
    ship_to = customer.get("ship_to", "*") if customer else "*"
    early = customer.get("early_days_max", 0) if customer else 0
    ways = [legs(world, line.get("site"), ship_to) for line in lines]
    if not all(ways):
        return None
    wanted = [line["requested_on"] for line in lines]
    today = [calendars.today(world.one("site", own[0]["site"]), world.now) for own in ways]
    for day in range(max(min(wanted), max(wanted) - early), min(today) + world.rules["horizon_days"] + 1):
        tried = rows.copy()
        if all(_on(world, tried, customer, line, own, day) for line, own in zip(lines, ways, strict=True)):
            return day
    return None


def _on(
    world: World, rows: Rows, customer: Record | None, line: Record, ways: list[Record], day: int
) -> bool:
    for leg in ways:
        ship = ship_day(world, leg, day) if receives(world, customer, leg, day) else None
        if ship is not None and cover(world, rows, line["quantity"], line["item"], leg["site"], ship):
            return True
    return False
