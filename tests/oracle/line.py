"""On which day can one line be delivered in full at the earliest: every day, every site, by the definition alone."""

from __future__ import annotations

from typing import NamedTuple

from tests.oracle import calendars
from tests.oracle.cover import cover
from tests.oracle.world import Record, Rows, World


class Answer(NamedTuple):
    """The earliest delivery day in full, or None and why not."""

    on: int | None
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


def arrival_day(customer: Record | None, world: World, wanted: int) -> int | None:
    """The day on which the customer takes goods that are wanted on a day."""
    calendar = world.calendar(customer.get("calendar")) if customer else None
    early = customer.get("early_days_max", 0) if customer else 0
    before = calendars.last_open(calendar, wanted)
    if before is not None and wanted - before <= early:
        return before
    return calendars.first_open(calendar, wanted)


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
    if line["item"] not in world.kinds.get("item", {}):
        return Answer(None, "unknown_item")
    if line.get("site") is not None and line["site"] not in world.kinds.get("site", {}):
        return Answer(None, "unknown_site")
    ways = legs(world, line.get("site"), customer.get("ship_to", "*") if customer else "*")
    if not ways:
        return Answer(None, "no_way_to_the_customer")
    today = calendars.today(world.one("site", ways[0]["site"]), world.now)
    if line["requested_on"] < today:
        return Answer(None, "day_in_the_past")
    for wanted in range(line["requested_on"], today + world.rules["horizon_days"] + 1):
        arrival = arrival_day(customer, world, wanted)
        if arrival is None:
            continue
        for leg in ways:
            ship = ship_day(world, leg, arrival)
            if ship is not None and cover(
                world, rows.copy(), line["quantity"], line["item"], leg["site"], ship
            ):
                return Answer(arrival, None)
    return Answer(None, "not_within_the_horizon")
