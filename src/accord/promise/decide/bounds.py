"""Before which day can a source certainly not bring anything? Bounds that let the search skip days, never a success.

A bound holds for any state the trial can be in after more is taken from it: it looks at stock as it was when the
bounds were made, at capacity as it was free then, each lot by itself, and at calendars and lead times. A receipt that a plan brings
itself comes no sooner than the bound of its own source, so a surplus of it breaks no bound either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from accord.kit.days import Day
from accord.ledger.decide.graph import Source
from accord.ledger.model import Lane, Operation, Term, node_key, node_of, resource_key, supplier_key
from accord.promise.decide.make import lead_days
from accord.promise.decide.opening import first_open_in_both
from accord.promise.decide.reply import ceil_div, lots
from accord.promise.decide.work import elapsed_minutes

if TYPE_CHECKING:
    from accord.promise.decide.ctp import Ctp

_STEPS_MAX = 64  # of the stock of one node; after them it counts as endless, which is still a bound
_ENDLESS = 1 << 62


class Bounds:
    """For every node that a plan may come to: when its stock suffices at the earliest, when a source brings the first lot."""

    def __init__(self, ctp: Ctp, nodes: tuple[tuple[str, str], ...]) -> None:
        self._ctp = ctp
        self._last = 0  # no day after it is asked for
        self._stock: dict[
            str, list[tuple[Day, int]]
        ] = {}  # by node: (day, most that can be taken up to it), ascending
        self._new: dict[str, Day | None] = {}  # by node: first day on which a source can bring anything
        self._used: dict[str, dict[Day, int]] = {}  # by capacity key: what was drawn by day
        self._known: dict[tuple[int, int], Day | None] = {}  # (source's identity, largest lot)
        self._build(nodes)

    def of(self, source: Source, quantity: int) -> Day | None:
        """No receipts of at least the quantity come from this source before this day; None = never within the horizon."""
        lot = _largest(source, quantity)
        known = (id(source), lot)
        if known not in self._known:
            self._known[known] = self._bound(source, lot)
        return self._known[known]

    # --- inside ---

    def _build(self, nodes: tuple[tuple[str, str], ...]) -> None:
        ctp = self._ctp
        graph = ctp.graph
        order: dict[str, int] = {}  # level of each node, the shortest way down
        level = list(dict.fromkeys(node_key(item, site) for item, site in nodes))
        order.update(dict.fromkeys(level, 0))
        for depth in range(ctp.rules.depth_max):
            below: list[str] = []
            for key in level:
                for other in graph.inputs_of(*node_of(key)):
                    if other not in order:
                        order[other] = depth + 1
                        below.append(other)
            level = below
        for key in order:
            today = ctp.trial.today(node_of(key)[1])
            self._last = max(self._last, today + ctp.rules.horizon_days)
            self._stock[key] = self._steps(key, today)
            self._new[key] = None
            if order[key] < ctp.rules.depth_max:
                for source in ctp.sources(*node_of(key)):
                    self._remember(source)
        # From the bottom up; again as long as something moves, for lanes may run in circles.
        moved = True
        while moved:
            moved = False
            for key in reversed(order):
                if order[key] >= ctp.rules.depth_max:
                    continue
                for source in ctp.sources(*node_of(key)):
                    day = self._bound(source, _largest(source, 1))
                    if day is not None and ((known := self._new[key]) is None or day < known):
                        self._new[key] = day
                        moved = True

    def _remember(self, source: Source) -> None:
        """Keep how much of the source's capacity is used now."""
        graph = self._ctp.graph
        keys: list[str] = []
        if isinstance(source, Operation):
            loads = [load for step in source.steps for load in step.loads]
            for resource, _ in [busy for load in loads for busy in load.together]:
                keys.append(resource_key(resource))
                if self._ctp.expedite and graph.resources[resource].overtime_minutes:
                    keys.append(resource_key(resource, overtime=True))
        elif isinstance(source, Term) and graph.suppliers[source.supplier].capacity is not None:
            keys.append(supplier_key(source.supplier))
        for key in keys:
            if key not in self._used:
                self._used[key] = self._ctp.trial.used(key)

    def _steps(self, key: str, today: Day) -> list[tuple[Day, int]]:
        ctp = self._ctp
        last = today + ctp.rules.horizon_days
        steps: list[tuple[Day, int]] = []
        on: Day | None = today
        most = -1
        while on is not None and on <= last:
            if len(steps) == _STEPS_MAX:
                steps.append((on, _ENDLESS))
                break
            amount = ctp.trial.atp(key, on, terms=ctp.terms, borrow=ctp.borrow)
            if amount > most:
                most = amount
                steps.append((on, amount))
            on = ctp.trial.rises_on(key, on, terms=ctp.terms, borrow=ctp.borrow)
        return steps

    def _usable(self, key: str, quantity: int) -> Day | None:
        """The first day on which so much can be had at a node, from stock or new."""
        new = self._new.get(key)
        for day, most in self._stock.get(key, ()):
            if most >= quantity:
                return day if new is None else min(day, new)
        return new

    def _bound(self, source: Source, lot: int) -> Day | None:
        """The first day on which a lot can be there; None for no lot, which is more than anybody plans at once."""
        if lot == 0:
            return None
        match source:
            case Operation():
                day = self._made(source, lot)
            case Lane():
                day = self._moved(source, lot)
            case _:
                day = self._bought(source, lot)
        return day if day is not None and day <= self._last else None

    def _bought(self, term: Term, lot: int) -> Day | None:
        graph = self._ctp.graph
        first, _ = self._ctp.starts_on(term.site, term.fence_days)
        supplier = graph.suppliers[term.supplier]
        working = graph.timetable(supplier.calendar)
        order = working.next_open(max(first, term.from_on or 0))
        if order is None or (term.until_on is not None and order >= term.until_on):
            return None
        days = term.lead_days
        if supplier.capacity is not None:
            if supplier.capacity == 0:
                return None
            days = max(days, ceil_div(lot, supplier.capacity) - 1)
        ready = working.add_open(order, days)
        if ready is not None and supplier.capacity is not None:
            ready = self._filled(supplier_key(supplier.id), lot, order, ready)
        return None if ready is None else graph.site_timetable(term.site).next_open(ready)

    def _filled(self, key: str, lot: int, order: Day, ready: Day) -> Day | None:
        """The first day from `ready` on up to which a supplier has the lot free, from the order day on."""
        left, day = lot, order
        while left > 0:
            if day > self._last:
                return None
            left -= self._free(key, day)
            day += 1
        return max(ready, day - 1)

    def _moved(self, lane: Lane, lot: int) -> Day | None:
        graph = self._ctp.graph
        there = self._usable(node_key(lane.item, lane.origin), lot)
        if there is None:
            return None
        first, _ = self._ctp.starts_on(lane.origin, lane.fence_days)
        ship = first_open_in_both(
            graph.site_timetable(lane.origin),
            graph.timetable(lane.calendar),
            max(first, there, lane.from_on or 0),
        )
        if ship is None or (lane.until_on is not None and ship >= lane.until_on):
            return None
        return graph.site_timetable(lane.destination).next_open(ship + lane.transit_days)

    def _made(self, operation: Operation, lot: int) -> Day | None:
        calendar = self._ctp.graph.site_timetable(operation.site)
        first, _ = self._ctp.starts_on(operation.site, operation.fence_days)
        start = max(first, operation.from_on or 0)
        for line in operation.inputs:
            if line.from_on is not None or line.until_on is not None:
                continue  # whether it counts depends on the day
            needed = ceil_div(lot * line.quantity, line.per) + line.fixed
            if needed == 0:
                continue
            there = [
                self._usable(node_key(item, operation.site), needed) for item in (line.item, *line.alternates)
            ]
            days = [day for day in there if day is not None]
            if not days:
                return None
            start = max(start, min(days))
        opened = calendar.next_open(start)
        if opened is None or (operation.until_on is not None and opened >= operation.until_on):
            return None
        begins = calendar.add_open(opened, lead_days(operation, lot))
        if begins is None or not operation.steps:
            return None if begins is None else calendar.add_open(begins, operation.after_days)
        last = self._worked(operation, lot, begins)
        if last is None:
            return None
        finished = calendar.next_open(last + 1)
        return None if finished is None else calendar.add_open(finished, operation.after_days)

    def _worked(self, operation: Operation, lot: int, begins: Day) -> Day | None:
        """The last day of work if every step had the best of its resources to itself, or what is free of them."""
        day = begins
        for step in operation.steps:
            left = elapsed_minutes(step, lot)
            while left > 0:
                left -= max(
                    [min([self._minutes(*busy, day) for busy in load.together]) for load in step.loads]
                )
                if left > 0:
                    day += 1
                    if day > self._last:
                        return None
        return day

    def _minutes(self, name: str, units: int, day: Day) -> int:
        """The most that one job can work on so many units of a resource on a day."""
        graph = self._ctp.graph
        resource = graph.resources[name]
        minutes = graph.timetable(resource.calendar).minutes_on(day)
        if not minutes:
            return 0
        found = min(self._free(resource_key(name), day) // units, minutes)
        extra = resource.overtime_minutes if self._ctp.expedite else 0
        if extra:
            found += min(self._free(resource_key(name, overtime=True), day) // units, extra)
        return found

    def _free(self, key: str, day: Day) -> int:
        """What was free of a capacity on a day when the bounds were made."""
        return max(0, self._ctp.graph.capacity(key, day) - self._used[key].get(day, 0))


def _largest(source: Source, quantity: int) -> int:
    """The largest of the lots that bring the quantity; 0 where it would take too many of them."""
    return max(lots(source, quantity), default=0)
