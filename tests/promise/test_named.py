"""What a request in plain words names is exactly one thing, or the error says what is unclear."""

from __future__ import annotations

import pytest

from accord.kit.days import day_of, iso
from accord.kit.errors import InputError
from accord.ledger.model import Item, Site
from accord.policy.model import Customer
from accord.promise import said
from accord.promise.model import Line, Refusal
from accord.promise.named import Names, exact, find, today_of, understand

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
            Customer(id="C2", name="Northgate", ship_to="Hamburg"),
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
        ("500 X-100 by 12 mar for Northwind at 18.50", ("X-100", 500, "2026-03-12", 1850), "C1"),
        ("500 x-100 for northwind by 12 mar", ("X-100", 500, "2026-03-12", None), "C1"),
        ("500 pcs Pump X-100 by friday", ("X-100", 500, "2026-02-27", None), None),
        ("2.5 OIL by tomorrow for C3 at €18", ("OIL", 2500, "2026-02-24", 1800), "C3"),
        ("1 litre Gear oil in 2 weeks for Müller", ("OIL", 1000, "2026-03-09", None), "C3"),
        ("7 pump x-110 for Northgate", ("X-110", 7, "2026-02-23", None), "C2"),
        ("7 X-110 by 12 mar for Northgate to Hamburg", ("X-110", 7, "2026-03-12", None), "C2"),
    ],
)
def test_the_pieces_of_a_line_are_looked_up(
    text: str, line: tuple[str, int, str, int | None], customer: str | None
) -> None:
    asked = understand(text, NAMES)

    item, quantity, on, price = line
    assert asked.lines == (Line(item=item, quantity=quantity, requested_on=day_of(on), price_minor=price),)
    assert asked.customer == customer


def test_what_one_line_says_holds_for_the_others() -> None:
    asked = understand("500 X-100 by 12 mar for Northwind; 20 X-110\n3 K1", NAMES)

    assert [(one.item, one.quantity, iso(one.requested_on)) for one in asked.lines] == [
        ("X-100", 500, "2026-03-12"),
        ("X-110", 20, "2026-03-12"),
        ("K1", 3, "2026-03-12"),
    ]
    assert asked.customer == "C1"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "missing"),
        ("2.5 X-100 by 12 mar", "not_whole"),
        ("9999999999999999 X-100 by 12 mar", "too_large"),
        ("500 X-100 by 12 mar at 18.5055", "too_fine"),
        ("500 X-100 by 12 mar at $18.50", "wrong_currency"),
        ("500 kg X-100 by 12 mar", "wrong_unit"),
        ("500 X-999 by 12 mar", "unknown_item"),
        ("500 Pump by 12 mar", "ambiguous_item"),
        ("500 X-100 by 12 mar for North", "ambiguous_customer"),
        ("500 X-100 by 12 mar for Nobody", "unknown_customer"),
        ("500 X-100 by 12 mar for Northwind to Paris", "not_the_customers"),
        ("5 X-100 by 12 mar for C1; 5 X-100 by 12 mar for C2", "two_customers"),
        (";".join(["1 X-100"] * 101), "too_many_lines"),
    ],
)
def test_what_is_unclear_is_an_error_that_says_what_to_do(text: str, code: str) -> None:
    with pytest.raises(InputError) as raised:
        understand(text, NAMES)

    (error,) = raised.value.errors
    assert error.code == code
    assert error.detail.endswith((".", "?")) or "for example" in error.detail


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
