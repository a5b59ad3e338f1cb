"""Who only looks sees what a decision would find: nothing that is over, and of lots what lasts."""

from __future__ import annotations

from typing import Any

from tests.company import tell

from accord.db.engine import Database
from accord.exceptions.model import Counted, OpeningLine
from accord.exceptions.service import supply_changed
from accord.ledger import service
from accord.promise import service as promises
from accord.promise.model import Line, Request, Verb


def test_a_hold_that_is_over_takes_nothing_though_nobody_gave_it_back(db: Database, noon: Any) -> None:
    today = tell(db)
    line = Line(item="X-100", quantity=20, requested_on=today + 3)
    promises.promise(db, [Request(id="1", verb=Verb.hold, lines=(line,), hold_seconds=60)], actor="test")
    before = service.node(db, "X-100", "Halden")
    noon(61)
    after = service.node(db, "X-100", "Halden")

    assert (before.steps[0].available, after.steps[0].available) == (80, 100)
    assert after.version == before.version


def test_of_lots_no_more_is_available_than_lasts_for_later_promises(db: Database, noon: Any) -> None:
    today = tell(db)
    lots = (("old", 10, today + 5), ("new", 10, today + 90))
    news = [
        Counted(item="X-110", site="Lyon", quantity=quantity, as_of=1, lot=lot, expires_on=on)
        for lot, quantity, on in lots
    ]
    order = OpeningLine(customer=None, item="X-110", site="Lyon", quantity=8, requested_on=today, promised_on=today + 30, ref="1")  # fmt: skip
    supply_changed(db, [*news, order], actor="erp", id="lots")

    steps = service.node(db, "X-110", "Lyon").steps

    assert [(step.on - today, step.projected, step.available) for step in steps] == [(0, 20, 12), (30, 12, 2)]
