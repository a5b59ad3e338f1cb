"""A hold that lasted for days is made firm only while its own dates can still be kept."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from accord.db.engine import Database
from accord.exceptions.model import Counted, MasterStated
from accord.exceptions.service import open_exceptions, roll_days, supply_changed
from accord.kit.days import local_day
from accord.ledger.model import Item, Lane, Record, Site, State, Supplier, Term
from accord.promise.model import Decision, Line, Refusal, Request, Verb
from accord.promise.service import promise_of, promise_one, replay_all, verify

pytestmark = pytest.mark.usefixtures("noon")

HOUR = 3_600
BOUGHT = (Supplier(id="V", name="V"), Term(id="buy", item="pump", site="S", supplier="V", lead_days=3))
MOVED = (Lane(id="van", item="pump", origin="T", destination="S", transit_days=3),)


def company(db: Database, *more: Record, stock: int, at: str = "S", cutoff: int | None = None) -> int:
    """Pumps at one of two sites; today's day there."""
    with db.read() as tx:
        now = tx.now()
    sites = (Site(id="S", name="S", cutoff_minute=cutoff), Site(id="T", name="T"))
    records = (*sites, Item(id="pump", name="Pump"), *more)
    supply_changed(db, [MasterStated(record=record) for record in records], actor="erp", id="masters")  # type: ignore[arg-type]
    supply_changed(db, [Counted(item="pump", site=at, quantity=stock, as_of=now)], actor="erp", id="stock")
    return local_day(now, "UTC")


def held(db: Database, on: int) -> Decision:
    line = Line(item="pump", quantity=4, requested_on=on, site="S")
    decision = promise_one(
        db, Request(id="h", verb=Verb.hold, lines=(line,), hold_seconds=72 * HOUR), actor="sam"
    )
    assert decision.promise is not None
    return decision


def again(db: Database, hold: Decision, verb: Verb = Verb.commit) -> Decision:
    return promise_one(db, Request(id=f"again {verb}", verb=verb, promise=hold.promise), actor="sam")


@pytest.mark.parametrize("verb", [Verb.commit, Verb.hold], ids=["hardened", "renewed"])
def test_a_hold_whose_ship_day_has_passed_is_not_kept_for_that_day(
    db: Database, noon: Callable[[int], None], verb: Verb
) -> None:
    today = company(db, stock=10)
    hold = held(db, today)

    noon(24 * HOUR)
    roll_days(db)
    answer = again(db, hold, verb)

    assert (answer.promise, answer.refusals) == (None, (Refusal.not_by_then,))
    assert promise_of(db, hold.promise or "").state is State.held
    assert (verify(db).findings, open_exceptions(db)[0]) == ((), [])
    assert all(one.same for one in replay_all(db))


@pytest.mark.parametrize(
    ("more", "at"), [pytest.param(BOUGHT, "S", id="bought"), pytest.param(MOVED, "T", id="moved")]
)
@pytest.mark.parametrize(("days", "refusals"), [(0, ()), (1, (Refusal.not_by_then,))])
def test_what_a_hold_would_bring_must_still_begin_in_time(
    db: Database,
    noon: Callable[[int], None],
    more: tuple[Record, ...],
    at: str,
    days: int,
    refusals: tuple[Refusal, ...],
) -> None:
    today = company(db, *more, stock=10 if at == "T" else 0, at=at)
    hold = held(db, today + 3)
    assert hold.options[0].makes[0].starts_on == today

    noon(days * 24 * HOUR)
    roll_days(db)
    answer = again(db, hold)

    assert answer.refusals == refusals
    # What could be promised instead is said with it.
    assert [o.pieces[0].deliver_on for o in answer.options] == [today + 4][: len(refusals)]
    assert verify(db).findings == ()


def test_a_need_of_more_lots_than_anybody_plans_at_once_is_refused_at_once(db: Database) -> None:
    small = msgspec.structs.replace(BOUGHT[1], lot_max=1)
    today = company(db, BOUGHT[0], small, stock=0)
    line = Line(item="pump", quantity=10**12, requested_on=today + 9, site="S")

    answer = promise_one(db, Request(id="much", verb=Verb.commit, lines=(line,)), actor="sam")

    assert (answer.promise, answer.options) == (None, ())
    assert answer.refusals[0] is Refusal.supply_short


@pytest.mark.parametrize(("hours", "refusals"), [(1, ()), (3, (Refusal.not_by_then,))])
def test_after_the_cut_off_it_is_too_late_for_today(
    db: Database, noon: Callable[[int], None], hours: int, refusals: tuple[Refusal, ...]
) -> None:
    today = company(db, stock=10, cutoff=14 * 60)
    hold = held(db, today)

    noon(hours * HOUR)

    assert again(db, hold).refusals == refusals


def test_without_looking_at_the_time_a_day_that_has_passed_would_be_promised(
    db: Database, noon: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accord.promise.decide.still_in_time", lambda *_: True)
    hold = held(db, company(db, stock=10))

    noon(24 * HOUR)
    roll_days(db)
    again(db, hold)

    assert [finding.what for finding in verify(db).findings] == ["exception_missing"]
