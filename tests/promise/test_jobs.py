"""What runs by itself for promises frees what is over and changes no answer."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.company import MASTERS, tell

from accord.db.engine import Database
from accord.exceptions.model import MasterStated, Outcome
from accord.exceptions.service import supply_changed
from accord.kit.errors import RequestChanged
from accord.ledger.service import reads
from accord.promise import jobs, service
from accord.promise.model import Line, Request, Verb
from accord.promise.service import tidying

DAY = 86_400


def request(verb: Verb, id: str, on: int, quantity: int = 10) -> Request:
    line = Line(item="X-100", quantity=quantity, requested_on=on)
    return Request(
        id=id, verb=verb, customer="C1", lines=(line,), hold_seconds=3_600 if verb is Verb.hold else None
    )


def masters(db: Database) -> Outcome:
    """The first news of the company, as it was told, and told again."""
    news = [MasterStated(record=record) for record in MASTERS]
    return supply_changed(db, news, actor="erp", id="masters")


def test_holds_that_are_over_are_swept_up_until_nothing_is_left(
    db: Database, noon: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tidying, "_KEYS_MAX", 1)
    today = tell(db)
    for number in range(3):
        service.promise(db, [request(Verb.hold, f"h{number}", today + 2)], actor="anna")
    assert jobs.tidy(db) == 0

    noon(3_601)
    assert jobs.tidy(db) > 0

    assert jobs.tidy(db) == 0
    with db.read() as tx:
        assert reads.keys_expiring(tx, tx.now(), 10) == []
        assert tx.rows("SELECT count(*) FROM ledger_draw WHERE version_to IS NULL") == [(0,)]
        assert tx.rows("SELECT count(*) FROM audit WHERE type = 'HoldExpired'") == [(3,)]
    assert service.verify(db).findings == ()


def test_a_sweep_that_never_ends_is_stopped(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "tidy", lambda _db: 1)
    monkeypatch.setattr(jobs, "_ROUNDS_MAX", 5)

    assert jobs.tidy(db) == 5


def test_replies_are_forgotten_after_a_week_and_a_repeat_still_gets_the_answer(
    db: Database, noon: Callable[[int], None]
) -> None:
    today = tell(db)
    told = masters(db)
    (first,) = service.promise(db, [request(Verb.commit, "k-1", today + 2)], actor="anna")
    news = "SELECT count(*) FROM request WHERE reply IS NOT NULL"

    noon(7 * DAY - 10)
    assert jobs.prune(db) == 0
    noon(20)
    assert jobs.prune(db) > 0
    assert jobs.prune(db) == 0

    with db.read() as tx:
        assert tx.rows(news) == [(0,)]
    assert service.promise(db, [request(Verb.commit, "k-1", today + 2)], actor="anna") == [first]
    (other,) = service.promise(db, [request(Verb.commit, "k-1", today + 2, 11)], actor="anna")
    assert isinstance(other, RequestChanged)
    assert masters(db) == told  # news told again: the same outcome, from what was told
