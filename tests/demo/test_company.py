"""The demo company is whole, covered and the same each time."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from accord.demo import story, supply
from accord.demo.company import Company, company
from accord.demo.history import COUNT as HISTORY
from accord.demo.history import SUPPLIER_DELAY
from accord.demo.orders import open_orders
from accord.exceptions.model import Counted, MasterStated, OpeningLine, ReceiptStated
from accord.kit.digest import canonical
from accord.ledger.decide.graph import Graph, check
from accord.ledger.model import Input, Item, Operation, Site, Supplier, Term, node_key
from accord.policy.model import Customer

MONDAY = date(2026, 3, 2).toordinal()
# Each weekday, the turn of a year, a leap day, both changes of the clock.
DAYS = [
    *range(MONDAY, MONDAY + 7),
    date(2026, 12, 20).toordinal(),
    date(2027, 12, 31).toordinal(),
    date(2028, 2, 29).toordinal(),
    date(2026, 3, 29).toordinal(),
    date(2026, 10, 25).toordinal(),
]


@pytest.fixture(scope="module")
def halden() -> Company:
    return company(7, MONDAY)


def test_the_same_seed_and_day_give_the_same_company(halden: Company) -> None:
    assert canonical(company(7, MONDAY)) == canonical(halden)
    assert canonical(company(8, MONDAY)) != canonical(halden)
    assert canonical(company(7, MONDAY + 1)) != canonical(halden)


def test_the_company_has_the_size_it_is_said_to_have(halden: Company) -> None:
    kinds = Counter(type(record) for record in halden.master)
    customers = [record for record in halden.policy if isinstance(record, Customer)]

    assert (kinds[Item], kinds[Site], kinds[Supplier]) == (40, 3, 12)
    assert Counter(customer.tier for customer in customers) == {"A": 10, "B": 20, "C": 30}
    assert len({customer.id for customer in customers}) == 60
    assert (len(halden.history), len(halden.morning)) == (HISTORY, 40) == (2_400, 40)


def test_bills_have_two_levels(halden: Company) -> None:
    bills = {record.item: record.inputs for record in halden.master if isinstance(record, Operation)}

    def levels(item: str) -> int:
        below: tuple[Input, ...] = bills.get(item, ())
        return 1 + max(levels(line.item) for line in below) if below else 0

    assert {levels(pump) for pump in bills if pump.startswith("X-")} == {2}


@pytest.mark.parametrize("today", DAYS)
@pytest.mark.parametrize("seed", [1, 7])
def test_master_data_has_nothing_wrong(seed: int, today: int) -> None:
    made = company(seed, today)

    assert check(made.master) == []
    assert Graph(1, made.master).today("Halden", made.supply[0].as_of) == today  # type: ignore[union-attr]


def test_everything_told_is_about_something_known(halden: Company) -> None:
    graph = Graph(1, halden.master)
    customers = {record.id for record in halden.policy if isinstance(record, Customer)}

    told = [news for news in halden.news if not isinstance(news, MasterStated)]

    assert {type(news) for news in told} == {Counted, ReceiptStated, OpeningLine}
    for news in told:
        assert isinstance(news, Counted | ReceiptStated | OpeningLine)
        assert news.item in graph.items
        assert news.site in graph.sites
        assert news.quantity > 0
    assert {line.customer for line in halden.open_orders} <= customers
    assert {row.customer for row in halden.history} <= customers
    assert {request.customer for request in halden.morning} <= customers
    assert story.CUSTOMER not in {line.customer for line in halden.open_orders}


def test_ids_are_given_once(halden: Company) -> None:
    receipts = [news.id for news in halden.supply if isinstance(news, ReceiptStated)]
    refs = [line.ref for line in halden.open_orders] + [row.ref for row in halden.history]

    assert len(set(receipts)) == len(receipts)
    assert len(set(refs)) == len(refs)
    assert len({request.id for request in halden.morning}) == 40


@pytest.mark.parametrize("today", DAYS)
def test_nothing_is_short_on_the_first_day(today: int) -> None:
    plan = supply.plan(today)
    made = company(7, today)
    customers = tuple(record for record in made.policy if isinstance(record, Customer))
    open_orders(plan, customers, tuple(p for p in made.policy if hasattr(p, "floor_minor")), 7)

    for node in [*plan.stock, *plan.arrivals, *plan.needs]:
        level = 0
        for _, change in plan.projected(node):
            level += change
            assert level >= 0, node
    for (resource, day), minutes in plan.minutes.items():
        assert 0 <= minutes <= plan.capacity(resource, day)


@pytest.mark.parametrize("today", DAYS)
def test_the_story_is_laid_out(today: int) -> None:
    plan = supply.plan(today)
    made = company(7, today)
    days = story.dates(today)
    orders = [line for line in made.open_orders if line.item == story.ITEM]

    assert story.weekday(days.asked_on) == 4
    assert 16 <= days.asked_on - today <= 22
    # What there is of the pump, less what is ordered before.
    early = [line for line in orders if line.promised_on < days.ships_on]
    assert (
        plan.left((story.ITEM, story.SITE), days.ships_on) - sum(line.quantity for line in early)
        == story.ON_TIME
    )
    assert all(today + 8 <= line.promised_on for line in early)
    assert sum(line.quantity for line in orders) - sum(line.quantity for line in early) == 90
    # The rest comes with the next truck, made of the purchase's castings.
    (work,) = (r for r in plan.receipts if r.ref == story.WORK)
    assert (work.due_on, work.quantity) == (days.work_on, 200)
    assert days.work_on + 2 == days.later_on
    assert any(c.key == node_key("C-100", "Halden") and c.on == days.purchase_on for c in work.components)
    # No casting to spare until the purchase, enough afterwards.
    castings = ("C-100", story.SITE)
    assert {plan.left(castings, day) for day in range(today, days.purchase_on)} == {0}
    assert plan.left(castings, days.purchase_on) > 0
    (purchase,) = (r for r in plan.receipts if r.item == "C-100" and r.ref == story.PURCHASE)
    assert (purchase.due_on, purchase.quantity) == (days.purchase_on, story.PURCHASE_QUANTITY)
    # Not a regular minute is left on the line in time, and some are when the castings come.
    assert {plan.free("HAL-A1", day) for day in range(today, days.ships_on)} == {0}


def test_the_supplier_of_the_story_sends_castings(halden: Company) -> None:
    terms = [
        record for record in halden.master if isinstance(record, Term) and record.supplier == story.SUPPLIER
    ]

    assert {term.item for term in terms} == {"C-100", "C-200", "C-300"}


def test_promises_kept_are_the_figures_of_the_story(halden: Company) -> None:
    due = [row for row in halden.history if MONDAY - 30 <= row.first_promised_on < MONDAY]
    before = [row for row in halden.history if MONDAY - 60 <= row.first_promised_on < MONDAY - 30]
    missed = [row for row in halden.history if row.first_promised_on >= MONDAY - 90 and not row.is_kept]

    assert (len(due), sum(row.is_kept for row in due)) == (170, 160)  # 94.1 %
    assert (len(before), sum(row.is_kept for row in before)) == (166, 154)  # 92.8 %
    assert (len(missed), sum(row.cause == SUPPLIER_DELAY for row in missed)) == (34, 14)  # 41 %
    assert all(bool(row.cause) == (not row.is_kept) for row in halden.history)
    assert all(row.delivered_on < MONDAY for row in halden.history)
    assert all(row.first_promised_on >= MONDAY - 426 for row in halden.history)


def test_old_seals_are_lots_of_their_own(halden: Company) -> None:
    lots = [n for n in halden.supply if isinstance(n, Counted) and (n.item, n.site) == ("S-10", "Halden")]

    assert [(lot.lot, lot.expires_on) for lot in lots] == [("L-0816", MONDAY + 75), ("L-0951", MONDAY + 700)]
    assert node_key("S-10", "Halden") == "node:S-10@Halden"
