"""The rail leads everywhere, lists are narrowed in words, and an approval is decided on one screen."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from litestar.testing import TestClient
from tests.company import said_day
from tests.promise.rights_company import MANAGER, RIGHTS
from tests.web.test_pages import Page, page

from accord.db.engine import Database
from accord.policy import service as policy
from accord.policy.model import Actor
from accord.promise import service
from accord.promise.model import Decision, Request, Verb
from accord.promise.named import understand
from accord.promise.pages.shown import Shown
from accord.web.navigation import PLACES

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


@pytest.fixture
def asked(file: Database, today: int) -> Decision:
    """A seller asked the sales manager, who is whoever visits."""
    rights = msgspec.structs.replace(RIGHTS, actors=(*RIGHTS.actors, Actor(id="anybody", roles=(MANAGER,))))
    policy.put(file, [rights], actor="boss", id="rights")
    return commit(file, f"60 X-100 by {said_day(today, 3)} for Northwind at 18.50", asks=True)


def test_an_approval_shows_what_is_exceeded_by_how_much(visitor: Visitor, asked: Decision) -> None:
    worklist = page(visitor.get("/approvals"))
    shown = page(visitor.get(f"/approvals/{asked.approval}"))

    assert f"/approvals/{asked.approval}" in worklist.links
    assert "10 above 50" in worklist.text
    assert "10 above 50" in shown.text
    assert "Northwind" in shown.text
    assert "€1,110.00" in shown.text
    assert "nobody is moved" in shown.text


def test_it_is_approved_by_one_press_and_done_once(visitor: Visitor, file: Database, asked: Decision) -> None:
    shown = page(visitor.get(f"/approvals/{asked.approval}"))
    form = {"key": shown.fields["key"], "verb": "approve", "note": ""}

    approved = page(visitor.post(f"/approvals/{asked.approval}", data=form))
    again = page(visitor.post(f"/approvals/{asked.approval}", data=form))

    assert "Approved" in approved.text
    assert approved.text == again.text
    (promise,) = service.promises(file)[0]
    assert promise.state.value == "committed"
    assert service.approval(file, asked.approval or "").decided_by == "anybody"


def test_a_decline_carries_its_reason_and_frees_the_supply(
    visitor: Visitor, file: Database, asked: Decision
) -> None:
    shown = page(visitor.get(f"/approvals/{asked.approval}"))

    declined = page(
        visitor.post(
            f"/approvals/{asked.approval}",
            data={"key": shown.fields["key"], "verb": "decline", "note": "Too many at once."},
        )
    )

    assert "Declined" in declined.text
    assert "Too many at once." in declined.text
    assert "Approve" not in [words for words in declined.text.split() if words == "Approve"]
    assert service.promises(file)[0][0].state.value == "released"


def test_who_may_not_approve_is_told_and_nothing_happens(
    visitor: Visitor, file: Database, asked: Decision
) -> None:
    policy.put(file, [RIGHTS], actor="boss", id="without-visitors")
    shown = page(visitor.get(f"/approvals/{asked.approval}"))

    refused = visitor.post(
        f"/approvals/{asked.approval}", data={"key": shown.fields["key"], "verb": "approve", "note": ""}
    )

    assert "Waits until" in page(refused, 409).text
    assert service.promises(file)[0][0].state.value == "held"


def test_nothing_is_approved_by_opening_a_link(visitor: Visitor, file: Database, asked: Decision) -> None:
    visitor.get(f"/approvals/{asked.approval}", params={"verb": "approve", "key": "k"})
    foreign = visitor.post(
        f"/approvals/{asked.approval}",
        data={"key": "k", "verb": "approve", "note": ""},
        headers={"Sec-Fetch-Site": "cross-site"},
    )

    assert foreign.status_code == 403
    assert service.approval(file, asked.approval or "").state.value == "pending"


@pytest.mark.parametrize("chosen", ["light", "dark", 'evil"><script>'])
def test_the_first_frame_has_the_chosen_colours(visitor: Visitor, chosen: str) -> None:
    found = visitor.get("/", headers={"Cookie": f"theme={chosen}"}).text

    assert (f'<html lang="en" data-theme="{chosen}">' in found) == (chosen in ("light", "dark"))
    assert "evil" not in found
