"""What do frePPLe's calendars say in open minutes a day?

Theirs give a value at every moment; ours give minutes of each day. A day's minutes are the time during which the value
is above zero (a working calendar), or the value times that time (a capacity calendar). Nothing is rounded up: a
capacity that is not a whole number of minutes is cut.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from accord.connect.frepple import words
from accord.kit.calendars import Calendar, CalendarRule
from accord.kit.days import MINUTES_A_DAY

SECONDS_A_DAY = 86_400
_DAY = timedelta(days=1)

Stretch = tuple[int, int, Fraction]  # from second of the day, until second, value


class Course:
    """One calendar: its value at every moment; `gang` counts it in whole multiples of an amount."""

    def __init__(
        self, default: Decimal, buckets: Iterable[words.CalendarBucket] = (), gang: Fraction | None = None
    ) -> None:
        self._given = default
        self._gang = gang
        self.default = self._counted(default)
        # The one that counts comes first: lowest priority, of equals the one that starts last.
        self.buckets = sorted(
            buckets, key=lambda b: (b.priority, words.ALWAYS_FROM - (b.startdate or words.ALWAYS_FROM))
        )

    def in_wholes_of(self, gang: Fraction) -> Course:
        """The same, counted in how many times this amount is there."""
        return Course(self._given, self.buckets, gang)

    def _counted(self, value: Decimal) -> Fraction:
        return Fraction(value) if self._gang is None else Fraction(Fraction(value) // self._gang)

    @property
    def values(self) -> list[Fraction]:
        """Every value it may have."""
        found = [self._counted(bucket.value) for bucket in self.buckets]
        return [self.default, *found]

    @property
    def highest(self) -> Fraction:
        """The largest value it ever has."""
        return max(self.values)

    @property
    def turns(self) -> set[date]:
        """The days on which its weekly pattern may change."""
        found: set[date] = set()
        for bucket in self.buckets:
            for at in (_start(bucket), _end(bucket)):
                if at is not None:
                    found.add(at.date())
                    if at.time() != datetime.min.time():
                        found.add(at.date() + _DAY)
        return found

    def on(self, day: date) -> list[Stretch]:
        """Its values during a day, in order, without gaps."""
        stretches: list[Stretch] = []
        cuts = {0, SECONDS_A_DAY}
        spans = []
        for bucket in self.buckets:
            span = _span(bucket, day)
            if span is not None:
                spans.append((*span, self._counted(bucket.value)))
                cuts.update(span)
        ordered = sorted(cuts)
        for first, last in itertools.pairwise(ordered):
            value = next((v for start, end, v in spans if start <= first and last <= end), self.default)
            stretches.append((first, last, value))
        return stretches


ALWAYS = Course(Decimal(1))


def courses(
    calendars: Sequence[words.Calendar], buckets: Sequence[words.CalendarBucket]
) -> dict[str, Course]:
    """Every calendar by name; one that only has buckets counts too."""
    by_name: dict[str, list[words.CalendarBucket]] = {calendar.name: [] for calendar in calendars}
    for bucket in buckets:
        by_name.setdefault(bucket.calendar, []).append(bucket)
    defaults = {calendar.name: calendar.defaultvalue for calendar in calendars}
    return {name: Course(defaults.get(name, words.NONE), found) for name, found in by_name.items()}


def working(name: str, courses: Sequence[Course], *, weeks: int) -> Calendar:
    """Open while all of them are above zero; every date moved by so many weeks."""
    return _calendar(name, courses, lambda values: Fraction(all(value > 0 for value in values)), weeks)


def capacity(
    name: str, amount: Course, open_while: Sequence[Course], *, units: int, efficiency: Fraction, weeks: int
) -> Calendar:
    """Minutes a day of ONE of so many units: the amount, while all the others are above zero, over the units.

    `efficiency` is 1 for 100 %: at one half a minute of work takes two of these.
    """

    def value(values: Sequence[Fraction]) -> Fraction:
        size, *rest = values
        return (
            max(size, Fraction(0)) * efficiency / units if all(other > 0 for other in rest) else Fraction(0)
        )

    return _calendar(name, [amount, *open_while], value, weeks)


def _calendar(
    name: str, courses: Sequence[Course], value: Callable[[Sequence[Fraction]], Fraction], weeks: int
) -> Calendar:
    turns = sorted(set().union(*(course.turns for course in courses))) if courses else []
    bounds: list[date | None] = [None, *turns, None]
    rules: list[CalendarRule] = []
    before: tuple[int, ...] = ()
    since: date | None = None
    for start, end in itertools.pairwise(bounds):
        week = _week(courses, value, start, end, before)
        if week != before:
            rules += _rules(before, since, start, weeks)
            before, since = week, start
    rules += _rules(before, since, None, weeks)
    return Calendar(name=name, default_minutes=0, rules=tuple(rules))


def _week(
    courses: Sequence[Course],
    value: Callable[[Sequence[Fraction]], Fraction],
    start: date | None,
    end: date | None,
    before: tuple[int, ...],
) -> tuple[int, ...]:
    """Minutes from Monday to Sunday in a period whose days differ by their weekday only.

    Weekdays that do not occur in a short period keep the pattern before it, so that it can be said with it.
    """
    first = start or (end - 7 * _DAY if end else date(2024, 1, 1))
    days = [first + n * _DAY for n in range(7)]
    minutes = list(before or (0,) * 7)
    for day in days:
        if end is None or day < end:
            minutes[day.weekday()] = min(MINUTES_A_DAY, int(_seconds(courses, value, day) // 60))
    return tuple(minutes)


def _seconds(
    courses: Sequence[Course], value: Callable[[Sequence[Fraction]], Fraction], day: date
) -> Fraction:
    parts = [course.on(day) for course in courses]
    cuts = sorted({at for part in parts for stretch in part for at in stretch[:2]} | {0, SECONDS_A_DAY})
    total = Fraction(0)
    for first, last in itertools.pairwise(cuts):
        values = [next(v for start, end, v in part if start <= first < end) for part in parts]
        total += value(values) * (last - first)
    return total


def _rules(week: tuple[int, ...], since: date | None, until: date | None, weeks: int) -> list[CalendarRule]:
    if since is not None and since == until:
        return []
    shift = 7 * weeks
    rules = []
    for minutes in sorted(set(week) - {0}, reverse=True):
        mask = sum(1 << weekday for weekday, m in enumerate(week) if m == minutes)
        rules.append(
            CalendarRule(
                from_on=since.toordinal() + shift if since else None,
                until_on=until.toordinal() + shift if until else None,
                weekdays=mask,
                minutes=minutes,
                priority=0,
            )
        )
    return rules


def _start(bucket: words.CalendarBucket) -> datetime | None:
    return None if bucket.startdate is None or bucket.startdate <= words.ALWAYS_FROM else bucket.startdate


def _end(bucket: words.CalendarBucket) -> datetime | None:
    return None if bucket.enddate is None or bucket.enddate >= words.ALWAYS_UNTIL else bucket.enddate


def _span(bucket: words.CalendarBucket, day: date) -> tuple[int, int] | None:
    """From and until which second of the day the bucket is effective."""
    if not bucket.weekdays[day.weekday()]:
        return None
    start, end = _clock(bucket.starttime, 0), _clock(bucket.endtime, SECONDS_A_DAY)
    since, until = _start(bucket), _end(bucket)
    if since is not None:
        start = max(start, _second_of(since, day))
    if until is not None:
        end = min(end, _second_of(until, day))
    return (start, end) if start < end else None


def _second_of(at: datetime, day: date) -> int:
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - no zone on their side
    return int((at - midnight).total_seconds())


def _clock(text: str | None, default: int) -> int:
    if not text:
        return default
    hours, minutes, seconds = (*(int(float(part)) for part in text.split(":")), 0, 0)[:3]
    second = hours * 3600 + minutes * 60 + seconds
    # "23:59:59" is how they write the end of the day.
    return SECONDS_A_DAY if second == SECONDS_A_DAY - 1 else second
