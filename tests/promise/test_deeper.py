"""A lone request begins where the last one of its kind was answered, and gets the same answer."""

from __future__ import annotations

import pytest

from accord.db.engine import Database
from accord.exceptions.model import Counted, MasterStated
from accord.exceptions.service import supply_changed
from accord.ledger.model import Input, Item, Operation, Site
from accord.ledger.service import reads
from accord.promise import service
from accord.promise.model import Decision, Line, Request, Verb
from accord.promise.service import batch

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
    """A hundred motors and bolts at Halden, and a way to make pumps of them; today's day there."""
    supply_changed(db, [MasterStated(record=record) for record in RECORDS], actor="erp", id="masters")
    stock(db, "motor", 100)
    stock(db, "bolt", 100)
    with db.read() as tx:
        return reads.node(tx, "pump", "Halden").today


@pytest.fixture
def transactions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lane of each transaction that is begun."""
    real, begun = batch._transacted, list[str]()

    def counted(*args: object) -> object:
        begun.append("deep" if args[2].is_deep else "quick")  # type: ignore[attr-defined]
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(batch, "_transacted", counted)
    return begun


def stock(db: Database, item: str, quantity: int) -> None:
    """Count an item."""
    counted = Counted(item=item, site="Halden", quantity=quantity, as_of=1)
    supply_changed(db, [counted], actor="erp", id=f"{item} {quantity}")


def ask(id: str, quantity: int, on: int, item: str = "pump") -> Request:
    """One line to commit."""
    return Request(id=id, verb=Verb.commit, lines=(Line(item=item, quantity=quantity, requested_on=on),))


def do(db: Database, *wanted: Request) -> list[list[str]]:
    """Promise in one call; where each comes from."""
    found = service.promise(db, wanted, actor="sales")
    assert all(isinstance(one, Decision) and one.chosen == 0 for one in found)
    return [[make.source for make in one.options[0].makes] for one in found if isinstance(one, Decision)]


def test_only_the_first_finds_out_that_it_must_be_made(
    db: Database, today: int, transactions: list[str]
) -> None:
    made = [do(db, ask(f"r{n}", 2, today + 20)) for n in range(3)]

    assert made == [[["make:make"]]] * 3
    assert transactions == ["quick", "deep", "deep", "deep"]


def test_once_there_is_stock_again_it_is_looked_at_first(
    db: Database, today: int, transactions: list[str]
) -> None:
    do(db, ask("a", 2, today + 20))
    stock(db, "pump", 50)
    transactions.clear()

    found = [do(db, ask(f"r{n}", 2, today + 20)) for n in range(3)]

    assert found == [[[]]] * 3
    assert transactions == ["deep", "quick", "quick"]


def test_the_answer_is_the_same_on_either_way(db: Database, today: int) -> None:
    do(db, ask("a", 2, today + 20))
    stock(db, "pump", 50)

    at_once, then = (service.promise_one(db, ask(f"r{n}", 2, today + 20), actor="sales") for n in range(2))

    assert (at_once.reads, at_once.options[0].id) == (
        tuple((key, version - 1) for key, version in then.reads),
        then.options[0].id,
    )
    assert [one.same for one in service.replay_all(db)] == [True, True, True]


def test_of_several_in_a_call_stock_answers_first_as_ever(
    db: Database, today: int, transactions: list[str]
) -> None:
    do(db, ask("a", 2, today + 20))
    transactions.clear()

    do(db, ask("b", 2, today + 20), ask("c", 2, today + 20, "bolt"))

    assert transactions == ["quick", "deep"]


def test_another_item_is_looked_for_in_stock(db: Database, today: int, transactions: list[str]) -> None:
    do(db, ask("a", 2, today + 20))
    transactions.clear()

    do(db, ask("b", 2, today + 20, "bolt"))

    assert transactions == ["quick"]
