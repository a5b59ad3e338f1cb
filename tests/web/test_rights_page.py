"""The rights are seen as rows in words, each answer is explained, and editions say how they stand."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest
from litestar.testing import TestClient
from tests.company import said_day
from tests.web.conftest import PASSWORD, come_in
from tests.web.test_pages import HOST, page

from accord.db.engine import Database
from accord.kit.days import instant_iso
from accord.policy import service as policy
from accord.policy import words
from accord.policy.model import Book, Edition
from accord.promise import service
from accord.promise.model import Request, Verb
from accord.promise.named import understand
from accord.promise.pages import rights_tried
from accord.promise.pages.shown import Shown
from accord.web.people import accounts

Visitor = TestClient[Any]

FILE = """
name = "Sales"
zone = "Europe/Oslo"
everybody_else = "seller"

[[right]]
id = "small"
role = "seller"
tiers = ["A"]
verbs = ["hold", "commit"]
quantity_max = 50
value_max = "10000.00"
margin_bp_min = 1000
hold_max = "48h"
then = "allow"

[[right]]
id = "more"
role = "seller"
below_floor = true
then = "ask manager"

[[right]]
id = "all"
role = "manager"
below_floor = true
borrow = true
then = "allow"

[[limit]]
id = "week"
role = "seller"
of = "quantity"
over = "customer"
period = "week"
most = 70
then = "ask manager"

[[actor]]
id = "sam"
role = "seller"
team = "north"

[[actor]]
id = "mia"
role = "manager"

[[actor]]
id = "max"
role = "manager"

[[actor]]
id = "mia at home"
role = "manager"
person = "mia"

[[case]]
name = "fifty for an A"
role = "seller"
verb = "commit"
tier = "A"
quantity = 50
value = "900.00"
margin_bp = 2500
expect = "allow"
by = "small"
"""
TWO = '[change]\nrole = "manager"\nsecond = "manager"\n'


def read(text: str = FILE) -> Edition:
    return words.read(text, currency="EUR")


def book(db: Database) -> Book:
    with db.read() as tx:
        return policy.book(tx)


def in_force(db: Database) -> str:
    return policy.in_force(book(db))


@pytest.fixture
def stated(file: Database, today: int) -> str:
    """Rights that whoever may open the page may change."""
    policy.state(file, read(), id="one", actor="mia")
    return "one"


@pytest.fixture
def owned(file: Database, today: int) -> str:
    """Rights that a manager states and another manager agrees to."""
    policy.state(file, read(FILE + TWO), id="one", actor="mia")
    return "one"


@pytest.fixture
def act(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Be somebody on the pages: an open server knows nobody by name."""

    def become(name: str) -> None:
        monkeypatch.setattr("accord.web.entrance.shell.ANYBODY", name)

    become("mia")
    return become


# --- what is in force ---


def test_without_rights_it_says_what_that_means_and_offers_to_begin(visitor: Visitor) -> None:
    found = page(visitor.get("/rights"))

    assert "everybody may promise" in found.text
    assert [link for link in found.links if link.startswith("/rights/change?from=")] == [
        "/rights/change?from=two-steps",
        "/rights/change?from=three-steps",
        "/rights/change?from=nothing",
    ]


def test_the_rows_stand_in_their_order_in_words_with_units(visitor: Visitor, stated: str) -> None:
    found = page(visitor.get("/rights")).text

    assert "Sales is in force since" in found
    assert "stated by mia" in found
    assert "Its test case passes." in found
    assert re.search(
        r"1 seller small tier A hold, commit up to 50 of an item ?up to €10,000 ?margin 10 % or more ?holds up to 48 h allowed",
        re.sub(r"\s+", " ", found),
    )
    assert found.index("ask manager") < found.index("also borrowed")
    assert "mia at homemanager–mia" in found
    assert "everybody else is a seller" in found


def test_a_limit_says_what_is_used_of_it_now_and_links_to_the_promises(
    visitor: Visitor, file: Database, stated: str, today: int
) -> None:
    assert "nothing yet" in page(visitor.get("/rights")).text
    asked = understand(f"30 X-100 by {said_day(today, 3)} for Northwind at 20", Shown.read(file).names)
    service.promise_one(
        file, Request(id="r1", verb=Verb.commit, customer=asked.customer, lines=asked.lines), actor="sam"
    )

    found = page(visitor.get("/rights"))

    assert "/promises?q=C1" in found.links
    assert "Northwind" in found.text
    assert "30 40 left" in found.text


def test_a_case_that_fails_by_now_is_said_with_what_came_instead(
    visitor: Visitor, file: Database, stated: str
) -> None:
    # A case is checked when it is stated; what stands there was put by other means.
    made = policy.editions(file)[0]
    wrong = msgspec.structs.replace(made.cases[0], by="all")
    policy.put(file, [msgspec.structs.replace(made, cases=(wrong,))], actor="boss", id="x")

    found = page(visitor.get("/rights"))

    assert "1 of 1 test cases fail." in found.text
    assert "expected allow by all, came allow by small" in found.text


def test_the_file_that_is_sent_says_the_same(visitor: Visitor, file: Database, stated: str) -> None:
    sent = visitor.get("/rights/file")

    assert sent.headers["content-disposition"] == 'attachment; filename="rights.toml"'
    assert policy.difference(file, words.read(sent.text, currency="EUR")) == ()


# --- why ---


WHY: list[tuple[dict[str, str], list[str]]] = [
    (
        {"role": "seller", "customer": "Northwind", "quantity": "50", "value": "900", "margin": "25"},
        ["Allowed, by small", "small covers it and decides: allowed"],
    ),
    (
        {"role": "seller", "tier": "A", "quantity": "51", "value": "900", "margin": "9.5"},
        [
            "Ask manager, by more",
            "small does not cover it: 51 of one item is 1 above 50; a margin of 9.50 % is 0.50 % below 10.00 %",
            "more covers it and decides: ask manager",
            "No customer is named",
        ],
    ),
    ({"role": "seller", "quantity": "5"}, ["small is for A", "Ask manager, by more"]),
    ({"role": "seller", "tier": "A", "verb": "cancel"}, ["small is about hold, commit"]),
    ({"role": "manager", "borrow": "yes"}, ["taking from the share of a lower tier needs a second person", "Ask manager, by all"]),
    ({"role": "clerk"}, ["No", "is for a manager"]),
]  # fmt: skip


def test_why_is_said_row_by_row_by_what_decides(visitor: Visitor, stated: str) -> None:
    for query, said in WHY:
        found = page(visitor.get("/rights", params=query)).text

        assert [words for words in said if words not in found] == [], query


def test_what_a_customer_has_used_counts(visitor: Visitor, file: Database, stated: str, today: int) -> None:
    query = {"role": "seller", "customer": "Northwind", "quantity": "45", "value": "900", "margin": "25"}
    assert "Allowed, by small" in page(visitor.get("/rights", params=query)).text
    asked = understand(f"30 X-100 by {said_day(today, 3)} for Northwind at 20", Shown.read(file).names)
    service.promise_one(
        file, Request(id="r1", verb=Verb.commit, customer=asked.customer, lines=asked.lines), actor="sam"
    )

    found = page(visitor.get("/rights", params=query)).text

    assert "Ask manager, by week" in found
    assert "quantity of 45 is 5 more than is left of 70" in found


def test_what_cannot_be_asked_is_said_beside_its_field_and_kept(visitor: Visitor, stated: str) -> None:
    found = page(
        visitor.get(
            "/rights",
            params={
                "role": "seller",
                "customer": "Nobody",
                "quantity": "many",
                "value": "a lot",
                "margin": "x",
            },
        ),
        422,
    )

    for said in (
        "no customer 'Nobody'",
        "'many' is not a whole number",
        "'x' is not a percentage",
        "'a lot'",
    ):
        assert said in found.text
    assert (found.fields["quantity"], found.fields["value"], found.fields["margin"]) == ("many", "a lot", "x")


def test_what_rights_say_is_shown_and_never_run(visitor: Visitor, file: Database, today: int) -> None:
    evil = "<script>alert(1)</script>"
    text = (
        FILE.replace('"small"', f'"{evil}"').replace('"Sales"', f'"{evil}"').replace('"north"', f'"{evil}"')
    )
    policy.state(file, read(text), id=evil.replace("/", "-"), actor=evil)

    for address in ("/rights", f"/rights?role={evil}&customer={evil}", "/rights/compare"):
        assert "<script>alert" not in visitor.get(address).text


# --- history ---


def test_any_two_editions_are_compared(visitor: Visitor, file: Database, stated: str) -> None:
    policy.state(file, read(FILE.replace("= 50\nvalue", "= 60\nvalue")), id="two", actor="max")

    found = page(visitor.get("/rights/compare", params={"before": "one", "after": "two"}))
    same = page(visitor.get("/rights/compare", params={"before": "two"}))

    assert "1 thing differs." in found.text
    assert "right small, quantity up to5060" in found.text
    assert "Nothing differs." in same.text
    assert page(visitor.get("/rights/compare", params={"before": "none"}), 404)


def test_an_edition_says_what_it_changed_and_where_it_came_from(
    visitor: Visitor, file: Database, stated: str
) -> None:
    policy.state(file, read(FILE.replace("10000.00", "12000.00")), id="two", actor="max")

    first, second = page(visitor.get("/rights/editions/one")), page(visitor.get("/rights/editions/two"))

    assert "Was in force" in first.text
    assert "It was the first." in first.text
    assert "value up to€10,000€12,000" in second.text
    assert "/rights/editions/one" in second.links
    assert "no edition 'none'" in page(visitor.get("/rights/editions/none"), 404).text


# --- changing them ---


class Form(HTMLParser):
    """What a browser would send of the first form to an address."""

    def __init__(self, text: str, action: str) -> None:
        super().__init__()
        self.data: dict[str, str] = {}
        self._action, self._inside, self._text, self._select = action, False, "", ""
        self._is_found = False
        self.feed(text)
        self.close()
        assert self._is_found, f"no form to {action}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = given.get("action", "").partition("?")[0] == self._action and not self._is_found
            self._is_found = self._is_found or self._inside
        if not self._inside:
            return
        if tag == "input" and (given.get("type") != "checkbox" or "checked" in given):
            self.data[given["name"]] = given.get("value", "")
        elif tag in ("select", "textarea"):
            self._select = given["name"] if tag == "select" else ""
            self._text = given["name"] if tag == "textarea" else ""
            self.data[given["name"]] = ""
        elif tag == "option" and self._select and ("selected" in given or not self.data[self._select]):
            self.data[self._select] = given["value"]

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "form"
        self._text = "" if tag == "textarea" else self._text
        self._select = "" if tag == "select" else self._select

    def handle_data(self, data: str) -> None:
        if self._text and self._inside:
            # A browser leaves out the line end that stands first in a textarea.
            self.data[self._text] += data.removeprefix("\n") if not self.data[self._text] else data


def actions(response: Any) -> list[str]:
    """Where the forms of a page lead."""
    return [link.partition("?")[0] for link in page(response).links]


def fields(response: Any, action: str = "/rights/change", status: int = 200) -> dict[str, str]:
    page(response, status)
    return Form(response.text, action).data


def sent(visitor: Visitor, data: dict[str, str], do: str, **more: str) -> Any:
    return visitor.post("/rights/change", data={**data, **more, "do": do})


def test_a_change_is_made_in_the_table_checked_and_stated(
    visitor: Visitor, file: Database, owned: str, act: Callable[[str], None]
) -> None:
    form = fields(visitor.get("/rights/change"))
    assert (form["right-0-quantity_max"], form["right-0-margin"], form["limit-0-most"]) == ("50", "10", "70")

    checked = sent(visitor, form, "check", **{"right-0-quantity_max": "60", "right-0-margin": "12.5"})
    seen = page(checked)
    assert "2 things differ from what is in force; its test case passes" in seen.text
    assert "right small, quantity up to5060" in seen.text
    assert "right small, margin at least10 %12.50 %" in seen.text
    assert "Another person" not in seen.text
    assert in_force(file) == "one"

    stating = fields(checked, "/rights/state")
    made = visitor.post("/rights/state", data=stating)
    again = visitor.post("/rights/state", data=stating)

    assert made.url == again.url
    assert str(made.url).startswith(f"{HOST}/rights/editions/edi_")
    assert "Waits for another person" in page(made).text
    assert in_force(file) == "one"
    assert len(policy.editions(file)) == 2


def test_what_counts_at_once_leads_to_the_rights(visitor: Visitor, file: Database, stated: str) -> None:
    checked = sent(visitor, fields(visitor.get("/rights/change")), "check", name="Simpler")

    made = visitor.post("/rights/state", data=fields(checked, "/rights/state"))

    assert str(made.url) == f"{HOST}/rights"
    assert "Simpler is in force since" in page(made).text
    assert in_force(file) == policy.editions(file)[0].id


ROWS = ["small", "more", "all"]


def test_rows_are_added_moved_and_removed_without_scripts(visitor: Visitor, stated: str) -> None:
    def names(data: dict[str, str]) -> list[str]:
        return [data[f"right-{place}-id"] for place in range(9) if f"right-{place}-id" in data]

    form = fields(visitor.get("/rights/change"))
    assert names(form) == ROWS
    down = fields(sent(visitor, form, "down-right-0", **{"right-0-value_max": "7.50"}))
    assert names(down) == ["more", "small", "all"]
    assert down["right-1-value_max"] == "7.50"
    up = fields(sent(visitor, down, "up-right-1"))
    assert names(up) == ROWS
    more = fields(sent(visitor, up, "add-right"))
    assert names(more) == [*ROWS, ""]
    less = fields(sent(visitor, more, "remove-right-1"))
    assert names(less) == ["small", "all", ""]
    for table, first in (("limit", "id"), ("actor", "id"), ("case", "name"), ("tier", "id")):
        before = sum(name.startswith(f"{table}-") and name.endswith(f"-{first}") for name in form)
        added = fields(sent(visitor, form, f"add-{table}"))
        assert (
            sum(name.startswith(f"{table}-") and name.endswith(f"-{first}") for name in added) == before + 1
        )


def test_a_button_that_can_do_nothing_loses_nothing(visitor: Visitor, stated: str) -> None:
    form = fields(visitor.get("/rights/change"))

    for do in ["", "up-right-0", "down-right-2", "remove-right-9", "add-nothing", "x", "up-right-x"]:
        assert fields(sent(visitor, form, do)) == form, do


def test_what_cannot_be_used_is_named_at_its_field_and_nothing_is_lost(
    visitor: Visitor, file: Database, stated: str
) -> None:
    form = fields(visitor.get("/rights/change")) | {
        "right-0-quantity_max": "many",
        "right-0-margin": "a lot",
        "right-1-then": "ask",
        "right-1-ask": "nobody",
        "limit-0-most": "-3",
        "actor-1-id": "sam",
        "case-0-value": "12.345",
        "rules-fence_days": "soon",
        "zone": "Mars/North",
    }

    answered = sent(visitor, form, "check")

    assert fields(answered, status=422) == form
    found = page(answered, 422)
    assert "things cannot be used" in found.text
    for name in (
        "right-0-quantity_max",
        "right-0-margin",
        "limit-0-most",
        "case-0-value",
        "rules-fence_days",
        "zone",
    ):
        assert f"#{name}" in found.links
        assert f'id="{name}"' in answered.text
    assert in_force(file) == "one"


def test_the_table_and_the_file_say_the_same(visitor: Visitor, stated: str) -> None:
    form = fields(visitor.get("/rights/change"))

    as_file = fields(sent(visitor, form, "text"))
    back = fields(sent(visitor, as_file, "table"))

    assert words.read(as_file["text"], currency="EUR").rights == read().rights
    assert back == form


def test_a_file_is_kept_with_its_comments_and_its_errors_name_their_lines(
    visitor: Visitor, stated: str
) -> None:
    form = fields(visitor.get("/rights/change?as=text"))
    text = "# ours\r\n\r\n[[right]]\r\nid = 'x'\r\nquantity_max = 'many'\r\nwrong = 1\r\n"

    for do in ("check", "table"):
        answered = sent(visitor, form, do, text=text)
        found = page(answered, 422)

        assert "Line 5: quantity_max is a whole number, not 'many'." in found.text
        assert "Line 6: 'wrong' is not known here" in found.text
        assert fields(answered, status=422)["text"] == text.replace("\r\n", "\n")
    broken = sent(visitor, form, "table", text="[[right")
    assert "Line 1 is not TOML" in page(broken, 422).text


def test_what_a_table_cannot_hold_stays_a_file(visitor: Visitor, stated: str) -> None:
    text = FILE.replace('tiers = ["A"]', 'tiers = ["A, first"]')

    answered = sent(visitor, {"shape": "text", "over": "one", "text": text}, "table")

    assert "which a table cannot hold" in page(answered).text
    assert fields(answered)["text"] == text


def test_failing_cases_are_seen_in_the_check_and_cannot_be_stated(
    visitor: Visitor, file: Database, stated: str
) -> None:
    checked = sent(visitor, fields(visitor.get("/rights/change")), "check", **{"right-0-quantity_max": "49"})
    found = page(checked)

    assert "1 of 1 test cases fail." in found.text
    assert "expected allow by small, came ask manager by more" in found.text
    assert re.search(r"<button[^>]*disabled[^>]*>State it", checked.text)
    forced = visitor.post("/rights/state", data=fields(checked, "/rights/state"))
    assert "1 test case beside the rights fail" in page(forced, 422).text
    assert in_force(file) == "one"


def test_what_is_likely_not_meant_must_be_meant(visitor: Visitor, file: Database, stated: str) -> None:
    checked = sent(visitor, fields(visitor.get("/rights/change")), "check", **{"actor-0-roles": "clerk"})
    stating = fields(checked, "/rights/state")
    assert "sam could do nothing" in page(checked).text

    refused = visitor.post("/rights/state", data=stating)
    assert "Correct it, or say that it is." in page(refused, 422).text
    assert in_force(file) == "one"

    visitor.post("/rights/state", data={**fields(refused, "/rights/state", 422), "anyway": "yes"})
    assert in_force(file).startswith("edi_")


def test_it_counts_from_the_beginning_of_a_day_in_its_zone(
    visitor: Visitor, file: Database, stated: str
) -> None:
    checked = sent(visitor, fields(visitor.get("/rights/change")), "check", name="Later")
    stating = fields(checked, "/rights/state")

    wrong = visitor.post("/rights/state", data={**stating, "on": "2020-01-01"})
    assert "has passed" in page(wrong, 422).text
    assert fields(wrong, "/rights/state", 422)["on"] == "2020-01-01"
    made = visitor.post("/rights/state", data={**stating, "on": "2093-07-01"})

    assert "Waits for its day" in page(made).text
    later = policy.editions(file)[0]
    assert later.effective_at is not None
    assert instant_iso(later.effective_at) == "2093-06-30T22:00:00.000000Z"
    assert "Later waits for its day" in page(visitor.get("/rights")).text
    assert (
        "It will replace this when its day comes."
        in page(sent(visitor, fields(visitor.get("/rights/change")), "check")).text
    )


def test_who_is_not_named_may_try_but_not_state(
    visitor: Visitor, file: Database, owned: str, act: Callable[[str], None]
) -> None:
    act("sam")
    assert "Only a manager may change them: ask mia, max or mia at home." in page(visitor.get("/rights")).text
    checked = sent(visitor, fields(visitor.get("/rights/change")), "check", name="Mine")
    assert "Only a manager may state rights, and sam is none." in page(checked).text

    refused = visitor.post("/rights/state", data=fields(checked, "/rights/state"))

    assert "sam is none. Ask one of them." in page(refused, 403).text
    assert 'name = "Mine"' in fields(refused, "/rights/state", 403)["text"]
    assert [one.id for one in policy.editions(file)] == ["one"]


@pytest.mark.parametrize("begin", ["two-steps", "three-steps"])
def test_a_company_begins_from_a_template(
    visitor: Visitor, file: Database, today: int, act: Callable[[str], None], begin: str
) -> None:
    form = fields(visitor.get(f"/rights/change?from={begin}"))
    assert form["actor-0-id"] == "mia"
    if begin == "three-steps":
        unnamed = sent(visitor, form, "check")
        assert "#actor-1-id" in page(unnamed, 422).links
        form["actor-1-id"] = "max"

    checked = sent(visitor, form, "check")
    stating = fields(checked, "/rights/state") | {"anyway": "yes"}
    visitor.post("/rights/state", data=stating)

    assert in_force(file).startswith("edi_")


def test_from_nothing_and_from_an_unknown_edition(visitor: Visitor, today: int) -> None:
    assert "right-0-id" not in fields(visitor.get("/rights/change?from=nothing"))
    assert "no edition 'gone'" in page(visitor.get("/rights/change?from=gone"), 404).text


# --- two windows, and two persons ---


def test_of_two_windows_the_later_one_is_told_what_changed_meanwhile(
    visitor: Visitor, file: Database, stated: str
) -> None:
    first, second = (fields(visitor.get("/rights/change")) for _ in range(2))
    one = sent(visitor, first, "check", **{"right-0-quantity_max": "60"})
    other = sent(visitor, second, "check", **{"right-0-value_max": "20000.00"})
    visitor.post("/rights/state", data=fields(one, "/rights/state"))
    now = in_force(file)

    late = visitor.post("/rights/state", data=fields(other, "/rights/state"))

    found = page(late, 409)
    assert "Changed meanwhile" in found.text
    assert found.text.index("What others changed since you began") < found.text.index(
        "What yours would change"
    )
    assert "right small, quantity up to5060" in found.text
    assert "right small, quantity up to6050" in found.text
    assert "right small, value up to€10,000€20,000" in found.text
    assert in_force(file) == now
    # Who has seen it may state his own over it.
    visitor.post("/rights/state", data=fields(late, "/rights/state", 409))
    assert in_force(file) not in (now, "one")


def proposed(visitor: Visitor, **more: str) -> str:
    checked = sent(visitor, fields(visitor.get("/rights/change")), "check", **more)
    return str(visitor.post("/rights/state", data=fields(checked, "/rights/state")).url).removeprefix(HOST)


def test_another_person_agrees_and_never_the_same(
    visitor: Visitor, file: Database, owned: str, act: Callable[[str], None]
) -> None:
    address = proposed(visitor, name="Second")
    agree = f"{address}/agree"
    assert agree not in actions(visitor.get(address))

    for name in ("mia", "mia at home", "sam"):
        act(name)
        assert agree not in actions(visitor.get(address))
        refused = page(visitor.post(agree), 403)
        assert "another person must agree" in refused.text or "sam is none" in refused.text
    assert in_force(file) == "one"
    act("max")
    assert visitor.get(agree).status_code == 405
    assert in_force(file) == "one"
    # The control: only who it is was different.
    assert agree in actions(visitor.get(address))
    agreed = page(visitor.post(agree))

    assert "In force since" in agreed.text
    assert in_force(file) == address.rpartition("/")[2]
    assert "agreed to by max" in page(visitor.get("/rights")).text


def test_what_others_overtook_is_superseded_and_taken_up_again(
    visitor: Visitor, file: Database, owned: str, act: Callable[[str], None]
) -> None:
    left, taken = (
        proposed(visitor, name="Left", **{"right-0-value_max": "9000.00"}),
        proposed(visitor, name="Taken"),
    )
    act("max")
    visitor.post(f"{taken}/agree")

    response = visitor.get(left)
    found = page(response)
    refused = page(visitor.post(f"{left}/agree"), 409)

    assert "Superseded" in found.text
    assert f"{left}/agree" not in actions(response)
    assert "Taken came into force meanwhile" in refused.text
    again = f"/rights/change?from={left.rpartition('/')[2]}"
    assert again in found.links
    form = fields(visitor.get(again))
    assert (form["over"], form["right-0-value_max"]) == (taken.rpartition("/")[2], "9000.00")


def test_one_is_withdrawn_with_its_reason(
    visitor: Visitor, file: Database, owned: str, act: Callable[[str], None]
) -> None:
    address = proposed(visitor, name="Mistaken")
    act("sam")
    assert "mia stated it" in page(visitor.post(f"{address}/withdraw", data={"why": "no"}), 403).text
    act("mia")

    withdrawn = page(visitor.post(f"{address}/withdraw", data={"why": "the limit was wrong"}))

    assert "mia took it back" in withdrawn.text
    assert "the limit was wrong" in withdrawn.text
    assert "Mistaken" not in page(visitor.get("/rights")).text.partition("History")[0]
    act("max")
    assert "withdrew Mistaken" in page(visitor.post(f"{address}/agree"), 409).text
    assert in_force(file) == "one"


def test_what_nobody_agreed_to_in_a_month_says_so(
    visitor: Visitor, file: Database, owned: str, act: Callable[[str], None], noon: Callable[[int], None]
) -> None:
    address = proposed(visitor, name="Old")
    noon(31 * 86_400)
    act("max")

    assert "Nobody agreed to it in 30 days" in page(visitor.get(address)).text
    assert "Nobody agreed to it in 30 days" in page(visitor.post(f"{address}/agree"), 409).text
    assert in_force(file) == "one"


FOREIGN = [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}]


def test_a_form_of_another_page_changes_nothing(
    visitor: Visitor, file: Database, owned: str, act: Callable[[str], None]
) -> None:
    address = proposed(visitor, name="Second")
    checked = sent(visitor, fields(visitor.get("/rights/change")), "check", name="Third")
    stating = fields(checked, "/rights/state")
    act("max")

    for path, data in (
        (f"{address}/agree", {}),
        (f"{address}/withdraw", {"why": ""}),
        ("/rights/state", stating),
    ):
        for headers in FOREIGN:
            assert visitor.post(path, data=data, headers=headers).status_code == 403
    assert (in_force(file), len(policy.editions(file))) == ("one", 2)


# --- tried on what was ---


def test_a_change_is_tried_on_what_was_promised_before(
    visitor: Visitor, file: Database, stated: str, today: int, noon: Callable[[int], None]
) -> None:
    for number, quantity in enumerate((5, 20, 40)):
        asked = understand(
            f"{quantity} X-100 by {said_day(today, 3)} for Northwind at 20", Shown.read(file).names
        )
        wanted = Request(id=f"r{number}", verb=Verb.commit, customer=asked.customer, lines=asked.lines)
        service.promise_one(file, wanted, actor="sam")
    noon(100 * 86_400)
    text = FILE.replace("quantity_max = 50", "quantity_max = 10").partition("[[case]]")[0]

    tried = page(visitor.post("/rights/try", data={"text": text, "span": "last-quarter", "over": "one"}))
    same = page(visitor.post("/rights/try", data={"text": FILE, "span": "last-quarter"}))
    part = visitor.post(
        "/rights/try", data={"text": text, "span": "last-week"}, headers={"HX-Target": "tried"}
    )

    assert "Of the 3 decisions from" in tried.text
    assert (
        "sent 2 more to approval, allowed 2 less; of the promises that were broken it would have prevented 0 and asked somebody else about 2"
        in tried.text
    )
    assert "20 of one item is 10 above 10" in tried.text
    assert "answered every one as the rights in force do" in same.text
    assert part.text.lstrip().startswith('<div id="tried"')
    assert "Nothing was decided from" in part.text
    # Without scripts one goes back to where one was.
    back = page(visitor.post("/rights/change", data={**tried_form(visitor, text), "do": "check"}))
    assert "1 thing differs" in back.text


def tried_form(visitor: Visitor, text: str) -> dict[str, str]:
    return Form(visitor.post("/rights/try", data={"text": text, "over": "one"}).text, "/rights/change").data


def test_what_cannot_be_tried_is_said(visitor: Visitor, stated: str) -> None:
    assert "not TOML" in page(visitor.post("/rights/try", data={"text": "[["})).text
    assert "Choose last week" in page(visitor.post("/rights/try", data={"text": "", "span": "ever"})).text


def test_a_long_trial_shows_how_far_it_is_and_ends(
    visitor: Visitor, stated: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = threading.Event()
    real = service.compare_policies

    def slow(*given: Any, on_progress: Any) -> Any:
        on_progress(1)
        goes_on.wait(10)
        return real(*given)

    monkeypatch.setattr(rights_tried.service, "compare_policies", slow)
    monkeypatch.setattr(rights_tried, "WAIT_SECONDS", 0.05)
    form = {"text": FILE, "span": "last-year"}

    first = page(visitor.post("/rights/try", data=form))
    goes_on.set()
    monkeypatch.setattr(rights_tried, "WAIT_SECONDS", 10)
    last = page(visitor.post("/rights/try", data=form))

    assert "Looked at" in first.text
    assert "Nothing was decided from" in last.text


# --- people who have signed in ---

SIGNED = """
name = "Signed"
everybody_else = "guest"
[change]
role = "sales manager"
second = "sales manager"
[[right]]
id = "seller"
role = "seller"
then = "allow"
[[right]]
id = "manager"
role = "sales manager"
then = "allow"
[[right]]
id = "guest"
role = "guest"
then = "deny"
[[actor]]
id = "Berit Dal"
role = "sales manager"
"""


def test_two_people_who_signed_in_change_the_rights_and_a_seller_reads_them(
    closed: Visitor, file: Database
) -> None:
    for name in ("Mia Berg", "Max Roth"):
        accounts.add(file, name, ["sales manager"], by="test", password=PASSWORD)
    policy.state(file, read(SIGNED), id="one", actor="test")

    come_in(closed, "Mia Berg")
    form = fields(closed.get("/rights/change"))
    assert "Mia Berg" not in form.values()  # accounts are not written into the file
    checked = sent(closed, form, "check", **{"right-0-quantity_max": "60"})
    address = str(closed.post("/rights/state", data=fields(checked, "/rights/state")).url).removeprefix(HOST)
    assert "Mia Berg stated it: another person must agree" in page(closed.post(f"{address}/agree"), 403).text

    closed.post("/sign-out")
    come_in(closed, "Anna Lund")
    seen = page(closed.get("/rights"))
    assert "/rights/change" not in seen.links
    assert "Your role reads them" in seen.text
    for answer in (
        closed.get("/rights/change"),
        closed.post("/rights/change", data=form),
        closed.post("/rights/state", data={"text": SIGNED}),
        closed.post("/rights/try", data={"text": SIGNED}),
        closed.post(f"{address}/agree"),
        closed.post(f"{address}/withdraw", data={"why": ""}),
    ):
        assert "does not include this" in page(answer, 403).text
    assert f"{address}/agree" not in actions(closed.get(address))
    assert in_force(file) == "one"

    closed.post("/sign-out")
    come_in(closed, "Max Roth")
    assert "agree to exactly this" in page(closed.get(address)).text
    assert "In force since" in page(closed.post(f"{address}/agree")).text
    assert in_force(file) == address.rpartition("/")[2]


def test_without_rights_a_seller_hears_whom_to_ask(closed: Visitor) -> None:
    come_in(closed)

    found = page(closed.get("/rights"))

    assert "everybody may promise" in found.text
    assert "Ask one of them." in found.text
    assert not [link for link in found.links if link.startswith("/rights/change")]


def test_what_is_tried_knows_the_roles_of_who_signs_in(
    closed: Visitor, file: Database, today: int, noon: Callable[[int], None]
) -> None:
    text = re.sub(r"\[change\](\n.*){2}", "", SIGNED)
    policy.state(file, read(text), id="one", actor="test")
    asked = understand(f"5 X-100 by {said_day(today, 3)} for Northwind at 20", Shown.read(file).names)
    wanted = Request(id="r1", verb=Verb.commit, customer=asked.customer, lines=asked.lines)
    service.promise_one(file, wanted, actor="Anna Lund")
    with file.read() as tx:
        now = tx.now()

    tried = service.try_policy(file, read(text), now - 86_400_000_000, now + 1)

    # Anna is in no file: a guest may nothing, a seller all.
    assert [one.tried.ruling.by for one in tried.rows] == ["seller"]
