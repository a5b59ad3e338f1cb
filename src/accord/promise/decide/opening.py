"""On which days are two calendars open together? None stands for one that is always open."""

from __future__ import annotations

from accord.kit.calendars import SEARCH_DAYS_MAX, Timetable
from accord.kit.days import Day


def last_open_in_both(a: Timetable | None, b: Timetable | None, day: Day) -> Day | None:
    """The last day, this one or earlier, on which both are open; None when there is none within SEARCH_DAYS_MAX."""
    if a is None:
        return day if b is None else b.previous_open(day)
    found = a.previous_open(day)
    if b is None:
        return found
    while found is not None and day - found <= SEARCH_DAYS_MAX:
        other = b.previous_open(found)
        if other is None or other == found:
            return other
        found = a.previous_open(other)
        if found == other:
            return found
    return None


def first_open_in_both(a: Timetable | None, b: Timetable | None, day: Day) -> Day | None:
    """The first day, this one or later, on which both are open; None when there is none within SEARCH_DAYS_MAX."""
    if a is None:
        return day if b is None else b.next_open(day)
    found = a.next_open(day)
    if b is None:
        return found
    while found is not None and found - day <= SEARCH_DAYS_MAX:
        other = b.next_open(found)
        if other is None or other == found:
            return other
        found = a.next_open(other)
        if found == other:
            return found
    return None
