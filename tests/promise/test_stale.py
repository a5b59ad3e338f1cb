"""What was counted too long ago is not promised, whoever agrees to it; what was counted lately is."""

from __future__ import annotations

import pytest
from tests import company
from tests.promise.rights_company import RIGHTS, Desk

from accord.db.engine import Database
from accord.exceptions.model import Counted, MasterStated, ReceiptArrived, ReceiptStated
from accord.exceptions.service import supply_changed
from accord.ledger.model import Delivery, SupplyKind
from accord.policy import service as policy
from accord.policy.model import Rules
from accord.promise import service
from accord.promise.model import Line, Refusal, Request, Verb, Verdict

HOUR = 3_600
HOUR_US = HOUR * 1_000_000


def tell(db: Database, *, hours_ago: int, most: int | None = 24 * HOUR, rights: bool = False) -> int:
    today = company.tell(db)
    with db.read() as tx:
        counted_at = tx.now() - hours_ago * HOUR_US
    supply_changed(
        db, [Counted(item="X-100", site="Halden", quantity=100, as_of=counted_at)], actor="erp", id="count"
    )
    own = [RIGHTS] if rights else []
    policy.put(db, [Rules(count_seconds_max=most), *own], actor="boss", id="rules")
    return today


def ask(db: Database, today: int, quantity: int = 40, verb: Verb = Verb.ask, **terms: object) -> Request:
    line = Line(item="X-100", quantity=quantity, requested_on=today + 3)
    return Request(id=f"r-{verb}-{quantity}", verb=verb, customer="C1", lines=(line,), **terms)  # type: ignore[arg-type]


def test_stock_that_was_counted_too_long_ago_is_not_known(db: Database) -> None:
    today = tell(db, hours_ago=25)

    decision = service.ask(db, ask(db, today))

    assert decision.verdict is Verdict.cannot_know
    assert decision.refusals == (Refusal.feed_too_old,)
    (stale,) = decision.stale
    assert (stale.key, stale.owner) == ("node:X-100@Halden", "planner")
    assert decision.now - stale.counted_at == pytest.approx(25 * HOUR_US, abs=60_000_000)
    assert decision.options[0].needs == (Refusal.feed_too_old,)
    assert "was last counted too long ago" in decision.sentence


def test_what_came_in_since_makes_no_count_younger(db: Database) -> None:
    today = tell(db, hours_ago=25)
    with db.read() as tx:
        now = tx.now()
    stated = ReceiptStated(
        item="X-100", site="Halden", id="po-2", kind=SupplyKind.purchase, quantity=5, due_on=today, lot="L2"
    )
    came = ReceiptArrived(item="X-100", site="Halden", id="po-2", quantity=5, at=now)
    supply_changed(db, [stated, came], actor="erp", id="came")

    assert service.ask(db, ask(db, today)).verdict is Verdict.cannot_know


@pytest.mark.parametrize(("hours_ago", "most"), [(23, 24 * HOUR), (25, None), (25, 26 * HOUR)])
def test_stock_that_was_counted_lately_is_promised(db: Database, hours_ago: int, most: int | None) -> None:
    today = tell(db, hours_ago=hours_ago, most=most)

    decision = service.promise_one(db, ask(db, today, verb=Verb.commit), actor="sam")

    assert decision.verdict is Verdict.yes
    assert decision.promise is not None


@pytest.mark.parametrize("verb", [Verb.hold, Verb.commit, Verb.quote])
def test_nothing_is_promised_on_it(db: Database, verb: Verb) -> None:
    today = tell(db, hours_ago=25)

    decision = service.promise_one(db, ask(db, today, verb=verb), actor="sam")

    assert (decision.verdict, decision.promise, decision.chosen) == (Verdict.cannot_know, None, None)
    assert service.promises(db)[0] == []


def test_nobody_can_agree_to_it(db: Database) -> None:
    today = tell(db, hours_ago=25, rights=True)

    decision = service.promise_one(db, ask(db, today, 60, verb=Verb.commit, asks_approval=True), actor="sam")

    assert decision.verdict is Verdict.cannot_know
    assert (decision.approval, decision.promise) == (None, None)
    allowed = Desk(db, today).do("dan", Verb.commit, 60, price=1_850)
    assert (allowed.verdict, allowed.promise) == (Verdict.cannot_know, None)


def test_a_new_count_makes_it_known_again(db: Database) -> None:
    today = tell(db, hours_ago=25)
    with db.read() as tx:
        now = tx.now()
    supply_changed(
        db, [Counted(item="X-100", site="Halden", quantity=100, as_of=now)], actor="erp", id="again"
    )

    assert service.ask(db, ask(db, today)).verdict is Verdict.yes
    assert service.verify(db).findings == ()


@pytest.mark.parametrize(("quantity", "verdict"), [(40, Verdict.yes), (400, Verdict.cannot_know)])
def test_what_another_site_has_for_certain_is_promised_and_decided_the_same_again(
    db: Database, quantity: int, verdict: Verdict
) -> None:
    today = tell(db, hours_ago=25)
    legs = [Delivery(id=site, site=site, ship_to="*", transit_days=0) for site in ("Halden", "Lyon")]
    with db.read() as tx:
        now = tx.now()
    lyon = Counted(item="X-100", site="Lyon", quantity=100, as_of=now)
    supply_changed(db, [*(MasterStated(record=leg) for leg in legs), lyon], actor="erp", id="lyon")

    decision = service.promise_one(db, ask(db, today, quantity, verb=Verb.commit), actor="sam")

    assert decision.verdict is verdict
    assert (decision.promise is not None) == (verdict is Verdict.yes)
    assert {piece.site for option in decision.options[:1] for piece in option.pieces} == (
        {"Lyon"} if verdict is Verdict.yes else set()
    )
    assert [one.key for one in decision.stale] == ["node:X-100@Halden"]
    assert [one.same for one in service.replay_all(db)] == [True]
    assert service.verify(db).findings == ()
