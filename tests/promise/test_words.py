"""A line in plain words says what it asks for, or what to write instead. Read on Wednesday 11 March 2026."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from accord.kit.days import day_of
from accord.kit.errors import InputError
from accord.promise.words import EXAMPLE, Words, read_words

TODAY = day_of("2026-03-11")


def read(line: str) -> Words:
    return read_words(line, TODAY)


# line; quantity, item, by, customer, price, ship-to
LINES = [
    ("500 X-100 by 12 mar for Northwind at 18.50", "500", "X-100", "2026-03-12", "Northwind", "18.50", None),
    (
        "40 pcs X-200 to Hamburg by 2026-03-12 for ACME Ltd",
        "40",
        "X-200",
        "2026-03-12",
        "ACME Ltd",
        None,
        "Hamburg",
    ),
    ("2,5 kg CU-7 for Orbit", "2.5", "CU-7", None, "Orbit", None, None),
    # the clauses in any order, some or none of them
    ("500 X-100", "500", "X-100", None, None, None, None),
    ("500 X-100 for Northwind by 12 mar", "500", "X-100", "2026-03-12", "Northwind", None, None),
    (
        "500 X-100 at 18.50 to Lyon for Northwind by 12 mar",
        "500",
        "X-100",
        "2026-03-12",
        "Northwind",
        "18.50",
        "Lyon",
    ),
    ("  500\tX-100   by  12   mar  ", "500", "X-100", "2026-03-12", None, None, None),
    (
        "500 X-100, by 12 mar, for Northwind, at 18.50?",
        "500",
        "X-100",
        "2026-03-12",
        "Northwind",
        "18.50",
        None,
    ),
    ("500 X-100 BY 12 MAR FOR NORTHWIND", "500", "X-100", "2026-03-12", "NORTHWIND", None, None),
    # quantities
    ("500x X-100", "500", "X-100", None, None, None, None),
    ("500 x X-100", "500", "X-100", None, None, None, None),
    ("500 × X-100", "500", "X-100", None, None, None, None),
    ("500 of X-100", "500", "X-100", None, None, None, None),
    ("500 pcs of X-100", "500", "X-100", None, None, None, None),
    ("500pcs X-100", "500", "X-100", None, None, None, None),
    ("1,000,000 X-100", "1000000", "X-100", None, None, None, None),
    ("1.234,5 kg X-100", "1234.5", "X-100", None, None, None, None),
    ("1'000 X-100", "1000", "X-100", None, None, None, None),
    ("007 X-100", "7", "X-100", None, None, None, None),
    ("0.500 kg X-100", "0.500", "X-100", None, None, None, None),
    # items: several words, numbers, and words that are units elsewhere
    ("500 Pump X-100 by 12 mar", "500", "Pump X-100", "2026-03-12", None, None, None),
    ("5 4711 by friday", "5", "4711", "2026-03-13", None, None, None),
    ("5 100 by friday", "5", "100", "2026-03-13", None, None, None),
    ("500 pcs", "500", "pcs", None, None, None, None),  # a unit only where an item follows
    ("5 set by friday", "5", "set", "2026-03-13", None, None, None),
    ("5 sets X by friday", "5", "X", "2026-03-13", None, None, None),
    ("5 X by friday", "5", "X", "2026-03-13", None, None, None),
    ('3 "seal for pump" for Orbit', "3", "seal for pump", None, "Orbit", None, None),
    ("3 “seal for pump” for Orbit", "3", "seal for pump", None, "Orbit", None, None),
    ('3 pipe 2" for Orbit', "3", 'pipe 2"', None, "Orbit", None, None),
    ("3 Bolt, long for Orbit", "3", "Bolt, long", None, "Orbit", None, None),
    # days
    ("500 X-100 on 12 mar", "500", "X-100", "2026-03-12", None, None, None),
    ("500 X-100 due 12 mar", "500", "X-100", "2026-03-12", None, None, None),
    ("500 X-100 due by 12 mar", "500", "X-100", "2026-03-12", None, None, None),
    ("500 X-100 no later than 12 mar for Orbit", "500", "X-100", "2026-03-12", "Orbit", None, None),
    ("500 X-100 by 12 mar at the latest for Orbit", "500", "X-100", "2026-03-12", "Orbit", None, None),
    ("500 X-100 by Thu, 12 March 2026 for Orbit", "500", "X-100", "2026-03-12", "Orbit", None, None),
    ("500 X-100 by friday.", "500", "X-100", "2026-03-13", None, None, None),
    ("500 X-100 by w12 for Orbit", "500", "X-100", "2026-03-20", "Orbit", None, None),
    ("500 X-100 by 25/03/26", "500", "X-100", "2026-03-25", None, None, None),
    ("500 X-100 by 10 mar", "500", "X-100", "2027-03-10", None, None, None),
    ("500 X-100 by today", "500", "X-100", "2026-03-11", None, None, None),
    ("500 X-100 in 3 weeks for Orbit", "500", "X-100", "2026-04-01", "Orbit", None, None),
    ("500 X-100 for Orbit within 10 days", "500", "X-100", "2026-03-21", "Orbit", None, None),
    ("500 X-100 tomorrow for Orbit", "500", "X-100", "2026-03-12", "Orbit", None, None),
    ("500 X-100 friday", "500", "X-100", "2026-03-13", None, None, None),
    ("500 X-100 12 mar for Orbit", "500", "X-100", "2026-03-12", "Orbit", None, None),
    ("500 X-100 for Orbit 2026-03-12", "500", "X-100", "2026-03-12", "Orbit", None, None),
    ("500 X-100 for Orbit at 18.50 tomorrow", "500", "X-100", "2026-03-12", "Orbit", "18.50", None),
    ("500 X-100 asap for Orbit", "500", "X-100", None, "Orbit", None, None),
    # names that hold a day or a small word
    ("5 X-1 for Black Friday", "5", "X-1", None, "Black Friday", None, None),
    ("5 X-1 for Midnight Sun", "5", "X-1", None, "Midnight Sun", None, None),
    ("5 X-1 to Stoke on Trent by friday", "5", "X-1", "2026-03-13", None, None, "Stoke on Trent"),
    ("5 X-1 for Inn in Town", "5", "X-1", None, "Inn in Town", None, None),
    ('5 X-1 for "Made to Measure" at 2', "5", "X-1", None, "Made to Measure", "2", None),
    ("5 X-1 for Smith, Jones & Co", "5", "X-1", None, "Smith, Jones & Co", None, None),
    ("5 X-1 for Müller & Söhne", "5", "X-1", None, "Müller & Söhne", None, None),
    ("5 X-1 deliver to Gdańsk", "5", "X-1", None, None, None, "Gdańsk"),
    ("5 X-1 ship to Gdańsk", "5", "X-1", None, None, None, "Gdańsk"),
    # prices
    ("5 X-1 at 18,50", "5", "X-1", None, None, "18.50", None),
    ("5 X-1 @18.50", "5", "X-1", None, None, "18.50", None),
    ("5 X-1 @ 18.50 each", "5", "X-1", None, None, "18.50", None),
    ("5 X-1 at 18.50 per piece", "5", "X-1", None, None, "18.50", None),
    ("5 X-1 at €18.50 by friday", "5", "X-1", "2026-03-13", None, "18.50", None),
    ("5 X-1 at 1'850", "5", "X-1", None, None, "1850", None),
    ("5 X-1 at 0", "5", "X-1", None, None, "0", None),
]


@pytest.mark.parametrize("line", LINES, ids=[line[0] for line in LINES])
def test_a_line_says_what_it_asks_for(line):
    words = read(line[0])

    assert (words.quantity, words.item, words.by, words.customer, words.price, words.ship_to) == line[1:]


@pytest.mark.parametrize(
    ("line", "unit"),
    [
        ("2,5 kg CU-7", "kg"),
        ("500pcs X-1", "pcs"),
        ("5 Boxes X-1", "Boxes"),
        ("5 X-1", None),
        ("5 x X-1", None),
    ],
)
def test_the_unit_is_kept_as_it_was_written(line, unit):
    assert read(line).unit == unit


@pytest.mark.parametrize(
    ("price", "currency"),
    [("18.50", None), ("€18.50", "EUR"), ("18.50€", "EUR"), ("18.50 eur each", "EUR"), ("NOK 18.50", "NOK")]
    + [("$18", "USD"), ("£ 18", "GBP"), ("€18 EUR", "EUR")],
)
def test_the_currency_may_stand_on_either_side_of_the_price(price, currency):
    assert read(f"5 X-1 at {price}").currency == currency


@pytest.mark.parametrize(
    ("line", "field", "code"),
    [
        ("", "quantity", "missing"),
        ("   ", "quantity", "missing"),
        ("X-100 by 12 mar", "quantity", "missing"),
        ("a dozen X-100", "quantity", "missing"),
        ("500k X-100", "quantity", "missing"),
        ("X-100", "quantity", "missing"),
        ('"500" X-100', "quantity", "missing"),
        ("٥ X-100", "quantity", "missing"),
        ("-5 X-100", "quantity", "negative"),
        ("0 X-100", "quantity", "not_positive"),
        ("0.00 X-100", "quantity", "not_positive"),
        ("1,000 X-100", "quantity", "ambiguous_number"),
        ("1.000 X-100", "quantity", "ambiguous_number"),
        ("1 000 X-100", "quantity", "ambiguous_number"),
        ("1,00,000 X-100", "quantity", "not_a_number"),
        ("500", "item", "missing"),
        ("500 by 12 mar", "item", "missing"),
        ("500 X-100 by", "by", "missing"),
        ("500 X-100 by for Orbit", "by", "not_a_date"),
        ("500 X-100 by soon", "by", "not_a_date"),
        ("500 X-100 by 31 feb", "by", "not_a_date"),
        ("500 X-100 by 03/04/26", "by", "ambiguous_date"),
        ("500 X-100 by next friday", "by", "ambiguous_date"),
        ("500 X-100 before friday", "by", "ambiguous_date"),
        ("500 X-100 by fri 12 mar", "by", "weekday_contradicts"),
        ("500 X-100 by 2026-03-10", "by", "in_the_past"),
        ("500 X-100 by 12 mar 2020", "by", "in_the_past"),
        ("500 X-100 by 9999-12-31", "by", "too_far"),
        ("500 X-100 by 12 mar by 13 mar", "by", "twice"),
        ("500 X-100 by 12 mar in 3 weeks", "by", "twice"),
        ("500 X-100 by 12 mar Northwind", "line", "unexpected"),
        ("500 X-100 for", "customer", "missing"),
        ("500 X-100 for by 12 mar", "customer", "missing"),
        ("500 X-100 for A for B", "customer", "twice"),
        ("500 X-100 to Lyon to Hamburg", "ship_to", "twice"),
        ("500 X-100 at", "price", "missing"),
        ("500 X-100 at Hamburg", "price", "not_a_number"),
        ("500 X-100 at 1,850", "price", "ambiguous_number"),
        ("500 X-100 at -5", "price", "not_a_number"),
        ("500 X-100 at 9000 total", "price", "unexpected"),
        ("500 X-100 at €18 USD", "price", "ambiguous_currency"),
        ('500 "X-100 by 12 mar', "line", "open_quotes"),
        ('500 X-100 for ""', "line", "empty_quotes"),
        ("500 X-100\n20 X-200", "line", "unreadable_character"),
        ("500 X-100\0", "line", "unreadable_character"),
        ("500 X-100 for \udc80", "line", "unreadable_character"),
        ("5 " + "X" * 500, "line", "too_long"),
    ],
)
def test_what_is_missing_or_unclear_is_named(line, field, code):
    with pytest.raises(InputError) as caught:
        read(line)

    (error,) = caught.value.errors
    assert (error.pointer, error.code) == (f"/{field}", code)
    assert caught.value.exit_code == 2


def test_a_date_with_two_readings_shows_both():
    with pytest.raises(InputError, match="2026-03-04 or 2026-04-03"):
        read("500 X-100 by 03/04/26 for Northwind")


def test_a_number_with_two_readings_shows_both():
    with pytest.raises(InputError, match=r"1000 or 1\.000"):
        read("1,000 X-100")


@pytest.mark.parametrize("line", ["", "X-100", "500", "500 X-100 for", "500 X-100 by"])
def test_what_is_missing_is_shown_by_an_example_that_can_be_read(line):
    with pytest.raises(InputError) as caught:
        read(line)

    assert EXAMPLE in caught.value.detail
    assert read(EXAMPLE).item == "X-100"


def test_each_value_is_found_again_in_the_line():
    line = '40pcs X-200 to "Stoke by Trent" by fri for ACME Ltd, at €18.50'

    spans = {span.field: line[span.start : span.stop] for span in read(line).spans}

    assert spans == {
        "quantity": "40",
        "unit": "pcs",
        "item": "X-200",
        "ship_to": '"Stoke by Trent"',
        "by": "fri",
        "customer": "ACME Ltd",
        "price": "€18.50",
    }


PIECES = """500 2,5 1,000 0 -1 12 mar 12mar 03/04/26 2026-03-12 9999 friday next in 3 weeks w12 asap today by on due before
for to at @ @18.50 18.50 € EUR each no later than the latest deliver pcs kg x × of X-100 Northwind Ltd. " “ ” "a , ; ? . - '"""


@given(st.lists(st.sampled_from(PIECES.split()), max_size=14), st.integers(1, 3_652_059))
def test_any_pieces_are_words_or_an_input_error(pieces, today):
    check(" ".join(pieces), today)


@given(st.text(max_size=80), st.integers(1, 3_652_059))
@example("5 \u2028", 1)
@example("5 İ by 1 jan", 3_652_059)
@example('5 "" ', 700_000)
def test_any_text_is_words_or_an_input_error(text, today):
    check(text, today)
    check(f"5 {text}", today)
    check(f"5 X-1 by {text}", today)
    check(f"5 X-1 at {text}", today)


def check(line: str, today: int) -> None:
    try:
        words = read_words(line, today)
    except InputError as error:
        (field,) = error.errors
        known = {"/line", "/quantity", "/item", "/by", "/customer", "/price", "/ship_to"}
        if field.pointer not in known:
            raise AssertionError(f"an unknown field: {field}") from error
        return
    assert words.item.strip() == words.item != ""
    assert words.by is None or today <= day_of(words.by)
    ends = [end for span in words.spans for end in (span.start, span.stop)]
    assert ends == sorted(ends)
    assert all(span.start < span.stop <= len(line) for span in words.spans)
