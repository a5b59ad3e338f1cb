"""What expires and can be bought as well: whoever lives on what another bought keeps it when that one goes."""

from __future__ import annotations

import pytest

from accord.db.engine import Database
from accord.exceptions.model import Counted, MasterStated, ReceiptStated
from accord.exceptions.service import open_exceptions, supply_changed
from accord.kit.days import Day, Instant, local_day
from accord.ledger.decide import sheet
from accord.ledger.model import Item, Site, Supplier, SupplyKind, Term, node_key
from accord.ledger.service import reads
from accord.policy import service as policy
from accord.policy.model import Customer
from accord.promise.model import Line, Request, Verb, Verdict
from accord.promise.service import promise_one, replay_all, tidy, verify

pytestmark = pytest.mark.usefixtures("noon")


def milk(db: Database) -> tuple[Instant, Day]:
    """20 that expire too soon for Dan; what is bought does not, 20 or more at a time. The moment of the count and its day."""
    with db.read() as tx:
        now = tx.now()
    today = local_day(now, "UTC")
    records = (
        Site(id="S", name="S"),
        Item(id="milk", name="Milk"),
        Supplier(id="V", name="V"),
        Term(id="buy", item="milk", site="S", supplier="V", lead_days=3, lot_min=20, lot_multiple=4),
    )
    supply_changed(db, [MasterStated(record=record) for record in records], actor="erp", id="masters")
    policy.put(db, [Customer(id="dan", name="Dan", life_days_min=10)], actor="boss", id="dan")
    counted(db, 20, now, today)
    return now, today


def counted(db: Database, quantity: int, at: Instant, today: Day) -> None:
    old = Counted(item="milk", site="S", quantity=quantity, as_of=at, lot="old", expires_on=today + 12)
    supply_changed(db, [old], actor="erp", id=f"stock {quantity}")


def wanted(id: str, verb: Verb, quantity: int, today: Day, customer: str | None = "dan") -> Request:
    line = Line(item="milk", quantity=quantity, requested_on=today + 5, site="S")
    return Request(id=id, verb=verb, customer=customer, lines=(line,))


def two_of_one_lot(db: Database) -> tuple[str, str]:
    """Dan promises himself 10 and 10 again, of one bought lot of 20."""
    _now, today = milk(db)
    promises = []
    for id in ("first", "second"):
        made = promise_one(db, wanted(id, Verb.commit, 10, today), actor="sam")
        assert made.promise is not None
        promises.append(made.promise)
    return promises[0], promises[1]


def cancel(db: Database, promise: str) -> Verdict:
    return promise_one(
        db, Request(id=f"cancel {promise}", verb=Verb.cancel, promise=promise), actor="sam"
    ).verdict


def test_what_is_bought_stays_for_whom_what_is_there_does_not_last_long_enough(db: Database) -> None:
    first, second = two_of_one_lot(db)

    assert cancel(db, first) is Verdict.done
    while tidy(db):
        pass

    with db.read() as tx:
        assert [s.quantity for s in reads.supplies_proposed_by(tx, [first])] == [20]
    assert (open_exceptions(db)[0], verify(db).findings) == ([], ())

    assert cancel(db, second) is Verdict.done
    while tidy(db):
        pass
    with db.read() as tx:
        assert [s.id for s in reads.supplies_of(tx, [node_key("milk", "S")])] == ["on_hand:available:old"]


def test_without_looking_at_how_long_it_lasts_it_would_go(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheet, "_misses_lots", lambda *_: False)
    first, _second = two_of_one_lot(db)

    with pytest.raises(Exception, match="no lot at node:milk@S covers 10"):
        cancel(db, first)


def test_what_leaves_before_it_comes_takes_the_lot_that_would_stand_in_for_it(db: Database) -> None:
    """Ten that last leave today, and ten that come later do not last for Dan: without what was bought he would have none."""
    now, today = milk(db)
    counted(db, 0, now, today)
    lasting = Counted(item="milk", site="S", quantity=10, as_of=now, lot="new", expires_on=today + 30)
    coming = ReceiptStated(
        item="milk", site="S", id="PO-1", kind=SupplyKind.purchase, quantity=10, due_on=today + 5, expires_on=today + 8
    )  # fmt: skip
    supply_changed(db, [lasting, coming], actor="erp", id="both")
    line = Line(item="milk", quantity=10, requested_on=today, site="S")
    assert (
        promise_one(db, Request(id="now", verb=Verb.commit, lines=(line,)), actor="sam").promise is not None
    )
    first, second = (
        promise_one(db, wanted(id, Verb.commit, 10, today), actor="sam").promise for id in ("first", "second")
    )
    assert first is not None
    assert second is not None

    assert cancel(db, first) is Verdict.done
    while tidy(db):
        pass

    with db.read() as tx:
        assert [s.quantity for s in reads.supplies_proposed_by(tx, [first])] == [20]
    assert (open_exceptions(db)[0], verify(db).findings) == ([], ())
    assert all(one.same for one in replay_all(db))


@pytest.mark.parametrize(("verb", "counts_for"), [(Verb.commit, 24), (Verb.hold, 23)])
def test_who_buys_what_he_is_promised_is_not_stopped_by_who_was_short_before(
    db: Database, verb: Verb, counts_for: int
) -> None:
    now, today = milk(db)
    promise_one(db, wanted("short", Verb.commit, 20, today, customer=None), actor="sam")
    counted(db, 11, now, today)
    (uncovered,) = open_exceptions(db)[0]
    assert uncovered.short == 9

    made = promise_one(db, wanted("bought", verb, 23, today), actor="sam")

    assert (made.verdict, made.refusals) == (Verdict.yes, ())
    assert made.promise is not None
    with db.read() as tx:
        assert [s.quantity for s in reads.supplies_proposed_by(tx, [made.promise])] == [counts_for]
    if verb is Verb.hold:
        firm = Request(id="firm", verb=Verb.commit, promise=made.promise)
        assert promise_one(db, firm, actor="sam").verdict is Verdict.yes
    # What he bought serves him; who was short still is, and nobody else.
    assert [found.commitment for found in open_exceptions(db)[0]] == [uncovered.commitment]
    assert verify(db).findings == ()
    assert cancel(db, made.promise) is Verdict.done
    assert verify(db).findings == ()


@pytest.mark.parametrize(("verb", "said"), [(Verb.release, Verdict.done), (Verb.amend, Verdict.yes)])
def test_a_hold_of_what_is_bought_ends_and_changes_where_others_are_short(
    db: Database, verb: Verb, said: Verdict
) -> None:
    now, today = milk(db)
    promise_one(db, wanted("short", Verb.commit, 20, today, customer=None), actor="sam")
    counted(db, 11, now, today)
    hold = promise_one(db, wanted("bought", Verb.hold, 23, today), actor="sam")
    lines = (Line(item="milk", quantity=5, requested_on=today + 5, site="S"),) if verb is Verb.amend else ()

    again = promise_one(db, Request(id="again", verb=verb, promise=hold.promise, lines=lines), actor="sam")

    assert (again.verdict, again.refusals) == (said, ())
    with db.read() as tx:
        left = [s.quantity for s in reads.supplies_proposed_by(tx, [hold.promise or ""])]
    assert left == ([5] if verb is Verb.amend else [])
    assert verify(db).findings == ()
