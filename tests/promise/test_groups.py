"""Which requests may be decided side by side; what the links of a graph make one is tried in tests/connect/test_sharing.py."""

from __future__ import annotations

import pytest

from accord.db.engine import Database
from accord.exceptions.model import Counted, MasterStated
from accord.exceptions.service import supply_changed
from accord.ledger.model import Input, Item, Operation, Site
from accord.ledger.service import reads
from accord.promise import service
from accord.promise.model import Line, Request, Verb
from accord.promise.service import groups

pytestmark = pytest.mark.usefixtures("noon")

RECORDS = (
    Item(id="pump", name="Pump"),
    Item(id="motor", name="Motor"),
    Item(id="bolt", name="Bolt"),
    Site(id="Halden", name="Halden"),
    Operation(id="make", item="pump", site="Halden", inputs=(Input(item="motor", quantity=1),)),
)


@pytest.fixture
def today(db: Database) -> int:
    """Motors and bolts at Halden, and pumps that can be made of motors; today's day there."""
    supply_changed(db, [MasterStated(record=record) for record in RECORDS], actor="erp", id="masters")
    count(db, "motor", 100, 1)
    count(db, "bolt", 100, 1)
    with db.read() as tx:
        return reads.node(tx, "pump", "Halden").today


def count(db: Database, item: str, quantity: int, as_of: int) -> None:
    news = Counted(item=item, site="Halden", quantity=quantity, as_of=as_of)
    supply_changed(db, [news], actor="erp", id=f"{item} {as_of}")


def ask(item: str, quantity: int = 1, on: int = 800_000) -> Request:
    line = Line(item=item, quantity=quantity, requested_on=on)
    return Request(id=f"{item} {quantity} {on}", verb=Verb.commit, lines=(line,), accept="best")


def groups_of(db: Database, *wanted: Request) -> list[int]:
    with db.read() as tx:
        return service.groups_of(tx, wanted, actor="sam")


def test_groups_are_numbered_as_they_are_met(db: Database, today: int) -> None:
    assert groups_of(db, ask("bolt"), ask("pump"), ask("bolt", 2), ask("motor")) == [0, 1, 0, 1]


def test_what_nobody_knows_competes_with_nothing(db: Database, today: int) -> None:
    assert groups_of(db, ask("ghost"), ask("bolt"), ask("ghost", 2)) == [0, 1, 2]


def test_a_request_about_a_promise_makes_all_one(db: Database, today: int) -> None:
    cancel = Request(id="cancel", verb=Verb.cancel, promise="prm_1")

    assert groups_of(db, ask("bolt"), ask("pump"), cancel) == [0, 0, 0]


def short_of_motors(db: Database, today: int) -> None:
    """Ten pumps are promised that live on motors; the way they were made is no more, and the motors are gone."""
    answer = service.promise_one(db, ask("pump", 10, today + 9), actor="sam")
    assert answer.chosen == 0
    supply_changed(db, [MasterStated(ends=("operation", "make"))], actor="erp", id="no more")
    assert groups_of(db, ask("pump"), ask("motor")) == [0, 1]
    count(db, "motor", 4, 2)


def test_what_lives_on_a_key_that_is_short_is_of_its_group(db: Database, today: int) -> None:
    short_of_motors(db, today)

    assert groups_of(db, ask("pump"), ask("motor"), ask("bolt")) == [0, 0, 1]


def test_without_a_look_at_what_is_short_it_is_not(
    db: Database, today: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    short_of_motors(db, today)
    monkeypatch.setattr(groups, "short_keys", lambda _tx: [])

    assert groups_of(db, ask("pump"), ask("motor"), ask("bolt")) == [0, 1, 2]
