"""Ten thousand promises of a thousand items: the list is there within a second, each filter within three tenths of one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from litestar.testing import TestClient
from tests.web.conftest import HOST

from accord.db.engine import Database, open_database
from accord.db.migrations import upgrade
from accord.exceptions.model import Counted, MasterStated, OpeningLine
from accord.exceptions.service import supply_changed
from accord.ledger.model import Item, Site
from accord.ledger.service import reads
from accord.policy import service as policy
from accord.policy.model import Customer
from accord.web.server.app import on

PROMISES, ITEMS, CUSTOMERS = 10_000, 1_000, 200
LIST_SECONDS, FILTER_SECONDS = 1.0, 0.3
FILTERS = (
    "view=uncovered", "view=due", "view=expiring", "view=changed", "view=mine", "state=committed", "state=fulfilled",
    "state=held", "sort=due", "sort=value", "sort=-value", "q=I-0500", "q=Customer+17", "q=SO-4711",
    "q=I-0500&state=committed&sort=due",
)  # fmt: skip

pytestmark = pytest.mark.slow


@pytest.fixture
def many(sqlite_url: str, noon: Any) -> Iterator[Database]:
    """Half of them delivered, a tenth of the rest not covered."""
    db = open_database(sqlite_url)
    upgrade(db)
    site = MasterStated(record=Site(id="Halden", name="Halden"))
    items = [
        MasterStated(record=Item(id=f"I-{n:04}", name=f"Item {n}", cost_minor=100)) for n in range(ITEMS)
    ]
    supply_changed(db, [site, *items], actor="erp", id="masters")
    policy.put(
        db, [Customer(id=f"C{n}", name=f"Customer {n}") for n in range(CUSTOMERS)], actor="crm", id="terms"
    )
    with db.read() as tx:
        now, today = tx.now(), reads.node(tx, "I-0000", "Halden").today
    stock = [
        Counted(item=f"I-{n:04}", site="Halden", quantity=3 if n % 10 == 0 else 1_000, as_of=1)
        for n in range(ITEMS)
    ]
    supply_changed(db, stock, actor="erp", id="stock")
    for first in range(0, PROMISES, 2_500):
        lines = [
            OpeningLine(
                customer=f"C{n % CUSTOMERS}", item=f"I-{n % ITEMS:04}", site="Halden", quantity=1 + n % 3,
                requested_on=today + n % 60, promised_on=today + n % 60, ref=f"SO-{n}", price_minor=150 + n,
                delivered_at=now if n % 2 else None,
            )
            for n in range(first, first + 2_500)
        ]  # fmt: skip
        supply_changed(db, lines, actor="erp", id=f"openings-{first}")
    try:
        yield db
    finally:
        db.close()


def test_ten_thousand_promises_are_listed_within_a_second_and_filtered_within_three_tenths(
    many: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    took: dict[str, float] = {}
    with TestClient(on(many, is_open=True, rate=0), base_url=HOST) as visitor:
        visitor.headers["Accept"] = "text/html"
        first = visitor.get("/promises")
        assert "10\N{NARROW NO-BREAK SPACE}000" in first.text
        for query in ("", *FILTERS):
            best = 9.0
            for _ in range(3):  # others share the machine
                began = time.perf_counter()
                found = visitor.get(f"/promises?{query}")
                best = min(best, time.perf_counter() - began)
                assert found.status_code == 200
            took[query] = best

    with capsys.disabled():
        print()
        for query, seconds in took.items():
            print(f"    {seconds * 1_000:5.0f} ms  /promises{'?' + query if query else ''}")
    assert took.pop("") < LIST_SECONDS
    assert {query: seconds for query, seconds in took.items() if seconds >= FILTER_SECONDS} == {}
