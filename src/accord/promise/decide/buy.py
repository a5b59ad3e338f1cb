"""Can a lot be bought in time? Backward from the day it is needed: arrival, the supplier's lead time, its capacity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accord.kit.days import Day
from accord.ledger.model import Term, supplier_key
from accord.promise.decide.reply import Lot, Short, half_up, name_of
from accord.promise.model import Limit, Make, Refusal, Take

if TYPE_CHECKING:
    from accord.promise.decide.ctp import Ctp


def buy(ctp: Ctp, term: Term, lot: int, on: Day, path: tuple[str, ...]) -> Lot | Short:
    """A purchase receipt of the lot, usable by the day; `path` ends with the node it arrives at."""
    graph, key = ctp.graph, path[-1]
    first, is_fenced = ctp.starts_on(term.site, term.fence_days)
    if term.from_on is not None and term.from_on > first:
        first, is_fenced = term.from_on, False
    supplier = graph.suppliers[term.supplier]
    working, receiving = graph.timetable(supplier.calendar), graph.site_timetable(term.site)
    arrives_by = receiving.previous_open(on)
    ready = working.previous_open(arrives_by) if arrives_by is not None else None
    order = working.subtract_open(ready, term.lead_days) if ready is not None else None
    if order is not None and term.until_on is not None and order >= term.until_on:
        order = working.previous_open(term.until_on - 1)
        ready = working.add_open(order, term.lead_days) if order is not None else None
    if order is None or ready is None or order < first:
        why = Refusal.inside_fence if is_fenced else Refusal.lead_time_too_long
        if term.until_on is not None and first >= term.until_on:
            why = Refusal.no_source
        return Short(Limit(why=why, key=key, on=on, short=lot), on + 1)
    takes: list[Take] = []
    if supplier.capacity is not None:
        units, left, day = supplier_key(supplier.id), lot, ready
        while left:
            if day < first:
                return Short(Limit(why=Refusal.capacity_full, key=units, on=ready, short=left), on + 1)
            part = min(left, ctp.trial.free(units, day))
            if part:
                ctp.trial.take(units, day, part)
                takes.append(Take(key=units, on=day, quantity=part))
                left -= part
                # A lot that fills the supplier for longer than its lead time is ordered that much earlier.
                order = min(order, day)
            day -= 1
    arrival = receiving.next_open(ready)
    assert arrival is not None  # the ready day was found from an open day of arrival
    item = graph.items[term.item]
    receipt = Make(
        key=key,
        source=name_of(term),
        quantity=lot,
        starts_on=order,
        on=arrival,
        needed=lot,
        needed_on=on,
        takes=tuple(takes),
        cost_minor=half_up(lot * (term.cost_minor or item.cost_minor), item.scale),
        expedite=term.expedite,
    )
    return Lot(receipt, ())
