"""The list of promises: every filter shows exactly what it says, and several are changed together, each with its own result."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from litestar.testing import TestClient
from tests.company import said_day
from tests.web.test_pages import Page, page
from tests.web.test_workbench import commit

from accord.db.engine import Database
from accord.db.tx import Tx
from accord.exceptions.model import Counted, Shipped
from accord.exceptions.service import supply_changed
from accord.kit.days import Day, day_of, instant_iso
from accord.promise import service
from accord.promise.model import Line, Request, Verb
from accord.promise.pages.filters import Asked
from accord.promise.pages.rows import text
from accord.promise.service import foresight, listing
from accord.promise.service.listing import Look

Visitor = TestClient[Any]


def ask(file: Database, id: str, verb: Verb, **terms: Any) -> str:
    made = service.promise_one(file, Request(id=id, verb=verb, **terms), actor=terms.pop("by", "sam"))
    assert made.promise is not None, made.sentence
    return made.promise


def held(
    file: Database, today: Day, ref: str, quantity: int = 10, *, actor: str = "sam", **terms: Any
) -> str:
    line = Line(item="X-100", quantity=quantity, requested_on=today + 3, price_minor=1_850)
    wanted = Request(id=f"h-{ref}", verb=Verb.hold, customer="C1", lines=(line,), ref=ref, **terms)
    made = service.promise_one(file, wanted, actor=actor)
    assert made.promise is not None
    return made.promise


def words(response: Any) -> str:
    """What a page says, cell by cell."""
    assert response.status_code == 200, response.text
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", response.text)))


def shown_refs(found: Page) -> list[str]:
    """The order numbers of the rows, in their order."""
    # Each stands twice in its row: what chooses it names it, too.
    words = [word for word in found.text.split() if word.startswith("SO-") and word[-1] != "."]
    assert words[::2] == words[1::2]
    return words[::2]


@pytest.fixture
def six(file: Database, today: Day) -> dict[str, str]:
    """One promise of each kind, by order number."""
    made = {"SO-HELD": held(file, today, "SO-HELD", 10)}
    for ref, words in (
        ("SO-DUE", f"5 X-100 by {said_day(today, 0)} for Northwind at 20"),
        ("SO-LATER", f"20 X-100 by {said_day(today, 9)} for Northgate at 18.50"),
        ("SO-GONE", f"7 X-100 by {said_day(today, 9)} for Northwind at 18.50"),
        ("SO-CANCELLED", f"3 X-100 by {said_day(today, 9)} at 18.50"),
    ):
        made[ref] = commit(file, words, actor="sue" if ref == "SO-LATER" else "sam", ref=ref).promise or ""
    made["SO-RELEASED"] = held(file, today, "SO-RELEASED", 1)
    ask(file, "rel", Verb.release, promise=made["SO-RELEASED"])
    ask(file, "can", Verb.cancel, promise=made["SO-CANCELLED"])
    (gone,) = service.promise_of(file, made["SO-GONE"]).commitments
    with file.read() as tx:
        at = tx.now()
    supply_changed(file, [Shipped(commitment=gone.id, quantity=7, at=at)], actor="erp", id="left")
    return made


FILTERS = {
    "": {"SO-HELD", "SO-DUE", "SO-LATER", "SO-GONE", "SO-CANCELLED", "SO-RELEASED"},
    "state=held": {"SO-HELD"},
    "state=committed": {"SO-DUE", "SO-LATER"},
    "state=fulfilled": {"SO-GONE"},
    "state=cancelled": {"SO-CANCELLED"},
    "state=released": {"SO-RELEASED"},
    "state=expired": set(),
    "view=uncovered": set(),
    "view=expiring": {"SO-HELD"},
    "view=changed": set(),
    "view=mine": set(),
    "q=northgate": {"SO-LATER"},
    "q=SO-DUE": {"SO-DUE"},
    "q=northwind&state=committed": {"SO-DUE"},
    "q=OIL": set(),
}


def test_each_filter_shows_exactly_what_it_says(visitor: Visitor, six: dict[str, str]) -> None:
    found = {query: set(shown_refs(page(visitor.get(f"/promises?{query}")))) for query in FILTERS}

    assert found == FILTERS


def test_a_list_with_nothing_in_it_says_what_that_means(visitor: Visitor, six: dict[str, str]) -> None:
    assert "Supply covers every open promise." in words(visitor.get("/promises?view=uncovered"))
    assert "Nothing was amended or moved." in words(visitor.get("/promises?view=changed"))
    assert "1 hold ends within 48 hours." in words(visitor.get("/promises?view=expiring"))


def test_due_this_week_is_what_is_open_and_promised_from_monday_to_sunday(
    visitor: Visitor, file: Database, today: Day
) -> None:
    monday = today - (today - 1) % 7
    for place, on in enumerate((today, monday + 6, monday + 7, monday + 8)):
        line = Line(item="X-100", quantity=1, requested_on=on)
        ask(file, f"d{place}", Verb.commit, customer="C1", lines=(line,), ref=f"SO-{on - monday}")

    found = page(visitor.get("/promises?view=due"))

    assert set(shown_refs(found)) == {f"SO-{today - monday}", "SO-6"}


def test_a_hold_that_is_over_shows_as_expired_although_nobody_wrote_it_down(
    visitor: Visitor, file: Database, today: Day, noon: Callable[[int], None]
) -> None:
    held(file, today, "SO-SHORT", hold_seconds=3_600)
    held(file, today, "SO-LONG", hold_seconds=3 * 86_400)

    assert shown_refs(page(visitor.get("/promises?view=expiring"))) == ["SO-SHORT"]
    noon(3_601)

    assert shown_refs(page(visitor.get("/promises?state=expired"))) == ["SO-SHORT"]
    assert shown_refs(page(visitor.get("/promises?state=held"))) == ["SO-LONG"]
    assert shown_refs(page(visitor.get("/promises?view=expiring"))) == []


def test_what_supply_does_not_cover_is_listed_with_how_much(
    visitor: Visitor, file: Database, today: Day, six: dict[str, str]
) -> None:
    supply_changed(
        file, [Counted(item="X-100", site="Halden", quantity=27, as_of=1, sequence=9)], actor="erp", id="few"
    )

    found = visitor.get("/promises?view=uncovered")

    assert shown_refs(page(found)) == ["SO-LATER"]
    assert "5 X-100 not covered" in words(found)
    assert "3 open, 1 is not covered by supply" in words(visitor.get("/promises"))


def test_what_was_amended_is_changed(
    visitor: Visitor, file: Database, today: Day, six: dict[str, str]
) -> None:
    line = Line(item="X-100", quantity=4, requested_on=today + 2)
    ask(file, "am", Verb.amend, promise=six["SO-DUE"], lines=(line,))

    assert shown_refs(page(visitor.get("/promises?view=changed"))) == ["SO-DUE"]


def test_mine_is_what_i_made_and_what_is_for_my_customers(file: Database, six: dict[str, str]) -> None:
    mine = listing.look(file, Look(actors=("sue",), customers=("C3",)))

    assert [one.promise.ref for one in mine.rows] == ["SO-LATER"]


def test_nobody_is_shown_what_others_made_who_may_not_read_it(file: Database, six: dict[str, str]) -> None:
    found = listing.look(file, Look(reach=("sue",)), beside={"all": Look(reach=("sue",))})

    assert [one.promise.ref for one in found.rows] == ["SO-LATER"]
    assert sum(found.counts.values()) == found.within["all"] == 1
    assert listing.look(file, Look(reach=())).rows == ()


def test_the_chips_count_each_state_and_add_up(visitor: Visitor, six: dict[str, str]) -> None:
    found = words(visitor.get("/promises"))

    for chip in ("Any state 6", "Held 1", "Committed 2", "Delivered 1", "Cancelled 1", "Released 1"):
        assert chip in found
    assert "Expired" not in found


SORTED = {
    "value": ["SO-LATER", "SO-HELD", "SO-GONE", "SO-DUE", "SO-CANCELLED", "SO-RELEASED"],
    "-value": ["SO-RELEASED", "SO-CANCELLED", "SO-DUE", "SO-GONE", "SO-HELD", "SO-LATER"],
    "made": ["SO-RELEASED", "SO-CANCELLED", "SO-GONE", "SO-LATER", "SO-DUE", "SO-HELD"],
    "-made": ["SO-HELD", "SO-DUE", "SO-LATER", "SO-GONE", "SO-CANCELLED", "SO-RELEASED"],
}


def test_the_list_is_sorted(visitor: Visitor, six: dict[str, str]) -> None:
    assert {sort: shown_refs(page(visitor.get(f"/promises?sort={sort}"))) for sort in SORTED} == SORTED


PAGED = {
    "value": (99, "SO-3 SO-1 SO-2 SO-0 SO-5 SO-4"),
    "-value": (15, "SO-0 SO-2 SO-1 SO-3 SO-4 SO-5"),
    "-made": (15, "SO-0 SO-1 SO-2 SO-3 SO-4 SO-5 SO-new"),
    "made": (15, "SO-5 SO-4 SO-3 SO-2 SO-1 SO-0"),
}


def test_pages_neither_repeat_nor_skip_while_others_promise(
    visitor: Visitor, file: Database, today: Day, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accord.promise.pages.listed.ROWS", 2)
    for place, each in enumerate((16, 30, 20, 30)):
        commit(file, f"1 X-100 by {said_day(today, 3)} at {each}", ref=f"SO-{place}")
    for place in (4, 5):  # without a price: last in either direction
        line = Line(item="OIL", quantity=1_000, requested_on=today + 3)
        ask(file, f"o{place}", Verb.commit, lines=(line,), ref=f"SO-{place}")

    for sort, (price, expected) in PAGED.items():
        seen: list[str] = []
        new = ""
        href = f"/promises?sort={sort}&state=committed"
        while href:
            found = page(visitor.get(href))
            if not seen:  # it stands before the first page, but where the first made come first
                new = (
                    commit(file, f"1 X-100 by {said_day(today, 3)} at {price}", ref=f"SO-new{sort}").promise
                    or ""
                )
            seen += shown_refs(found)
            href = next((link for link in found.links if "after=" in link), "")

        assert [ref.removesuffix(sort) for ref in seen] == expected.split()
        ask(file, f"end{sort}", Verb.cancel, promise=new)


def test_a_place_in_one_order_is_no_place_in_another(
    visitor: Visitor, six: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accord.promise.pages.listed.ROWS", 2)
    first = page(visitor.get("/promises?sort=value"))
    (more,) = [link for link in first.links if "after=" in link]

    assert "no place in the list" in page(visitor.get(more.replace("sort=value", "sort=due")), 422).text
    assert "no place in the list" in page(visitor.get("/promises?after=x"), 422).text


def test_what_there_is_none_of_is_said(visitor: Visitor) -> None:
    for query in ("state=lost", "view=lost", "sort=lost"):
        assert "There is no" in page(visitor.get(f"/promises?{query}"), 422).text


def test_a_list_is_saved_under_a_name_by_whoever_looks_and_forgotten_again(
    visitor: Visitor, file: Database, six: dict[str, str]
) -> None:
    asked = page(visitor.get("/promises?q=northwind&state=committed"))
    assert asked.fields["query"] == "q=northwind&state=committed"

    saved = page(
        visitor.post("/promises/views", data={"name": "Northwind's", "query": asked.fields["query"]})
    )

    assert "Northwind's" in saved.text
    assert shown_refs(saved) == ["SO-DUE"]
    assert listing.saved_views(file, "anybody") == [("Northwind's", "q=northwind&state=committed")]
    assert listing.saved_views(file, "sam") == []
    visitor.post(
        "/promises/views",
        data={"name": "Northwind's", "query": asked.fields["query"], "verb": "forget"},
    )
    assert listing.saved_views(file, "anybody") == []


def test_a_saved_list_holds_nothing_but_a_list(visitor: Visitor, file: Database) -> None:
    made = visitor.post(
        "/promises/views",
        data={"name": "odd", "query": "view=uncovered&after=x&evil=//elsewhere"},
        follow_redirects=False,
    )

    assert made.headers["location"] == "/promises?view=uncovered"
    assert listing.saved_views(file, "anybody") == [("odd", "view=uncovered")]
    assert visitor.post("/promises/views", data={"name": " ", "query": ""}).status_code == 422


def test_a_person_saves_thirty_lists_and_no_more(file: Database) -> None:
    for n in range(30):
        listing.save_view(file, "sam", f"list {n:02}", "view=mine")
    with pytest.raises(Exception, match="30 lists"):
        listing.save_view(file, "sam", "one more", "view=mine")

    listing.save_view(file, "sam", "list 07", "view=due")

    assert dict(listing.saved_views(file, "sam"))["list 07"] == "view=due"


def test_the_file_has_a_row_for_each_line_with_plain_numbers_and_days(
    visitor: Visitor, file: Database, today: Day
) -> None:
    lines = (
        Line(item="X-100", quantity=12, requested_on=today + 3, price_minor=2_000),
        Line(item="OIL", quantity=2_500, requested_on=today + 4),
    )
    made = ask(file, "two", Verb.commit, customer="C1", lines=lines, ref="SO-2")

    found = visitor.get("/promises.csv")
    rows = list(csv.DictReader(io.StringIO(found.content.decode("utf-8-sig"))))

    assert found.headers["content-disposition"] == 'attachment; filename="promises.csv"'
    assert [(r["promise"], r["item"], r["quantity"], r["unit"], r["price each"]) for r in rows] == [
        (made, "X-100", "12", "piece", "20.00"),
        (made, "OIL", "2.5", "litre", ""),
    ]
    assert [day_of(r["requested"]) for r in rows] == [today + 3, today + 4]
    assert rows[0]["customer name"] == "Northwind"
    assert rows[0]["made at"] == instant_iso(service.promise_of(file, made).promise.made_at)


EVIL = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "  =1", "＝1", '=HYPERLINK("http://x")', "\r=1")


def test_no_cell_of_the_file_is_a_formula(visitor: Visitor, file: Database, today: Day) -> None:
    for place, evil in enumerate(EVIL):
        line = Line(item="X-100", quantity=1, requested_on=today + 3)
        ask(file, f"evil-{place}", Verb.commit, lines=(line,), ref=evil)

    body = visitor.get("/promises.csv?sort=-made").content.decode("utf-8-sig")

    assert [row["order"] for row in csv.DictReader(io.StringIO(body, newline=""))] == [
        f"'{evil}" for evil in EVIL
    ]
    assert text("Brenner = Söhne") == "Brenner = Söhne"


def test_the_file_has_what_the_list_has(
    visitor: Visitor, six: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accord.promise.service.listing._PIECE", 2)

    def refs(query: str) -> list[str]:
        body = visitor.get(f"/promises.csv?{query}").content.decode("utf-8-sig")
        return [row["order"] for row in csv.DictReader(io.StringIO(body))]

    assert refs("sort=value") == shown_refs(page(visitor.get("/promises?sort=value")))
    assert refs("state=committed") == ["SO-LATER", "SO-DUE"]
    monkeypatch.setattr("accord.promise.pages.listing.FILE_PROMISES_MAX", 5)
    assert visitor.get("/promises.csv").status_code == 422


def test_the_number_of_statements_does_not_grow_with_the_list(
    file: Database, today: Day, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    real = Tx._execute

    def counted(self: Tx, sql: str, params: Any) -> None:
        told.append(sql)
        real(self, sql, params)

    def statements() -> int:
        told.clear()
        listing.look(file, Look(), beside={"a": Look(is_uncovered=True)})
        return len(told)

    commit(file, f"1 X-100 by {said_day(today, 3)}", ref="SO-0")
    monkeypatch.setattr(Tx, "_execute", counted)
    few = statements()
    for n in range(12):
        commit(file, f"1 X-100 by {said_day(today, 3)}", ref=f"SO-{n + 1}")

    assert statements() == few
    assert few <= 9


def test_the_control_finds_a_statement_for_each_row(
    file: Database, today: Day, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    real = Tx._execute
    seen = listing.seen

    def counted(self: Tx, sql: str, params: Any) -> None:
        told.append(sql)
        real(self, sql, params)

    for n in range(12):
        commit(file, f"1 X-100 by {said_day(today, 3)}", ref=f"SO-{n}")
    monkeypatch.setattr(Tx, "_execute", counted)
    monkeypatch.setattr(listing, "seen", lambda tx, page: [seen(tx, [one])[0] for one in page])
    listing.look(file, Look())

    assert len(told) > 9


# --- several at once ---


def test_a_preview_says_who_is_touched_and_what_becomes_free_and_changes_nothing(
    visitor: Visitor, file: Database, today: Day
) -> None:
    ids = [held(file, today, "SO-1", 10), held(file, today, "SO-2", 5)]

    shown = visitor.get("/promises/several", params={"verb": "release", "id": ids})

    assert "Release 2 holds?" in words(shown)
    assert "Both can be released. 15 X-100 becomes free for others at once." in words(shown)
    assert "X-100 at Halden 15" in words(shown)
    assert "Northwind. Nobody else is moved." in words(shown)
    assert "/supply/X-100?site=Halden" in page(shown).links
    assert [one.state.value for one in service.promises(file)[0]] == ["held", "held"]


def test_what_becomes_free_could_serve_who_waits(visitor: Visitor, file: Database, today: Day) -> None:
    first = commit(file, f"60 X-100 by {said_day(today, 3)}", ref="SO-1").promise
    commit(file, f"40 X-100 by {said_day(today, 5)} for Northgate", ref="SO-2")
    supply_changed(
        file, [Counted(item="X-100", site="Halden", quantity=80, as_of=1, sequence=9)], actor="erp", id="few"
    )

    found = words(visitor.get("/promises/several", params={"verb": "cancel", "id": [first]}))

    assert "It could serve those who wait for supply: Northgate SO-2 , 20 X-100 at Halden short" in found


def test_each_of_several_has_a_result_of_its_own_and_a_part_is_called_a_part(
    visitor: Visitor, file: Database, today: Day
) -> None:
    good, firm = held(file, today, "SO-1", 10), held(file, today, "SO-2", 5)
    seen = page(visitor.get("/promises/several", params={"verb": "release", "id": [good, firm]}))
    assert seen.fields["ids"].split() == [good, firm]
    ask(file, "meanwhile", Verb.commit, promise=firm)

    form = {name: seen.fields[name] for name in ("verb", "key", "ids")}
    done = page(visitor.post("/promises/several", data=form))

    assert "1 of 2 is released." in done.text
    assert "Released." in done.text
    assert "Not released The promise is not a hold." in done.text
    assert [one.state.value for one in service.promises(file)[0]] == ["committed", "released"]
    assert page(visitor.post("/promises/several", data=form)).text == done.text
    assert len(service.decisions_of_requests(file, [f"{form['key']}.{id}" for id in (good, firm)])) == 2


def test_what_cannot_be_done_is_left_out_before_it_is_tried(
    visitor: Visitor, file: Database, today: Day
) -> None:
    good = held(file, today, "SO-1", 10)
    firm = commit(file, f"5 X-100 by {said_day(today, 3)}", ref="SO-2").promise or ""

    found = page(visitor.get("/promises/several", params={"verb": "commit", "id": [good, firm]}))
    alone = page(visitor.get("/promises/several", params={"verb": "commit", "id": [firm]}))

    assert "1 of 2 can be committed." in found.text
    assert "Left out The promise is not a hold." in found.text
    assert found.fields["ids"] == good
    assert "This cannot be done now." in alone.text
    assert "verb" in alone.fields
    nothing = visitor.get("/promises/several", params={"verb": "commit", "id": [firm]}).text
    assert 'class="primary" autofocus' not in nothing


TOGETHER = (
    ("commit", "committed", "Both are committed."),
    ("hold", "held", "Both are held longer."),
    ("release", "released", "Both are released."),
)


def test_several_holds_are_changed_together(visitor: Visitor, file: Database, today: Day) -> None:
    for verb, state, said in TOGETHER:
        ids = [held(file, today, f"SO-{n}-{verb}", hold_seconds=60) for n in (1, 2)]
        before = [service.promise_of(file, id).promise.expires_at for id in ids]
        seen = page(visitor.get("/promises/several", params={"verb": verb, "id": ids}))

        done = visitor.post("/promises/several", data={n: seen.fields[n] for n in ("verb", "key", "ids")})

        assert said in words(done)
        after = [service.promise_of(file, id) for id in ids]
        assert [one.state.value for one in after] == [state, state]
        if verb == "hold":
            ends = [one.promise.expires_at or 0 for one in after]
            assert all(end > (was or 0) for end, was in zip(ends, before, strict=True))


def test_what_was_not_decided_is_said_and_tried_again_with_the_same_key(
    visitor: Visitor, file: Database, today: Day
) -> None:
    id = held(file, today, "SO-1")

    found = page(visitor.get("/promises/several/done", params={"verb": "release", "key": "k", "ids": id}))

    assert "None of them is released." in found.text
    assert "It was not done, and nothing says why." in found.text
    assert (found.fields["key"], found.fields["ids"]) == ("k", id)
    page(visitor.post("/promises/several", data={n: found.fields[n] for n in ("verb", "key", "ids")}))
    assert service.promise_of(file, id).state.value == "released"


def test_looking_never_changes_anything(visitor: Visitor, file: Database, today: Day) -> None:
    id = held(file, today, "SO-1")
    before = service.promise_of(file, id)

    for verb in ("commit", "hold", "release", "cancel"):
        visitor.get("/promises/several", params={"verb": verb, "id": [id]})
        visitor.get("/promises/several", params={"verb": verb, "id": [id], "key": "k", "ids": id})
        visitor.get("/promises/several/done", params={"verb": verb, "key": "k", "ids": id})
        visitor.get(f"/promises/{id}", params={"verb": verb, "key": "k"})
    visitor.get("/promises/views", params={"name": "a", "query": "view=mine"})

    assert service.promise_of(file, id) == before
    assert listing.saved_views(file, "anybody") == []


def test_what_cannot_be_meant_is_said(visitor: Visitor) -> None:
    for params in (
        {"verb": "release"},
        {"verb": "amend", "id": ["prm_x"]},
        {"verb": "release", "id": [f"prm_{n}" for n in range(201)]},
    ):
        page(visitor.get("/promises/several", params=params), 422)
    page(visitor.get("/promises/several", params={"verb": "release", "id": ["prm_x"]}), 404)


def test_a_form_of_another_page_changes_nothing(visitor: Visitor, file: Database, today: Day) -> None:
    id = held(file, today, "SO-1")

    refused = visitor.post(
        "/promises/several",
        data={"verb": "release", "key": "k", "ids": id},
        headers={"Sec-Fetch-Site": "cross-site"},
    )

    assert refused.status_code == 403
    assert service.promise_of(file, id).state.value == "held"


def test_what_becomes_free_is_less_by_what_came_only_for_it() -> None:
    from accord.ledger.model import Draw, Supply, SupplyKind

    draws = [
        Draw(key="node:A@S", id="1", owner="c", promise="p", on=9, quantity=10),
        Draw(key="node:B@S", id="2", owner="r", promise="p", on=4, quantity=20),
        Draw(key="node:B@S", id="3", owner="r", promise="p", on=3, quantity=1),
        Draw(key="limit:x", id="4", owner="c", promise="p", on=3, quantity=10),
    ]
    drops = [Supply(key="node:A@S", id="r", kind=SupplyKind.production, quantity=10, on=8)]

    found = foresight.freed(draws, drops)

    assert [(one.key, one.on, one.quantity) for one in found] == [("node:B@S", 3, 21)]


def test_an_address_says_only_what_is_unusual() -> None:
    assert Asked().href() == "/promises"
    assert Asked(q="a b", view="due").href(sort="-value") == "/promises?q=a+b&view=due&sort=-value"
