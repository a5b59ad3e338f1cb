"""Can the steps of a lot be worked in time? Backward from a last day, each on the first load that has room for all of it.

A job on a load keeps all resources of it busy for the same minutes: a machine, its operator, a mould. So a day holds no
more than the one that has least; which resource that is may change from day to day.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from accord.kit.days import Day
from accord.ledger.decide.trial import Trial
from accord.ledger.model import Load, Operation, Step, resource_key
from accord.promise.decide.reply import Short, ceil_div
from accord.promise.model import Limit, Refusal, Take

if TYPE_CHECKING:
    from accord.promise.decide.ctp import Ctp


def elapsed_minutes(step: Step, lot: int) -> int:
    """How long the step takes for the lot."""
    return step.setup_minutes + ceil_div(lot * step.run_seconds, 60 * step.run_per)


def in_order(step: Step) -> tuple[Load, ...]:
    """The ways to load a step, in the order in which they are tried."""
    if len(step.loads) == 1:
        return step.loads
    return tuple(sorted(step.loads, key=lambda load: (load.priority, load.resource)))


class Work:
    """The steps of one lot, placed backward from a last day."""

    def __init__(
        self, ctp: Ctp, operation: Operation, lot: int, last: Day, first: Day, *, explains: bool
    ) -> None:
        self.ctp = ctp
        self.explains = (
            explains  # on a no, which resource lacked most, and whether it would fit if nobody used it
        )
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
            least: tuple[int, str] | None = None  # of the load that lacked the fewest minutes
            for load in in_order(step):
                missing = self._try(load, needed)
                if missing is None:
                    break
                if least is None or missing[0] < least[0]:
                    least = missing
            else:
                short, key = (needed, resource_key("")) if least is None else least
                why = (
                    Refusal.capacity_full
                    if not self.explains or self._fits_when_free(step, needed)
                    else Refusal.lead_time_too_long
                )
                return Short(Limit(why=why, key=key, on=self.day, short=short), self.day + 1)
        return None

    def _try(self, load: Load, needed: int) -> tuple[int, str] | None:
        """Take the minutes on all resources of a load, from the latest day back.

        If they do not fit none is taken: how many were missing, and the key of the resource that lacked most.
        """
        seats = [_Seat(self.ctp, resource, units) for resource, units in load.together]
        for seat in seats:
            if seat.has < seat.units:
                return needed, seat.key  # so many units never work side by side there
        if not self.explains and not any(seat.extra for seat in seats):
            return self._try_plain(seats, needed)
        day, spent = self.day, self.spent
        while day >= self.first:
            together, most = _on(seats, self.ctp.trial, day, spent)
            part = min(needed, most)
            if part > 0:
                for seat in seats:
                    seat.work(day, part, together)
                needed -= part
                if needed == 0:
                    self._take(seats, spent + part)
                    return None
            day, spent = day - 1, 0
            if not self.explains:
                day = _last_open(seats, day, self.first)
        return needed, max(seats, key=lambda seat: seat.lack).key  # of equals the first

    def _try_plain(self, seats: Sequence[_Seat], needed: int) -> tuple[int, str] | None:
        """The same without overtime and without asking what limits: most work is such, and most days are full."""
        free = self.ctp.trial.free
        day, spent, first = self.day, self.spent, self.first
        parts: list[tuple[Day, int, int]] = []
        while day >= first:
            part = needed
            for seat in seats:
                there = free(seat.key, day) // seat.units
                if there < part:
                    part = there
                    if not there:
                        break
            if part:
                room = min([seat.timetable.minutes_on(day) for seat in seats])
                part = min(part, room, room - spent)
                if part > 0:
                    parts.append((day, part, 0))
                    needed -= part
                    if needed == 0:
                        for seat in seats:
                            seat.taken = parts
                        self._take(seats, spent + part)
                        return None
                day, spent = day - 1, 0
            else:
                day, spent = _last_open(seats, day - 1, first), 0
        return needed, seats[0].key

    def _take(self, seats: Sequence[_Seat], spent: int) -> None:
        days = list(
            zip(*(seat.taken for seat in seats), strict=True)
        )  # by day, what each resource works on it
        for shares in days:
            for seat, (day, regular, overtime) in zip(seats, shares, strict=True):
                for key, minutes in ((seat.key, regular), (seat.overtime_key, overtime)):
                    if minutes:
                        take = Take(key=key, on=day, quantity=minutes * seat.units)
                        self.ctp.trial.take(take.key, take.on, take.quantity)
                        self.takes.append(take)
                self.overtime_minor += overtime * seat.units * seat.overtime_cost_minor
        self.day, self.spent = days[-1][0][0], spent

    def _fits_when_free(self, step: Step, needed: int) -> bool:
        """Whether the step would fit into the same days if nobody else used its resources."""
        for load in step.loads:
            seats = [_Seat(self.ctp, resource, units) for resource, units in load.together]
            if any(seat.has < seat.units for seat in seats):
                continue
            left, spent = needed, self.spent
            for day in range(self.day, self.first - 1, -1):
                left -= max(0, min([seat.timetable.minutes_on(day) for seat in seats]) - spent)
                spent = 0
                if left <= 0:
                    return True
        return False


def _last_open(seats: Sequence[_Seat], day: Day, first: Day) -> Day:
    """The last day up to `day` on which all are open; before `first` when there is none from there on."""
    while day >= first:
        last = day
        for seat in seats:
            if seat.timetable.minutes_on(last) == 0:
                open_day = seat.timetable.previous_open(last)
                if open_day is None:
                    return first - 1
                last = open_day
        if last == day:
            return day
        day = last
    return day


class _Seat:
    """One resource of a load while a job is tried on it; all amounts are minutes of the job, not of all its units."""

    __slots__ = (
        "extra", "has", "key", "lack", "minutes", "overtime", "overtime_cost_minor", "overtime_key", "regular",
        "spare", "taken", "timetable", "units",
    )  # fmt: skip

    def __init__(self, ctp: Ctp, name: str, units: int) -> None:
        resource = ctp.graph.resources[name]
        self.key = resource_key(name)
        self.overtime_key = resource_key(name, overtime=True)
        self.units = units
        self.has = resource.units
        self.timetable = ctp.graph.timetable(resource.calendar)
        self.extra = resource.overtime_minutes if ctp.expedite else 0  # on a day on which it is open
        self.overtime_cost_minor = resource.overtime_cost_minor
        self.taken: list[tuple[Day, int, int]] = []  # day, regular and overtime minutes
        self.lack = (
            0  # what it had less, on all days looked at, than the job could have worked if nobody else did
        )
        # Of the day looked at:
        self.minutes = 0  # it is open
        self.regular = 0  # of these free
        self.overtime = 0  # free besides
        self.spare = 0  # regular minutes that are free while others are on overtime

    def look(self, trial: Trial, day: Day) -> None:
        """See what there is of it on a day."""
        self.minutes = self.timetable.minutes_on(day)
        self.regular = self.overtime = 0
        if self.minutes:
            self.regular = min(trial.free(self.key, day) // self.units, self.minutes)
            if self.extra:
                self.overtime = min(trial.free(self.overtime_key, day) // self.units, self.extra)

    def work(self, day: Day, part: int, together: int) -> None:
        """Note what it gives for `part` minutes on the day looked at, of which `together` are regular ones of all."""
        beyond = max(0, part - together)
        own = min(beyond, self.spare)
        self.taken.append((day, part - beyond + own, beyond - own))


def _on(seats: Sequence[_Seat], trial: Trial, day: Day, spent: int) -> tuple[int, int]:
    """How many minutes all can work at once on a day of which `spent` are gone: regular ones of all, and with overtime."""
    for seat in seats:
        seat.look(trial, day)
    shortest = min([seat.minutes for seat in seats])
    if shortest == 0:
        return 0, 0
    together = min([seat.regular for seat in seats])
    for seat in seats:
        # Overtime begins when the one that is open the shortest closes; who is open longer needs none until then.
        seat.spare = min(seat.regular - together, seat.minutes - shortest)
    beyond = min([seat.spare + seat.overtime for seat in seats])
    room = min([seat.minutes + seat.extra for seat in seats]) - spent
    for seat in seats:
        seat.lack += max(0, room - seat.regular - seat.overtime)
    return together, min(together + beyond, room)
