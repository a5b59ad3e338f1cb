"""On which days, and for how many minutes, is something open?

A calendar is a default and a list of exceptions; a timetable is the same, compiled for asking. Holidays, shifts,
carriers' pick-up days and suppliers' closures are all calendars.
"""

from array import array
from datetime import date

import msgspec

from accord.kit.days import MINUTES_A_DAY, Day

ALL_WEEKDAYS = 0b111_1111
MONDAY_TO_FRIDAY = 0b001_1111

SEARCH_DAYS_MAX = 1_096  # three years: what is not open within them is treated as never open again

_LAST_YEAR = date.max.year
_LAST_DAY = date.max.toordinal()


class CalendarRule(msgspec.Struct, frozen=True, gc=False):
    """On these weekdays of this period it is open so long."""

    from_on: Day | None  # first day; None: since ever
    until_on: Day | None  # first day after; None: for ever
    weekdays: int  # bit mask: Monday 1, Tuesday 2, Wednesday 4 ... Sunday 64
    minutes: int  # 0: closed
    priority: int  # the lowest number that fits a day wins; of equals the first in the calendar

    def __post_init__(self) -> None:
        if not 0 <= self.weekdays <= ALL_WEEKDAYS:
            raise ValueError(f"weekdays is a bit mask from 0 to {ALL_WEEKDAYS}, not {self.weekdays}")
        if self.minutes < 0:
            raise ValueError(f"minutes are not negative: {self.minutes}")


class Calendar(msgspec.Struct, frozen=True, gc=False):
    """When something is open: the rules first, the default on every other day."""

    name: str
    default_minutes: int
    rules: tuple[CalendarRule, ...] = ()

    def __post_init__(self) -> None:
        if self.default_minutes < 0:
            raise ValueError(f"minutes are not negative: {self.default_minutes}")


ALWAYS = Calendar(name="always", default_minutes=MINUTES_A_DAY)


def weekdays(minutes: int) -> Calendar:
    """Open so many minutes on Monday to Friday, closed on Saturday and Sunday."""
    rule = CalendarRule(from_on=None, until_on=None, weekdays=MONDAY_TO_FRIDAY, minutes=minutes, priority=0)
    return Calendar(name=f"weekdays {minutes}", default_minutes=0, rules=(rule,))


class _Year:
    """One compiled year."""

    __slots__ = ("before", "first", "minutes", "open_days")

    def __init__(self, first: Day, minutes: list[int]) -> None:
        self.first = first
        self.minutes = minutes  # by day of the year, from 0
        self.open_days = array("l", [first + n for n, m in enumerate(minutes) if m > 0])
        # How many open days of this year lie before each day; one more entry than days.
        counts, count = [0], 0
        for m in minutes:
            count += m > 0
            counts.append(count)
        self.before = array("H", counts)


class Timetable:
    """A calendar made fast to ask. Pure: the same calendar always gives the same answers; years compile when first needed."""

    __slots__ = ("_blocks", "_years", "calendar")

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self._years: dict[int, _Year] = {}  # two threads may compile the same year; both get the same
        self._blocks: dict[
            int, list[int]
        ] = {}  # the minutes of 512 days each: no calendar date is made to look them up

    def minutes_on(self, day: Day) -> int:
        """How many minutes it is open on this day."""
        block = self._blocks.get(day >> 9)
        if block is None:
            first = day >> 9 << 9
            days = range(first, first + 512)
            block = self._blocks[day >> 9] = [self._minutes(d) if 1 <= d <= _LAST_DAY else 0 for d in days]
        return block[day & 511]

    def _minutes(self, day: Day) -> int:
        year = self._year(date.fromordinal(day).year)
        return year.minutes[day - year.first]

    def is_open(self, day: Day) -> bool:
        """Whether it is open at all on this day."""
        return self.minutes_on(day) > 0

    def next_open(self, day: Day) -> Day | None:
        """The first open day, this one or later; None when there is none within SEARCH_DAYS_MAX."""
        return self.add_open(day, 0)

    def previous_open(self, day: Day) -> Day | None:
        """The last open day, this one or earlier; None when there is none within SEARCH_DAYS_MAX."""
        return self.subtract_open(day, 0)

    def add_open(self, day: Day, n: int) -> Day | None:
        """The n-th open day after the next open day: work that starts when it can and takes n open days.

        n = 0 is `next_open(day)`. From a closed day the next open day counts as the start, not as the first step:
        on Saturday, Monday to Friday open, 0 is Monday and 1 is Tuesday. So steps add up:
        `add_open(add_open(d, a), b) == add_open(d, a + b)`. None when it lies more than SEARCH_DAYS_MAX ahead.
        """
        _check_steps(n)
        number = date.fromordinal(day).year
        year = self._year(number)
        index = year.before[day - year.first] + n
        while index >= len(year.open_days):
            index -= len(year.open_days)
            number += 1
            if number > _LAST_YEAR or date(number, 1, 1).toordinal() > day + SEARCH_DAYS_MAX:
                return None
            year = self._year(number)
        found = year.open_days[index]
        return found if found - day <= SEARCH_DAYS_MAX else None

    def subtract_open(self, day: Day, n: int) -> Day | None:
        """The n-th open day before the previous open day: the mirror of `add_open`.

        n = 0 is `previous_open(day)`. None when it lies more than SEARCH_DAYS_MAX back.
        """
        _check_steps(n)
        number = date.fromordinal(day).year
        year = self._year(number)
        index = year.before[day - year.first + 1] - 1 - n
        while index < 0:
            number -= 1
            if number < 1 or date(number, 12, 31).toordinal() < day - SEARCH_DAYS_MAX:
                return None
            year = self._year(number)
            index += len(year.open_days)
        found = year.open_days[index]
        return found if day - found <= SEARCH_DAYS_MAX else None

    def _year(self, number: int) -> _Year:
        year = self._years.get(number)
        if year is None:
            year = self._years[number] = _compile(self.calendar, number)
        return year


def _compile(calendar: Calendar, number: int) -> _Year:
    """Paint the year, the least important rule first, so that the most important one lies on top."""
    first, last = date(number, 1, 1).toordinal(), date(number, 12, 31).toordinal()
    minutes = [calendar.default_minutes] * (last - first + 1)
    ordered = sorted(enumerate(calendar.rules), key=lambda entry: (entry[1].priority, entry[0]), reverse=True)
    for _, rule in ordered:
        start = first if rule.from_on is None else max(first, rule.from_on)
        stop = last + 1 if rule.until_on is None else min(last + 1, rule.until_on)
        for day in range(start, stop):
            if rule.weekdays >> (day - 1) % 7 & 1:  # day 1, 0001-01-01, is a Monday
                minutes[day - first] = rule.minutes
    return _Year(first, minutes)


def _check_steps(n: int) -> None:
    if n < 0:
        raise ValueError(f"steps are counted from 0 up, not {n}: use the opposite direction")
