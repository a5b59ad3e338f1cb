"""Who may promise what: nothing goes past the rights, and approvals are bound to what was asked."""

from __future__ import annotations

import pytest
from tests.promise.rights_company import Desk, tell

from accord.db.engine import Database
from accord.policy.model import Answer
from accord.promise import service
from accord.promise.model import Refusal, Verb, Verdict


@pytest.fixture
def desk(db: Database) -> Desk:
    return Desk(db, tell(db))


def test_a_seller_commits_within_his_limits(desk: Desk) -> None:
    decision = desk.do("sam", Verb.commit, 50)

    assert decision.verdict is Verdict.yes
    assert decision.ruling is not None
    assert (decision.ruling.answer, decision.ruling.by) == (Answer.allow, "seller-commit")
    assert service.verify(desk.db).findings == ()


def test_what_is_above_his_limit_needs_whom_it_names(desk: Desk) -> None:
    decision = desk.do("sam", Verb.commit, 51)

    assert (decision.promise, decision.chosen) == (None, None)
    assert decision.refusals == (Refusal.approval_needed,)
    ruling = decision.options[0].ruling
    assert ruling is not None
    assert (ruling.answer, ruling.ask, ruling.by) == (Answer.ask, "sales manager", "seller-more")
    assert ruling.because == (
        "seller-commit: 51 of one item is 1 above 50",
        "seller-commit: value of 1020.00 EUR is 20.00 EUR above 1000.00 EUR",
    )


def test_another_approves_and_it_is_committed(desk: Desk) -> None:
    asked = desk.do("sam", Verb.commit, 55, asks_approval=True, note="they pay at once")
    assert asked.approval is not None
    assert asked.promise is not None
    held = service.promise_of(desk.db, asked.promise)
    assert held.state.value == "held"

    given = desk.do("mia", Verb.approve, approval=asked.approval)

    assert (given.refusals, given.promise) == ((), asked.promise)
    kept = service.promise_of(desk.db, asked.promise)
    assert (kept.state.value, kept.promise.approved_by, kept.promise.actor) == ("committed", "mia", "sam")
    assert service.verify(desk.db).findings == ()
    assert all(one.same for one in service.replay_all(desk.db))


def test_nobody_approves_his_own(desk: Desk) -> None:
    asked = desk.do("sam", Verb.commit, 55, asks_approval=True)

    for actor in ("sam", "sam in charge"):
        own = desk.do(actor, Verb.approve, approval=asked.approval)
        assert own.refusals == (Refusal.approver_is_requester,)

    assert service.promise_of(desk.db, asked.promise or "").state.value == "held"
