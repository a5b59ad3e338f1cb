"""The pages of capacity and of shares: what is taken of what there is, and by whom."""

from __future__ import annotations

import re
from typing import Any

import pytest
from litestar.testing import TestClient
from tests.web.test_supply import page, promised, told, total

from accord.db.engine import Database
from accord.exceptions.model import Component, MasterStated, ReceiptStated
from accord.kit.calendars import MINUTES_A_DAY
from accord.ledger import service as ledger
from accord.ledger.model import Allocation, Resource, Supplier, SupplyKind, resource_key, supplier_key
from accord.ledger.pages.capacity import by_week, per_mille
from accord.ledger.said import day
from accord.ledger.service.capacity import Load
from accord.promise.model import Verb

Visitor = TestClient[Any]


@pytest.fixture
def line(file: Database, today: int) -> int:
    """A line with overtime: 600 minutes taken tomorrow, 60 of overtime; a supplier of whom 5 are taken."""
    told(
        file,
        "resources",
        MasterStated(record=Resource(id="L1", name="Line one", site="Halden", overtime_minutes=120)),
        MasterStated(record=Resource(id="L2", name="Line two", site="Halden")),
        MasterStated(record=Supplier(id="S1", name="Brenner", capacity=10)),
        MasterStated(record=Supplier(id="S2", name="Without a limit")),
    )
    components = (
        Component(key=resource_key("L1"), on=today + 1, quantity=600),
        Component(key=resource_key("L1", overtime=True), on=today + 1, quantity=60),
        Component(key=supplier_key("S1"), on=today + 2, quantity=5),
    )
    work = ReceiptStated(item="X-110", site="Halden", id="WO-7", kind=SupplyKind.production, quantity=4, due_on=today + 6,
        components=components)  # fmt: skip
    told(file, "work", work)
    return today


def test_every_resource_says_what_is_taken_of_what_there_is(visitor: Visitor, line: int) -> None:
    found = page(visitor.get("/supply/resources"))

    assert "Nothing is full in the weeks to come." in found.text
    assert re.search(r"room Line one resource L1 Halden 600 min 80.640 0 % .* 60 ", found.text)
    assert re.search(r"Brenner supplier S1 – 5 base units 560 0 %", found.text)
    assert "Without a limit" not in found.text
    assert total(page(visitor.get(next(link for link in found.links if "id=L1&since" in link)))) == "600"
    assert total(page(visitor.get(next(link for link in found.links if "overtime=1" in link)))) == "60"
    assert total(page(visitor.get(next(link for link in found.links if "of=supplier&since" in link)))) == "5"


def test_a_resource_says_who_takes_it(visitor: Visitor, line: int) -> None:
    found = page(visitor.get("/supply/resource", params={"id": "L1"}))

    assert f"Line one: 1 % of the next 4 weeks is taken; the next room is on {day(line, line)}" in found.text
    assert re.search(rf"{day(line + 1, line)} X-110 at Halden, WO-7 stock 600", found.text)
    assert "/supply/X-110?site=Halden" in found.links


@pytest.mark.parametrize("by", ["day", "week"])
def test_every_number_of_the_load_opens_a_list_with_the_same_sum(
    visitor: Visitor, line: int, by: str
) -> None:
    from html import unescape

    text = visitor.get("/supply/resource", params={"id": "L1", "by": by}).text
    links = re.findall(r'class="sum" href="([^"]*)">([^<]*)</a>', text)

    assert len(links) >= 52
    assert {shown for _href, shown in links} == {"0", "600", "60"}
    taken = [(unescape(href), shown) for href, shown in links if shown != "0"]
    for href, shown in [*taken, (unescape(links[-1][0]), links[-1][1])]:
        assert total(page(visitor.get(href))) == shown


def test_more_than_there_is_is_said_first(visitor: Visitor, file: Database, line: int) -> None:
    told(
        file,
        "less",
        MasterStated(record=Resource(id="L1", name="Line one", site="Halden", calendar=None, units=0)),
    )

    found = page(visitor.get("/supply/resources"))
    shown = page(visitor.get("/supply/resource", params={"id": "L1"}))

    assert f"One is taken beyond what there is, Line one from {day(line + 1, line)} on." in found.text
    assert found.text.index("over Line one") < found.text.index("Line two")
    assert f"on {day(line + 1, line)} 600 min more than there is." in shown.text


def test_a_full_day_is_said(visitor: Visitor, file: Database, line: int) -> None:
    component = Component(key=resource_key("L2"), on=line + 3, quantity=MINUTES_A_DAY)
    work = ReceiptStated(item="X-110", site="Halden", id="WO-8", kind=SupplyKind.production, quantity=4, due_on=line + 6,
        components=(component,))  # fmt: skip
    told(file, "full", work)

    found = page(visitor.get("/supply/resources"))

    assert "Nothing is taken beyond what there is. Fullest: Line two, 1 full day ahead." in found.text
    assert "full days Line two" in found.text


@pytest.mark.parametrize("query", ["id=L9", "id=S2&of=supplier", "id=L1&of=supplier", "id=L1&by=month"])
def test_a_resource_that_is_not_there_is_said_in_words(visitor: Visitor, line: int, query: str) -> None:
    assert visitor.get(f"/supply/resource?{query}").status_code in (404, 422)


def test_without_resources_and_shares_the_pages_say_so(visitor: Visitor) -> None:
    assert "No resource is known" in page(visitor.get("/supply/resources")).text
    assert "No share is set aside" in page(visitor.get("/supply/shares")).text


def test_shares_say_what_is_given_taken_and_left(visitor: Visitor, file: Database, today: int) -> None:
    def share(id: str, quantity: int, **more: Any) -> MasterStated:
        return MasterStated(
            record=Allocation(
                id=id,
                item="X-100",
                site="Halden",
                path=("tier:A",),
                rank=1,
                from_on=today,
                until_on=today + 30,
                quantity=quantity,
                **more,
            )
        )

    told(file, "share", share("a", 40))
    promised(file, "one", Verb.commit, 30, today + 3, customer="C1")
    before = page(visitor.get("/supply/shares"))
    told(file, "cut", share("a", 20, release_on=today + 9))
    cut = page(visitor.get("/supply/shares"))
    told(file, "released", share("a", 20, release_on=today))
    after = page(visitor.get("/supply/shares"))

    assert "1 share is set aside; none has more taken than was given." in before.text
    assert re.search(r"kept until .* X-100 tier A rank 1 Halden .* 40 30 10", before.text)
    assert "1 share is set aside, 1 of them with more taken than they are now" in cut.text
    assert re.search(r" 20 30 10 more than given 0", cut.text)
    assert "released X-100" in after.text
    assert total(page(visitor.get(next(link for link in before.links if "kind=share" in link)))) == "30"


def test_weeks_begin_on_monday_and_the_first_may_be_a_part() -> None:
    sunday = 739_942
    days = [Load(sunday + n, 10, n, 1, 0) for n in range(9)]

    assert by_week(days) == [
        Load(sunday, 10, 0, 1, 0),
        Load(sunday + 1, 70, 28, 7, 0),
        Load(sunday + 8, 10, 8, 1, 0),
    ]


@pytest.mark.parametrize(
    ("load", "said"), [(Load(1, 10, 5), 500), (Load(1, 0, 1), 1_001), (Load(1, 0, 0), 0)]
)
def test_a_load_is_a_part_of_what_there_is(load: Load, said: int) -> None:
    assert per_mille(load) == said


def test_many_resources_take_as_many_statements_as_few(
    file: Database, line: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from accord.db.tx import Tx

    seen: list[str] = []
    real = Tx._execute
    monkeypatch.setattr(Tx, "_execute", lambda tx, sql, params: seen.append(sql) or real(tx, sql, params))

    def statements() -> int:
        ledger.capacities(file, days=7)
        seen.clear()
        ledger.capacities(file, days=7)
        return len(seen)

    few = statements()
    told(file, "more", *(MasterStated(record=Resource(id=f"R{n}", name="R", site="Lyon")) for n in range(40)))

    assert statements() == few <= 4
