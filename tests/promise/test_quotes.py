"""A quote states a price and until when it holds; it is kept, and takes nothing from anybody."""

from __future__ import annotations

import pytest
from tests.promise.rights_company import Desk, tell

from accord.db.engine import Database
from accord.kit.errors import InputError, NotFound
from accord.ledger import service as ledger
from accord.promise import service
from accord.promise.model import Line, Refusal, Request, Verb, Verdict


def quoted(
    db: Database, today: int, *, id: str = "q1", quantity: int = 40, price: int | None = 1_850
) -> Request:
    line = Line(item="X-100", quantity=quantity, requested_on=today + 3, price_minor=price)
    return Request(id=id, verb=Verb.quote, customer="C1", lines=(line,))


def test_a_quote_keeps_its_price_and_takes_nothing(db: Database) -> None:
    today = tell(db)
    before = ledger.node(db, "X-100", "Halden")

    decision = service.promise_one(db, quoted(db, today), actor="sam")
    again = service.promise_one(db, quoted(db, today), actor="sam")

    assert decision == again
    assert decision.verdict is Verdict.yes
    assert decision.chosen == 0
    assert decision.prices == (1_850,)
    assert decision.price_until is not None
    assert decision.price_until > decision.now
    assert (decision.promise, decision.limits) == (None, ())
    assert ledger.node(db, "X-100", "Halden").steps == before.steps
    assert service.promises(db)[0] == []
    assert service.verify(db).findings == ()


def test_quotes_are_listed_with_whether_their_price_still_holds(db: Database) -> None:
    today = tell(db, price_seconds_max=1, price_seconds_min=1)
    first = service.promise_one(db, quoted(db, today), actor="sam")
    second = service.promise_one(db, quoted(db, today, id="q2", quantity=10), actor="sue")

    page, following = service.quotes(db, limit=1)
    older, end = service.quotes(db, after=following)

    assert [(one.decision.id, one.actor) for one in page] == [(second.id, "sue")]
    assert [(one.decision.id, one.actor) for one in older] == [(first.id, "sam")]
    assert end is None
    assert service.quote(db, first.id).decision == first


def test_a_price_that_needs_approval_is_not_quoted(db: Database) -> None:
    today = tell(db)

    refused = service.promise_one(db, quoted(db, today, price=1_400), actor="sam")

    assert refused.chosen is None
    assert refused.refusals == (Refusal.below_margin_floor, Refusal.approval_needed)
    assert service.quotes(db)[0] == []
    with pytest.raises(NotFound):
        service.quote(db, refused.id)


def test_a_quote_leaves_room_in_the_limits_of_the_one_who_gives_it(db: Database) -> None:
    today = tell(db)
    for number in range(3):
        service.promise_one(db, quoted(db, today, id=f"q{number}"), actor="sam")

    kept = Desk(db, today).do("sam", Verb.commit, 50, price=1_850)

    assert kept.promise is not None


def test_a_quote_names_no_promise(db: Database) -> None:
    today = tell(db)
    wanted = Request(
        id="q", verb=Verb.quote, promise="prm_1", lines=(Line(item="X-100", quantity=1, requested_on=today),)
    )

    with pytest.raises(InputError, match="takes nothing"):
        service.promise_one(db, wanted, actor="sam")


def test_a_replay_of_a_quote_gives_the_same_to_the_byte(db: Database) -> None:
    today = tell(db)
    decision = service.promise_one(db, quoted(db, today), actor="sam")

    assert service.replay(db, decision.id).same
