"""Can a lot be moved in time? Backward over the lane: arrival, transit, the last ship day, then cover at the origin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accord.kit.calendars import Timetable
from accord.kit.days import Day
from accord.ledger.model import Lane, node_key
from accord.promise.decide.opening import last_open_in_both
from accord.promise.decide.reply import Lot, Short, half_up, name_of
from accord.promise.model import Limit, Make, Refusal

if TYPE_CHECKING:
    from accord.promise.decide.ctp import Ctp


def move(ctp: Ctp, lane: Lane, lot: int, on: Day, path: tuple[str, ...], explains: bool) -> Lot | Short:
    """A transfer receipt of the lot, usable by the day; `path` ends with the node it arrives at."""
    graph = ctp.graph
    if node_key(lane.item, lane.origin) in path:
        return Short(Limit(why=Refusal.no_source, key=path[-1], on=on, short=lot), None)
    first, is_fenced = ctp.starts_on(lane.origin, lane.fence_days)
    if lane.from_on is not None and lane.from_on > first:
        first, is_fenced = lane.from_on, False
    receiving = graph.site_timetable(lane.destination)
    ship = _last_ship(ctp, lane, receiving, on)
    if ship is None or ship < first:
        why = Refusal.inside_fence if is_fenced else Refusal.lead_time_too_long
        if lane.until_on is not None and first >= lane.until_on:
            why = Refusal.no_source
        return Short(Limit(why=why, key=path[-1], on=on, short=lot), on + 1)
    arrival = receiving.next_open(ship + lane.transit_days)
    assert arrival is not None  # the ship day was found from an open day of arrival
    reply = ctp.cover(lot, lane.item, lane.origin, ship, path, explains=explains)
    if isinstance(reply, Short):
        return Short(reply.limit, on + 1)
    receipt = Make(
        key=path[-1],
        source=name_of(lane),
        quantity=lot,
        starts_on=ship,
        on=arrival,
        needed=lot,
        needed_on=on,
        takes=reply.takes,
        cost_minor=reply.cost_minor + half_up(lot * lane.cost_minor, graph.items[lane.item].scale),
        expedite=lane.expedite,
    )
    return Lot(receipt, reply.makes)


def _last_ship(ctp: Ctp, lane: Lane, receiving: Timetable, on: Day) -> Day | None:
    """The latest day on which the lane leaves and still arrives by the day."""
    arrival = receiving.previous_open(on)
    assert arrival is not None  # what is needed there is needed on a day on which the site is open
    latest = arrival - lane.transit_days
    if lane.until_on is not None:
        latest = min(latest, lane.until_on - 1)
    return last_open_in_both(
        ctp.graph.site_timetable(lane.origin), ctp.graph.timetable(lane.calendar), latest
    )
