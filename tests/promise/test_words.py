"""A line in plain words asks for exactly one thing, or says what is unclear."""

from __future__ import annotations

import pytest

from accord.kit.days import day_of, iso
from accord.kit.errors import InputError
from accord.ledger.model import Item, Site
from accord.policy.model import Customer
from accord.promise.model import Line, Refusal
from accord.promise.words import said
from accord.promise.words.asked import read_day, understand
from accord.promise.words.names import Names, exact, find, today_of

TODAY = day_of("2026-02-23")  # a Monday
NAMES = Names(
    items={
        one.id: one
        for one in (
            Item(id="X-100", name="Pump X-100"),
            Item(id="X-110", name="Pump X-110"),
            Item(id="OIL", name="Gear oil", unit="litre", scale=1000),
            Item(id="K1", name="Kit for two by four"),
        )
    },
    customers={
        one.id: one
        for one in (
            Customer(id="C1", name="Northwind"),
            Customer(id="C2", name="Northgate"),
            Customer(id="C3", name="Müller & Söhne"),
        )
    },
    sites={one.id: one for one in (Site(id="HAL", name="Halden"), Site(id="LYO", name="Lyon"))},
    currency="EUR",
    today=TODAY,
)


@pytest.mark.parametrize(
    ("text", "line", "customer"),
    [
        ("500 X-100 by 12 mar for Northwind at 18.50", ("X-100", 500, "2026-03-12", None, 1850), "C1"),
        ("500 x-100 for northwind by 12 mar", ("X-100", 500, "2026-03-12", None, None), "C1"),
        ("500 x X-100 by 12 March 2027", ("X-100", 500, "2027-03-12", None, None), None),
        ("500 pcs of Pump X-100 by friday from Lyon", ("X-100", 500, "2026-02-27", "LYO", None), None),
        ("2.5 OIL by tomorrow for C3 @ €18", ("OIL", 2500, "2026-02-24", None, 1800), "C3"),
        ("1 Gear oil in 2 weeks for Müller", ("OIL", 1000, "2026-03-09", None, None), "C3"),
        ("1 X-100 in 3 days at 18.50 EUR each", ("X-100", 1, "2026-02-26", None, 1850), None),
        ("4 Kit for two by four by 1.3. for C2", ("K1", 4, "2026-03-01", None, None), "C2"),
        ("7 pump x-110 before mar 3 to Northgate", ("X-110", 7, "2026-03-03", None, None), "C2"),
    ],
)
def test_a_line_in_plain_words_is_understood(
    text: str, line: tuple[str, int, str, str | None, int | None], customer: str | None
) -> None:
    asked = understand(text, NAMES)

    item, quantity, on, site, price = line
    wanted = Line(item=item, quantity=quantity, requested_on=day_of(on), site=site, price_minor=price)
    assert asked.lines == (wanted,)
    assert asked.customer == customer


def test_what_one_line_says_holds_for_the_others() -> None:
    asked = understand("500 X-100 and 20 X-110 by 12 mar for Northwind; 3 K1", NAMES)

    assert [(one.item, one.quantity, iso(one.requested_on)) for one in asked.lines] == [
        ("X-100", 500, "2026-03-12"),
        ("X-110", 20, "2026-03-12"),
        ("K1", 3, "2026-03-12"),
    ]
    assert asked.customer == "C1"


@pytest.mark.parametrize(
    ("text", "pointer", "code"),
    [
        ("", "words", "nothing_asked"),
        ("x" * 2001, "words", "too_long"),
        ("X-100 by 12 mar", "item", "no_quantity"),
        ("-5 X-100 by 12 mar", "item", "no_quantity"),
        ("0 X-100 by 12 mar", "quantity", "not_positive"),
        ("1,000 X-100 by 12 mar", "quantity", "ambiguous_number"),
        ("2.5 X-100 by 12 mar", "quantity", "not_whole"),
        ("9999999999999999 X-100 by 12 mar", "quantity", "too_large"),
        ("500 X-100", "day", "day_missing"),
        ("500 X-100 by 3/4", "day", "ambiguous_day"),
        ("500 X-100 by 30 feb", "day", "not_a_date"),
        ("500 X-100 by 2026-02-30", "day", "not_a_date"),
        ("500 X-100 by 12 mar by 13 mar", "day", "said_twice"),
        ("500 X-100 by 12 mar at 18.505", "price", "too_fine"),
        ("500 X-100 by 12 mar at $18.50", "price", "wrong_currency"),
        ("500 X-999 by 12 mar", "item", "unknown_item"),
        ("500 Pump by 12 mar", "item", "ambiguous_item"),
        ("500 X-100 by 12 mar for North", "customer", "ambiguous_customer"),
        ("500 X-100 by 12 mar for Nobody", "customer", "unknown_customer"),
        ("500 X-100 by 12 mar from Mars", "site", "unknown_site"),
        ("5 X-100 by 12 mar for C1; 5 X-100 by 12 mar for C2", "customer", "two_customers"),
    ],
)
def test_what_is_unclear_is_an_error_that_names_the_piece(text: str, pointer: str, code: str) -> None:
    with pytest.raises(InputError) as raised:
        understand(text, NAMES)

    (error,) = raised.value.errors
    assert (error.pointer, error.code) == (pointer, code)
    assert error.detail.endswith((".", "?"))


def test_a_name_that_is_nearly_right_is_answered_with_the_best_matches() -> None:
    with pytest.raises(InputError) as raised:
        find("Norhtwind", NAMES.customers, "customer")

    assert raised.value.extra["matches"] == [
        {"id": "C1", "name": "Northwind"},
        {"id": "C2", "name": "Northgate"},
    ]
    assert "Did you mean Northwind (C1), Northgate (C2)?" in raised.value.detail


def test_programs_must_give_the_id() -> None:
    assert exact("X-100", NAMES.items, "item", "/lines/0/item").name == "Pump X-100"
    with pytest.raises(InputError) as raised:
        exact("x-100", NAMES.items, "item", "/lines/0/item")

    assert raised.value.errors[0].pointer == "/lines/0/item"
    assert raised.value.errors[0].code == "unknown_item"


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("today", "2026-02-23"),
        ("monday", "2026-02-23"),
        ("next monday", "2026-03-02"),
        ("sun", "2026-03-01"),
        ("29 feb", "2028-02-29"),
        ("22 feb", "2027-02-22"),
        ("23 feb", "2026-02-23"),
        ("24.12.", "2026-12-24"),
        ("24.12.2027", "2027-12-24"),
        ("1st of april", "2026-04-01"),
        ("sept 3", "2026-09-03"),
    ],
)
def test_a_day_without_a_year_is_the_next_such_day(words: str, day: str) -> None:
    assert iso(read_day(words, TODAY)) == day


def test_today_is_the_day_at_most_sites() -> None:
    at = 1_772_236_800_000_000  # 2026-02-28T00:00:00Z
    west = Site(id="A", name="A", zone="America/New_York")
    east = Site(id="B", name="B", zone="Europe/Oslo")

    assert iso(today_of({"A": west, "B": east}, at)) == "2026-02-28"
    assert iso(today_of({"A": west}, at)) == "2026-02-27"
    assert iso(today_of({}, at)) == "2026-02-28"


def test_every_refusal_has_its_words() -> None:
    assert set(said.REFUSALS) == set(Refusal)
    for what, then in said.REFUSALS.values():
        assert what.endswith(".")
        assert then.endswith(".")
