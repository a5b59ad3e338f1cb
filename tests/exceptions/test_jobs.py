"""Midnight makes news by itself: once a site and day, however many processes look."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

import pytest
from tests.exceptions.test_day_roll import DAY, company, order, receipt, tell
from tests.waiting import until_somebody_waits

from accord.db import requests
from accord.db.engine import Database, open_database
from accord.db.migrations import upgrade
from accord.db.tx import Tx
from accord.exceptions import jobs, service
from accord.exceptions.model import Counted, MasterStated
from accord.kit.days import iso
from accord.kit.errors import RequestChanged
from accord.ledger.model import Site
from accord.promise.service import verify


def rolled(db: Database) -> list[str]:
    with db.read() as tx:
        return [
            id for (id,) in tx.rows("SELECT news_id FROM ledger_cause WHERE kind = 'DayRolled' ORDER BY id")
        ]


def test_what_is_overdue_is_an_exception_without_anybody_saying_so(
    db: Database, noon: Callable[[int], None]
) -> None:
    today = company(db)
    tell(db, "stock", Counted(item="pump", site="Halden", quantity=9, as_of=1))
    tell(db, "receipt", receipt("WO1", 5, today))
    tell(db, "order", order(4, today))
    tell(db, "later", order(9, today + 3))
    assert jobs.roll(db) == 2
    assert service.open_exceptions(db) == ([], None)

    noon(DAY)
    assert jobs.is_midnight(db)
    assert jobs.roll(db) == 2

    # One order was not shipped; the other one waits for a receipt that is now expected in a week.
    assert len(service.open_exceptions(db)[0]) == 2
    assert verify(db).findings == ()


def test_a_day_rolls_once(db: Database, noon: Callable[[int], None]) -> None:
    today = company(db)

    assert [jobs.roll(db), jobs.roll(db)] == [2, 0]
    noon(DAY)
    assert [jobs.roll(db), jobs.roll(db)] == [2, 0]

    assert rolled(db) == [
        f"roll:{site}:{iso(day)}" for day in (today, today + 1) for site in ("Halden", "Lyon")
    ]


def test_each_site_has_its_own_midnight(db: Database, noon: Callable[[int], None]) -> None:
    today = company(db)
    tell(db, "far", MasterStated(record=Site(id="Auckland", name="Auckland", zone="Pacific/Auckland")))
    assert jobs.roll(db) == 3  # at noon UTC it is just tomorrow in Auckland, or will be in an hour

    noon(14 * 3_600)
    assert jobs.roll(db) == 2  # 02:00 UTC: midnight passed at the others, in Auckland it is the afternoon
    assert rolled(db)[-2:] == [f"roll:{site}:{iso(today + 1)}" for site in ("Halden", "Lyon")]


def test_a_company_without_sites_has_no_midnight(db: Database) -> None:
    assert not jobs.is_midnight(db)
    assert jobs.roll(db) == 0


def test_a_site_whose_id_was_used_does_not_keep_the_others_from_it(
    db: Database, noon: Callable[[int], None]
) -> None:
    today = company(db)
    with db.write() as tx:
        tx.execute(
            "INSERT INTO request (id, terms_hash, actor, status, created_at, replied_at)"
            " VALUES (:id, 'x', 'x', 200, 0, 0)",
            id=f"roll:Halden:{iso(today)}",
        )

    with pytest.raises(RequestChanged):
        jobs.roll(db)

    assert rolled(db) == [f"roll:Lyon:{iso(today)}"]


@pytest.fixture
def two(pg_url: str) -> Iterator[tuple[Database, Database]]:
    """Two processes' ways to one PostgreSQL with a company in it."""
    first, second = open_database(pg_url), open_database(pg_url)
    upgrade(first)
    company(first)
    yield first, second
    first.close()
    second.close()


def roll_beside_another(
    two: tuple[Database, Database],
    monkeypatch: pytest.MonkeyPatch,
    meet: Callable[[threading.Thread], object],
) -> list[int]:
    """Forced: both see that it is midnight, and they meet while one is about to commit the first site."""
    first, second = two
    counts: list[int] = []
    record_reply, other = (
        requests.record_reply,
        threading.Thread(target=lambda: counts.append(jobs.roll(second))),
    )

    def dawdle(tx: Tx, replies: Sequence[requests.Reply]) -> None:
        record_reply(tx, replies)
        if not other.ident:
            other.start()
            meet(other)

    monkeypatch.setattr(requests, "record_reply", dawdle)
    counts.append(jobs.roll(first))
    other.join(timeout=30)
    return counts


@pytest.mark.postgres
def test_two_processes_that_roll_at_once_roll_once(
    two: tuple[Database, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = roll_beside_another(two, monkeypatch, lambda _other: until_somebody_waits(two[0]))

    assert found == [2, 2]

    assert len(rolled(two[0])) == 2


@pytest.mark.postgres
def test_with_ids_of_their_own_they_roll_twice(
    two: tuple[Database, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: each process gives its news an id of its own."""
    monkeypatch.setattr(service, "_roll_id", lambda site, _day: f"{site}:{threading.get_ident()}")

    roll_beside_another(two, monkeypatch, lambda other: other.join(timeout=30))

    assert len(rolled(two[0])) == 4
