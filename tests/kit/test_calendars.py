"""A timetable answers like a man with a paper calendar, only faster."""

from datetime import date

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.kit.calendars import (
    ALWAYS,
    SEARCH_DAYS_MAX,
    Calendar,
    CalendarRule,
    Timetable,
    weekdays,
)
from accord.kit.days import day_of, iso

SATURDAY = day_of("2026-03-14")
OFFICE = Timetable(weekdays(480))


def rule(from_on=None, until_on=None, days=127, minutes=0, priority=1):
    return CalendarRule(
        from_on=None if from_on is None else day_of(from_on),
        until_on=None if until_on is None else day_of(until_on),
        weekdays=days,
        minutes=minutes,
        priority=priority,
    )


def naive_minutes(calendar: Calendar, day: int) -> int:
    for r in sorted(calendar.rules, key=lambda r: r.priority):
        inside = (r.from_on is None or r.from_on <= day) and (r.until_on is None or day < r.until_on)
        if inside and r.weekdays & (1 << date.fromordinal(day).weekday()):
            return r.minutes
    return calendar.default_minutes


def naive_step(calendar: Calendar, day: int, n: int, step: int) -> int | None:
    for distance in range(SEARCH_DAYS_MAX + 1):
        if naive_minutes(calendar, day + step * distance) > 0:
            if n == 0:
                return day + step * distance
            n -= 1
    return None


def test_weekdays_are_open_monday_to_friday():
    assert [OFFICE.minutes_on(SATURDAY + n) for n in range(-1, 4)] == [480, 0, 0, 480, 480]


def test_always_is_open_all_day_every_day():
    table = Timetable(ALWAYS)

    assert {table.minutes_on(SATURDAY + n) for n in range(400)} == {1440}
    assert table.add_open(SATURDAY, 10) == SATURDAY + 10


@pytest.mark.parametrize(
    ("day", "n", "added", "subtracted"),
    [
        ("2026-03-11", 0, "2026-03-11", "2026-03-11"),
        ("2026-03-11", 1, "2026-03-12", "2026-03-10"),
        ("2026-03-11", 3, "2026-03-16", "2026-03-06"),
        # From a closed day the next open day is the start, not the first step.
        ("2026-03-14", 0, "2026-03-16", "2026-03-13"),
        ("2026-03-14", 1, "2026-03-17", "2026-03-12"),
        ("2026-03-14", 5, "2026-03-23", "2026-03-06"),
        ("2026-12-31", 1, "2027-01-01", "2026-12-30"),
        ("2026-01-01", 1, "2026-01-02", "2025-12-31"),
    ],
)
def test_open_days_are_counted_from_the_next_open_day(day, n, added, subtracted):
    assert iso(OFFICE.add_open(day_of(day), n)) == added
    assert iso(OFFICE.subtract_open(day_of(day), n)) == subtracted


def test_the_lowest_priority_number_wins_and_of_equals_the_first():
    calendar = Calendar(
        name="shifts",
        default_minutes=100,
        rules=(
            rule(minutes=300, priority=5),
            rule("2026-03-12", "2026-03-14", minutes=0, priority=1),
            rule("2026-03-13", "2026-03-15", minutes=960, priority=1),
            rule("2026-03-16", None, days=1, minutes=480, priority=0),
        ),
    )
    table = Timetable(calendar)

    # until_on is the first day after
    assert [table.minutes_on(day_of("2026-03-11") + n) for n in range(6)] == [300, 0, 0, 960, 300, 480]


def test_the_default_holds_where_no_rule_does():
    table = Timetable(Calendar(name="x", default_minutes=60, rules=(rule("2026-03-12", "2026-03-13"),)))

    assert [table.minutes_on(day_of("2026-03-11") + n) for n in range(3)] == [60, 0, 60]


def test_what_opens_after_three_years_is_never_open():
    day = day_of("2026-03-12")
    just = Timetable(Calendar("just", 0, (CalendarRule(day + SEARCH_DAYS_MAX, None, 127, 60, 0),)))
    late = Timetable(Calendar("late", 0, (CalendarRule(day + SEARCH_DAYS_MAX + 1, None, 127, 60, 0),)))
    gone = Timetable(Calendar("gone", 0, (CalendarRule(None, day - SEARCH_DAYS_MAX, 127, 60, 0),)))

    assert (just.next_open(day), late.next_open(day)) == (day + SEARCH_DAYS_MAX, None)
    assert (late.previous_open(day), gone.previous_open(day)) == (None, None)
    assert Timetable(Calendar("closed", 0)).next_open(day) is None
    assert OFFICE.add_open(day, 10_000) is None
    assert OFFICE.subtract_open(day, 10_000) is None


def test_the_ends_of_the_calendar_end_the_search():
    never = Timetable(Calendar("closed", 0))

    assert never.next_open(day_of("9999-12-01")) is None
    assert never.previous_open(day_of("0001-01-05")) is None
    assert OFFICE.subtract_open(1, 3) is None


def test_steps_backward_are_not_negative_steps_forward():
    with pytest.raises(ValueError, match="opposite direction"):
        OFFICE.add_open(SATURDAY, -1)
    with pytest.raises(ValueError, match="opposite direction"):
        OFFICE.subtract_open(SATURDAY, -1)


def test_a_calendar_survives_json():
    calendar = Calendar("x", 60, (rule("2026-03-12", "2026-03-13", minutes=5),))

    assert msgspec.json.decode(msgspec.json.encode(calendar), type=Calendar) == calendar


@pytest.mark.parametrize(
    "text",
    [
        '{"name":"x","default_minutes":-1}',
        '{"name":"x","default_minutes":0,"rules":[{"from_on":null,"until_on":null,"weekdays":128,"minutes":1,"priority":0}]}',
        '{"name":"x","default_minutes":0,"rules":[{"from_on":null,"until_on":null,"weekdays":1,"minutes":-1,"priority":0}]}',
    ],
)
def test_impossible_minutes_and_weekdays_are_refused(text):
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=Calendar)


NEAR = st.integers(day_of("2023-06-01"), day_of("2028-06-01"))
RULES = st.builds(
    CalendarRule,
    from_on=st.none() | NEAR,
    until_on=st.none() | NEAR,
    weekdays=st.integers(0, 127),
    minutes=st.sampled_from([0, 0, 480, 960]),
    priority=st.integers(0, 3),
)
CALENDARS = st.builds(
    Calendar,
    name=st.just("any"),
    default_minutes=st.sampled_from([0, 0, 480]),
    rules=st.lists(RULES, max_size=6).map(tuple),
)


@settings(max_examples=200)
@given(CALENDARS, NEAR, st.integers(0, 30))
def test_a_timetable_agrees_with_reading_the_rules_day_by_day(calendar, day, n):
    table = Timetable(calendar)

    assert [table.minutes_on(day + k) for k in range(20)] == [
        naive_minutes(calendar, day + k) for k in range(20)
    ]
    assert table.is_open(day) == (naive_minutes(calendar, day) > 0)
    assert table.add_open(day, n) == naive_step(calendar, day, n, 1)
    assert table.subtract_open(day, n) == naive_step(calendar, day, n, -1)
    assert table.next_open(day) == table.add_open(day, 0)
    assert table.previous_open(day) == table.subtract_open(day, 0)


@given(CALENDARS, NEAR, st.integers(0, 20), st.integers(0, 20))
def test_steps_add_up_and_come_back(calendar, day, a, b):
    table = Timetable(calendar)
    once = table.add_open(day, a + b)
    halfway = table.add_open(day, a)

    if once is not None:
        assert halfway is not None
        assert table.add_open(halfway, b) == once
        assert table.subtract_open(once, a + b) == table.next_open(day)
