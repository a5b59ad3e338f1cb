"""A hold counts of its own lots what it lives on, also where an earlier day lives on a later lot."""

from __future__ import annotations

from accord.db.engine import Database
from accord.exceptions.model import Counted, MasterStated, OpeningLine
from accord.exceptions.service import supply_changed
from accord.kit.days import local_day
from accord.ledger.model import Input, Item, Operation, Record, Site, Supplier, Term
from accord.promise.model import Decision, Line, Request, Verb
from accord.promise.service import promise, verify

MASTER: tuple[Record, ...] = (
    Site(id="S", name="S"),
    Item(id="P", name="P"),
    Item(id="B", name="B"),
    Supplier(id="V", name="V"),
    Operation(id="make P", item="P", site="S", inputs=(Input(item="B", quantity=1),), lead_days=1),
    Term(id="buy B", item="B", site="S", supplier="V", lead_days=5, lot_multiple=200),
)


def test_what_an_earlier_line_takes_is_made_good_by_the_lot_of_a_later_one(db: Database) -> None:
    with db.read() as tx:
        now = tx.now()
    today = local_day(now, "UTC")
    news = [
        *(MasterStated(record=record) for record in MASTER),  # type: ignore[arg-type]
        Counted(item="B", site="S", quantity=6, as_of=now),
        OpeningLine(
            customer=None,
            item="B",
            site="S",
            quantity=6,
            requested_on=today + 13,
            promised_on=today + 13,
            ref="SO-1",
        ),
    ]
    supply_changed(db, news, actor="erp", id="first")
    # The second line's three take what stands there for the order; the first line's lot makes it good.
    lines = (
        Line(item="P", quantity=3, requested_on=today + 14),
        Line(item="P", quantity=3, requested_on=today + 8),
    )

    (decision,) = promise(db, [Request(id="hold-1", verb=Verb.hold, lines=lines)], actor="seller")

    assert isinstance(decision, Decision)
    assert decision.chosen is not None
    (bought,) = (make for make in decision.options[decision.chosen].makes if make.source == "buy:buy B")
    assert (bought.quantity, bought.needed, bought.on) == (200, 6, today + 13)
    assert verify(db).findings == ()
