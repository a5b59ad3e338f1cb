"""A midnight makes news of what is overdue, once a site's day is told to have rolled."""

from __future__ import annotations

from collections.abc import Callable

from accord.db.engine import Database
from accord.exceptions.model import (
    Component,
    Counted,
    DayRolled,
    MasterStated,
    News,
    OpeningLine,
    Outcome,
    ReceiptStated,
)
from accord.exceptions.service import open_exceptions, supply_changed
from accord.ledger.model import Item, Resource, Site, SupplyKind, resource_key
from accord.ledger.service import reads
from accord.policy import service as policy
from accord.policy.model import Customer, Rules
from accord.promise.model import Line, Request, Verb
from accord.promise.service import promise_one, verify

DAY = 86_400

MASTERS = (
    Item(id="pump", name="Pump", planner="Petra"),
    Site(id="Halden", name="Halden"),
    Site(id="Lyon", name="Lyon"),
    Resource(id="line", name="Line", site="Halden"),
)


def company(db: Database) -> int:
    """Two sites and a line; today's day there."""
    tell(db, "masters", *(MasterStated(record=record) for record in MASTERS))
    with db.read() as tx:
        return reads.node(tx, "pump", "Halden").today


def tell(db: Database, id: str, *news: News) -> Outcome:
    return supply_changed(db, news, actor="erp", id=id)


def receipt(id: str, quantity: int, on: int, *components: Component) -> ReceiptStated:
    return ReceiptStated(
        item="pump", site="Halden", id=id, kind=SupplyKind.production, quantity=quantity, due_on=on, components=components
    )  # fmt: skip


def order(quantity: int, on: int, site: str = "Halden") -> OpeningLine:
    return OpeningLine(
        customer=None, item="pump", site=site, quantity=quantity, requested_on=on, promised_on=on, ref="SO1"
    )


def test_a_commitment_that_was_not_shipped_is_an_exception_after_midnight(
    db: Database, noon: Callable[[int], None]
) -> None:
    today = company(db)
    tell(db, "stock", Counted(item="pump", site="Halden", quantity=9, as_of=1))
    assert tell(db, "order", order(4, today)).opened == ()

    noon(DAY)
    elsewhere = tell(db, "midnight in Lyon", DayRolled(site="Lyon"))
    here = tell(db, "midnight in Halden", DayRolled(site="Halden"))

    assert (len(elsewhere.opened), len(here.opened)) == (0, 1)
    assert verify(db).findings == ()


def test_a_receipt_that_did_not_come_moves_and_its_commitments_are_judged(
    db: Database, noon: Callable[[int], None]
) -> None:
    today = company(db)
    tell(db, "receipt", receipt("WO1", 5, today))
    assert tell(db, "order", order(4, today + 3)).opened == ()

    noon(DAY)
    told = tell(db, "midnight", DayRolled(site="Halden"))

    assert len(told.opened) == 1  # it is expected seven days from now
    with db.read() as tx:
        assert [(s.on - today, s.due_on) for s in reads.node(tx, "pump", "Halden").supplies] == [(8, today)]


def test_minutes_that_were_short_are_past_after_midnight_and_cast_no_doubt(
    db: Database, noon: Callable[[int], None]
) -> None:
    today = company(db)
    work = Component(key=resource_key("line"), on=today, quantity=2_000)
    tell(db, "work", receipt("WO1", 5, today + 2, work))
    assert len(tell(db, "order", order(4, today + 3)).opened) == 1  # a day has 1,440 minutes

    noon(DAY)
    told = tell(db, "midnight", DayRolled(site="Halden"))

    assert len(told.closed) == 1
    assert verify(db).findings == ()
    with db.read() as tx:
        assert reads.node(tx, "pump", "Halden").supplies[0].counts.value == "counted"


def test_a_lot_that_no_longer_lasts_for_what_was_not_shipped_is_judged_before_it_is_promised_on(
    db: Database, noon: Callable[[int], None]
) -> None:
    """Five were to leave with six days left. They did not, and on the fifth day no lot lasts so long any more."""
    today = company(db)
    policy.put(db, [Customer(id="C1", name="C1", life_days_min=6)], actor="boss", id="p1")
    tell(
        db, "stock", Counted(item="pump", site="Halden", quantity=20, as_of=1, lot="L", expires_on=today + 10)
    )
    five = Line(item="pump", quantity=5, requested_on=today + 1, site="Halden")
    promise_one(db, Request(id="r1", verb=Verb.commit, customer="C1", lines=(five,)), actor="shop")
    noon(3 * DAY)
    tell(db, "roll", DayRolled(site="Halden"))
    noon(2 * DAY)

    two = Line(item="pump", quantity=2, requested_on=today + 5, site="Halden")
    decision = promise_one(db, Request(id="r2", verb=Verb.commit, lines=(two,)), actor="shop")

    assert decision.promise is not None
    assert verify(db).findings == ()


def test_what_is_owed_at_a_site_that_was_ended_is_judged_at_the_midnight_of_another(
    db: Database, noon: Callable[[int], None]
) -> None:
    today = company(db)
    tell(db, "stock", Counted(item="pump", site="Lyon", quantity=10, as_of=1), order(6, today, "Lyon"))
    tell(db, "ended", MasterStated(ends=("site", "Lyon")))

    noon(DAY)
    outcome = tell(db, "midnight", DayRolled(site="Halden"))

    assert len(outcome.opened) == 1
    assert verify(db).findings == ()


def test_what_rests_on_a_plan_is_judged_when_the_policy_no_longer_trusts_it(db: Database) -> None:
    today = company(db)
    planned = ReceiptStated(
        item="pump",
        site="Halden",
        id="P",
        kind=SupplyKind.purchase,
        quantity=10,
        due_on=today + 5,
        released=False,
    )
    tell(db, "plan", planned, order(6, today + 6))

    policy.put(db, [Rules(fence_days=20)], actor="boss", id="longer")
    [uncovered] = open_exceptions(db)[0]
    assert (uncovered.short, verify(db).findings) == (6, ())

    policy.put(db, [Rules(fence_days=2)], actor="boss", id="shorter")
    assert (open_exceptions(db)[0], verify(db).findings) == ([], ())


def test_a_receipt_that_did_not_come_counts_again_when_the_policy_trusts_it(
    db: Database, noon: Callable[[int], None]
) -> None:
    today = company(db)
    policy.put(db, [Rules(late_receipt_days=None)], actor="boss", id="rules")
    tell(db, "n", receipt("P", 10, today), order(6, today + 9))
    noon(DAY)
    tell(db, "midnight", DayRolled(site="Halden"))
    assert len(open_exceptions(db)[0]) == 1

    policy.put(db, [Rules(late_receipt_days=3)], actor="boss", id="trust")

    assert (open_exceptions(db)[0], verify(db).findings) == ([], ())
