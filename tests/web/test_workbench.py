"""The rail leads everywhere, lists are narrowed in words, and an approval is decided on one screen."""

from __future__ import annotations

from typing import Any

import pytest
from litestar.testing import TestClient
from tests.company import said_day
from tests.web.test_pages import Page, page

from accord.db.engine import Database
from accord.promise import service
from accord.promise.model import Decision, Request, Verb
from accord.promise.named import understand
from accord.promise.pages.shown import Shown
from accord.web.layout.navigation import PLACES

Visitor = TestClient[Any]


def commit(file: Database, words: str, *, actor: str = "sam", ref: str = "", asks: bool = False) -> Decision:
    asked = understand(words, Shown.read(file).names)
    wanted = Request(
        id=f"r-{words}-{ref}",
        verb=Verb.commit,
        customer=asked.customer,
        lines=asked.lines,
        ref=ref,
        asks_approval=asks,
    )
    return service.promise_one(file, wanted, actor=actor)


def rows(found: Page) -> list[str]:
    return [link for link in found.links if link.startswith("/promises/prm_")]


def test_every_place_of_the_rail_is_there_and_marks_itself(visitor: Visitor) -> None:
    for place in PLACES:
        response = visitor.get(place.href)
        page(response)
        assert f'href="{place.href}" aria-current="page"' in response.text


def test_an_empty_list_says_what_to_do(visitor: Visitor) -> None:
    assert "Nothing has been promised yet." in page(visitor.get("/promises")).text
    assert "Nothing waits for approval." in page(visitor.get("/approvals")).text
    assert "Nobody has asked for approval yet." in page(visitor.get("/approvals?show=all")).text


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({}, 2),
        ({"q": "northwind"}, 1),
        ({"q": "X-100"}, 2),
        ({"q": "SO-2"}, 1),
        ({"state": "committed"}, 2),
        ({"state": "held"}, 0),
        ({"q": "SO-9"}, 0),
    ],
    ids=str,
)
def test_the_list_is_narrowed_by_what_is_typed(
    visitor: Visitor, file: Database, today: int, query: dict[str, str], count: int
) -> None:
    commit(file, f"10 X-100 by {said_day(today, 3)} for Northwind", ref="SO-1")
    commit(file, f"20 X-100 by {said_day(today, 3)}", ref="SO-2")

    found = page(visitor.get("/promises", params=query))

    assert len(rows(found)) == count
    assert ("No promise is like that." in found.text) == (count == 0)


def test_a_state_there_is_none_of_is_said(visitor: Visitor) -> None:
    assert "There is no state" in page(visitor.get("/promises?state=lost"), 422).text


def test_older_promises_are_a_page_further(
    visitor: Visitor, file: Database, today: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accord.promise.pages.listed.ROWS", 2)
    for number in range(3):
        commit(file, f"1 X-100 by {said_day(today, 3)}", ref=f"SO-{number}")

    first = page(visitor.get("/promises", params={"state": "committed"}))
    (older,) = [link for link in first.links if "after=" in link]
    second = page(visitor.get(older))

    assert (len(rows(first)), len(rows(second))) == (2, 1)
    assert "state=committed" in older
    assert set(rows(first)).isdisjoint(rows(second))


@pytest.mark.parametrize("chosen", ["light", "dark", 'evil"><script>'])
def test_the_first_frame_has_the_chosen_colours(visitor: Visitor, chosen: str) -> None:
    found = visitor.get("/", headers={"Cookie": f"theme={chosen}"}).text

    assert (f'<html lang="en" data-theme="{chosen}">' in found) == (chosen in ("light", "dark"))
    assert "evil" not in found
