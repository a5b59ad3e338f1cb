"""When is something open, found by looking at every rule of every day.

Shares no code with `accord`: plain dictionaries and loops, days as ordinals.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Record = dict[str, Any]
SEARCH_DAYS = 1_096  # what is not open within three years is never open


def minutes_on(calendar: Record | None, day: int) -> int:
    """Open minutes of a day; no calendar means the whole day."""
    if calendar is None:
        return 1_440
    best = None
    for rule in calendar.get("rules", ()):
        starts, ends = rule["from_on"], rule["until_on"]
        if starts is not None and day < starts:
            continue
        if ends is not None and day >= ends:
            continue
        if not rule["weekdays"] & (1 << (day - 1) % 7):
            continue
        if best is None or rule["priority"] < best["priority"]:
            best = rule
    minutes: int = calendar["default_minutes"] if best is None else best["minutes"]
    return minutes


def is_open(calendar: Record | None, day: int) -> bool:
    return minutes_on(calendar, day) > 0


def first_open(calendar: Record | None, day: int, *, also: Record | None = None) -> int | None:
    """This day or the next on which both calendars are open."""
    for candidate in range(day, day + SEARCH_DAYS + 1):
        if is_open(calendar, candidate) and is_open(also, candidate):
            return candidate
    return None


def last_open(calendar: Record | None, day: int, *, also: Record | None = None) -> int | None:
    """This day or the last one before it on which both calendars are open."""
    for candidate in range(day, max(0, day - SEARCH_DAYS - 1), -1):
        if is_open(calendar, candidate) and is_open(also, candidate):
            return candidate
    return None


def forward(calendar: Record | None, day: int, steps: int) -> int | None:
    """The steps-th open day after the first open day from `day` on."""
    found = first_open(calendar, day)
    for _ in range(steps):
        if found is None:
            return None
        found = first_open(calendar, found + 1)
    return found


def back(calendar: Record | None, day: int, steps: int) -> int | None:
    """The steps-th open day before the last open day up to `day`."""
    found = last_open(calendar, day)
    for _ in range(steps):
        if found is None:
            return None
        found = last_open(calendar, found - 1)
    return found


def today(site: Record, now: int) -> int:
    """The date on the wall of the site."""
    return _local(site, now).toordinal()


def first_working_day(site: Record, calendar: Record | None, now: int) -> int | None:
    """The first day on which something can still leave the site: past the cut-off, not today."""
    local = _local(site, now)
    cutoff = site.get("cutoff_minute")
    late = cutoff is not None and local.hour * 60 + local.minute >= cutoff
    return first_open(calendar, local.toordinal() + (1 if late else 0))


def _local(site: Record, now: int) -> datetime:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=now)).astimezone(
        ZoneInfo(site.get("zone", "UTC"))
    )
