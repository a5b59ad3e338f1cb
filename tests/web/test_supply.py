"""The pages of supply: what they say is so, every number has a list that adds up to it, and none of them changes anything."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from litestar.testing import TestClient
from tests.company import said_day
from tests.web.test_pages import page as checked_page

from accord.db.engine import Database, open_database
from accord.db.migrations import upgrade
from accord.db.tx import wall_clock
from accord.exceptions.model import Counted, MasterStated, OpeningLine, ReceiptArrived, ReceiptStated
from accord.exceptions.service import supply_changed
from accord.ledger import service as ledger
from accord.ledger.model import Allocation, Item, Operation, SupplyKind
from accord.ledger.said import day, number
from accord.promise import service as promises
from accord.promise.model import Line, Request, Verb
from accord.web.layout.assets import FOLDER
from accord.web.server.app import on

HOST = "http://accord.localhost"
Visitor = TestClient[Any]


def told(db: Database, id: str, *news: Any) -> None:
    supply_changed(db, news, actor="erp", id=id)


def promised(db: Database, id: str, verb: Verb, quantity: int, on_day: int, **more: Any) -> str:
    line = Line(item="X-100", quantity=quantity, requested_on=on_day)
    (decision,) = promises.promise(db, [Request(id=id, verb=verb, lines=(line,), **more)], actor="test")
    assert not isinstance(decision, Exception)
    assert decision.promise is not None
    return decision.promise


class Shown:
    """What a page says, with a space between what stands apart, and where it leads."""

    def __init__(self, response: Any, status: int) -> None:
        self.links = checked_page(response, status).links
        main = response.text.partition('<main id="main" tabindex="-1">')[2].partition("</main>")[0]
        match = re.search(r"data-total>([^<]*?)\s*<", main)
        self.total = match.group(1) if match is not None else None
        self.text = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", main))).replace(" ,", ",")


def page(response: Any, status: int = 200) -> Shown:
    return Shown(response, status)


def total(found: Shown) -> str:
    """The sum at the end of a list."""
    assert found.total is not None, found.text
    return found.total


# --- the list ---


def test_the_list_says_what_is_there_and_what_is_free(visitor: Visitor, today: int) -> None:
    found = page(visitor.get("/supply"))

    assert "Everything that is promised is covered. Tightest: X-100 at Halden on" in found.text
    assert f"free X-100 Pump 100 Halden 100 100 50 {day(today + 14, today)} nothing promised" in found.text
    assert "free OIL Gear oil Lyon 2.5 litre 2.5" in found.text
    assert "/supply/X-100?site=Halden" in found.links


def test_what_is_short_comes_first_and_is_said(visitor: Visitor, file: Database, today: int) -> None:
    told(file, "order", OpeningLine(customer="C1", item="OIL", site="Lyon", quantity=4_000, requested_on=today, promised_on=today + 3, ref="SO 1"))  # fmt: skip

    found = page(visitor.get("/supply"))

    assert "1 of 2 items at sites is short: more is promised than is there or comes." in found.text
    assert found.text.index("short OIL") < found.text.index("free X-100")
    assert f"1.5 since {day(today + 3, today)} 3 days 1" in found.text
    short = page(visitor.get(next(link for link in found.links if "OIL" in link and "kind=left" in link)))
    assert total(short) == "−1.5"
    exception = page(visitor.get(next(link for link in found.links if "kind=exceptions" in link)))
    assert "1 commitment is no longer covered as promised." in exception.text


@pytest.mark.parametrize(
    ("q", "items"),
    [
        ("pump", ["X-100"]),
        ("hal x-1", ["X-100"]),
        ("LYON", ["OIL"]),
        ("  gear   oil ", ["OIL"]),
        ("oil halden", []),
    ],
)
def test_every_word_narrows_by_item_or_site(visitor: Visitor, q: str, items: list[str]) -> None:
    found = page(visitor.get("/supply", params={"q": q}))

    assert re.findall(r"/supply/([\w-]+)\?site=", " ".join(found.links)) == items
    assert ("No item at any site is called" in found.text) == (not items)


def test_pages_of_the_list_hold_each_node_once_and_new_ones_move_none(
    visitor: Visitor, file: Database, today: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accord.ledger.pages.routes.ROWS", 2)
    names = [f"N-{n}" for n in range(5)]
    told(file, "more", *(MasterStated(record=Item(id=name, name=name)) for name in names))
    told(
        file,
        "stock",
        *(Counted(item=name, site="Lyon", quantity=n + 1, as_of=1) for n, name in enumerate(names)),
    )
    seen: list[str] = []
    href = "/supply"
    while href:
        found = page(visitor.get(href))
        seen += re.findall(r"/supply/([\w-]+)\?site=", " ".join(found.links))
        href = next((link for link in found.links if "after=" in link), "")
        if len(seen) == 2:
            told(file, "new", MasterStated(record=Item(id="A-0", name="A-0")), Counted(item="A-0", site="Lyon", quantity=1, as_of=1))  # fmt: skip

    assert sorted(seen) == [*names, "OIL", "X-100"]
    assert len(set(seen)) == 7
    assert visitor.get("/supply", params={"after": "zz"}).status_code == 422


def test_without_items_the_list_says_how_to_bring_some(sqlite_url: str) -> None:
    db = open_database(sqlite_url)
    upgrade(db)
    with TestClient(on(db, is_open=True, rate=0), base_url=HOST) as client:
        client.headers["Accept"] = "text/html"
        found = page(client.get("/supply"))
    db.close()

    assert "There are no items yet" in found.text


def test_old_news_is_said_with_what_it_means(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Old data" not in page(visitor.get("/supply")).text

    monkeypatch.setattr("accord.web.pages.sources.wall_clock", lambda: wall_clock() + 60 * 3_600_000_000)
    for path in ("/supply", "/supply/X-100?site=Halden"):
        found = page(visitor.get(path))

        assert "Old data: erp stock was last heard of 2 days ago. What moved since then is not in these numbers." in found.text  # fmt: skip
        assert "/sources" in found.links


# --- one item at one site ---


def test_a_node_is_said_in_a_sentence(visitor: Visitor, today: int) -> None:
    found = page(visitor.get("/supply/X-100", params={"site": "Halden"}))

    later = day(today + 14, today)
    assert f"X-100 at Halden: 100 can be promised now, 50 more from {later}." in found.text
    assert found.text.count("PO 1") >= 3  # on the chart, in its table, among the receipts
    assert "No receipt here is over yet" in found.text


def test_what_is_promised_and_held_is_listed_with_its_promise(
    visitor: Visitor, file: Database, today: int
) -> None:
    firm = promised(file, "one", Verb.commit, 30, today + 3)
    held = promised(file, "two", Verb.hold, 20, today + 5)

    found = page(visitor.get("/supply/X-100", params={"site": "Halden"}))

    assert (
        f"X-100 at Halden: 50 can be promised now, 50 more from {day(today + 14, today)}; tightest on"
        in found.text
    )
    assert f"{day(today + 5, today)}, 50 spare." in found.text
    assert {f"/promises/{firm}", f"/promises/{held}"} <= set(found.links)
    assert "Commitments 30" in found.text
    assert "Holds 20" in found.text


def test_a_hold_that_is_over_takes_nothing_though_nobody_gave_it_back(
    visitor: Visitor, file: Database, today: int, noon: Any
) -> None:
    promised(file, "two", Verb.hold, 20, today + 5, hold_seconds=60)
    with_hold = page(visitor.get("/supply/X-100", params={"site": "Halden"})).text
    noon(61)
    without = page(visitor.get("/supply/X-100", params={"site": "Halden"})).text

    assert "80 can be promised now" in with_hold
    assert "100 can be promised now" in without
    assert "100 100" in page(visitor.get("/supply", params={"q": "x-100"})).text


def test_a_share_says_what_is_given_taken_and_left(visitor: Visitor, file: Database, today: int) -> None:
    share = Allocation(id="a", item="X-100", site="Halden", path=("tier:A",), rank=1, from_on=today, until_on=today + 30, quantity=40)  # fmt: skip
    told(file, "share", MasterStated(record=share))
    promised(file, "one", Verb.commit, 30, today + 3, customer="C1")

    found = page(visitor.get("/supply/X-100", params={"site": "Halden"}))

    assert "70 can be promised now (10 of them set aside)" in found.text
    assert re.search(r"tier A rank 1 .* 40 30 10", found.text)
    assert total(page(visitor.get("/supply/X-100/rows", params={"site": "Halden", "kind": "share", "share": "a"}))) == "30"  # fmt: skip


def test_what_is_there_and_does_not_count_is_said_with_why(visitor: Visitor, file: Database) -> None:
    told(file, "blocked", Counted(item="X-100", site="Halden", quantity=7, as_of=1, status="quality"))

    found = page(visitor.get("/supply/X-100", params={"site": "Halden"}))

    assert "on hand, quality not released It counts when a count says it is available." in found.text
    assert (
        total(page(visitor.get("/supply/X-100/rows", params={"site": "Halden", "kind": "not-counted"})))
        == "7"
    )
    assert (
        total(page(visitor.get("/supply/X-100/rows", params={"site": "Halden", "kind": "on-hand"}))) == "100"
    )


def test_receipts_that_are_over_say_how_they_kept_their_day(
    visitor: Visitor, file: Database, today: int
) -> None:
    def stated(id: str, ahead: int) -> ReceiptStated:
        return ReceiptStated(item="X-100", site="Halden", id=id, kind=SupplyKind.purchase, quantity=5, due_on=today + ahead)  # fmt: skip

    def arrived(id: str) -> ReceiptArrived:
        return ReceiptArrived(item="X-100", site="Halden", id=id, quantity=5, at=2)

    told(file, "1", stated("a", 2), stated("b", 2), stated("c", 4))
    told(file, "2", stated("b", 9), stated("c", 3))
    told(file, "3", arrived("a"), arrived("b"))

    found = page(visitor.get("/supply/X-100", params={"site": "Halden"}))

    assert "2 receipts came or were withdrawn here: 1 on the day that was stated first, 1 up to 7 days later." in found.text  # fmt: skip
    assert f"c purchase released {day(today + 4, today)} {day(today + 3, today)} 1 day earlier" in found.text


def test_what_work_takes_leads_to_what_it_makes(visitor: Visitor, file: Database, today: int) -> None:
    from accord.exceptions.model import Component
    from accord.ledger.model import node_key

    work = ReceiptStated(item="X-110", site="Halden", id="WO-7", kind=SupplyKind.production, quantity=4, due_on=today + 6,
        components=(Component(key=node_key("X-100", "Halden"), on=today + 2, quantity=8),))  # fmt: skip
    told(file, "work", work)

    found = page(visitor.get("/supply/X-100", params={"site": "Halden"}))

    assert "Taken by work and moves 8" in found.text
    assert "X-110 at Halden, WO-7" in found.text
    assert "/supply/X-110?site=Halden" in found.links


def test_each_promise_says_what_covers_it_and_each_supply_what_it_covers(
    visitor: Visitor, file: Database, today: int
) -> None:
    promised(file, "one", Verb.commit, 90, today + 3)
    promised(file, "two", Verb.commit, 30, today + 20)
    told(file, "order", OpeningLine(customer="C1", item="X-100", site="Halden", quantity=15, requested_on=today, promised_on=today + 5, ref="SO 1"))  # fmt: skip

    found = page(visitor.get("/supply/X-100", params={"site": "Halden"}))

    assert re.search(r"Commitments 135 .* on hand 90 .* 5 short 15 .* 10 on hand, 20 PO 1 30", found.text)
    of_stock, of_receipt = (page(visitor.get(link)) for link in found.links if "kind=covers" in link)
    assert "100 of 100 are needed for these, in the order of their days." in of_stock.text
    assert (total(of_stock), total(of_receipt)) == ("100", "20")
    assert "Covered by PO 1 X-100 at Halden 20 of 50 are needed" in of_receipt.text


def test_a_supply_that_nobody_needs_says_so(visitor: Visitor) -> None:
    found = page(
        visitor.get("/supply/X-100/rows", params={"site": "Halden", "kind": "covers", "supply": "po-1"})
    )

    assert "Nobody needs PO 1 as things are: its 50 are spare or held." in found.text
    assert visitor.get("/supply/X-100/rows?site=Halden&kind=covers&supply=po-9").status_code == 404


# --- names that are not there, or odd ---


def test_an_unknown_item_shows_what_is_most_like_it(visitor: Visitor) -> None:
    found = page(visitor.get("/supply/X-10"), 404)

    assert "There is no item X-10. Did you mean one of these?" in found.text
    assert {"/supply/X-100", "/supply/X-110"} <= set(found.links)


def test_an_unknown_site_shows_what_is_most_like_it(visitor: Visitor) -> None:
    found = page(visitor.get("/supply/X-100", params={"site": "Haldn"}), 404)

    assert "/supply/X-100?site=Halden" in found.links


def test_an_item_without_supply_is_said_to_be_nowhere(visitor: Visitor) -> None:
    assert "X-110 is nowhere" in page(visitor.get("/supply/X-110")).text


def test_an_item_at_one_site_is_shown_there(visitor: Visitor) -> None:
    answer = visitor.get("/supply/X-100", follow_redirects=False)

    assert (answer.status_code, answer.headers["location"]) == (303, "/supply/X-100?site=Halden")


def test_an_item_that_can_be_made_is_shown_though_nothing_is_there(visitor: Visitor, file: Database) -> None:
    told(file, "way", MasterStated(record=Operation(id="make", item="X-110", site="Lyon", lead_days=3)))

    found = page(visitor.get("/supply/X-110", params={"site": "Lyon"}))

    assert "X-110 at Lyon: nothing is there, nothing is expected, nothing is promised." in found.text
    assert "nothing there X-110" in page(visitor.get("/supply")).text


@pytest.mark.parametrize("id", ["a/b c", "resources", "-", "..", "100 %&#", "é?x"])
def test_an_item_of_any_name_has_its_pages(visitor: Visitor, file: Database, id: str) -> None:
    told(
        file,
        "odd",
        MasterStated(record=Item(id=id, name="Odd one")),
        Counted(item=id, site="Lyon", quantity=3, as_of=1),
    )
    listed = page(visitor.get("/supply", params={"q": "odd"}))

    shown = page(
        visitor.get(next(link for link in listed.links if "site=Lyon" in link and "/rows" not in link))
    )
    rows = page(visitor.get(next(link for link in shown.links if "kind=on-hand" in link)))

    assert f"{id} at Lyon: 3 can be promised now." in shown.text
    assert total(rows) == "3"


@pytest.mark.parametrize(
    "query", ["kind=odd", "kind=free&until=soon", "kind=left&since=2026-02-30", "kind=share&share=none"]
)
def test_a_list_that_there_is_none_of_is_refused_in_words(visitor: Visitor, query: str) -> None:
    assert visitor.get(f"/supply/X-100/rows?site=Halden&{query}").status_code in (404, 422)
    assert visitor.get("/supply/X-100?site=Halden&weeks=9").status_code == 422


# --- every number has a list that adds up to it ---


def test_every_number_opens_a_list_with_the_same_sum(visitor: Visitor, file: Database, today: int) -> None:
    promised(file, "one", Verb.commit, 30, today + 3)
    promised(file, "two", Verb.hold, 20, today + 5)

    node = visitor.get("/supply/X-100", params={"site": "Halden"}).text
    listed = visitor.get("/supply").text

    checked = numbers_with_lists(visitor, node) + numbers_with_lists(visitor, listed)
    assert checked > 30


def numbers_with_lists(visitor: Visitor, text: str) -> int:
    """Follow every number to its list and compare; how many there were."""
    found = re.findall(
        r'<a (?:class="sum[^"]*" href="([^"]*)"|href="([^"]*)" class="sum[^"]*")>(.*?)</a>', text
    )
    count = 0
    for one, other, inner in found:
        href, shown = unescape(one or other), re.sub(r"<[^>]*>", "", inner).strip()
        if shown.endswith(("days", "day")) or "kind=exceptions" in href:
            continue
        listed = total(page(visitor.get(href)))
        # What is short is said without its sign.
        assert listed.removeprefix("−" if "kind=left" in href and not shown.startswith("−") else "") == shown.removesuffix(" short"), href  # fmt: skip
        count += 1
    return count


def test_a_list_with_another_sum_would_be_noticed(visitor: Visitor, file: Database, today: int) -> None:
    """Control: the comparison above fails when a number and its list differ."""
    node = visitor.get("/supply/X-100", params={"site": "Halden"}).text
    wrong = node.replace(">100</a>", ">101</a>", 1)

    with pytest.raises(AssertionError):
        numbers_with_lists(visitor, wrong)


def test_the_pages_only_read(visitor: Visitor, file: Database, today: int) -> None:
    def heads() -> list[tuple[Any, ...]]:
        with file.read() as tx:
            return tx.rows("SELECT key, version FROM ledger_key ORDER BY key")

    before = heads()
    for path in (
        "/supply",
        "/supply/X-100",
        "/supply/X-100?site=Halden",
        "/supply/X-100/rows?site=Halden&kind=left",
    ):
        assert visitor.get(path).status_code == 200
        assert visitor.post(path.partition("?")[0]).status_code == 405

    assert heads() == before


def test_many_nodes_take_as_many_statements_as_few(
    file: Database, today: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from accord.db.tx import Tx

    seen: list[str] = []
    real = Tx._execute
    monkeypatch.setattr(Tx, "_execute", lambda tx, sql, params: seen.append(sql) or real(tx, sql, params))

    def statements() -> int:
        ledger.nodes(file)  # reads the master data once
        seen.clear()
        ledger.nodes(file)
        return len(seen)

    few = statements()
    names = [f"N-{n}" for n in range(60)]
    told(file, "more", *(MasterStated(record=Item(id=name, name=name)) for name in names))
    told(file, "stock", *(Counted(item=name, site="Lyon", quantity=1, as_of=1) for name in names))

    assert statements() == few <= 5


def test_long_numbers_are_grouped() -> None:
    assert (number(420), number(12_500), number(-2_500, 1_000)) == (
        "420",
        "12\N{NARROW NO-BREAK SPACE}500",
        "−2.5",
    )


def test_a_day_is_said_as_people_say_it(today: int) -> None:
    assert said_day(today, 0) in f"{day(today).split(' ', 1)[1]}".lower()


# --- what a chart needs to be seen ---

_TOKEN = re.compile(r"--([\w-]+): light-dark\(#([0-9a-f]{6}), #([0-9a-f]{6})\)")
_STROKE = re.compile(r"^(\.(?:curve|load)[^{]*)\{[^}]*?(?:stroke|fill): var\(--([\w-]+)\)", re.MULTILINE)
_DECORATION = ".level"  # lines that only lead the eye from an axis: their numbers stand beside them


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_what_a_chart_draws_stands_out_from_its_ground(theme: int) -> None:
    tokens = {name: both[theme] for name, *both in _TOKEN.findall((FOLDER / "tokens.css").read_text())}
    drawn = _STROKE.findall((FOLDER / "supply.css").read_text())

    contrasts = {
        f"{rule.strip()} {token}": round(_contrast(tokens[token], tokens["paper"]), 2)
        for rule, token in drawn
        if _DECORATION not in rule and token != "paper"
    }

    assert len(contrasts) >= 10
    assert {rule: ratio for rule, ratio in contrasts.items() if ratio < 3} == {}
    assert _contrast(tokens["line"], tokens["paper"]) < 3  # what is decoration would not do


def _contrast(one: str, other: str) -> float:
    """The ratio of two colours as WCAG 2 defines it."""
    bright, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
