"""What waits for me stands first; it is decided on one screen, by one press, once, and never by opening a link."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from litestar.testing import TestClient
from tests.company import said_day
from tests.promise.rights_company import MANAGER, RIGHTS
from tests.web.test_pages import Page, page
from tests.web.test_promises_page import words
from tests.web.test_workbench import commit

from accord.db.engine import Database
from accord.exceptions.model import Counted, Shipped
from accord.exceptions.service import supply_changed
from accord.kit.days import Day, iso
from accord.policy import service as policy
from accord.policy.model import Actor
from accord.promise import service
from accord.promise.model import Decision, Line, Request, Verb
from accord.promise.service import considering

Visitor = TestClient[Any]


def as_role(file: Database, role: str) -> None:
    """Whoever visits has this role."""
    rights = msgspec.structs.replace(RIGHTS, actors=(*RIGHTS.actors, Actor(id="anybody", roles=(role,))))
    policy.put(file, [rights], actor="boss", id=f"rights-{role}")


@pytest.fixture
def asked(file: Database, today: Day) -> Decision:
    """A seller asked the sales manager, who is whoever visits."""
    as_role(file, MANAGER)
    return commit(file, f"60 X-100 by {said_day(today, 3)} for Northwind at 18.50", asks=True)


def below_floor(
    file: Database, today: Day, *, actor: str = "sam", price: str = "14.00", **more: Any
) -> Decision:
    return commit(
        file, f"10 X-100 by {said_day(today, 3)} for Northwind at {price}", actor=actor, asks=True, **more
    )


def form(found: Page, verb: str, note: str = "", **more: Any) -> dict[str, Any]:
    return {"key": found.fields["key"], "verb": verb, "note": note, **more}


def headings(response: Any) -> list[str]:
    return re.findall(r"<h2 id=\"part-(\w+)\"", response.text)


# --- the worklist ---


def test_what_waits_for_me_stands_first_and_what_ends_first_stands_before_it(
    visitor: Visitor, file: Database, today: Day, asked: Decision, noon: Callable[[int], None]
) -> None:
    noon(600)
    later = below_floor(file, today, actor="sue", ref="2")
    mine = below_floor(file, today, actor="anybody", ref="1")
    service.promise_one(file, Request(id="rel", verb=Verb.release, promise=asked.promise), actor="sam")
    again = commit(
        file, f"60 X-100 by {said_day(today, 3)} for Northwind at 18.50", actor="sam", asks=True, ref="3"
    )

    found = visitor.get("/approvals")

    assert headings(found) == ["mine", "asked"]
    assert [link for link in page(found).links if link.startswith("/approvals/apr_")] == [
        f"/approvals/{one.approval}" for one in (later, again, mine)
    ]
    assert "2 wait for you; the first has 23 h." in words(found)
    assert asked.approval not in found.text


def test_how_long_it_has_waited_and_how_long_it_still_can_is_said(
    visitor: Visitor, asked: Decision, noon: Callable[[int], None]
) -> None:
    noon(3 * 3_600)

    assert "sam asks sales manager, 3 h ago · 20 h left" in words(visitor.get("/approvals")) or (
        "sam asks sales manager, 3 h ago · 21 h left" in words(visitor.get("/approvals"))
    )
    noon(20 * 3_600)
    assert "59 min left" in words(visitor.get("/approvals"))
    noon(3_600)
    assert "Nothing waits for approval." in words(visitor.get("/approvals"))
    assert "Expired" in words(visitor.get("/approvals?show=all"))


def test_what_waits_for_another_role_is_not_called_mine(
    visitor: Visitor, file: Database, asked: Decision
) -> None:
    as_role(file, "director")

    assert headings(visitor.get("/approvals")) == ["others"]
    assert "Nothing waits for you." in words(visitor.get("/approvals"))


def test_an_empty_worklist_says_what_to_do(visitor: Visitor) -> None:
    assert "Nothing waits for approval." in page(visitor.get("/approvals")).text
    assert "Nobody has asked for approval yet." in page(visitor.get("/approvals?show=all")).text


def test_nobody_is_shown_what_he_may_not_read(file: Database, asked: Decision) -> None:
    assert len(considering.waiting(file, actor="mia").mine) == 1
    assert considering.waiting(file, actor="mia", actors=["sue"]) == considering.Waiting()


# --- one screen ---


def test_one_screen_has_the_request_the_rule_others_margin_advice_and_history(
    visitor: Visitor, file: Database, today: Day, asked: Decision
) -> None:
    said = words(visitor.get(f"/approvals/{asked.approval}"))

    assert f"sam wants to commit 60 X-100 by {said_of(today + 3)} at €18.50 for Northwind." in said
    assert "60 of one item is 10 above 50." in said
    assert "Price €1,110.00 Cost at today's supply €720.00 Margin €390.00 · 35.1 %" in said
    assert "X-100 €18.50 €20.00 €15.00 €3.50 (23.3 %) above" in said
    assert "Nobody else is moved." in said
    assert "40 X-100 can still be promised at Halden" in said
    assert "Approve: it pays, and nobody else is moved." in said
    assert "Nothing promised to Northwind has been due yet." in said


def said_of(on: Day) -> str:
    from accord.ledger.said import day

    return day(on, on)


def test_the_history_counts_what_was_kept_and_what_was_not(
    visitor: Visitor, file: Database, today: Day, asked: Decision, noon: Callable[[int], None]
) -> None:
    made = [
        service.promise_one(
            file,
            Request(
                id=f"p{n}",
                verb=Verb.commit,
                customer="C1",
                lines=(Line(item="X-100", quantity=5, requested_on=today + 1),),
            ),
            actor="dan",
        ).promise
        for n in range(3)
    ]
    for n, promise in enumerate(made[:2]):
        noon(n * 3 * 86_400)  # the second leaves three days later
        (one,) = service.promise_of(file, promise or "").commitments
        with file.read() as tx:
            at = tx.now()
        supply_changed(file, [Shipped(commitment=one.id, quantity=5, at=at)], actor="erp", id=f"left{n}")

    kept = considering.consider(file, asked.approval or "", actor="mia").history

    assert (kept.over, kept.kept) == (3, 1)  # one left in time, one late, one is overdue
    assert "1 of the last 3 promises to Northwind were kept (33 %)" in words(
        visitor.get(f"/approvals/{asked.approval}")
    )


@pytest.mark.parametrize(
    ("price", "advice", "earns"),
    [
        ("14.00", "Counter: a price at the floor is the smaller step.", "It earns €20.00"),
        ("11.00", "Counter or decline: it is sold below what it costs.", "It loses €10.00"),
    ],
)
def test_the_advice_follows_from_the_figures(
    visitor: Visitor, file: Database, today: Day, price: str, advice: str, earns: str
) -> None:
    as_role(file, MANAGER)
    one = below_floor(file, today, price=price)

    said = words(visitor.get(f"/approvals/{one.approval}"))

    assert advice in said
    assert earns in said
    assert "At the floor it would be X-100 at €15.00." in said


def test_what_can_no_longer_be_done_is_advised_against_and_cannot_be_approved(
    visitor: Visitor, file: Database, today: Day, asked: Decision
) -> None:
    supply_changed(
        file, [Counted(item="X-100", site="Halden", quantity=20, as_of=1, sequence=5)], actor="erp", id="few"
    )

    shown = visitor.get(f"/approvals/{asked.approval}")

    assert "Decline: it can no longer be done as it was asked." in words(shown)
    assert 'value="approve"' not in shown.text
    assert 'value="decline"' in shown.text


# --- answering ---


def test_it_is_approved_by_one_press_and_done_once(visitor: Visitor, file: Database, asked: Decision) -> None:
    press = form(page(visitor.get(f"/approvals/{asked.approval}")), "approve")

    approved = page(visitor.post(f"/approvals/{asked.approval}", data=press))
    again = page(visitor.post(f"/approvals/{asked.approval}", data=press))

    assert "Approved: anybody" in approved.text
    assert approved.text == again.text
    (promise,) = service.promises(file)[0]
    assert (promise.state.value, promise.promise.approved_by) == ("committed", "anybody")
    assert service.approval(file, asked.approval or "").decided_by == "anybody"


def test_a_decline_carries_its_reason_and_frees_the_supply(
    visitor: Visitor, file: Database, asked: Decision
) -> None:
    found = page(visitor.get(f"/approvals/{asked.approval}"))

    declined = visitor.post(f"/approvals/{asked.approval}", data=form(found, "decline", "Too many at once."))

    assert "Declined: anybody" in words(declined)
    assert "“Too many at once.”" in words(declined)
    assert 'name="verb"' not in declined.text
    assert service.promises(file)[0][0].state.value == "released"


def test_a_counter_declines_and_is_asked_by_one_press(visitor: Visitor, file: Database, today: Day) -> None:
    as_role(file, MANAGER)
    one = below_floor(file, today)
    found = page(visitor.get(f"/approvals/{one.approval}"))

    countered = visitor.post(
        f"/approvals/{one.approval}",
        data=form(found, "counter", "copper", price="15.50", on=iso(today + 4)),
    )

    assert f"What would be agreed to: 10 X-100 by {iso(today + 4)} at 15.50" in words(countered)
    assert "“copper”" in words(countered)
    assert service.approval(file, one.approval or "").state.value == "declined"
    (href,) = [link for link in page(countered).links if link.startswith("/?q=10")]
    assert parse_qs(urlsplit(href).query)["q"] == [f"10 X-100 by {iso(today + 4)} at 15.50 for Northwind"]
    assert "€155.00" in visitor.get(href).text


def test_a_counter_to_an_amendment_leads_to_the_amendment_filled_in(
    visitor: Visitor, file: Database, today: Day
) -> None:
    as_role(file, MANAGER)
    id = commit(file, f"10 X-100 by {said_day(today, 3)} for Northwind at 20").promise or ""
    line = Line(item="X-100", quantity=60, requested_on=today + 3, price_minor=2_000)
    wanted = Request(id="more", verb=Verb.amend, promise=id, lines=(line,), asks_approval=True)
    one = service.promise_one(file, wanted, actor="sam")
    found = page(visitor.get(f"/approvals/{one.approval}"))
    assert "sam wants to amend it to 60 X-100" in found.text

    countered = page(
        visitor.post(f"/approvals/{one.approval}", data=form(found, "counter", price="21", on=iso(today + 9)))
    )

    (href,) = [link for link in countered.links if "/amend?" in link]
    assert parse_qs(urlsplit(href).query) == {
        "item": ["X-100"],
        "quantity": ["60"],
        "on": [iso(today + 9)],
        "price": ["21.00"],
    }
    assert "What changes" in page(visitor.get(href)).text


def test_a_counter_that_cannot_be_meant_comes_back_as_it_was_typed(
    visitor: Visitor, file: Database, today: Day
) -> None:
    as_role(file, MANAGER)
    one = below_floor(file, today)
    found = page(visitor.get(f"/approvals/{one.approval}"))

    for price, on in (("cheap", ""), ("15", "soon")):
        refused = visitor.post(
            f"/approvals/{one.approval}", data=form(found, "counter", "my reason", price=price, on=on)
        )

        assert page(refused, 422).fields["note"] == "my reason"
        assert f'value="{price}"' in refused.text
    assert service.approval(file, one.approval or "").state.value == "pending"


def test_who_asked_is_told_in_words_that_another_decides_and_cannot_approve(
    visitor: Visitor, file: Database, today: Day
) -> None:
    as_role(file, "seller")
    one = below_floor(file, today, actor="anybody")

    shown = visitor.get(f"/approvals/{one.approval}")
    forced = visitor.post(f"/approvals/{one.approval}", data={"key": "k", "verb": "approve"})

    assert "You asked for this, or had a hand in it. Somebody else who is a sales manager decides." in words(
        shown
    )
    assert 'value="approve"' not in shown.text
    assert "Take it back" in words(shown)
    assert "Whoever asks, or made or amended the promise, does not approve it" in page(forced, 409).text
    assert service.promises(file)[0][0].state.value == "held"


def test_a_manager_does_not_approve_his_own(visitor: Visitor, file: Database, today: Day) -> None:
    as_role(file, MANAGER)
    one = below_floor(file, today, actor="anybody")
    assert service.approval(file, one.approval or "").role == MANAGER

    assert 'value="approve"' not in visitor.get(f"/approvals/{one.approval}").text


def test_who_has_not_the_role_is_told_and_nothing_happens(
    visitor: Visitor, file: Database, asked: Decision
) -> None:
    as_role(file, "director")

    shown = visitor.get(f"/approvals/{asked.approval}")
    refused = visitor.post(f"/approvals/{asked.approval}", data={"key": "k", "verb": "approve", "note": ""})

    assert "A sales manager decides this; you are none." in words(shown)
    assert 'name="verb"' not in shown.text
    assert "Waits" in page(refused, 409).text
    assert service.promises(file)[0][0].state.value == "held"


def test_two_answer_and_the_second_sees_what_the_first_said(
    visitor: Visitor, file: Database, asked: Decision
) -> None:
    one, other = (page(visitor.get(f"/approvals/{asked.approval}")) for _ in range(2))
    visitor.post(f"/approvals/{asked.approval}", data=form(one, "approve"))

    second = visitor.post(f"/approvals/{asked.approval}", data=form(other, "decline", "no"))

    assert "Approved: anybody" in words(second)
    assert service.promises(file)[0][0].state.value == "committed"


def test_nothing_is_approved_by_opening_a_link(visitor: Visitor, file: Database, asked: Decision) -> None:
    for verb in ("approve", "decline", "counter"):
        visitor.get(f"/approvals/{asked.approval}", params={"verb": verb, "key": "k", "note": "x"})
        visitor.head(f"/approvals/{asked.approval}", params={"verb": verb, "key": "k"})
    foreign = visitor.post(
        f"/approvals/{asked.approval}",
        data={"key": "k", "verb": "approve", "note": ""},
        headers={"Sec-Fetch-Site": "cross-site"},
    )

    assert foreign.status_code == 403
    assert service.approval(file, asked.approval or "").state.value == "pending"
    assert [one.promise.version for one in service.promises(file)[0]] == [1]


def test_every_answer_on_the_page_is_a_button_of_a_form_that_posts(visitor: Visitor, asked: Decision) -> None:
    shown = visitor.get(f"/approvals/{asked.approval}").text

    main = shown[shown.index("<main") : shown.index("</main>")]
    assert re.findall(r'<form action="([^"?]+)[^"]*" method="(\w+)"', main) == [
        (f"/approvals/{asked.approval}", "post")
    ]
    assert re.findall(r'name="verb" value="(\w+)"', main) == ["counter", "approve", "decline"]
    assert not [link for link in page(visitor.get(f"/approvals/{asked.approval}")).links if "verb=" in link]
