"""Rows of a spreadsheet or a mail are read as lines, whatever the order of their columns; each line is judged by itself."""

from __future__ import annotations

import pytest
from tests.promise.test_named import NAMES, TODAY

from accord.kit.days import iso
from accord.promise.named import knows_of, read, understand
from accord.promise.words.pasted import in_words

KNOWS = knows_of(NAMES)


@pytest.mark.parametrize(
    ("row", "line"),
    [
        ("X-100\t500\t12.03.2027\t18,50", '500 "X-100" by 12.03.2027 at 18,50'),
        ("500\tX-100\t18.50\t2027-03-12\tNorthwind", '500 "X-100" by 2027-03-12 for "Northwind" at 18.50'),
        ("Northwind\tX-100\tPump X-100\t500 pcs\t12 Mar", '500 pcs "X-100" by 12 Mar for "Northwind"'),
        ("1\t\tX-100\t€18.50", '1 "X-100" at €18.50'),
        ("X-100\t12.10\t500", '12.10 "X-100" at 500'),  # the first number is the quantity
        ("Item\tQuantity\tDelivery date", ""),
        ("- 500 x X-100 by friday", "500 x X-100 by friday"),
        ("• 20 X-110", "20 X-110"),
        ("500 X-100 by friday", "500 X-100 by friday"),
    ],
)
def test_a_row_says_what_it_asks_for(row: str, line: str) -> None:
    assert in_words(row, TODAY, KNOWS) == line


def test_a_pasted_table_is_one_request() -> None:
    table = "Item\tQty\tDate\nX-100\t500\t2026-03-12\nX-110\t20\t2026-03-19\nfor Northwind"

    asked = understand(table, NAMES)

    assert [(line.item, line.quantity, iso(line.requested_on)) for line in asked.lines] == [
        ("X-100", 500, "2026-03-12"),
        ("X-110", 20, "2026-03-19"),
    ]
    assert asked.customer == "C1"


def test_a_line_for_all_says_the_day_and_the_customer_once() -> None:
    asked = understand("by 12 mar for Northwind\n500 X-100\n20 X-110", NAMES)

    assert [iso(line.requested_on) for line in asked.lines] == ["2026-03-12", "2026-03-12"]
    assert asked.customer == "C1"


def test_each_line_says_what_is_wrong_with_it() -> None:
    found = read("500 X-100\n20 X-999\n5 X-110 by 03/04/26\n7 X-110 for Orbit", NAMES)

    assert [piece.error.errors[0].code if piece.error else "" for piece in found.pieces] == [
        "",
        "unknown_item",
        "ambiguous_date",
        "unknown_customer",
    ]
    assert found.pieces[2].error is not None
    assert found.pieces[2].error.extra["readings"] == ["2026-03-04", "2026-04-03"]
