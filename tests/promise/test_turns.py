"""Requests of one call are decided in order where they compete, whichever of them need a deeper look."""

from __future__ import annotations

import pytest

from accord.db.engine import Database
from accord.exceptions.model import Counted, MasterStated
from accord.exceptions.service import supply_changed
from accord.ledger.model import Input, Item, Load, Operation, Resource, Site, Step
from accord.ledger.service import reads
from accord.policy import service as policy
from accord.policy.model import Actor, Answer, CumulativeLimit, Customer, Period, Right, Rights, Subject
from accord.policy.model import Counted as Of
from accord.promise import service
from accord.promise.model import Decision, Line, Request, Verb
from accord.promise.service import batch
from accord.promise.service.turns import Turns

pytestmark = pytest.mark.usefixtures("noon")

RECORDS = (
    Item(id="pump", name="Pump"),
    Item(id="motor", name="Motor"),
    Item(id="bolt", name="Bolt"),
    Site(id="Halden", name="Halden"),
    Resource(id="line", name="Line", site="Halden"),
    Operation(
        id="make", item="pump", site="Halden", inputs=(Input(item="motor", quantity=1),),
        steps=(Step(loads=(Load(resource="line"),), run_seconds=60),),
    ),
)  # fmt: skip


@pytest.fixture
def today(db: Database) -> int:
    """Ten motors and a hundred bolts at Halden, and a line that makes pumps of motors; today's day there."""
    supply_changed(db, [MasterStated(record=record) for record in RECORDS], actor="erp", id="masters")
    for item, quantity in (("motor", 10), ("bolt", 100)):
        counted = Counted(item=item, site="Halden", quantity=quantity, as_of=1)
        supply_changed(db, [counted], actor="erp", id=item)
    with db.read() as tx:
        return reads.node(tx, "pump", "Halden").today


def ask(id: str, item: str, quantity: int, on: int, **more: object) -> Request:
    """One line to commit."""
    line = Line(item=item, quantity=quantity, requested_on=on)
    return Request(id=id, verb=Verb.commit, lines=(line,), accept="best", **more)  # type: ignore[arg-type]


def said(db: Database, *wanted: Request) -> list[str]:
    """Promise in one call; what became of each: done, or why not."""
    return [word_of(answer) for answer in service.promise(db, wanted, actor="sam")]


def word_of(answer: object) -> str:
    assert isinstance(answer, Decision)
    return answer.refusals[0].value if answer.refusals else "done"


def test_a_later_one_does_not_take_from_stock_what_an_earlier_one_needs_to_be_made(
    db: Database, today: int
) -> None:
    wanted = [
        ask("a", "pump", 8, today + 9),
        ask("b", "motor", 8, today + 9),
        ask("c", "motor", 2, today + 9),
    ]

    assert said(db, *wanted) == ["done", "supply_short", "done"]


def test_without_turns_it_does(db: Database, today: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Turns, "is_behind", lambda *_: False)
    wanted = [
        ask("a", "pump", 8, today + 9),
        ask("b", "motor", 8, today + 9),
        ask("c", "motor", 2, today + 9),
    ]

    assert said(db, *wanted)[1:] == ["done", "done"]


def test_the_order_holds_wherever_a_transaction_ends(
    db: Database, today: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "BUDGET_SECONDS", 0.0)
    wanted = [
        ask("a", "pump", 8, today + 9),
        ask("b", "motor", 8, today + 9),
        ask("c", "motor", 2, today + 9),
    ]

    assert said(db, *wanted) == ["done", "supply_short", "done"]


def test_who_competes_with_nobody_that_waits_is_answered_at_once(
    db: Database, today: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[list[str]] = []
    real = batch.deep

    def deep(db: Database, wanted: list[Request], **more: object) -> object:
        left.append([one.id for one in wanted])
        return real(db, wanted, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(batch, "deep", deep)

    said(db, ask("a", "pump", 8, today + 9), ask("b", "bolt", 8, today + 9), ask("c", "motor", 2, today + 9))

    assert left == [["a", "c"]]


def test_who_shares_a_cumulative_limit_waits_for_his_turn(db: Database, today: int) -> None:
    rights = Rights(
        rights=(Right(id="sell", role="seller", then=Answer.allow),),
        limits=(
            CumulativeLimit(
                id="day", role="seller", of=Of.quantity, over=Subject.customer, period=Period.day, most=10,
                then=Answer.deny,
            ),
        ),
        actors=(Actor(id="sam", roles=("seller",)),),
    )  # fmt: skip
    policy.put(db, [rights, *(Customer(id=id, name=id) for id in ("C1", "C2"))], actor="boss", id="rights")

    found = said(
        db,
        ask("a", "pump", 8, today + 9, customer="C1"),
        ask("b", "bolt", 8, today + 9, customer="C1"),
        ask("c", "bolt", 8, today + 9, customer="C2"),
        ask("d", "bolt", 2, today + 9, customer="C1"),
    )

    assert (found[0], found[2], found[3]) == ("done", "done", "done")
    assert found[1] != "done"


def test_what_changes_a_promise_comes_after_all_that_wait_and_before_all_that_follow(
    db: Database, today: int
) -> None:
    first = service.promise_one(db, ask("first", "motor", 5, today + 9), actor="sam")
    cancel = Request(id="cancel", verb=Verb.cancel, promise=first.promise)

    found = said(db, ask("a", "pump", 8, today + 9), cancel, ask("b", "motor", 8, today + 9))

    assert found == ["supply_short", "done", "done"]
