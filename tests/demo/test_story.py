"""Every number the demo's story tells, on each weekday: what the seller hears, and what changes it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec
import pytest

from accord.db import tx as clock
from accord.db.engine import Database, open_database
from accord.demo import service, story
from accord.exceptions import service as exceptions
from accord.exceptions.model import MasterStated, ReceiptStated
from accord.kit.days import midnight
from accord.ledger.model import State, SupplyKind, node_key, resource_key
from accord.ledger.service import graphs
from accord.promise import service as promises
from accord.promise.model import Decision, Option, Refusal, Request, Verb, Verdict

MONDAY = date(2026, 3, 2).toordinal()
HOURS = 3_600_000_000


EVERY_WEEKDAY = pytest.mark.parametrize(
    "told", range(7), ids=["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"], indirect=True
)


@pytest.fixture
def told(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Database, int]]:
    """The demo after its morning, at ten o'clock on a day: a Monday, or so many days after one."""
    today = MONDAY + getattr(request, "param", 0)
    at = midnight(today, "Europe/Oslo") + 10 * HOURS
    monkeypatch.setattr(clock, "wall_clock", lambda: at)
    db = open_database(f"sqlite:///{tmp_path / 'demo.db'}")
    assert service.load(db).today == today
    service.morning(db)
    yield db, today
    db.close()


def _decided(db: Database, request: Request) -> Decision:
    (answer,) = promises.promise(db, [request], actor="seller")
    assert isinstance(answer, Decision)
    return answer


def _option(decision: Decision, kind: str) -> Option:
    (found,) = (option for option in decision.options if option.kind == kind)
    return found


def _deliveries(option: Option) -> list[tuple[int, str, int]]:
    return [(piece.quantity, piece.item, piece.deliver_on) for piece in option.pieces]


@EVERY_WEEKDAY
def test_the_seller_hears_yes_but(told: tuple[Database, int]) -> None:
    db, today = told
    days = story.dates(today)

    decision = _decided(db, story.asks(today))

    assert decision.verdict is Verdict.yes_but
    assert [option.kind for option in decision.options] == ["split", "substitute", "expedite", "later"]
    assert all(option.price_minor == 925_000 and not option.needs for option in decision.options)

    split = _option(decision, "split")
    assert _deliveries(split) == [(420, "X-100", days.asked_on), (80, "X-100", days.later_on)]
    assert [(e.source, e.quantity) for e in split.pieces[0].evidence] == [("on hand", 120), ("WO 2218", 300)]
    assert [(e.source, e.quantity) for e in split.pieces[1].evidence] == [("WO 2231", 80)]
    assert not split.makes

    assert _deliveries(_option(decision, "substitute")) == [(500, "X-110", days.asked_on)]

    overtime = _option(decision, "expedite")
    assert _deliveries(overtime) == [(500, "X-100", days.asked_on)]
    assert [make.source for make in overtime.makes] == ["buy:C-100 Halden express", "make:make X-100"]
    extra = [take for take in overtime.makes[1].takes if take.key == resource_key("HAL-A1", overtime=True)]
    assert sum(take.quantity for take in extra) == 180  # two evenings: changing over, and two minutes each

    assert _deliveries(_option(decision, "later")) == [(500, "X-100", days.later_on)]

    (line,) = decision.lines
    assert line.on == days.later_on
    assert line.limit is not None
    assert (line.limit.why, line.limit.key) == (Refusal.supply_short, node_key("X-100", "Halden"))
    assert (line.limit.short, line.limit.until, line.limit.ref) == (80, days.work_on, "WO 2231")


def test_a_second_seller_gets_another_answer(told: tuple[Database, int]) -> None:
    db, today = told
    days = story.dates(today)
    asks = story.asks(today)
    same = msgspec.structs.replace(
        asks, id="second", lines=(msgspec.structs.replace(asks.lines[0], quantity=420),)
    )
    alone = _decided(db, same)
    assert (alone.verdict, _deliveries(alone.options[0])) == (Verdict.yes, [(420, "X-100", days.asked_on)])

    held = _decided(db, msgspec.structs.replace(asks, id="hold", verb=Verb.hold, option="1", accept="best"))
    second = _decided(db, same)

    assert held.promise is not None
    assert second.verdict is Verdict.yes_but
    assert [option.kind for option in second.options if option.in_full_on_time] == ["substitute"]
    # What is left can only be made, and the line is full.
    assert second.lines[0].limit is not None
    assert second.lines[0].limit.key == resource_key("HAL-A1")
    assert promises.verify(db).findings == ()


def test_what_was_held_cannot_be_committed_by_another(told: tuple[Database, int]) -> None:
    db, today = told
    asks = msgspec.structs.replace(story.asks(today), may_substitute=False)
    _decided(db, msgspec.structs.replace(asks, id="hold", verb=Verb.hold, option="1", accept="best"))

    second = _decided(
        db,
        msgspec.structs.replace(
            asks, id="second", verb=Verb.commit, lines=(msgspec.structs.replace(asks.lines[0], quantity=420),)
        ),
    )

    assert (second.promise, second.chosen) == (None, None)
    assert second.refusals == (Refusal.capacity_full, Refusal.not_by_then)
    assert [option.days_late > 0 for option in second.options] == [True] * len(second.options)
    assert promises.verify(db).findings == ()


def test_a_price_below_the_floor_needs_approval(told: tuple[Database, int]) -> None:
    db, today = told

    decision = _decided(db, story.asks(today, price_minor=story.PRICE_BELOW_FLOOR_MINOR))

    assert decision.verdict is Verdict.needs_approval
    assert decision.refusals == (Refusal.below_margin_floor, Refusal.approval_needed)
    assert all(Refusal.below_margin_floor in option.needs for option in decision.options)


@EVERY_WEEKDAY
def test_at_todays_copper_it_goes_to_the_sales_manager_who_approves_in_one_step(
    told: tuple[Database, int],
) -> None:
    db, today = told
    below = story.asks(today, price_minor=story.PRICE_BELOW_FLOOR_MINOR)
    wanted = msgspec.structs.replace(below, id="low", verb=Verb.commit, option="1", asks_approval=True)

    asked = promises.promise_one(db, wanted, actor="Anna Lund")

    option = asked.options[0]
    assert (asked.verdict, option.kind) == (Verdict.needs_approval, "split")
    assert asked.ruling is not None
    assert (asked.ruling.ask, asked.ruling.by) == ("sales manager", "seller-asks")
    assert asked.ruling.because == (
        "seller: a margin of 12.89 % is 1.11 % below 14.00 %",
        "seller: the price is below the floor",
    )
    assert option.cost_at == midnight(today, "Europe/Oslo")  # as old as the copper quotation
    assert promises.promise_of(db, asked.promise or "").state is State.held  # kept meanwhile

    own = Request(id="own", verb=Verb.approve, approval=asked.approval)
    given = Request(id="given", verb=Verb.approve, approval=asked.approval)
    assert promises.promise_one(db, own, actor="Anna Lund").refusals == (Refusal.approver_is_requester,)
    assert promises.promise_one(db, given, actor="Mia Berg").refusals == ()

    kept = promises.promise_of(db, asked.promise or "")
    assert (kept.state, kept.promise.actor, kept.promise.approved_by) == (
        State.committed,
        "Anna Lund",
        "Mia Berg",
    )
    assert promises.verify(db).findings == ()


def test_with_cheaper_copper_the_margin_would_do(told: tuple[Database, int]) -> None:
    db, today = told
    asks = story.asks(today, price_minor=story.PRICE_BELOW_FLOOR_MINOR)
    with db.read() as tx:
        pump = graphs.graph(tx).items["X-100"]
    cheaper = msgspec.structs.replace(pump, cost_minor=pump.cost_minor - 30)
    exceptions.supply_changed(db, [MasterStated(record=cheaper)], actor="erp", id="copper")

    ruling = _decided(db, asks).options[0].ruling

    assert ruling is not None
    assert ruling.because == ("seller: the price is below the floor",)


def test_a_supplier_that_slips_uncovers_what_rests_on_its_castings(told: tuple[Database, int]) -> None:
    db, today = told
    days = story.dates(today)
    promised = _decided(
        db,
        msgspec.structs.replace(story.asks(today), id="commit", verb=Verb.commit, option="1", accept="best"),
    )
    assert exceptions.open_exceptions(db) == ([], None)

    late = ReceiptStated(
        item="C-100",
        site="Halden",
        id="4711/1",
        kind=SupplyKind.purchase,
        quantity=story.PURCHASE_QUANTITY,
        due_on=days.purchase_on + 9,
        ref=story.PURCHASE,
    )
    exceptions.supply_changed(db, [late], actor="erp", id="slip")

    found, _ = exceptions.open_exceptions(db, limit=200)
    ours = [e for e in found if e.key == node_key("X-100", "Halden")]
    assert promised.promise is not None
    assert {e.owner for e in ours} == {"planner-halden"}
    rest = promises.promise_of(db, promised.promise).commitments[1]
    assert (rest.quantity, rest.id in {e.commitment for e in ours}) == (80, True)
    assert promises.verify(db).findings == ()


@pytest.mark.parametrize(
    ("seed", "day", "hour"),
    [(31, "2026-03-29", 3), (261, "2026-10-25", 0), (238, "2026-12-20", 23), (667, "2028-02-29", 15)],
)
def test_another_seed_on_another_day_tells_the_same(
    seed: int, day: str, hour: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = date.fromisoformat(day).toordinal()
    at = midnight(today, "Europe/Oslo") + hour * HOURS
    monkeypatch.setattr(clock, "wall_clock", lambda: at)
    db = open_database(f"sqlite:///{tmp_path / 'demo.db'}")
    service.load(db, seed=seed)
    service.morning(db)

    decision = _decided(db, story.asks(today))

    assert [option.kind for option in decision.options] == ["split", "substitute", "expedite", "later"]
    assert [piece.quantity for piece in decision.options[0].pieces] == [420, 80]
    assert promises.verify(db).findings == ()
    assert exceptions.open_exceptions(db) == ([], None)
    db.close()
