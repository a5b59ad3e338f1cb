"""The rights are seen as rows in words, each answer is explained, and editions say how they stand."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from litestar.testing import TestClient
from tests.company import said_day
from tests.web.test_pages import page

from accord.db.engine import Database
from accord.policy import service as policy
from accord.policy import words
from accord.policy.model import Book, Edition
from accord.promise import service
from accord.promise.model import Request, Verb
from accord.promise.named import understand
from accord.promise.pages.shown import Shown

Visitor = TestClient[Any]

FILE = """
name = "Sales"
zone = "Europe/Oslo"
everybody_else = "seller"

[[right]]
id = "small"
role = "seller"
tiers = ["A"]
verbs = ["hold", "commit"]
quantity_max = 50
value_max = "10000.00"
margin_bp_min = 1000
hold_max = "48h"
then = "allow"

[[right]]
id = "more"
role = "seller"
below_floor = true
then = "ask manager"

[[right]]
id = "all"
role = "manager"
below_floor = true
borrow = true
then = "allow"

[[limit]]
id = "week"
role = "seller"
of = "quantity"
over = "customer"
period = "week"
most = 70
then = "ask manager"

[[actor]]
id = "sam"
role = "seller"
team = "north"

[[actor]]
id = "mia"
role = "manager"

[[actor]]
id = "max"
role = "manager"

[[actor]]
id = "mia at home"
role = "manager"
person = "mia"

[[case]]
name = "fifty for an A"
role = "seller"
verb = "commit"
tier = "A"
quantity = 50
value = "900.00"
margin_bp = 2500
expect = "allow"
by = "small"
"""
TWO = '[change]\nrole = "manager"\nsecond = "manager"\n'


def read(text: str = FILE) -> Edition:
    return words.read(text, currency="EUR")


def book(db: Database) -> Book:
    with db.read() as tx:
        return policy.book(tx)


def in_force(db: Database) -> str:
    return policy.in_force(book(db))


@pytest.fixture
def stated(file: Database, today: int) -> str:
    """Rights that whoever may open the page may change."""
    policy.state(file, read(), id="one", actor="mia")
    return "one"


@pytest.fixture
def owned(file: Database, today: int) -> str:
    """Rights that a manager states and another manager agrees to."""
    policy.state(file, read(FILE + TWO), id="one", actor="mia")
    return "one"


@pytest.fixture
def act(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Be somebody on the pages: an open server knows nobody by name."""

    def become(name: str) -> None:
        monkeypatch.setattr("accord.web.shell.ANYBODY", name)

    become("mia")
    return become


# --- what is in force ---


def test_without_rights_it_says_what_that_means_and_offers_to_begin(visitor: Visitor) -> None:
    found = page(visitor.get("/rights"))

    assert "everybody may promise" in found.text
    assert [link for link in found.links if link.startswith("/rights/change?from=")] == [
        "/rights/change?from=two-steps",
        "/rights/change?from=three-steps",
        "/rights/change?from=nothing",
    ]


def test_the_rows_stand_in_their_order_in_words_with_units(visitor: Visitor, stated: str) -> None:
    found = page(visitor.get("/rights")).text

    assert "Sales is in force since" in found
    assert "stated by mia" in found
    assert "Its test case passes." in found
    assert re.search(
        r"1 seller small tier A hold, commit up to 50 of an item ?up to €10,000 ?margin 10 % or more ?holds up to 48 h allowed",
        re.sub(r"\s+", " ", found),
    )
    assert found.index("ask manager") < found.index("also borrowed")
    assert "mia at homemanager–mia" in found
    assert "everybody else is a seller" in found


def test_a_limit_says_what_is_used_of_it_now_and_links_to_the_promises(
    visitor: Visitor, file: Database, stated: str, today: int
) -> None:
    assert "nothing yet" in page(visitor.get("/rights")).text
    asked = understand(f"30 X-100 by {said_day(today, 3)} for Northwind at 20", Shown.read(file).names)
    service.promise_one(
        file, Request(id="r1", verb=Verb.commit, customer=asked.customer, lines=asked.lines), actor="sam"
    )

    found = page(visitor.get("/rights"))

    assert "/promises?q=C1" in found.links
    assert "Northwind" in found.text
    assert "30 40 left" in found.text


def test_a_case_that_fails_by_now_is_said_with_what_came_instead(
    visitor: Visitor, file: Database, stated: str
) -> None:
    # A case is checked when it is stated; what stands there was put by other means.
    made = policy.editions(file)[0]
    wrong = msgspec.structs.replace(made.cases[0], by="all")
    policy.put(file, [msgspec.structs.replace(made, cases=(wrong,))], actor="boss", id="x")

    found = page(visitor.get("/rights"))

    assert "1 of 1 test cases fail." in found.text
    assert "expected allow by all, came allow by small" in found.text


def test_the_file_that_is_sent_says_the_same(visitor: Visitor, file: Database, stated: str) -> None:
    sent = visitor.get("/rights/file")

    assert sent.headers["content-disposition"] == 'attachment; filename="rights.toml"'
    assert policy.difference(file, words.read(sent.text, currency="EUR")) == ()


# --- why ---


WHY: list[tuple[dict[str, str], list[str]]] = [
    (
        {"role": "seller", "customer": "Northwind", "quantity": "50", "value": "900", "margin": "25"},
        ["Allowed, by small", "small covers it and decides: allowed"],
    ),
    (
        {"role": "seller", "tier": "A", "quantity": "51", "value": "900", "margin": "9.5"},
        [
            "Ask manager, by more",
            "small does not cover it: 51 of one item is 1 above 50; a margin of 9.50 % is 0.50 % below 10.00 %",
            "more covers it and decides: ask manager",
            "No customer is named",
        ],
    ),
    ({"role": "seller", "quantity": "5"}, ["small is for A", "Ask manager, by more"]),
    ({"role": "seller", "tier": "A", "verb": "cancel"}, ["small is about hold, commit"]),
    ({"role": "manager", "borrow": "yes"}, ["taking from the share of a lower tier needs a second person", "Ask manager, by all"]),
    ({"role": "clerk"}, ["No", "is for a manager"]),
]  # fmt: skip


def test_why_is_said_row_by_row_by_what_decides(visitor: Visitor, stated: str) -> None:
    for query, said in WHY:
        found = page(visitor.get("/rights", params=query)).text

        assert [words for words in said if words not in found] == [], query


def test_what_a_customer_has_used_counts(visitor: Visitor, file: Database, stated: str, today: int) -> None:
    query = {"role": "seller", "customer": "Northwind", "quantity": "45", "value": "900", "margin": "25"}
    assert "Allowed, by small" in page(visitor.get("/rights", params=query)).text
    asked = understand(f"30 X-100 by {said_day(today, 3)} for Northwind at 20", Shown.read(file).names)
    service.promise_one(
        file, Request(id="r1", verb=Verb.commit, customer=asked.customer, lines=asked.lines), actor="sam"
    )

    found = page(visitor.get("/rights", params=query)).text

    assert "Ask manager, by week" in found
    assert "quantity of 45 is 5 more than is left of 70" in found


def test_what_cannot_be_asked_is_said_beside_its_field_and_kept(visitor: Visitor, stated: str) -> None:
    found = page(
        visitor.get(
            "/rights",
            params={
                "role": "seller",
                "customer": "Nobody",
                "quantity": "many",
                "value": "a lot",
                "margin": "x",
            },
        ),
        422,
    )

    for said in (
        "no customer 'Nobody'",
        "'many' is not a whole number",
        "'x' is not a percentage",
        "'a lot'",
    ):
        assert said in found.text
    assert (found.fields["quantity"], found.fields["value"], found.fields["margin"]) == ("many", "a lot", "x")


def test_what_rights_say_is_shown_and_never_run(visitor: Visitor, file: Database, today: int) -> None:
    evil = "<script>alert(1)</script>"
    text = (
        FILE.replace('"small"', f'"{evil}"').replace('"Sales"', f'"{evil}"').replace('"north"', f'"{evil}"')
    )
    policy.state(file, read(text), id=evil.replace("/", "-"), actor=evil)

    for address in ("/rights", f"/rights?role={evil}&customer={evil}", "/rights/compare"):
        assert "<script>alert" not in visitor.get(address).text


# --- history ---


def test_any_two_editions_are_compared(visitor: Visitor, file: Database, stated: str) -> None:
    policy.state(file, read(FILE.replace("= 50\nvalue", "= 60\nvalue")), id="two", actor="max")

    found = page(visitor.get("/rights/compare", params={"before": "one", "after": "two"}))
    same = page(visitor.get("/rights/compare", params={"before": "two"}))

    assert "1 thing differs." in found.text
    assert "right small, quantity up to5060" in found.text
    assert "Nothing differs." in same.text
    assert page(visitor.get("/rights/compare", params={"before": "none"}), 404)


def test_an_edition_says_what_it_changed_and_where_it_came_from(
    visitor: Visitor, file: Database, stated: str
) -> None:
    policy.state(file, read(FILE.replace("10000.00", "12000.00")), id="two", actor="max")

    first, second = page(visitor.get("/rights/editions/one")), page(visitor.get("/rights/editions/two"))

    assert "Was in force" in first.text
    assert "It was the first." in first.text
    assert "value up to€10,000€12,000" in second.text
    assert "/rights/editions/one" in second.links
    assert "no edition 'none'" in page(visitor.get("/rights/editions/none"), 404).text
