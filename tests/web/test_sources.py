"""The age of what dates rest on is on every page, and its list says from whom we have it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from litestar.testing import TestClient
from tests.web.test_pages import page

from accord.db.engine import Database
from accord.exceptions.model import Counted, DayRolled
from accord.exceptions.service import supply_changed
from accord.ledger.service import hearing
from accord.policy import service as policy
from accord.policy.model import Rules
from accord.web.pages import sources
from accord.web.pages.sources import Ages, chip, read

Visitor = TestClient[Any]
HOUR, DAY = 3_600, 86_400


def count(file: Database, actor: str, id: str) -> None:
    with file.read() as tx:
        now = tx.now()
    news = [Counted(item="X-100", site="Halden", quantity=100, as_of=now - 120_000_000)]
    supply_changed(file, news, actor=actor, id=id)


def shown(file: Database) -> tuple[str, str, str]:
    known = read(file)
    found = chip(known, known.hearing.now)
    return (found.what, found.age, found.tone)


def test_before_anybody_told_anything_that_is_said(file: Database, visitor: Visitor) -> None:
    with file.write() as tx:
        tx.execute("DELETE FROM ledger_cause")

    assert shown(file) == ("", "nothing told yet", "none")
    assert "Nobody has told anything yet" in page(visitor.get("/sources")).text


def test_the_chip_shows_the_stock_that_was_heard_longest_ago(
    file: Database, today: int, noon: Callable[[int], None]
) -> None:
    count(file, "erp", "1")
    noon(3 * 60)
    count(file, "wms", "2")

    assert shown(file) == ("erp stock", "3 min ago", "none")
    noon(HOUR)
    count(file, "erp", "3")
    assert shown(file) == ("wms stock", "60 min ago", "none")


@pytest.mark.parametrize(
    ("limit", "age", "tone"),
    [(None, 23 * HOUR, "none"), (None, 25 * HOUR, "care"), (None, 9 * DAY, "care")]
    + [(4 * HOUR, HOUR, "none"), (4 * HOUR, 3 * HOUR, "care"), (4 * HOUR, 4 * HOUR + 60, "bad")],
)
def test_the_chip_turns_when_the_policy_no_longer_trusts_the_count(
    file: Database, today: int, noon: Callable[[int], None], limit: int | None, age: int, tone: str
) -> None:
    policy.put(file, [Rules(count_seconds_max=limit)], actor="boss", id="rules")
    count(file, "erp", "1")

    noon(age)

    assert shown(file)[2] == tone


def test_what_its_age_means_and_who_brings_it_back_is_said(
    visitor: Visitor, file: Database, today: int, noon: Callable[[int], None]
) -> None:
    policy.put(file, [Rules(count_seconds_max=4 * HOUR)], actor="boss", id="rules")
    count(file, "erp", "1")
    noon(5 * HOUR)

    found = page(visitor.get("/sources")).text

    assert "The erp stock is older than 4 h: nothing is promised from it until it is counted again." in found
    assert "too old to promise on" in found
    assert "a planner or a supply lead" in found


def test_a_source_is_listed_with_its_lag_however_long_it_was_silent(
    file: Database, today: int, noon: Callable[[int], None]
) -> None:
    count(file, "old wms", "1")
    noon(100 * DAY)
    count(file, "erp", "2")
    supply_changed(file, [DayRolled(site="Halden")], actor="accord", id="roll")

    feeds = {(one.source, one.kind): one for one in hearing(file).feeds}

    assert {source for source, _kind in feeds} == {"erp", "old wms"}
    assert (feeds["erp", "Counted"].lag_seconds, feeds["erp", "Counted"].lately) == (120, 1)
    assert feeds["old wms", "Counted"].lately == 0
    assert (
        shown(file)[0] == "erp stock"
    )  # one that ended is listed, and the chip is of those that are still there


def test_the_chip_is_on_every_page_and_opens_the_list(visitor: Visitor, today: int) -> None:
    for path in ("/", "/promises", "/approvals", "/notifications"):
        assert "/sources" in page(visitor.get(path)).links


def test_no_page_waits_for_the_age(file: Database, today: int, monkeypatch: pytest.MonkeyPatch) -> None:
    ages, reads = Ages(file), []
    monkeypatch.setattr(sources, "read", lambda db, real=read: reads.append(1) or real(db))

    for _ in range(50):
        ages.chip()
    assert len(reads) == 1

    monkeypatch.setattr(sources, "FRESH_SECONDS", -1.0)
    ages.chip()
    assert len(reads) == 2


def test_what_cannot_be_read_now_is_shown_as_it_was(
    file: Database, today: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ages = Ages(file)
    before = ages.chip()
    monkeypatch.setattr(sources, "FRESH_SECONDS", -1.0)
    monkeypatch.setattr(sources, "read", lambda _db: 1 / 0)

    assert ages.chip().what == before.what
