"""Supply news: applied, judged, its exceptions opened and closed in the same transaction, on both databases."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec import structs

from accord.db.engine import Database, open_database
from accord.db.migrations import upgrade
from accord.db.tx import Tx
from accord.exceptions.model import (
    Component,
    Counted,
    MasterStated,
    News,
    OpeningLine,
    ReceiptArrived,
    ReceiptStated,
    Shipped,
)
from accord.exceptions.service import open_exceptions, supply_changed
from accord.kit.errors import InputError, RequestChanged
from accord.ledger.model import (
    Allocation,
    Item,
    Profile,
    Resource,
    Site,
    State,
    SupplyKind,
    Why,
    node_key,
    resource_key,
)
from accord.ledger.service import news as ledger_news
from accord.ledger.service import reads
from accord.policy import service as policy
from accord.policy.model import Customer, Tier
from accord.promise.model import Line, Request, Verb
from accord.promise.service import promise_one, promises, verify

pytestmark = pytest.mark.usefixtures("noon")

MASTERS = (
    Item(id="pump", name="Pump", planner="Petra"),
    Item(id="motor", name="Motor"),
    Site(id="Halden", name="Halden"),
    Resource(id="line", name="Line", site="Halden"),
)


@pytest.fixture
def today(db: Database) -> int:
    """A company with two items at one site; today's day there."""
    tell(db, "masters", *(MasterStated(record=record) for record in MASTERS))
    with db.read() as tx:
        return reads.node(tx, "pump", "Halden").today


def tell(db: Database, id: str, *news: News):  # type: ignore[no-untyped-def]
    return supply_changed(db, news, actor="erp", id=id)


def count(quantity: int, *, item: str = "pump", as_of: int = 1, **more: object) -> Counted:
    return Counted(item=item, site="Halden", quantity=quantity, as_of=as_of, **more)  # type: ignore[arg-type]


def receipt(quantity: int, on: int, *, id: str = "PO1", item: str = "pump", **more: object) -> ReceiptStated:
    kind = more.pop("kind", SupplyKind.purchase)
    return ReceiptStated(
        item=item, site="Halden", id=id, kind=kind, quantity=quantity, due_on=on, ref=id, **more
    )  # type: ignore[arg-type]


def opening(quantity: int, on: int, *, item: str = "pump", ref: str = "SO1") -> OpeningLine:
    return OpeningLine(
        customer="Northwind",
        item=item,
        site="Halden",
        quantity=quantity,
        requested_on=on,
        promised_on=on,
        ref=ref,
    )


def atp(db: Database, on: int, item: str = "pump") -> int:
    with db.read() as tx:
        return reads.available(tx, item, "Halden", on)


def commitment_of(db: Database, ref: str):  # type: ignore[no-untyped-def]
    return next(seen for seen in promises(db, limit=50)[0] if seen.promise.ref == ref).commitments[0]


def clean(db: Database) -> bool:
    return verify(db).findings == ()


def test_a_count_and_a_receipt_can_be_promised(db: Database, today: int) -> None:
    tell(db, "n1", count(10), receipt(5, today + 3))

    assert [atp(db, today + d) for d in (0, 2, 3)] == [10, 10, 15]
    assert clean(db)


def test_the_same_news_again_is_the_same_outcome_and_other_news_an_error(db: Database, today: int) -> None:
    first = tell(db, "n1", count(10))

    assert tell(db, "n1", count(10)) == first
    with pytest.raises(RequestChanged):
        tell(db, "n1", count(11))
    assert atp(db, today) == 10


def test_a_slip_opens_an_exception_with_the_planner_as_owner_and_relief_closes_it(
    db: Database, today: int
) -> None:
    tell(db, "n1", receipt(20, today + 3), opening(15, today + 5))
    assert open_exceptions(db) == ([], None)

    outcome = tell(db, "n2", receipt(20, today + 9))

    [exception] = open_exceptions(db)[0]
    assert outcome.opened == (exception.id,)
    assert (exception.owner, exception.short, exception.cause) == ("Petra", 15, outcome.cause)
    assert exception.commitment == commitment_of(db, "SO1").id
    assert clean(db)

    relief = tell(db, "n3", count(15))

    assert relief.closed == (exception.id,)
    assert open_exceptions(db) == ([], None)
    assert clean(db)


def test_a_receipt_that_goes_to_another_site_no_longer_covers_what_was_promised_on_it(
    db: Database, today: int
) -> None:
    tell(db, "lyon", MasterStated(record=Site(id="Lyon", name="Lyon")))
    tell(db, "n1", receipt(20, today + 3), opening(15, today + 5))

    outcome = tell(db, "n2", structs.replace(receipt(20, today + 3), site="Lyon"))

    [exception] = open_exceptions(db)[0]
    assert (outcome.opened, exception.short) == ((exception.id,), 15)
    with db.read() as tx:
        assert [reads.available(tx, "pump", site, today + 3) for site in ("Halden", "Lyon")] == [0, 20]
    assert clean(db)


def test_an_order_promised_elsewhere_is_recorded_with_an_exception_where_it_is_not_covered(
    db: Database, today: int
) -> None:
    outcome = tell(db, "n1", count(10), opening(8, today + 1), opening(8, today + 2, ref="SO2"))

    assert outcome.applied == 3
    [exception] = open_exceptions(db)[0]
    assert exception.commitment == commitment_of(db, "SO2").id
    assert exception.short == 6
    assert atp(db, today) == 0
    assert clean(db)


def test_a_receipt_whose_components_are_short_does_not_count(db: Database, today: int) -> None:
    motors = Component(key=node_key("motor", "Halden"), on=today + 1, quantity=10)
    minutes = Component(key=resource_key("line"), on=today + 2, quantity=600)
    made = receipt(10, today + 4, id="MO1", kind=SupplyKind.production, components=(motors, minutes))
    tell(db, "n1", count(10, item="motor"), made, opening(10, today + 6))
    assert open_exceptions(db)[0] == []

    tell(db, "n2", count(9, item="motor", as_of=2))

    assert [e.commitment for e in open_exceptions(db)[0]] == [commitment_of(db, "SO1").id]
    assert atp(db, today + 9) == 0
    with db.read() as tx:
        [row] = reads.node(tx, "pump", "Halden").supplies
    assert (row.counts, row.doubts) == (Why.doubtful, (node_key("motor", "Halden"),))
    assert clean(db)

    tell(db, "n3", count(10, item="motor", as_of=3))

    assert open_exceptions(db)[0] == []
    assert clean(db)


def test_a_capacity_cut_makes_what_it_feeds_doubtful(db: Database, today: int) -> None:
    minutes = Component(key=resource_key("line"), on=today + 2, quantity=900)
    tell(
        db,
        "n1",
        receipt(10, today + 4, id="MO1", kind=SupplyKind.production, components=(minutes,)),
        opening(10, today + 6),
    )

    from accord.kit.calendars import Calendar
    from accord.ledger.model import CalendarRecord

    shift = CalendarRecord(id="shift", calendar=Calendar(name="shift", default_minutes=480))
    line = Resource(id="line", name="Line", site="Halden", calendar="shift")
    tell(db, "n2", MasterStated(record=shift), MasterStated(record=line))

    assert [e.short for e in open_exceptions(db)[0]] == [10]
    assert clean(db)


@pytest.mark.postgres
def test_news_that_waited_for_less_capacity_is_judged_by_it(
    pg_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody takes the line away between the look at master data and the lock: what it makes stays doubtful."""
    db = open_database(pg_url)
    upgrade(db)
    tell(db, "masters", *(MasterStated(record=record) for record in MASTERS))
    with db.read() as tx:
        today = reads.node(tx, "pump", "Halden").today
    minutes = (Component(key=resource_key("line"), on=today + 2, quantity=100),)
    made = receipt(20, today + 3, kind=SupplyKind.production, components=minutes)
    tell(db, "n1", made, opening(15, today + 5))
    real, others = ledger_news.store.lock, ["less"]

    def lock(tx: Tx, keys: Sequence[str]) -> dict[str, Profile]:
        if others:
            tell(db, others.pop(), MasterStated(record=structs.replace(MASTERS[3], units=0)))
        return real(tx, keys)

    monkeypatch.setattr(ledger_news.store, "lock", lock)
    tell(db, "n2", structs.replace(made, quantity=21))

    assert [exception.short for exception in open_exceptions(db)[0]] == [15]
    assert clean(db)
    db.close()


def test_a_shipment_fulfils_lowers_on_hand_and_closes_by_itself(db: Database, today: int) -> None:
    tell(db, "n1", count(10), opening(8, today + 1))
    commitment = commitment_of(db, "SO1")

    tell(db, "n2", Shipped(commitment=commitment.id, quantity=3, at=5))
    assert commitment_of(db, "SO1").fulfilled == 3
    assert atp(db, today + 1) == 2

    tell(db, "n3", Shipped(commitment=commitment.id, quantity=5, at=6))
    assert commitment_of(db, "SO1").state is State.fulfilled
    assert promises(db)[0][0].state is State.fulfilled
    assert atp(db, today + 1) == 2
    assert clean(db)


def test_a_shipment_of_what_is_delivered_books_nothing_and_says_so(db: Database, today: int) -> None:
    tell(db, "n1", count(10), opening(8, today + 1))
    commitment = commitment_of(db, "SO1").id
    tell(db, "n2", Shipped(commitment=commitment, quantity=8, at=5))

    outcome = tell(db, "n3", Shipped(commitment=commitment, quantity=1, at=6))

    assert outcome.ignored == (
        f"{commitment} is fulfilled; a shipment fulfils only a commitment. Nothing was booked.",
    )
    assert atp(db, today) == 2
    assert clean(db)


def test_a_shipment_is_not_counted_twice(db: Database, today: int) -> None:
    """The count of noon contains the shipment of ten; the one of nine does not, whenever it is told."""
    tell(db, "n1", count(10, as_of=1_000), opening(4, today + 1))
    commitment = commitment_of(db, "SO1").id

    tell(db, "n2", Shipped(commitment=commitment, quantity=4, at=2_000), count(6, as_of=3_000))
    assert atp(db, today) == 6

    tell(db, "n3", count(11, as_of=1_500, sequence=1))  # of an earlier moment: said so, and not applied
    assert atp(db, today) == 6
    tell(db, "n4", opening(2, today + 1, ref="SO2"))
    tell(db, "n5", Shipped(commitment=commitment_of(db, "SO2").id, quantity=2, at=5_000))
    tell(db, "n6", count(9, as_of=4_000))  # made before the shipment of 2, told after it
    assert atp(db, today) == 7
    assert clean(db)


def test_more_than_is_left_cannot_ship(db: Database, today: int) -> None:
    tell(db, "n1", count(10), opening(8, today + 1))

    outcome = tell(db, "n2", Shipped(commitment=commitment_of(db, "SO1").id, quantity=9, at=5))

    assert outcome.applied == 0
    assert "only 8 left to ship" in outcome.ignored[0]
    assert commitment_of(db, "SO1").fulfilled == 0


def test_an_arrival_becomes_on_hand_and_uses_up_its_components(db: Database, today: int) -> None:
    motors = Component(key=node_key("motor", "Halden"), on=today + 1, quantity=6)
    tell(
        db,
        "n1",
        count(10, item="motor"),
        receipt(6, today + 4, id="MO1", kind=SupplyKind.production, components=(motors,)),
    )

    tell(db, "n2", ReceiptArrived(item="pump", site="Halden", id="MO1", quantity=6, at=9_999))

    assert atp(db, today) == 6
    assert atp(db, today, "motor") == 4
    assert clean(db)


def test_unknown_names_are_errors_that_change_nothing(db: Database, today: int) -> None:
    with pytest.raises(InputError) as error:
        tell(db, "n1", count(10), count(5, item="pmup"))

    assert error.value.errors[0].pointer == "/1/item"
    assert atp(db, today) == 0
    assert clean(db)


def test_master_data_that_cannot_be_is_refused_whole(db: Database, today: int) -> None:
    from accord.ledger.model import Input, Operation

    a = Operation(id="a", item="pump", site="Halden", inputs=(Input(item="motor", quantity=1),))
    b = Operation(id="b", item="motor", site="Halden", inputs=(Input(item="pump", quantity=1),))

    with pytest.raises(InputError) as error:
        tell(db, "n1", MasterStated(record=a), MasterStated(record=b))

    assert "pump" in error.value.detail
    assert clean(db)


# --- history: promised elsewhere, and delivered before Accord came ---


def delivered(quantity: int, on: int, *, at: int, ref: str = "SO9") -> OpeningLine:
    return structs.replace(opening(quantity, on, ref=ref), delivered_at=at)


def test_an_order_that_was_delivered_before_is_fulfilled_and_takes_nothing(db: Database, today: int) -> None:
    tell(db, "count", count(10, as_of=5))

    told = tell(db, "history", delivered(7, today - 30, at=4), delivered(8, today - 20, at=3, ref="SO10"))

    assert (told.applied, told.ignored, told.opened) == (2, (), ())
    assert atp(db, today) == 10
    found, _ = promises(db)
    assert sorted((seen.promise.ref, seen.state) for seen in found) == [
        ("SO10", State.fulfilled),
        ("SO9", State.fulfilled),
    ]
    assert {seen.promise.lines[0].first_promised_on for seen in found} == {today - 30, today - 20}
    assert verify(db).findings == ()


def test_a_count_told_with_what_was_delivered_after_it_loses_it(db: Database, today: int) -> None:
    told = tell(
        db,
        "all",
        count(10, as_of=5),
        delivered(3, today - 1, at=6),
        delivered(4, today - 1, at=5, ref="SO10"),
    )

    assert told.ignored == ()
    assert atp(db, today) == 7
    assert verify(db).findings == ()


def test_what_is_delivered_after_a_known_count_lowers_it(db: Database, today: int) -> None:
    tell(db, "count", count(10, as_of=5))

    assert tell(db, "later", delivered(3, today - 1, at=6)).ignored == ()
    assert atp(db, today) == 7
    (said,) = tell(db, "more", delivered(9, today - 1, at=7, ref="SO10")).ignored
    assert "2 more left" in said
    assert verify(db).findings == ()


def test_nothing_was_delivered_at_a_moment_to_come(db: Database, today: int) -> None:
    with pytest.raises(InputError, match="still to come"):
        tell(db, "future", delivered(3, today, at=2**60))

    assert promises(db)[0] == []


def test_a_share_that_ends_with_something_given_out_of_it_is_summed_up_anew(db: Database, today: int) -> None:
    share = Allocation(
        id="a",
        item="pump",
        site="Halden",
        path=("tier:A",),
        rank=1,
        from_on=today,
        until_on=today + 30,
        quantity=5,
    )
    tell(db, "n1", count(10), MasterStated(record=share))
    policy.put(db, [Tier(id="A", rank=1), Customer(id="C1", name="C1", tier="A")], actor="boss", id="p1")
    line = Line(item="pump", quantity=3, requested_on=today, site="Halden")
    promise_one(db, Request(id="r1", verb=Verb.commit, customer="C1", lines=(line,)), actor="shop")

    tell(db, "n2", MasterStated(ends=("allocation", "a")))

    assert clean(db)
