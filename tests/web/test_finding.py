"""A few letters find what is meant, soon, and nothing that one may not read."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from litestar.testing import TestClient
from tests.company import said_day
from tests.web.test_workbench import commit

from accord.db.engine import Database
from accord.exceptions.model import MasterStated
from accord.exceptions.service import supply_changed
from accord.kit.who import Who
from accord.ledger.model import Item
from accord.policy import service as policy
from accord.policy.model import Customer
from accord.web.access import authority
from accord.web.pages.finding import ROWS_MAX, Finder

Visitor = TestClient[Any]


def found(file: Database, typed: str, *roles: str, actor: str = "sam") -> dict[str, list[str]]:
    who = Who(actor=actor, roles=roles) if roles else Who(actor=actor, is_open=True)
    groups = Finder(file).find(typed, authority.doors(who))
    return {group.word: [row.word for row in group.rows] for group in groups}


@pytest.mark.parametrize(
    ("typed", "groups"),
    [
        ("northw", {"Customers": ["Northwind"]}),
        ("north", {"Customers": ["Northgate", "Northwind"]}),
        ("c1", {"Customers": ["Northwind"]}),
        ("WIND", {"Customers": ["Northwind"]}),
        ("whole lo", {"Customers": ["Whole Lots"]}),
        ("lots whole", {"Customers": ["Whole Lots"]}),
        ("x-11", {"Items": ["X-110"]}),
        ("pump", {"Items": ["X-100", "X-110"]}),
        ("x-100", {"Items": ["X-100"]}),
        ("gear oil", {"Items": ["OIL"]}),
        ("nobody", {}),
        ("n", {}),
        ("", {}),
        ("%", {}),
        ("prm_none", {}),
    ],
)
def test_names_are_found_by_their_beginnings_and_by_what_is_in_them(
    file: Database, today: int, typed: str, groups: dict[str, list[str]]
) -> None:
    assert found(file, typed) == groups


def test_a_promise_is_found_by_number_by_id_and_by_customer(file: Database, today: int) -> None:
    made = commit(file, f"10 X-100 by {said_day(today, 3)} for Northwind", ref="SO-17")
    commit(file, f"20 X-100 by {said_day(today, 3)} for Northgate", ref="SO-18")

    assert found(file, "SO-1") == {"Promises": ["SO-17 · Northwind", "SO-18 · Northgate"]}
    assert found(file, "so-17") == {"Promises": ["SO-17 · Northwind"]}
    assert found(file, str(made.promise)) == {"Promises": ["SO-17 · Northwind"]}
    assert found(file, "northwind") == {"Customers": ["Northwind"], "Promises": ["SO-17 · Northwind"]}


def test_nobody_finds_what_he_may_not_read(file: Database, today: int) -> None:
    made = commit(file, f"10 X-100 by {said_day(today, 3)} for Northwind", ref="SO-17", actor="sam")

    for typed in ("SO-17", str(made.promise), "northwind"):
        assert "Promises" in found(file, typed, "seller", actor="sam")
        assert "Promises" not in found(file, typed, "seller", actor="sue")
        assert "Promises" in found(file, typed, "service", actor="sue")
        assert "Promises" not in found(file, typed, "administrator", actor="root")
    assert found(file, "x-100", "administrator", actor="root") == {}


def test_eight_rows_at_most(file: Database, today: int) -> None:
    policy.put(file, [Customer(id=f"N{n}", name=f"North {n}") for n in range(20)], actor="crm", id="more")
    supply_changed(
        file,
        [MasterStated(record=Item(id=f"NORTH-{n}", name=f"North {n}")) for n in range(20)],
        actor="erp",
        id="more items",
    )
    for n in range(12):
        commit(file, f"1 X-100 by {said_day(today, 3)} for North 1", ref=f"north{n}")

    groups = found(file, "north")

    assert {word: len(rows) for word, rows in groups.items()} == {"Customers": 3, "Items": 3, "Promises": 2}
    assert sum(map(len, groups.values())) == ROWS_MAX


def test_among_thousands_of_names_it_is_found_within_a_tenth_of_a_second(file: Database, today: int) -> None:
    policy.put(file, [Customer(id=f"K{n}", name=f"Customer {n}") for n in range(5_000)], actor="crm", id="k")
    supply_changed(
        file,
        [MasterStated(record=Item(id=f"I-{n}", name=f"Item {n}")) for n in range(1_000)],
        actor="erp",
        id="i",
    )
    finder, doors = Finder(file), authority.doors(Who(actor="sam", is_open=True))
    finder.find("warm", doors)

    took = []
    for n in range(20):
        began = time.perf_counter()
        assert finder.find(f"customer {n}", doors)
        took.append(time.perf_counter() - began)

    assert sorted(took)[18] < 0.1


def test_a_name_that_changed_is_found_as_it_is_now(file: Database, today: int) -> None:
    finder, doors = Finder(file), authority.doors(Who(actor="sam", is_open=True))
    assert finder.find("northwind", doors)

    policy.put(file, [Customer(id="C1", name="Southwind")], actor="crm", id="renamed")

    assert finder.find("northwind", doors) == []
    assert [row.word for row in finder.find("south", doors)[0].rows] == ["Southwind"]


def test_what_is_found_is_a_piece_of_the_menu_and_names_in_it_never_run(
    visitor: Visitor, file: Database
) -> None:
    evil = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'
    policy.put(file, [Customer(id="E", name=evil)], actor="crm", id="evil")

    answer = visitor.get("/find", params={"q": "alert"})

    assert answer.status_code == 200
    assert "<script" not in answer.text
    assert "<img" not in answer.text
    assert 'role="option"' in answer.text
    assert "<html" not in answer.text
    assert re.findall(r'href="([^"]*)"', answer.text)[0].startswith("/promises?q=%3Cscript")
