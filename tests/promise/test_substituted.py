"""Something else is given than was asked for: floors, limits and margins are those of what is given."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests import company
from tests.promise.rights_company import Desk

from accord.db.engine import Database
from accord.exceptions.model import Counted, MasterStated
from accord.exceptions.service import supply_changed
from accord.ledger.model import Substitute
from accord.policy import service as policy
from accord.policy.model import (
    Answer,
    CumulativeLimit,
    Period,
    Price,
    Right,
    Rights,
    Subject,
)
from accord.policy.model import Counted as Counts
from accord.promise import service
from accord.promise.model import Decision, Line, Refusal, Request, Verb

LIMIT = CumulativeLimit(
    id="few X-110", of=Counts.quantity, over=Subject.customer, period=Period.year, most=130, then=Answer.deny, item="X-110"
)  # fmt: skip


@pytest.fixture
def db_url(sqlite_url: str) -> str:
    """What is judged is the same on either engine."""
    return sqlite_url


@pytest.fixture
def desk(db: Database, noon: Callable[[int], None]) -> Desk:
    """100 X-100, of which 120 are asked for: X-110, of which there is enough, is given instead."""
    desk = Desk(db, company.tell(db))
    news = [
        MasterStated(record=Substitute(id="s", item="X-100", other="X-110")),
        Counted(item="X-110", site="Halden", quantity=500, as_of=1),
    ]
    supply_changed(db, news, actor="erp", id="substitutes")
    price(desk, floor=3_000)
    return desk


def price(desk: Desk, *, floor: int, listed: int = 4_000) -> None:
    policy.put(
        desk.db,
        [Price(id="X-110", item="X-110", list_minor=listed, floor_minor=floor)],
        actor="crm",
        id=f"{listed} {floor}",
    )


def substituted(desk: Desk, verb: Verb) -> Decision:
    offered = desk.do("sam", Verb.ask, 120, may_substitute=True).options
    named = next(option.id for option in offered if option.kind == "substitute")
    return desk.do("sam", verb, 120, may_substitute=True, option=named)


def test_a_hold_of_a_substitute_is_judged_by_the_floor_of_the_substitute(desk: Desk) -> None:
    hold = substituted(desk, Verb.hold)
    price(desk, floor=4_001)

    commit = desk.do("sam", Verb.commit, promise=hold.promise)

    assert hold.prices == (4_000,)
    assert commit.refusals == (Refusal.below_margin_floor,)


def test_the_floor_of_what_was_asked_for_does_not_hinder_what_is_given(desk: Desk) -> None:
    price(desk, floor=500, listed=1_000)  # the floor of an X-100 is 1,500

    hold = substituted(desk, Verb.hold)

    assert desk.do("sam", Verb.commit, promise=hold.promise).refusals == ()


@pytest.mark.parametrize("is_held_before_the_rights", [False, True])
def test_a_substitute_counts_in_the_limit_of_what_is_given(
    desk: Desk, is_held_before_the_rights: bool
) -> None:
    rights = Rights(rights=(Right(id="all", then=Answer.allow),), limits=(LIMIT,))
    hold = substituted(desk, Verb.hold) if is_held_before_the_rights else None
    policy.put(desk.db, [rights], actor="boss", id="rights")
    if hold is None:
        done = substituted(desk, Verb.commit)
    else:
        done = desk.do("sam", Verb.commit, promise=hold.promise)
    line = Line(item="X-110", quantity=11, requested_on=desk.today + 3)

    more = service.promise_one(
        desk.db, Request(id="more", verb=Verb.commit, customer="C1", lines=(line,)), actor="sam"
    )

    assert [take.quantity for take in done.limits] == [120]
    assert more.refusals == (Refusal.not_allowed,)
    assert service.verify(desk.db).findings == ()
    assert all(one.same for one in service.replay_all(desk.db))
