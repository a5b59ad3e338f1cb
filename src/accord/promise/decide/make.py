"""Can a lot be made in time? Backward from the day it is needed: after-time, routing steps, lead time, components."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accord.kit.days import Day
from accord.ledger.model import Load, Operation, Step, node_key, resource_key
from accord.promise.decide.reply import Lot, Short, ceil_div, half_up, name_of
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
        work = _Work(ctp, operation, lot, finished - 1, first)
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


def elapsed_minutes(step: Step, lot: int) -> int:
    """How long the step takes for the lot."""
    return step.setup_minutes + ceil_div(lot * step.run_seconds, 60 * step.run_per)


def in_order(step: Step) -> tuple[Load, ...]:
    """The ways to load a step, in the order in which they are tried."""
    if len(step.loads) == 1:
        return step.loads
    return tuple(sorted(step.loads, key=lambda load: (load.priority, load.resource)))


def in_force(source: Operation, on: Day) -> bool:
    """Whether work may start on this day."""
    return (source.from_on is None or source.from_on <= on) and (
        source.until_on is None or on < source.until_on
    )


class _Work:
    """The steps of one lot, placed backward from a last day."""

    def __init__(self, ctp: Ctp, operation: Operation, lot: int, last: Day, first: Day) -> None:
        self.ctp = ctp
        self.operation = operation
        self.lot = lot
        self.day = last  # on which the step placed last begins: later work is behind it
        self.spent = 0  # minutes of that day which steps already placed take
        self.first = first
        self.takes: list[Take] = []
        self.overtime_minor = 0

    def place(self) -> Short | None:
        """Place every step, the last one first; None when all fit."""
        for step in reversed(self.operation.steps):
            needed = elapsed_minutes(step, self.lot)
            if needed == 0:
                continue
            least: tuple[int, Load] | None = None  # the load that lacked the fewest minutes
            for load in in_order(step):
                missing = self._try(load, needed)
                if missing == 0:
                    break
                if least is None or missing < least[0]:
                    least = (missing, load)
            else:
                if least is None:
                    key, missing = resource_key(""), needed
                else:
                    missing, key = least[0], resource_key(least[1].resource)
                why = (
                    Refusal.capacity_full
                    if self._fits_when_free(step, needed)
                    else Refusal.lead_time_too_long
                )
                return Short(Limit(why=why, key=key, on=self.day, short=missing), self.day + 1)
        return None

    def _try(self, load: Load, needed: int) -> int:
        """Take the minutes on one resource, from the latest day back; how many did not fit (then none is taken)."""
        trial, graph = self.ctp.trial, self.ctp.graph
        resource = graph.resources[load.resource]
        if resource.units < load.units:
            return needed  # so many units never work side by side there
        timetable = graph.timetable(resource.calendar)
        key, extra_key = resource_key(load.resource), resource_key(load.resource, overtime=True)
        extra = resource.overtime_minutes if self.ctp.expedite else 0
        taken: list[tuple[Day, int, int]] = []  # day, regular and overtime minutes of one unit
        day, spent = self.day, self.spent
        while day >= self.first:
            minutes = timetable.minutes_on(day)
            if minutes > 0:
                regular = min(trial.free(key, day) // load.units, minutes)
                overtime = min(trial.free(extra_key, day) // load.units, extra) if extra else 0
                part = min(needed, regular + overtime, minutes + extra - spent)
                if part > 0:
                    taken.append((day, min(part, regular), part - min(part, regular)))
                    needed -= part
                    if needed == 0:
                        self._take(load, taken, spent + part)
                        return 0
            day, spent = day - 1, 0
        return needed

    def _take(self, load: Load, taken: list[tuple[Day, int, int]], spent: int) -> None:
        resource = self.ctp.graph.resources[load.resource]
        for day, regular, overtime in taken:
            for is_extra, minutes in ((False, regular), (True, overtime)):
                if minutes:
                    take = Take(
                        key=resource_key(load.resource, is_extra), on=day, quantity=minutes * load.units
                    )
                    self.ctp.trial.take(take.key, take.on, take.quantity)
                    self.takes.append(take)
            self.overtime_minor += overtime * load.units * resource.overtime_cost_minor
        self.day, self.spent = taken[-1][0], spent

    def _fits_when_free(self, step: Step, needed: int) -> bool:
        """Whether the step would fit into the same days if nobody else used its resources."""
        graph = self.ctp.graph
        for load in step.loads:
            resource = graph.resources[load.resource]
            if resource.units < load.units:
                continue
            timetable = graph.timetable(resource.calendar)
            left, spent = needed, self.spent
            for day in range(self.day, self.first - 1, -1):
                left -= max(0, timetable.minutes_on(day) - spent)
                spent = 0
                if left <= 0:
                    return True
        return False


def _too_long(key: str, on: Day, lot: int, *, is_fenced: bool) -> Short:
    why = Refusal.inside_fence if is_fenced else Refusal.lead_time_too_long
    return Short(Limit(why=why, key=key, on=on, short=lot), on + 1)
