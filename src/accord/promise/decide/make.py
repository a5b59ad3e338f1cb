"""Can a lot be made in time? Backward from the day it is needed: after-time, routing steps, lead time, components."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accord.kit.days import Day
from accord.ledger.model import Operation, node_key
from accord.promise.decide.reply import Lot, Short, ceil_div, half_up, name_of
from accord.promise.decide.work import Work
from accord.promise.model import Limit, Make, Refusal, Take

if TYPE_CHECKING:
    from accord.promise.decide.ctp import Ctp


def make(
    ctp: Ctp, operation: Operation, lot: int, on: Day, path: tuple[str, ...], explains: bool
) -> Lot | Short:
    """A production receipt of the lot, usable by the day; `path` ends with the node it arrives at."""
    graph, site = ctp.graph, operation.site
    calendar = graph.site_timetable(site)
    first, is_fenced = ctp.starts_on(site, operation.fence_days)
    usable = calendar.previous_open(on)
    finished = calendar.subtract_open(on, operation.after_days)
    if usable is None or finished is None:
        return _too_long(path[-1], on, lot, is_fenced=is_fenced)
    takes: list[Take] = []
    overtime_minor = 0
    begins = finished
    if operation.steps:
        work = Work(ctp, operation, lot, finished - 1, first, explains=explains)
        short = work.place()
        if short is not None:
            return (
                short
                if short.limit.why is Refusal.capacity_full
                else _too_long(path[-1], on, lot, is_fenced=is_fenced)
            )
        takes, overtime_minor, begins = work.takes, work.overtime_minor, work.day
    start = calendar.subtract_open(begins, lead_days(operation, lot))
    if start is None or start < first:
        return _too_long(path[-1], on, lot, is_fenced=is_fenced)
    if not in_force(operation, start):
        return Short(Limit(why=Refusal.no_source, key=path[-1], on=start, short=lot), on + 1)
    cost = half_up(lot * operation.cost_minor, graph.items[operation.item].scale) + overtime_minor
    below: list[Make] = []
    for line in operation.inputs:
        if (line.from_on is not None and start < line.from_on) or (
            line.until_on is not None and start >= line.until_on
        ):
            continue
        needed = ceil_div(lot * line.quantity, line.per) + line.fixed
        if needed == 0:
            continue
        failure: Short | None = None
        for item in (line.item, *line.alternates):
            if node_key(item, site) in path:
                continue
            reply = ctp.cover(needed, item, site, start, path, explains=explains)
            if not isinstance(reply, Short):
                takes += reply.takes
                below += reply.makes
                cost += reply.cost_minor
                break
            failure = failure or reply
        else:
            if failure is None:  # every way leads back to what is being made
                limit = Limit(why=Refusal.no_source, key=node_key(line.item, site), on=start, short=needed)
                return Short(limit, on + 1)
            return Short(failure.limit, on + 1)
    receipt = Make(
        key=path[-1],
        source=name_of(operation),
        quantity=lot,
        starts_on=start,
        on=usable,
        needed=lot,
        needed_on=on,
        takes=tuple(takes),
        cost_minor=cost,
        expedite=operation.expedite or any(take.key.startswith("overtime:") for take in takes),
        static_lead=operation.static_lead,
    )
    return Lot(receipt, tuple(below))


def lead_days(operation: Operation, lot: int) -> int:
    """Open days of the site before the first step: fixed, and those that the variable lead time of the lot fills."""
    if not operation.lead_seconds:
        return operation.lead_days
    return operation.lead_days + ceil_div(
        lot * operation.lead_seconds, operation.lead_per * 60 * operation.day_minutes
    )


def in_force(source: Operation, on: Day) -> bool:
    """Whether work may start on this day."""
    return (source.from_on is None or source.from_on <= on) and (
        source.until_on is None or on < source.until_on
    )


def _too_long(key: str, on: Day, lot: int, *, is_fenced: bool) -> Short:
    why = Refusal.inside_fence if is_fenced else Refusal.lead_time_too_long
    return Short(Limit(why=why, key=key, on=on, short=lot), on + 1)
