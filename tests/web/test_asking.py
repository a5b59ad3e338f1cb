"""Asking in the browser: every state it can be in has a sentence and a next action, and nothing is lost on the way."""

from __future__ import annotations

import re
import threading
from typing import Any

import msgspec
from litestar.testing import TestClient
from tests.company import said_day
from tests.promise.rights_company import MANAGER, RIGHTS
from tests.web.conftest import browser, come_in
from tests.web.test_pages import Page, page

from accord.db.engine import Database
from accord.exceptions.model import Counted, ReceiptStated
from accord.exceptions.service import supply_changed
from accord.ledger.model import SupplyKind
from accord.policy import service as policy
from accord.policy.model import Actor, Answer, Customer, Price, Right, Rules
from accord.promise import said, service
from accord.promise.pages import asking
from accord.web.people import accounts

Visitor = TestClient[Any]
HOUR_US = 3_600_000_000


def ask(visitor: Visitor, q: str, status: int = 200, **more: str) -> Page:
    return page(visitor.get("/", params={"q": q, **more}), status)


def look(visitor: Visitor, asked: Page, option: int = 0, verb: str = "commit", status: int = 200) -> Page:
    params = {**asked.fields, "option": asked.options[option], "verb": verb}
    return page(visitor.get("/preview", params=params), status)


def sell(db: Database, *, as_seller: str = "anybody") -> None:
    """Whoever visits is a seller; a sales manager must agree to more than 50."""
    rights = msgspec.structs.replace(
        RIGHTS, actors=(*RIGHTS.actors, Actor(id=as_seller, roles=("seller",))), change="director"
    )
    policy.put(db, [rights], actor="boss", id="rights")


# --- empty ---


def test_what_was_asked_last_is_offered_again_the_latest_first(visitor: Visitor, today: int) -> None:
    lines = [f"{n} X-100 by {said_day(today, 3)}" for n in range(1, 8)]
    for line in [*lines, lines[2]]:
        ask(visitor, line)

    found = visitor.get("/").text

    assert [line for line in lines if f">{line}</a>" in found] == [lines[2], *lines[3:]]
    assert found.index(f">{lines[2]}</a>") < found.index(f">{lines[6]}</a>") < found.index(f">{lines[5]}</a>")


def test_what_another_person_asked_at_this_machine_is_not_shown(closed: Visitor, file: Database) -> None:
    come_in(closed)
    ask(closed, "7 X-100 by friday")
    accounts.add(file, "Bo Dahl", ["seller"], by="test", password="four words are enough")

    assert ">7 X-100 by friday</a>" in closed.get("/").text
    come_in(closed, "Bo Dahl")
    assert ">7 X-100 by friday</a>" not in closed.get("/").text


def test_a_line_that_is_not_understood_is_not_kept_as_asked(visitor: Visitor) -> None:
    ask(visitor, "7 X-999 by friday")

    assert "Asked last" not in page(visitor.get("/")).text


# --- typing ---


def test_what_is_typed_comes_back_as_chips_and_asks_nothing(visitor: Visitor, file: Database) -> None:
    found = visitor.get("/ask/chips", params={"q": "500 x-100 12 mar northw 18.5"})

    shown = Page(found.text)
    assert "<html" not in found.text
    assert "500" in shown.text
    assert "X-100 Pump 100" in shown.text
    assert "Northwind" in shown.text
    assert "€18.50" in shown.text
    assert 'data-start="10" data-stop="16"' in found.text  # 12 mar
    assert 'data-start="17" data-stop="23"' in found.text  # northw
    with file.read() as tx:
        assert tx.rows("SELECT count(*) FROM decision") == [(0,)]


TYPED: list[tuple[str, list[str]]] = [
    ("", []),
    ("5", ["5", "+ item", "+ day", "+ customer", "+ price"]),
    ("500 X-100", ["X-100 Pump 100", "+ day as soon as it can", "+ price list €20.00"]),
    ("500 X-100 by", ["X-100", "+ day"]),
    ("500 x-1", ["Which item?", "X-100 Pump 100", "X-110 Pump 110"]),
    ("500 X-100 for north", ["Which customer?", "Northwind", "Northgate"]),
    ("500 X-100 by 03/04/27", ["Which day?", "Thu 4 Mar 2027", "Sat 3 Apr 2027"]),
    ("500 X-1OO for Nrthwnd", ["Which item?", "Which customer?"]),
]


def test_what_is_not_there_yet_is_offered_and_what_is_unclear_is_asked(visitor: Visitor) -> None:
    for typed, expected in TYPED:
        found = Page(visitor.get("/ask/chips", params={"q": typed}).text)

        assert [words for words in expected if words not in found.text] == [], typed
        assert bool(found.text.strip()) == bool(typed)


def test_names_that_are_typed_are_shown_and_never_run(visitor: Visitor) -> None:
    evil = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'

    for q in (f"5 {evil}", f"5 X-100 for {evil}", evil):
        found = visitor.get("/ask/chips", params={"q": q}).text
        assert "<script" not in found
        assert "<img" not in found


MENDED = (
    ("5 x-1 by friday", "5 X-100 by friday"),
    ("5 X-100 for Nrthwnd by friday", "5 X-100 for C1 by friday"),
    ("5 X-100 by 03/04/27", "5 X-100 by 2027-03-04"),
)


def test_each_best_match_mends_the_line(visitor: Visitor) -> None:
    for line, mended in MENDED:
        found = page(visitor.get("/", params={"q": line}))

        assert "Not understood" in found.text
        assert found.fields["q"] == line
        (first, *_others) = [link for link in found.links if link.startswith("/?q=") and line not in link]
        again = page(visitor.get(first))
        assert again.fields["q"] == mended
        assert "Not understood" not in again.text


# --- fields and many lines ---


def test_fields_ask_the_same_as_the_line(visitor: Visitor, today: int) -> None:
    day = said_day(today, 3)
    by_line = ask(visitor, f"40 X-100 by {day} for Northwind at 18.50")
    by_fields = page(
        visitor.get(
            "/",
            params={
                "view": "fields",
                "quantity": "40",
                "item": "x-100",
                "on": day,
                "customer": "northw",
                "price": "18.50",
            },
        )
    )

    assert by_fields.options == by_line.options
    assert (by_fields.fields["item"], by_fields.fields["customer"]) == ("x-100", "northw")


def test_a_line_fills_the_fields(visitor: Visitor) -> None:
    found = page(visitor.get("/", params={"view": "fields", "q": "40 x-100 12 mar 2027 northw 18.5"}))

    names = ("quantity", "item", "on", "customer", "price")
    assert [found.fields[name] for name in names] == ["40", "x-100", "12 mar 2027", "northw", "18.5"]


def test_a_field_that_is_wrong_is_named_and_nothing_typed_is_lost(visitor: Visitor) -> None:
    typed = {"quantity": "40", "item": "X-999", "on": "friday", "customer": "Northwind", "price": "18.50"}

    response = visitor.get("/", params={"view": "fields", **typed})

    found = page(response)
    assert {name: found.fields[name] for name in typed} == typed
    assert 'id="item-error"' in response.text
    assert response.text.count('aria-invalid="true"') == 1


def test_pasted_rows_are_answered_line_by_line_and_as_a_whole(visitor: Visitor, today: int) -> None:
    day = said_day(today, 3)
    found = ask(
        visitor, f"Item\tQty\tDate\nX-100\t40\t{day}\nOIL\t2.5\t{day}\nX-110\t5\t{day}\nfor Northwind"
    )

    assert "Line by line" in found.text
    assert "40 X-100 Pump 100" in found.text
    assert found.text.count("Cannot promise") >= 2  # X-110, and so the whole
    assert "view=lines" not in found.text


def test_the_lines_that_need_mending_say_so_and_the_others_stay(visitor: Visitor) -> None:
    q = "40 X-100\n5 x-1\n7 OIL by 03/04/27"

    response = visitor.get("/", params={"view": "lines", "q": q})

    found = page(response)
    assert "2 of 3 lines need you" in found.text
    assert "40 X-100\n5 x-1\n7 OIL by 03/04/27</textarea>" in response.text
    mends = [link for link in found.links if link.startswith("/?q=40+X-100%0A5+X-100%0A7+OIL")]
    assert len(mends) == 1


def test_lines_may_be_asked_to_come_together(visitor: Visitor, today: int) -> None:
    q = f"40 X-100 by {said_day(today, 3)}\n70 X-100 by {said_day(today, 3)}"

    together = ask(visitor, q, ship="complete")
    apart = ask(visitor, q, ship="lines")

    assert len(together.options) == 1
    assert len(apart.options) > 1
    assert look(visitor, together).fields["ship"] == "complete"


# --- answered ---


def test_the_price_strip_says_list_asked_floor_and_margin_at_the_cost_of_now(
    visitor: Visitor, today: int
) -> None:
    found = ask(visitor, f"40 X-100 by {said_day(today, 3)} for Northwind at 18.50")

    assert "List€20.00 each" in found.text
    assert "Asked€18.50 each" in found.text
    assert "Floor€15.00 each" in found.text
    assert "Margin now€260.00 35 %" in found.text
    assert "Price holds until" in found.text


def test_who_may_not_see_costs_sees_no_floor_and_no_margin(file: Database, today: int, quick: None) -> None:
    accounts.add(file, "Siri Vik", ["service"], by="test", password="four words are enough")
    with browser(file) as client:
        come_in(client, "Siri Vik")
        found = ask(client, f"120 X-100 by {said_day(today, 3)} for Northwind at 18.50")

    assert "List€20.00" in found.text
    assert [word for word in ("Floor", "argin", "cost") if word in found.text] == []


def test_what_is_told_to_the_customer_holds_nothing_of_ours(visitor: Visitor, today: int) -> None:
    response = visitor.get("/", params={"q": f"120 X-100 by {said_day(today, 3)} for Northwind at 18.50"})

    told = [part.split('"')[0] for part in response.text.split('data-say="')[1:]]
    assert len(told) >= 2
    assert "X-100 Pump 100: 100 on " in told[0]
    assert "at €18.50 each." in told[0]
    for words in told:
        assert [
            word for word in ("PO 1", "margin", "cost", "floor", "Halden", "12.00") if word in words
        ] == []


def test_the_drawing_and_its_table_say_the_same_and_name_the_first_limit(
    visitor: Visitor, today: int
) -> None:
    response = visitor.get("/", params={"q": f"120 X-100 by {said_day(today, 3)} for Northwind"})

    text = Page(response.text).text
    assert "20 short · PO 1 arrives" in text
    assert "today" in text
    assert 'class="supplied"' in response.text
    rows = response.text.split("The numbers")[1].split("</tbody>")[0]
    cells = [re.sub(r"<a [^>]*>", "", cell).split("<")[0] for cell in rows.split('class="number">')[5:]]
    # There in all, promised, with this, left: from today, from the day it leaves, from PO 1 on.
    assert cells == ["100", "0", "0", "100", "100", "0", "120", "−20", "150", "0", "120", "30"]
    assert "counted" in text
    assert "released" in text


def test_each_number_of_the_drawing_opens_the_list_it_adds_up_to(
    visitor: Visitor, file: Database, today: int
) -> None:
    visitor.post("/promise", data=look(visitor, ask(visitor, f"30 X-100 by {said_day(today, 2)}")).fields)
    response = visitor.get("/", params={"q": f"120 X-100 by {said_day(today, 3)} for Northwind"})

    numbers = re.findall(r'<td class="number"><a href="([^"]+)">([^<]+)</a>', response.text)

    assert {number for _href, number in numbers} == {"100", "150", "0", "30"}
    for href, number in numbers:
        listed = visitor.get(href.replace("&amp;", "&")).text
        assert re.findall(r"data-total>([^<]+?)\s*<", listed) == [number], href


def test_a_likelihood_is_nowhere_said(visitor: Visitor, today: int) -> None:
    found = ask(visitor, f"120 X-100 by {said_day(today, 3)} for Northwind at 18.50")

    assert "likely" not in found.text
    assert "probab" not in found.text


# --- preview and confirmation ---


def test_the_preview_says_what_is_taken_what_remains_and_who_is_touched(
    visitor: Visitor, file: Database, today: int
) -> None:
    sell(file)
    found = look(visitor, ask(visitor, f"40 X-100 by {said_day(today, 3)} for Northwind"), verb="hold")

    assert "Hold this?" in found.text
    taken = found.text.split("Left for others then")[1]
    assert taken.strip().startswith(f"X-100 at Halden40{said.day(today + 3, today)}60")
    assert "Who else is touchednobody" in found.text
    assert "Allowed by seller-hold." in found.text
    assert service.promises(file)[0] == []


def test_of_two_who_race_for_one_unit_one_gets_it_and_the_other_the_answer_of_now(
    file: Database, today: int
) -> None:
    policy.put(file, [Rules(options_max=3)], actor="boss", id="few")
    with browser(file, is_open=True) as first, browser(file, is_open=True) as second:
        line = f"60 X-100 by {said_day(today, 3)}"
        forms = [look(client, ask(client, line)).fields for client in (first, second)]
        start, answers = threading.Barrier(2), [None, None]

        def confirm(place: int, client: Visitor) -> None:
            start.wait()
            answers[place] = client.post("/promise", data=forms[place], follow_redirects=False)

        threads = [threading.Thread(target=confirm, args=one) for one in enumerate((first, second))]
        for one in threads:
            one.start()
        for one in threads:
            one.join()

    got = [answer for answer in answers if answer is not None]
    won, lost = sorted(got, key=lambda answer: int(answer.status_code))
    assert (won.status_code, lost.status_code) == (303, 409)
    (promise,) = service.promises(file)[0]
    assert won.headers["location"] == f"/promises/{promise.promise.id}"
    late = page(lost, 409)
    assert "It changed while you looked." in late.text
    assert "60 were promised to someone else" in late.text
    assert " s ago. New answer:" in late.text
    assert "You looked at: 60 X-100 on" in late.text
    assert late.fields["q"] == line
    assert late.options
    assert "new" in late.text.split("Ways to do it")[-1]


def test_what_one_promised_oneself_to_the_same_customer_is_not_somebody_elses(
    visitor: Visitor, file: Database, today: int
) -> None:
    line = f"60 X-100 by {said_day(today, 3)} for Northwind"
    mine, other = look(visitor, ask(visitor, line)), look(visitor, ask(visitor, line))
    visitor.post("/promise", data=other.fields)

    late = page(visitor.post("/promise", data=mine.fields), 409)

    assert "60 were promised to Northwind by you" in late.text


def test_what_changed_for_another_reason_is_said_without_blaming_anybody(
    visitor: Visitor, file: Database, today: int
) -> None:
    preview = look(visitor, ask(visitor, f"100 X-100 by {said_day(today, 3)}"))
    supply_changed(file, [Counted(item="X-100", site="Halden", quantity=60, as_of=2)], actor="erp", id="less")

    late = page(visitor.post("/promise", data=preview.fields), 409)

    assert "Supply, prices or rules changed since you asked." in late.text
    assert "someone else" not in late.text
    assert service.promises(file)[0] == []


def test_the_same_key_makes_one_promise_however_often_it_is_sent(
    visitor: Visitor, file: Database, today: int
) -> None:
    preview = look(visitor, ask(visitor, f"40 X-100 by {said_day(today, 3)}"))

    places = {str(visitor.post("/promise", data=preview.fields).url) for _ in range(3)}

    assert len(places) == 1
    assert len(service.promises(file)[0]) == 1


def test_a_form_whose_line_no_longer_reads_comes_back_as_it_was(
    visitor: Visitor, file: Database, today: int
) -> None:
    preview = look(visitor, ask(visitor, f"40 X-100 by {said_day(today, 3)} for Northgate"))
    policy.put(file, [Customer(id="C4", name="Northgate")], actor="crm", id="twins")

    back = page(visitor.post("/promise", data=preview.fields), 422)

    assert back.fields["q"] == preview.fields["q"]
    assert "fits 2 customers" in back.text


# --- approval and rights ---


def test_where_somebody_must_agree_nothing_else_is_offered(
    visitor: Visitor, file: Database, today: int
) -> None:
    sell(file)
    response = visitor.get("/", params={"q": f"60 X-100 by {said_day(today, 3)} for Northwind"})

    found = page(response)
    assert "Needs approval" in found.text
    assert "60 of one item is 10 above 50." in found.text
    assert "Ask the sales manager" in found.text
    assert 'data-standing="ask"' in response.text
    assert 'data-standing="free"' not in response.text


def test_whoever_asks_for_approval_sees_the_rule_first_and_then_whom_he_asked(
    visitor: Visitor, file: Database, today: int
) -> None:
    sell(file)
    preview = look(visitor, ask(visitor, f"60 X-100 by {said_day(today, 3)} for Northwind"))
    assert "Ask for approval?" in preview.text
    assert "60 of one item is 10 above 50." in preview.text
    assert service.approvals(file)[0] == []

    asked = page(visitor.post("/promise", data={**preview.fields, "note": "A good customer"}))

    (approval,) = service.approvals(file)[0]
    assert approval.note == "A good customer"
    assert "/approvals/" in str(asked.text) or approval.id in asked.text
    again = ask(visitor, f"60 X-100 by {said_day(today, 3)} for Northwind")
    assert "You asked the sales manager just now to approve 60 X-100 for Northwind" in again.text
    assert "If nobody answers by then, it is over." in again.text
    assert f"/approvals/{approval.id}" in again.links
    assert f"/approvals/{approval.id}" in page(visitor.get("/")).links


def test_what_nobody_can_agree_to_names_the_rule_and_who_changes_it(
    visitor: Visitor, file: Database, today: int
) -> None:
    rights = msgspec.structs.replace(
        RIGHTS,
        rights=(Right(id="few", role="seller", quantity_max=5, then=Answer.allow),),
        actors=(Actor(id="anybody", roles=("seller",)),),
        limits=(),
        change="director",
    )
    policy.put(file, [rights], actor="boss", id="rights")

    found = ask(visitor, f"60 X-100 by {said_day(today, 3)} for Northwind")
    preview = look(visitor, found)

    assert "60 of one item is 55 above 5." in found.text
    assert "the rules are changed by the director" in found.text
    assert "This cannot be promised" in preview.text
    assert "key" not in preview.fields


def test_a_hold_is_judged_as_a_hold_before_it_is_offered(
    visitor: Visitor, file: Database, today: int
) -> None:
    sell(file)
    asked = ask(visitor, f"60 X-100 by {said_day(today, 3)} for Northwind")

    assert "Hold this?" in look(visitor, asked, verb="hold").text
    assert "Ask for approval?" in look(visitor, asked, verb="commit").text


def test_how_long_an_answer_takes_is_said_when_enough_are_known(file: Database, today: int) -> None:
    sell(file, as_seller="sam")
    assert asking.usually(file, MANAGER) == ""


# --- held already ---


def test_what_is_held_already_for_the_customer_is_offered(
    visitor: Visitor, file: Database, today: int
) -> None:
    line = f"40 X-100 by {said_day(today, 3)} for Northwind"
    made = visitor.post("/promise", data=look(visitor, ask(visitor, line), verb="hold").fields)

    again = ask(visitor, f"10 X-100 by {said_day(today, 5)} for Northwind")
    other = ask(visitor, f"10 X-100 by {said_day(today, 5)} for Northgate")

    assert "Northwind already holds 40 X-100 for" in again.text
    assert str(made.url).removeprefix("http://accord.localhost") in again.links
    assert "already holds" not in other.text


# --- too old ---


def test_what_is_too_old_says_since_when_and_whose_it_is(
    visitor: Visitor, file: Database, today: int
) -> None:
    with file.read() as tx:
        counted_at = tx.now() - 25 * HOUR_US
    counts = [Counted(item="X-100", site="Halden", quantity=100, as_of=counted_at)]
    supply_changed(file, counts, actor="erp", id="count")
    policy.put(file, [Rules(count_seconds_max=24 * 3600)], actor="boss", id="rules")
    q = f"40 X-100 by {said_day(today, 3)} for Northwind"

    found = ask(visitor, q)
    (anyway,) = [link for link in found.links if "anyway=1" in link]
    response = visitor.get(anyway)
    looked = page(response)

    assert "Cannot know" in found.text
    assert "X-100 at Halden" in found.text
    assert "25 h ago" in found.text
    assert "planner" in found.text
    assert found.options == []
    assert looked.options
    assert "Nothing can be promised on it." in looked.text
    assert 'name="verb"' not in response.text
    refused = look(visitor, looked)
    assert "key" not in refused.fields
    assert service.promises(file)[0] == []


def test_what_is_certain_later_can_be_taken_where_the_day_cannot_be_known(
    visitor: Visitor, file: Database, today: int
) -> None:
    with file.read() as tx:
        counted_at = tx.now() - 25 * HOUR_US
    news = [
        Counted(item="X-100", site="Halden", quantity=100, as_of=counted_at),
        ReceiptStated(
            item="X-100", site="Lyon", id="po-2", kind=SupplyKind.purchase, quantity=60, due_on=today + 5
        ),
    ]
    supply_changed(file, news, actor="erp", id="count")
    policy.put(file, [Rules(count_seconds_max=24 * 3600)], actor="boss", id="rules")

    found = ask(visitor, f"40 X-100 by {said_day(today, 3)} for Northwind")
    preview = look(visitor, found)
    page(visitor.post("/promise", data=preview.fields))

    assert "Cannot know" in found.text
    assert "rests on an old count" in found.text
    assert len(found.options) == 2
    assert "from Lyon" in preview.text
    assert len(service.promises(file)[0]) == 1


# --- quotes ---


def test_a_quote_is_saved_listed_and_asked_on_at_its_price(
    visitor: Visitor, file: Database, today: int
) -> None:
    preview = look(
        visitor, ask(visitor, f"40 X-100 by {said_day(today, 3)} for Northwind at 18.50"), verb="quote"
    )
    assert "Quote this price?" in preview.text
    assert "A quote takes nothing" in preview.text

    listed = page(visitor.post("/promise", data=preview.fields))
    page(visitor.post("/promise", data=preview.fields))

    assert "The quote is saved." in listed.text
    assert "Holds until" in listed.text
    assert "€740.00" in listed.text
    assert service.promises(file)[0] == []
    assert len(service.quotes(file)[0]) == 1
    (again,) = [link for link in listed.links if "quote=dec_" in link]
    policy.put(
        file, [Price(id="X-100", item="X-100", list_minor=3_000, floor_minor=1_500)], actor="crm", id="up"
    )
    asked = page(visitor.get(again))
    assert "Asked€18.50 each" in asked.text
    assert "the price holds until" in asked.text


def test_a_quote_of_somebody_one_may_not_read_is_not_shown(
    closed: Visitor, file: Database, today: int
) -> None:
    come_in(closed)
    asked = ask(closed, f"40 X-100 by {said_day(today, 3)} for Northwind at 18.50")
    closed.post("/promise", data=look(closed, asked, verb="quote").fields)
    accounts.add(file, "Bo Dahl", ["seller"], by="test", password="four words are enough")
    (quote,) = service.quotes(file)[0]

    come_in(closed, "Bo Dahl")

    assert "No price has been quoted yet." in page(closed.get("/quotes")).text
    on_it = ask(closed, "1 X-100", quote=quote.decision.id)
    assert "Quoted on" not in on_it.text


def test_a_verb_there_is_none_of_is_said(visitor: Visitor) -> None:
    assert page(visitor.get("/preview", params={"q": "1 X-100", "verb": "give"}), 422).text
