"""Which day do people mean by these words?

"12 mar", "tomorrow", "friday", "in 3 weeks", "w12", "12.3.2026". What two people could read in two ways is an error
that shows both readings; nothing is guessed from a language or a country.
"""

import re
from collections.abc import Callable
from datetime import date

from accord.kit.days import Day, iso
from accord.kit.errors import InputError

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_WEEKDAY = r"(?P<weekday>mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:rs?(?:day)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)"
_DAY = r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th|\.)?"
_YEAR = r"(?P<year>[0-9]{4}|[0-9]{2})"

_YEARS_AHEAD = 9  # 29 February comes every eighth year at the latest, week 53 every seventh


def read_day(text: str, today: Day, *, pointer: str = "day") -> Day | None:
    """The day that is meant; None when the words name no day at all.

    Without a year it is the next such day, today included. A week means its Friday. The day may lie in the past when
    its year is given.
    Raises: InputError when the words can be read in two ways (it shows both), or name a day that does not exist.
    """
    words = " ".join(text.casefold().split()).rstrip(".")
    for pattern, read in _FORMS:
        match = pattern.fullmatch(words)
        if match is not None:
            try:
                found = read(match, today)
            except (ValueError, OverflowError):
                found = set()
            return _the_one(found, match.groupdict().get("weekday"), text, pointer)
    return None


def _the_one(found: set[Day], weekday: str | None, text: str, pointer: str) -> Day:
    if not found:
        detail = f"{text!r} is a day that does not exist. Write it as 2026-03-12 or 12 mar."
        raise InputError.at(pointer, "not_a_date", detail)
    if len(found) > 1:
        readings = " or ".join(iso(day) for day in sorted(found))
        detail = f"{text!r} can be read in two ways: {readings}. Write the one you mean that way."
        error = InputError.at(pointer, "ambiguous_date", detail)
        error.extra["readings"] = [iso(day) for day in sorted(found)]
        raise error
    day = found.pop()
    of_week = (day - 1) % 7  # day 1, 0001-01-01, is a Monday
    if weekday is not None and of_week != _weekday_number(weekday):
        detail = f"{text!r} contradicts itself: {iso(day)} is a {_WEEKDAYS[of_week]}. Correct the date or the weekday."
        raise InputError.at(pointer, "weekday_contradicts", detail)
    return day


def _dated(match: re.Match[str], today: Day) -> set[Day]:
    """A day with its month in letters, or in year-month-day order."""
    month = match["month"]
    number = int(month) if month.isdigit() else _MONTHS.index(month[:3]) + 1
    return _on(today, match["year"], _day_in(number, int(match["day"])))


def _numbered(match: re.Match[str], today: Day) -> set[Day]:
    """Two numbers and perhaps a year: either may be the month. A reading that does not exist is none."""
    a, b, year = int(match["a"]), int(match["b"]), match.groupdict().get("year")
    found: set[Day] = set()
    for month, day in ((b, a), (a, b)):
        try:
            found |= _on(today, year, _day_in(month, day))
        except ValueError:
            continue
    return found


def _day_in(month: int, day: int) -> Callable[[int], date]:
    return lambda year: date(year, month, day)


def _week(match: re.Match[str], today: Day) -> set[Day]:
    """A week by its ISO number means its Friday: the last day on which most people can receive."""
    return _on(today, match["year"], lambda year: date.fromisocalendar(year, int(match["week"]), 5))


def _on(today: Day, year: str | None, make: Callable[[int], date]) -> set[Day]:
    """The day of that year; without a year the next one that exists and is not past."""
    if year is not None:
        return {make(int(year) + (2000 if len(year) == 2 else 0)).toordinal()}
    # A week of the year before may still lie ahead: the Friday of week 53 can be in January.
    first = date.fromordinal(today).year - 1
    for candidate in range(first, min(first + 1 + _YEARS_AHEAD, date.max.year) + 1):
        try:
            day = make(candidate).toordinal()
        except ValueError:
            continue
        if day >= today:
            return {day}
    return set()


def _weekday(match: re.Match[str], today: Day) -> set[Day]:
    """Plain: the next one, today included. "Next friday": the coming one to some, that of next week to others."""
    wanted = _weekday_number(match["weekday"])
    now = (today - 1) % 7
    if match["which"] != "next":
        return {today + (wanted - now) % 7}
    return {today + ((wanted - now - 1) % 7) + 1, today - now + 7 + wanted}


def _weekday_number(word: str) -> int:
    return next(n for n, name in enumerate(_WEEKDAYS) if name.casefold().startswith(word[:3]))


def _ahead(match: re.Match[str], today: Day) -> set[Day]:
    count = 1 if match["count"] in ("a", "an", "one") else int(match["count"])
    match match["unit"][0]:
        case "d":
            return {today + count}
        case "w":
            return {today + 7 * count}
    on = date.fromordinal(today)
    months = on.year * 12 + on.month - 1 + count
    first = date(months // 12, months % 12 + 1, 1).toordinal()
    following = date((months + 1) // 12, (months + 1) % 12 + 1, 1).toordinal()
    # The same day of that month, or its last one: 31 January plus a month is 28 February.
    return {min(first + on.day, following) - 1}


_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], Day], set[Day]]], ...] = tuple(
    (re.compile(pattern, re.ASCII), read)
    for pattern, read in (
        (r"today", lambda match, today: {today}),
        (r"tomorrow", lambda match, today: {today + 1}),
        (r"(?:the )?day after tomorrow", lambda match, today: {today + 2}),
        (rf"(?P<which>this|next)? ?{_WEEKDAY}", _weekday),
        (r"(?:in|within) (?P<count>an?|one|[0-9]{1,4}) (?P<unit>days?|d|weeks?|wks?|w|months?)", _ahead),
        (rf"(?:week|wk|w|cw|kw) ?(?P<week>[0-9]{{1,2}})(?:[ /]{_YEAR})?", _week),
        (r"(?P<year>[0-9]{4})[- ]?w(?P<week>[0-9]{1,2})", _week),
        (r"(?P<year>[0-9]{4})(?P<sep>[-/.])(?P<month>[0-9]{1,2})(?P=sep)(?P<day>[0-9]{1,2})", _dated),
        (rf"(?:{_WEEKDAY},? )?{_DAY}(?: of)?[ /-]?{_MONTH}(?:(?:, ?| |/|-)'?{_YEAR})?", _dated),
        (rf"(?:{_WEEKDAY},? )?{_MONTH}[ -]?{_DAY}(?:(?:, ?| |-)'?{_YEAR})?", _dated),
        (rf"(?P<a>[0-9]{{1,2}})(?P<sep>[-/.])(?P<b>[0-9]{{1,2}})(?:(?P=sep){_YEAR})", _numbered),
        (r"(?P<a>[0-9]{1,2})[/.](?P<b>[0-9]{1,2})", _numbered),
    )
)
