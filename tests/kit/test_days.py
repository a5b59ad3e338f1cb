"""Days belong to a place, instants to everybody."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.kit.days import (
    date_of,
    day_of,
    instant_iso,
    iso,
    local_day,
    midnight,
    parse_instant,
    past_cutoff,
)
from accord.kit.errors import Fault, InputError

ZONES = [
    "Europe/Oslo",
    "America/Sao_Paulo",
    "America/Havana",
    "America/St_Johns",
    "Pacific/Apia",
    "Asia/Kathmandu",
]
ZONES += ["Africa/Casablanca", "Australia/Lord_Howe", "Pacific/Kiritimati", "UTC"]


def test_a_day_is_read_from_text_or_date_and_written_as_iso():
    assert day_of("2026-03-12") == day_of(date(2026, 3, 12)) == date(2026, 3, 12).toordinal()
    assert iso(day_of(" 2026-03-12 ")) == "2026-03-12"
    assert date_of(day_of("2024-02-29")) == date(2024, 2, 29)


@pytest.mark.parametrize(
    "text", ["2026-02-29", "20260312", "2026-W11-4", "12.03.2026", "2026-3-12", "", "2026-03-12T09:00"]
)
def test_what_is_no_date_is_an_error_with_an_example(text):
    with pytest.raises(InputError, match="for example 2026-03-12") as caught:
        day_of(text)

    assert caught.value.errors[0].code == "not_a_date"


def test_a_datetime_is_not_taken_for_a_day():
    with pytest.raises(Fault):
        day_of(datetime(2026, 3, 12, tzinfo=UTC))


def test_an_instant_is_written_with_six_digits_and_read_back():
    at = parse_instant("2026-03-12T09:00:00Z")

    assert at == 1_773_306_000_000_000
    assert instant_iso(at) == "2026-03-12T09:00:00.000000Z"
    assert parse_instant("2026-03-12T10:00:00.000001+01:00") == at + 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2026-03-12T09:00:00", "zone_missing"),
        ("2026-03-12", "not_a_moment"),
        ("now", "not_a_moment"),
        ("2026-13-12T09:00:00Z", "not_a_moment"),
        ("0001-01-01T00:00:00+14:00", None),
        ("", "not_a_moment"),
        ("9" * 500, "not_a_moment"),
    ],
)
def test_a_moment_without_a_zone_or_out_of_the_calendar_is_an_error(text, code):
    if code is None:
        assert parse_instant(text) < parse_instant("0001-01-01T00:00:00Z")
        return
    with pytest.raises(InputError) as caught:
        parse_instant(text)

    assert caught.value.errors[0].code == code


def test_the_day_at_a_place_is_that_places_day():
    at = parse_instant("2026-03-12T23:30:00Z")

    assert iso(local_day(at, "Europe/Oslo")) == "2026-03-13"
    assert iso(local_day(at, "America/New_York")) == "2026-03-12"


@pytest.mark.parametrize(
    ("day", "zone", "instant"),
    [
        ("2026-03-12", "Europe/Oslo", "2026-03-11T23:00:00.000000Z"),
        ("2026-03-29", "Europe/Oslo", "2026-03-28T23:00:00.000000Z"),
        ("2026-03-30", "Europe/Oslo", "2026-03-29T22:00:00.000000Z"),
        # Midnight is skipped: the day begins at one o'clock.
        ("2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00:00.000000Z"),
        # Midnight comes twice: the day begins at the first.
        ("2025-11-02", "America/Havana", "2025-11-02T04:00:00.000000Z"),
        # The whole day is skipped: the first instant after it.
        ("2011-12-30", "Pacific/Apia", "2011-12-30T10:00:00.000000Z"),
        ("2011-12-31", "Pacific/Apia", "2011-12-30T10:00:00.000000Z"),
        ("2026-03-12", "UTC", "2026-03-12T00:00:00.000000Z"),
    ],
)
def test_midnight_is_the_first_valid_instant_of_the_day(day, zone, instant):
    assert instant_iso(midnight(day_of(day), zone)) == instant


@given(st.dates(date(1990, 1, 1), date(2040, 1, 1)), st.sampled_from(ZONES))
def test_a_day_begins_at_its_midnight_and_not_before(on, zone):
    day = day_of(on)
    start = midnight(day, zone)

    if not (zone == "Pacific/Apia" and on == date(2011, 12, 30)):
        assert local_day(start, zone) == day
    assert local_day(start - 1, zone) < day


@given(st.integers(631_152_000_000_000, 2_208_988_800_000_000), st.sampled_from(ZONES))
def test_the_local_day_is_what_the_wall_calendar_shows(at, zone):
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)

    assert date_of(local_day(at, zone)) == moment.astimezone(ZoneInfo(zone)).date()
    assert parse_instant(instant_iso(at)) == at


@pytest.mark.parametrize(
    ("at", "zone", "cutoff_minute", "past"),
    [
        ("2026-03-12T12:59:59.999999Z", "Europe/Oslo", 14 * 60, False),
        ("2026-03-12T13:00:00Z", "Europe/Oslo", 14 * 60, True),
        ("2026-07-12T12:00:00Z", "Europe/Oslo", 14 * 60, True),
        ("2026-03-12T22:59:00Z", "Europe/Oslo", None, False),
        ("2026-03-12T22:59:59Z", "Europe/Oslo", 1440, False),
        ("2026-03-11T23:00:00Z", "Europe/Oslo", 0, True),
        # 02:30 is skipped on this day: the cut-off is 03:00, the next valid instant.
        ("2026-03-29T00:59:59Z", "Europe/Oslo", 150, False),
        ("2026-03-29T01:00:00Z", "Europe/Oslo", 150, True),
        # 02:30 comes twice on this day: the first counts, also at 02:15 of the second.
        ("2026-10-25T00:29:59Z", "Europe/Oslo", 150, False),
        ("2026-10-25T00:30:00Z", "Europe/Oslo", 150, True),
        ("2026-10-25T01:15:00Z", "Europe/Oslo", 150, True),
    ],
)
def test_a_cutoff_is_local_wall_time(at, zone, cutoff_minute, past):
    assert past_cutoff(parse_instant(at), zone, cutoff_minute) is past


def test_a_cutoff_outside_the_day_is_a_fault():
    with pytest.raises(Fault):
        past_cutoff(0, "UTC", 1441)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "Europe", "\0"])
def test_an_unknown_zone_is_an_error_that_names_it(zone):
    with pytest.raises(InputError) as caught:
        local_day(0, zone)

    assert caught.value.errors[0].code == "unknown_zone"


def test_a_moment_beyond_the_calendar_is_an_error():
    with pytest.raises(InputError):
        instant_iso(10**30)
