"""On which day can one line be delivered in full at the earliest: every day, every site, by the definition alone."""

from __future__ import annotations

from typing import NamedTuple

from tests.oracle import calendars
from tests.oracle.cover import cover
from tests.oracle.world import Record, Rows, World


class Answer(NamedTuple):
    """The earliest day in full: when it would be handed over, by each way that keeps the day; or why there is none."""

    on: frozenset[int]
    refusal: str | None


def legs(world: World, site: str | None, ship_to: str) -> list[Record]:
    """The last legs to a zone, in order; without one the goods are collected at the site."""
    every = sorted(
        (leg for leg in world.all("delivery") if leg["ship_to"] in (ship_to, "*")),
        key=lambda leg: (leg.get("priority", 1), leg["id"]),
    )
    every = [leg for leg in every if not leg.get("expedite", False)]
    if site is not None:
        own = [leg for leg in every if leg["site"] == site]
        return own or [{"id": "", "site": site, "transit_days": 0}]
    if world.all("delivery"):
        return every
    return [{"id": "", "site": name, "transit_days": 0} for name in sorted(world.kinds["site"])]


def receives(world: World, customer: Record | None, leg: Record, day: int) -> bool:
    """Whether goods can be handed over: the customer takes them, and the site is open where they are collected."""
    theirs = world.calendar(customer.get("calendar")) if customer else None
    ours = None if leg["id"] else world.site_calendar(leg["site"])
    return calendars.is_open(theirs, day) and calendars.is_open(ours, day)


def targets(world: World, customer: Record | None, leg: Record, wanted: int, last: int) -> list[int]:
    """The days to aim at: the wanted one; where nothing is handed over on it, one just before that is not too early; then every later one."""
    early = customer.get("early_days_max", 0) if customer else 0
    found = []
    for day in range(wanted, wanted - early - 1, -1):
        if receives(world, customer, leg, day):
            found.append(day)
            break
    return found + [day for day in range(wanted + 1, last + 1) if receives(world, customer, leg, day)]


def handed_over(
    world: World, customer: Record | None, leg: Record, ship: int, target: int, wanted: int
) -> int:
    """On arrival, but not earlier than the customer accepts."""
    early = customer.get("early_days_max", 0) if customer else 0
    arrival = ship + leg.get("transit_days", 0)
    while arrival < target and not receives(world, customer, leg, arrival):
        arrival += 1
    return target if arrival < wanted - early else min(arrival, target)


def ship_day(world: World, leg: Record, arrival: int) -> int | None:
    """The latest day on which goods may leave the site so that they are there by `arrival`."""
    site = world.one("site", leg["site"])
    first = calendars.first_working_day(site, world.site_calendar(leg["site"]), world.now)
    carrier = world.calendar(leg.get("calendar"))
    last = calendars.last_open(
        world.site_calendar(leg["site"]), arrival - leg.get("transit_days", 0), also=carrier
    )
    return last if last is not None and first is not None and last >= first else None


def earliest(world: World, rows: Rows, customer: Record | None, line: Record) -> Answer:
    """The first day from the requested one on at which the whole line can be there, from one site."""
    wanted = line["requested_on"]
    if line["item"] not in world.kinds.get("item", {}):
        return Answer(frozenset(), "unknown_item")
    if line.get("site") is not None and line["site"] not in world.kinds.get("site", {}):
        return Answer(frozenset(), "unknown_site")
    ways = legs(world, line.get("site"), customer.get("ship_to", "*") if customer else "*")
    if not ways:
        return Answer(frozenset(), "no_way_to_the_customer")
    today = calendars.today(world.one("site", ways[0]["site"]), world.now)
    if wanted < today:
        return Answer(frozenset(), "day_in_the_past")
    last = today + world.rules["horizon_days"]
    if wanted > last:
        return Answer(frozenset(), "beyond_horizon")
    aims = [
        (day, place) for place, leg in enumerate(ways) for day in targets(world, customer, leg, wanted, last)
    ]
    # On time is on time: a way that keeps the day early is no better than one that keeps it to the day.
    for late in sorted({max(0, day - wanted) for day, _ in aims}):
        found = set()
        for target, place in aims:
            leg = ways[place]
            ship = ship_day(world, leg, target) if max(0, target - wanted) == late else None
            if ship is not None and cover(
                world, rows.copy(), line["quantity"], line["item"], leg["site"], ship
            ):
                found.add(handed_over(world, customer, leg, ship, target, wanted))
        if found:
            return Answer(frozenset(found), None)
    return Answer(frozenset(), "not_within_the_horizon")
