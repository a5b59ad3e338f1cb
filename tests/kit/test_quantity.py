"""Quantities are exact or an error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.kit.errors import Fault, InputError
from accord.kit.quantity import QUANTITY_MAX, format_quantity, is_decimal_scale, parse_quantity


@pytest.mark.parametrize(
    ("text", "scale", "units"),
    [
        ("500", 1, 500),
        (500, 1, 500),
        (" 500 ", 1, 500),
        ("0500", 1, 500),
        ("2.5", 1000, 2500),
        ("2.50", 10, 25),
        ("2.000000", 1, 2),
        ("0.1", 10, 1),
        ("0.25", 4, 1),
        (7, 10, 70),
        ("1000000000000", 1, QUANTITY_MAX),
        ("100000000000.0", 10, QUANTITY_MAX),
    ],
)
def test_a_decimal_becomes_whole_base_units(text, scale, units):
    assert parse_quantity(text, scale, "/quantity") == units


@pytest.mark.parametrize(
    ("text", "scale", "code"),
    [
        ("2.5", 1, "not_whole"),
        ("0.25", 10, "not_whole"),
        ("-1", 1, "negative"),
        (-1, 1, "negative"),
        ("\N{MINUS SIGN}1", 1, "negative"),
        ("0", 1, "not_positive"),
        ("0.00", 1000, "not_positive"),
        (0, 1, "not_positive"),
        ("1000000000001", 1, "too_large"),
        ("1000000000000.1", 10, "too_large"),
        ("9" * 41, 1, "not_a_number"),
        ("1,000", 1, "ambiguous_number"),
        ("2,5", 10, "ambiguous_number"),
        ("1.000,5", 10, "ambiguous_number"),
        ("1 000", 1, "ambiguous_number"),
        ("1\u00a0000", 1, "ambiguous_number"),
        ("1'000", 1, "ambiguous_number"),
        ("1_000", 1, "ambiguous_number"),
        ("1e3", 1, "not_a_number"),
        ("NaN", 1, "not_a_number"),
        ("Infinity", 1, "not_a_number"),
        ("", 1, "not_a_number"),
        ("+5", 1, "not_a_number"),
        (".5", 10, "not_a_number"),
        ("5.", 10, "not_a_number"),
        ("0x10", 1, "not_a_number"),
        ("٥", 1, "not_a_number"),
        ("five", 1, "not_a_number"),
    ],
)
def test_what_is_not_a_quantity_is_an_error_that_names_the_field(text, scale, code):
    with pytest.raises(InputError) as caught:
        parse_quantity(text, scale, "/lines/0/quantity")

    assert [(e.pointer, e.code) for e in caught.value.errors] == [("/lines/0/quantity", code)]


@pytest.mark.parametrize("value", [True, 2.5, None, [1]])
def test_what_is_neither_text_nor_whole_number_is_an_error(value):
    with pytest.raises(InputError) as caught:
        parse_quantity(value, 10, "/quantity")

    assert caught.value.errors[0].code == "not_a_number"


def test_the_error_says_the_smallest_step():
    with pytest.raises(InputError, match=r"smallest step is 0\.1"):
        parse_quantity("0.25", 10, "/quantity")


@pytest.mark.parametrize(
    ("units", "scale", "text"),
    [
        (500, 1, "500"),
        (2500, 1000, "2.5"),
        (25, 10, "2.5"),
        (20, 10, "2"),
        (1, 1000, "0.001"),
        (1, 8, "0.125"),
        (-25, 10, "-2.5"),
        (0, 1000, "0"),
        (6, 3, "2"),
    ],
)
def test_base_units_are_shown_as_the_shortest_exact_decimal(units, scale, text):
    assert format_quantity(units, scale) == text


def test_what_has_no_exact_decimal_is_a_fault_not_a_rounded_number():
    assert [scale for scale in range(-1, 21) if is_decimal_scale(scale)] == [1, 2, 4, 5, 8, 10, 16, 20]
    with pytest.raises(Fault):
        format_quantity(1, 3)
    with pytest.raises(Fault):
        format_quantity(1, 0)


@given(st.integers(1, QUANTITY_MAX), st.integers(0, 6), st.integers(0, 6))
def test_reading_what_was_shown_gives_the_same_units(units, twos, fives):
    scale = 2**twos * 5**fives

    assert parse_quantity(format_quantity(units, scale), scale, "/q") == units


@given(st.text(), st.sampled_from([1, 10, 1000]))
def test_any_text_is_a_quantity_or_an_input_error(text, scale):
    try:
        units = parse_quantity(text, scale, "/q")
    except InputError:
        return
    assert 0 < units <= QUANTITY_MAX


@pytest.mark.parametrize(
    ("number", "code"), [(10**5000, "too_large"), (-(10**5000), "negative")], ids=["large", "small"]
)
def test_a_number_of_thousands_of_digits_is_an_error_and_not_a_crash(number, code):
    with pytest.raises(InputError) as caught:
        parse_quantity(number, 1, "/q")

    assert caught.value.errors[0].code == code
