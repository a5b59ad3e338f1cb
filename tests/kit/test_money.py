"""Money is whole minor units of a currency."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.kit.errors import InputError
from accord.kit.money import MONEY_MINOR_MAX, exponent_of, format_money, parse_money


@pytest.mark.parametrize(
    ("text", "currency", "minor", "shown"),
    [
        ("18.50", "EUR", 1850, "18.50 EUR"),
        ("18.5", "EUR", 1850, "18.50 EUR"),
        ("18", "USD", 1800, "18.00 USD"),
        ("0.05", "EUR", 5, "0.05 EUR"),
        ("0", "EUR", 0, "0.00 EUR"),
        ("1850", "JPY", 1850, "1850 JPY"),
        ("1850.00", "JPY", 1850, "1850 JPY"),
        ("1.234", "KWD", 1234, "1.234 KWD"),
        ("0.0001", "CLF", 1, "0.0001 CLF"),
        ("10000000000000.00", "EUR", MONEY_MINOR_MAX, "10000000000000.00 EUR"),
    ],
)
def test_an_amount_is_read_and_shown_exactly(text, currency, minor, shown):
    assert parse_money(text, currency, "/price") == minor
    assert format_money(minor, currency) == shown


@pytest.mark.parametrize(
    ("text", "currency", "code"),
    [
        ("18.505", "EUR", "too_fine"),
        ("18.5", "JPY", "too_fine"),
        ("-1", "EUR", "negative"),
        ("1,850.00", "EUR", "ambiguous_number"),
        ("18,50", "EUR", "ambiguous_number"),
        ("€18", "EUR", "not_a_number"),
        ("1e2", "EUR", "not_a_number"),
        ("", "EUR", "not_a_number"),
        ("10000000000000.01", "EUR", "too_large"),
    ],
)
def test_what_is_not_an_amount_is_an_error_that_names_the_field(text, currency, code):
    with pytest.raises(InputError) as caught:
        parse_money(text, currency, "/price")

    assert [(e.pointer, e.code) for e in caught.value.errors] == [("/price", code)]


@pytest.mark.parametrize("currency", ["eur", "EURO", "E1R", "", "€", "EUR\n"])
def test_a_currency_is_three_capital_letters(currency):
    with pytest.raises(InputError) as caught:
        exponent_of(currency)

    assert caught.value.errors[0].code == "not_a_currency"


def test_a_negative_difference_keeps_its_sign():
    assert format_money(-5, "EUR") == "-0.05 EUR"


@given(st.integers(0, MONEY_MINOR_MAX), st.sampled_from(["EUR", "JPY", "KWD", "CLF"]))
def test_reading_what_was_shown_gives_the_same_amount(minor, currency):
    assert parse_money(format_money(minor, currency).removesuffix(f" {currency}"), currency, "/p") == minor
