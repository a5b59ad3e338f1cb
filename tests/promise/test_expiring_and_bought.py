"""What expires and can be bought as well: whoever lives on what another bought keeps it when that one goes."""

from __future__ import annotations

import pytest

from accord.db.engine import Database
from accord.exceptions.model import Counted, MasterStated
from accord.exceptions.service import open_exceptions, supply_changed
from accord.kit.days import local_day
from accord.ledger.decide import sheet
from accord.ledger.model import Item, Site, Supplier, Term, node_key
from accord.ledger.service import reads
from accord.policy import service as policy
from accord.policy.model import Customer
from accord.promise.model import Line, Request, Verb, Verdict
from accord.promise.service import promise_one, tidy, verify

pytestmark = pytest.mark.usefixtures("noon")


def two_of_one_lot(db: Database) -> tuple[str, str]:
    """20 that expire too soon for Dan; he promises himself 10 and 10 again, of one bought lot of 20."""
    with db.read() as tx:
        now = tx.now()
    today = local_day(now, "UTC")
    records = (
        Site(id="S", name="S"),
        Item(id="milk", name="Milk"),
        Supplier(id="V", name="V"),
        Term(id="buy", item="milk", site="S", supplier="V", lead_days=3, lot_min=20),
    )
    supply_changed(db, [MasterStated(record=record) for record in records], actor="erp", id="masters")
    policy.put(db, [Customer(id="dan", name="Dan", life_days_min=10)], actor="boss", id="dan")
    old = Counted(item="milk", site="S", quantity=20, as_of=now, lot="old", expires_on=today + 12)
    supply_changed(db, [old], actor="erp", id="stock")
    promises = []
    for id in ("first", "second"):
        line = Line(item="milk", quantity=10, requested_on=today + 5, site="S")
        made = promise_one(db, Request(id=id, verb=Verb.commit, customer="dan", lines=(line,)), actor="sam")
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
