"""Words that name a day, read on Wednesday 11 March 2026."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.kit.days import day_of, iso
from accord.kit.errors import InputError
from accord.kit.spoken_days import read_day

TODAY = day_of("2026-03-11")


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("2026-03-12", "2026-03-12"),
        ("2026/3/12", "2026-03-12"),
        ("2026.03.12", "2026-03-12"),
        ("2020-03-12", "2020-03-12"),
        ("12 mar", "2026-03-12"),
        ("12 Mar", "2026-03-12"),
        ("12 MARCH", "2026-03-12"),
        ("12mar", "2026-03-12"),
        ("12. mar.", "2026-03-12"),
        ("12th of march", "2026-03-12"),
        ("mar 12", "2026-03-12"),
        ("March 12th", "2026-03-12"),
        ("March 12, 2027", "2027-03-12"),
        ("12 mar 2027", "2027-03-12"),
        ("12 mar 27", "2027-03-12"),
        ("12-mar-2027", "2027-03-12"),
        ("12/mar/27", "2027-03-12"),
        ("12 mar '27", "2027-03-12"),
        ("thu 12 mar", "2026-03-12"),
        ("Thursday, 12 March 2026", "2026-03-12"),
        ("thu march 12", "2026-03-12"),
        # without a year: the next such day, today included
        ("11 mar", "2026-03-11"),
        ("10 mar", "2027-03-10"),
        ("1 jan", "2027-01-01"),
        ("29 feb", "2028-02-29"),
        ("1 sept", "2026-09-01"),
        ("4 june", "2026-06-04"),
        ("4 jul", "2026-07-04"),
        ("4 may", "2026-05-04"),
        # numbers: only where there is one reading
        ("25/03/26", "2026-03-25"),
        ("03/25/2026", "2026-03-25"),
        ("25.3.2026", "2026-03-25"),
        ("25-03-2026", "2026-03-25"),
        ("25/3", "2026-03-25"),
        ("3/25", "2026-03-25"),
        ("25.3.", "2026-03-25"),
        ("04/04/26", "2026-04-04"),
        ("4/4", "2026-04-04"),
        ("29/2/28", "2028-02-29"),
        # words
        ("today", "2026-03-11"),
        ("tomorrow", "2026-03-12"),
        ("day after tomorrow", "2026-03-13"),
        ("wednesday", "2026-03-11"),
        ("wed", "2026-03-11"),
        ("thursday", "2026-03-12"),
        ("thurs", "2026-03-12"),
        ("fri", "2026-03-13"),
        ("this friday", "2026-03-13"),
        ("tuesday", "2026-03-17"),
        ("next tuesday", "2026-03-17"),
        ("next wed", "2026-03-18"),
        ("in 3 weeks", "2026-04-01"),
        ("in a week", "2026-03-18"),
        ("within 10 days", "2026-03-21"),
        ("in 0 days", "2026-03-11"),
        ("in 2 months", "2026-05-11"),
        ("in 10 months", "2027-01-11"),
        # a week means its Friday
        ("w12", "2026-03-20"),
        ("W11", "2026-03-13"),
        ("wk 12", "2026-03-20"),
        ("week 12", "2026-03-20"),
        ("kw 12", "2026-03-20"),
        ("w10", "2027-03-12"),
        ("w53", "2027-01-01"),
        ("w12 2027", "2027-03-26"),
        ("w12/27", "2027-03-26"),
        ("2027-W12", "2027-03-26"),
    ],
)
def test_the_day_that_is_meant(words, day):
    found = read_day(words, TODAY)

    assert found is not None
    assert iso(found) == day


def test_the_same_day_of_a_shorter_month_is_its_last():
    assert iso(read_day("in 1 month", day_of("2026-01-31"))) == "2026-02-28"
    assert iso(read_day("in 1 month", day_of("2025-12-31"))) == "2026-01-31"


def test_a_week_that_belongs_to_last_year_may_lie_ahead():
    assert iso(read_day("w53", day_of("2021-01-01"))) == "2021-01-01"
    assert iso(read_day("w1", day_of("2024-12-30"))) == "2025-01-03"


@pytest.mark.parametrize(
    ("words", "first", "second"),
    [
        ("03/04/26", "2026-03-04", "2026-04-03"),
        ("03.04.2026", "2026-03-04", "2026-04-03"),
        ("3/4", "2026-04-03", "2027-03-04"),
        ("1-2-27", "2027-01-02", "2027-02-01"),
        ("next friday", "2026-03-13", "2026-03-20"),
        ("next thu", "2026-03-12", "2026-03-19"),
    ],
)
def test_what_has_two_readings_is_an_error_that_shows_both(words, first, second):
    with pytest.raises(InputError) as caught:
        read_day(words, TODAY, pointer="/by")

    assert [(e.pointer, e.code) for e in caught.value.errors] == [("/by", "ambiguous_date")]
    assert f"{first} or {second}" in caught.value.detail


@pytest.mark.parametrize(
    "words",
    [
        "31 feb",
        "2026-02-29",
        "2026-13-01",
        "32/13/26",
        "00/00/00",
        "0 mar",
        "30 feb 2028",
        "w54",
        "w0",
        "2025-W53",
    ],
)
def test_a_day_that_does_not_exist_is_an_error(words):
    with pytest.raises(InputError, match="does not exist") as caught:
        read_day(words, TODAY)

    assert caught.value.errors[0].code == "not_a_date"


def test_a_weekday_that_contradicts_its_date_is_an_error():
    with pytest.raises(InputError, match="2026-03-12 is a Thursday"):
        read_day("fri 12 mar", TODAY)


@pytest.mark.parametrize(
    "words",
    ["", "soon", "12", "march", "may 2026", "mar 12 pcs", "friday 13", "in weeks", "in -1 days", "٣ mar"],
)
def test_words_that_name_no_day_are_none(words):
    assert read_day(words, TODAY) is None


def test_the_end_of_the_calendar_is_an_error_and_not_a_crash():
    with pytest.raises(InputError):
        read_day("in 9999 months", day_of("9999-12-01"))


WORDS = """0 1 2 3 12 25 29 31 53 99 2026 26 9999 / . - , jan feb mar may friday next this in a w week days months
today th of '"""
WORD = st.sampled_from(WORDS.split())


@given(st.lists(st.tuples(WORD, st.sampled_from(["", " "])), max_size=7), st.integers(1, 3_652_059))
def test_any_words_are_a_day_no_day_or_an_input_error(parts, today):
    try:
        found = read_day("".join(a + b for a, b in parts), today)
    except InputError:
        return
    assert found is None or isinstance(found, int)


@given(st.integers(0, 3_000), st.integers(0, 364))
def test_a_date_without_a_year_is_the_next_and_never_past(shift, ahead):
    today = TODAY + shift
    on = date.fromordinal(today + ahead)

    found = read_day(f"{on.day} {on:%b}", today)

    assert found == on.toordinal()
