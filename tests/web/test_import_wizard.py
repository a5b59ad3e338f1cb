"""Files are brought in by hand, step by step: what is not known is asked, what would happen is seen before, and after."""

from __future__ import annotations

import gzip
import io
import json
import re
import threading
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

import pytest
from litestar.testing import TestClient
from openpyxl import Workbook
from tests.company import iso_day, said_day
from tests.web.conftest import browser, come_in
from tests.web.strangers import digest_of
from tests.web.test_pages import page
from tests.web.test_workbench import commit as promise

from accord.connect import service
from accord.connect.model import RunState, Setup
from accord.connect.service import letting, reading, steps, walking, working
from accord.db import tx as db_tx
from accord.db.engine import Database
from accord.exceptions import service as exceptions
from accord.kit.days import date_of
from accord.ledger.service import graph
from accord.promise import service as promises
from accord.web.people import accounts

Visitor = TestClient[Any]
EVIL = '"><script>alert(1)</script><img src=x onerror=alert(1)>'


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test waits as long as it takes: what is read while a page shows how far it is has tests of its own."""
    monkeypatch.setattr("accord.connect.pages.shown.SOON_SECONDS", 60)


def put_in(visitor: Visitor, *given: tuple[str, bytes | str], status: int = 200, **words: str) -> Any:
    files = [("files", (name, data.encode() if isinstance(data, str) else data)) for name, data in given]
    found = visitor.post("/imports", files=files or None, data=words)
    assert found.status_code == status, found.text
    return found


def id_of(found: Any) -> str:
    return str(found.url).split("?")[0].split("/")[4]


def step(found: Any) -> str:
    """Which page it is: recognise, map, check, try, or "" for the import itself."""
    return "/".join(str(found.url).split("?")[0].split("/")[5:])


def send(visitor: Visitor, found: Any, action: str, status: int = 200, **words: str) -> Any:
    sent = visitor.post(f"/imports/{id_of(found)}/{action}", data=words)
    assert sent.status_code == status, sent.text
    return sent


def let_in(visitor: Visitor, found: Any, status: int = 200) -> Any:
    return send(visitor, found, "commit", status, seen=page(found).fields["seen"])


def stock(db: Database) -> dict[str, int]:
    """What is on hand, in base units."""
    with db.read() as tx:
        rows = tx.rows(
            "SELECT key, quantity FROM ledger_supply WHERE version_to IS NULL AND kind = 'on_hand'"
        )
    return {key.removeprefix("node:"): quantity for key, quantity in rows}


def items(db: Database) -> set[str]:
    with db.read() as tx:
        return set(graph(tx).items)


def chosen(text: str, name: str) -> str:
    """What a select has chosen."""
    select = re.search(rf'name="{re.escape(name)}"[^>]*>(.*?)</select>', text, re.DOTALL)
    assert select is not None, name
    marked = re.search(r'<option value="([^"]*)" selected', select[1])
    return marked[1] if marked else ""


def told(found: Any) -> str:
    """The words of the page itself, those of different cells apart."""
    main = found.text.partition("<main")[2].partition("</main>")[0]
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", main)))


STOCK = "item,site,quantity\nX-100,Halden,80\nX-110,Lyon,7\n"


# --- the straight way ---


def test_files_with_our_columns_are_in_after_two_presses_and_answer_at_once(
    visitor: Visitor, file: Database, today: int
) -> None:
    tried = put_in(visitor, ("stock.csv", STOCK))
    before = stock(file)
    shown = page(let_in(visitor, tried))

    assert step(tried) == "try"
    assert "Nothing is in yet" in page(tried).text
    assert "Created" in shown.text
    assert before["X-100@Halden"] == 100
    assert stock(file) == {**before, "X-100@Halden": 80, "X-110@Lyon": 7}
    asked = page(visitor.get("/", params={"q": f"7 X-110 by {said_day(today, 3)}"}))
    assert "Lyon" in asked.text


def test_an_empty_page_says_what_to_do_and_the_list_what_was_done(visitor: Visitor, file: Database) -> None:
    empty = page(visitor.get("/imports"))
    done = let_in(visitor, put_in(visitor, ("stock.csv", STOCK), source="erp"))
    put_in(visitor, ("new.csv", "item,site,quantity\nX-900,Halden,1\n"))
    listed = page(visitor.get("/imports"))

    assert "Nothing was brought in yet." in empty.text
    assert "64 MiB" in empty.text
    assert "EDIFACT" in empty.text
    assert f"/imports/{id_of(done)}" in listed.links
    assert "1 created, 1 changed" in listed.text
    assert "1 thing to repair" in listed.text
    assert "1 import waits for somebody." in listed.text
    assert f"/imports/{id_of(done)}/undo" in listed.links


def test_every_number_opens_the_rows_that_add_up_to_it(visitor: Visitor, file: Database) -> None:
    put_in_ = put_in(
        visitor,
        ("stock.csv", STOCK + "OIL,Lyon,2.5\nX-900,Lyon,1\n"),
        ("items.csv", "id,name\nX-100,Pump one hundred\n"),
    )
    tried = send(visitor, put_in_, "check", bulk="unknown_item=skip")
    links = [link for link in page(tried).links if "/rows?" in link]
    lists = {link.partition("?")[2].replace("&amp;", "&"): told(visitor.get(link)) for link in links}

    assert set(lists) == {
        "of=count&which=new", "of=count&which=changed", "of=count&which=same", "of=item&which=changed", "of=left-out",
    }  # fmt: skip
    assert "1 created" in lists["of=count&which=new"]
    assert "X-110 at Lyon" in lists["of=count&which=new"]
    assert "X-100 at Halden 100 80" in lists["of=count&which=changed"]
    assert "OIL at Lyon 2.5" in lists["of=count&which=same"]
    assert "name Pump 100" in lists["of=item&which=changed"]
    assert "name Pump one hundred" in lists["of=item&which=changed"]
    assert "X-900" in lists["of=left-out"]


@pytest.mark.slow
def test_all_forms_of_tables_come_in(visitor: Visitor, file: Database) -> None:
    rows = [line.split(",") for line in STOCK.splitlines()]
    book, packed = Workbook(), io.BytesIO()
    assert book.active is not None
    book.active.title = "on_hand"
    for row in rows:
        book.active.append(row)
    book.create_sheet("notes")
    book.save(packed)
    objects = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    given: dict[str, tuple[str, bytes]] = {
        "xlsx": ("book.xlsx", packed.getvalue()),
        "json": ("stock.json", json.dumps(objects).encode()),
        "gzip": ("stock.csv.gz", gzip.compress(STOCK.encode())),
        "tab": ("stock.tsv", STOCK.replace(",", "\t").encode()),
    }
    for name, data in given.values():
        undone = let_in(visitor, put_in(visitor, (name, data)))
        assert stock(file)["X-110@Lyon"] == 7, name
        send(visitor, undone, "undo")
        assert "X-110@Lyon" not in stock(file), name
    let_in(visitor, put_in(visitor, pasted=STOCK.replace(",", "\t"), name="stock"))
    assert stock(file)["X-110@Lyon"] == 7


# --- recognise ---


RECEIPTS = "id,item,site,quantity,due_on\nPO-7,X-100,Halden,80,03/04/30\nPO-8,X-110,Lyon,5,05/06/30\n"


def test_a_date_with_two_readings_is_asked_and_nothing_goes_on_without(
    visitor: Visitor, file: Database
) -> None:
    asked = put_in(visitor, ("receipts.csv", RECEIPTS))
    text = page(asked).text
    left = send(visitor, asked, "recognise", 422)
    ahead = visitor.get(f"/imports/{id_of(asked)}/try")
    tried = send(visitor, asked, "recognise", **{"id:0": "dates:receipts.csv:due_on", "say:0": "%d/%m/%y"})
    let_in(visitor, tried)

    assert (step(asked), step(ahead), step(tried)) == ("recognise", "recognise", "try")
    assert "3 April 2030" in text
    assert "4 March 2030" in text
    assert "Choose one of the readings." in page(left, 422).text
    with file.read() as tx:
        rows = tx.rows(
            "SELECT id, due_on FROM ledger_supply WHERE version_to IS NULL AND id <> 'po-1' ORDER BY id"
        )
    due = {id: date_of(on).isoformat() for id, on in rows if id.startswith("PO")}
    assert due == {"PO-7": "2030-04-03", "PO-8": "2030-06-05"}


def test_what_was_said_of_dates_holds_for_the_next_file_of_the_sender_and_for_no_other(
    visitor: Visitor,
) -> None:
    asked = put_in(visitor, ("receipts.csv", RECEIPTS), source="erp")
    let_in(
        visitor,
        send(visitor, asked, "recognise", **{"id:0": "dates:receipts.csv:due_on", "say:0": "%d/%m/%y"}),
    )

    same = put_in(visitor, ("receipts.csv", RECEIPTS.replace("80", "90")), source="erp")
    how = page(visitor.get(f"/imports/{id_of(same)}/recognise"))
    other = put_in(visitor, ("receipts.csv", RECEIPTS.replace("80", "70")), source="other")

    assert step(same) == "try"
    assert "as this source was read the last time" in how.text
    assert step(other) == "recognise"


def test_what_can_be_told_is_said_with_its_reason_and_can_be_read_otherwise(visitor: Visitor) -> None:
    tried = put_in(visitor, ("receipts.csv", RECEIPTS.replace("05/06/30", "25/06/30")))
    how = page(visitor.get(f"/imports/{id_of(tried)}/recognise"))
    asked = send(
        visitor, tried, "recognise",
        **{"id:2": "dates:receipts.csv:due_on", "was:2": "%d/%m/%y", "say:2": "%m/%d/%y"},
    )  # fmt: skip

    assert step(tried) == "try"
    assert "25/06/30 has only this reading" in how.text
    assert "all of it is plain ASCII" in how.text
    assert step(asked) == "check"
    assert "is not a date of the form %m/%d/%y" in page(asked).text


def test_a_separator_with_two_readings_is_asked(visitor: Visitor, file: Database) -> None:
    asked = put_in(visitor, ("stock.csv", "item,site,quantity;note\nX-110,Lyon,7;a\n"))
    place = next(name for name in page(asked).fields if name.startswith("id:"))
    tried = send(
        visitor, asked, "recognise", **{place: "delimiter:stock.csv", place.replace("id", "say"): ","}
    )

    assert step(asked) == "recognise"
    assert "the comma: 3 columns" in page(asked).text
    assert step(tried) == "map"


def test_an_encoding_that_is_a_guess_is_looked_at_once(visitor: Visitor, file: Database) -> None:
    guessed = put_in(visitor, ("items.csv", "id,name\n007,Käse\n".encode("cp1252")))
    tried = send(visitor, guessed, "recognise")
    let_in(visitor, tried)

    assert step(guessed) == "recognise"
    assert "a guess, look at it" in page(guessed).text
    assert "Käse" in page(guessed).text
    assert step(tried) == "try"
    with file.read() as tx:
        assert graph(tx).items["007"].name == "Käse"


def test_what_cannot_be_read_says_where_and_a_corrected_file_goes_on(
    visitor: Visitor, file: Database
) -> None:
    broken = put_in(visitor, ("stock.csv", STOCK + "X-100,Halden\n"))
    form = page(visitor.get(f"/imports?like={id_of(broken)}"))
    mended = put_in(visitor, ("stock.csv", STOCK), like=id_of(broken))

    assert step(broken) == "recognise"
    assert "Row 4 of stock.csv has 2 cells, the header has 3." in page(broken).text
    assert form.fields["like"] == id_of(broken)
    assert step(mended) == "try"


BROKEN = [
    ("x.csv", b"", "has no header"),
    ("x.csv", b"a,b\n", "has a header and no rows"),
    ("x.xlsx", b"PK\x03\x04 no", "damaged"),
    ("x.csv", b"a\x00b,c\n1,2\n", "NUL"),
    ("x.json", b"[1,2", "is not JSON"),
    ("x.csv", b"item,item\n1,2\n", "called 'item'"),
    ("x.csv.gz", b"\x1f\x8b no", "damaged gzip"),
]


def test_no_file_is_too_broken_to_be_told_about(visitor: Visitor) -> None:
    for name, data, says in BROKEN:
        assert says in told(put_in(visitor, (name, data))), name


def test_nothing_or_two_of_one_name_is_said_in_the_form_that_comes_back(visitor: Visitor) -> None:
    nothing = put_in(visitor, status=422, source="erp", pasted=" ")
    twice = put_in(visitor, ("a.csv", STOCK), ("a.csv", STOCK), status=422, source="erp")

    assert "Nothing was put in." in page(nothing, 422).text
    assert "Two files are called a.csv." in page(twice, 422).text
    assert page(twice, 422).fields["source"] == "erp"
    assert service.runs(visitor.app.state["db"])[0] == []


def test_a_form_that_is_sent_twice_is_one_import(visitor: Visitor, file: Database) -> None:
    key = page(visitor.get("/imports")).fields["key"]

    first, second = (put_in(visitor, ("stock.csv", STOCK), key=key) for _ in range(2))

    assert id_of(first) == id_of(second)
    assert len(service.runs(file)[0]) == 1


# --- map ---


FOREIGN = "Article;Warehouse;On hand;Note\nX-100;Halden;80;a\nX-110;Lyon;7;b\n"


def test_foreign_columns_are_suggested_with_sureness_and_samples_and_read_only_after_a_yes(
    visitor: Visitor, file: Database
) -> None:
    asked = put_in(visitor, ("export.csv", FOREIGN), source="wms")
    shown = page(asked)
    before = stock(file)
    fields = {**shown.fields, "target:0": "on_hand"}
    fields |= {f"field:0:{place}": chosen(asked.text, f"field:0:{place}") for place in range(4)}
    tried = send(visitor, asked, "map", verb="map", **fields)
    let_in(visitor, tried)

    assert step(asked) == "map"
    assert "90 %" in shown.text
    assert "X-100 X-110" in told(asked)
    assert [fields[f"field:0:{place}"] for place in range(4)] == ["item", "site", "quantity", ""]
    assert before["X-100@Halden"] == 100
    assert step(tried) == "try"
    assert stock(file)["X-110@Lyon"] == 7


def test_a_mapping_is_remembered_for_the_senders_next_file_whatever_it_is_called(
    visitor: Visitor, file: Database
) -> None:
    asked = put_in(visitor, ("export.csv", FOREIGN), source="wms")
    columns = {"field:0:0": "item", "field:0:1": "site", "field:0:2": "quantity"}
    send(visitor, asked, "map", verb="map", **{"target:0": "on_hand", "was:0": "on_hand"}, **columns)

    later = put_in(visitor, ("another 2.csv", FOREIGN.replace("80", "81")), source="wms")
    other = put_in(visitor, ("export.csv", FOREIGN.replace("80", "82")), source="somebody else")

    assert step(later) == "try"
    assert "as this source was read the last time" in page(visitor.get(f"/imports/{id_of(later)}/map")).text
    assert step(other) == "map"


def test_tables_that_look_alike_are_not_taken_for_each_other(visitor: Visitor, file: Database) -> None:
    let_in(visitor, put_in(visitor, ("suppliers.csv", "id,name\nS,Sea\n")))

    let_in(visitor, put_in(visitor, ("sites.csv", "id,name\nOslo,Oslo\n")))

    with file.read() as tx:
        assert "Oslo" in graph(tx).sites
        assert set(graph(tx).suppliers) == {"S"}


def test_what_no_column_says_can_stand_in_every_row(visitor: Visitor, file: Database) -> None:
    asked = put_in(visitor, ("export.csv", "Article;On hand\nX-110;7\n"))
    words = {"target:0": "on_hand", "was:0": "on_hand", "field:0:0": "item", "field:0:1": "quantity"}
    lacking = send(visitor, asked, "map", 422, verb="map", **words)
    tried = send(visitor, asked, "map", verb="map", **words, **{"value:0:site": "Lyon"})
    let_in(visitor, tried)

    assert "no column is site" in page(lacking, 422).text
    assert chosen(lacking.text, "field:0:1") == "quantity"
    assert stock(file)["X-110@Lyon"] == 7


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"field:0:0": "item", "field:0:1": "item", "field:0:2": "quantity"}, "cannot both be item"),
        ({"target:0": ""}, "Every table is left out."),
    ],
    ids=["a field twice", "nothing left"],
)
def test_a_mapping_that_cannot_be_meant_comes_back_as_it_was_filled_in(
    words: dict[str, str], says: str, visitor: Visitor
) -> None:
    asked = put_in(visitor, ("export.csv", FOREIGN))

    wrong = send(
        visitor, asked, "map", 422, verb="map", **{"target:0": "on_hand", "was:0": "on_hand", **words}
    )

    assert says in page(wrong, 422).text
    assert chosen(wrong.text, "target:0") == words.get("target:0", "on_hand")
    assert step(visitor.get(f"/imports/{id_of(asked)}")) == "map"


def test_another_thing_is_chosen_and_its_columns_are_shown_before_anything_is_kept(visitor: Visitor) -> None:
    asked = put_in(visitor, ("export.csv", FOREIGN))

    looked = send(visitor, asked, "map", verb="look", **{"target:0": "receipts", "was:0": "on_hand"})

    assert "due on · needed" in page(looked).text
    assert chosen(looked.text, "target:0") == "receipts"
    assert chosen(visitor.get(f"/imports/{id_of(asked)}/map").text, "target:0") == "on_hand"


# --- check ---


WRONG = "item,site,quantity\nX-900,Lyon,1\nX-901,Lyon,2\nX-900,Halden,3\nX-110,Lyon,many\nX-110,Oslo,4\n"


def test_problems_are_told_by_what_repairs_them_and_repaired_once_for_all_rows(
    visitor: Visitor, file: Database
) -> None:
    asked = put_in(visitor, ("stock.csv", WRONG))
    text = page(asked).text
    rows = page(
        visitor.get(next(link for link in page(asked).links if "choice=unknown_item%3AX-900" in link))
    )
    forms = {form["choice"]: place for place, form in _problems(asked.text).items()}
    words = {
        f"choice:{forms['unknown_item:X-900']}": "unknown_item:X-900", f"way:{forms['unknown_item:X-900']}": "map",
        f"to:{forms['unknown_item:X-900']}": "X-100",
        f"choice:{forms['unknown_item:X-901']}": "unknown_item:X-901", f"way:{forms['unknown_item:X-901']}": "create",
    }  # fmt: skip
    less = send(visitor, asked, "check", **words)
    fewer = send(visitor, less, "check", bulk="unknown_site=skip")
    tried = send(visitor, fewer, "check", bulk="not_a_number=skip")
    let_in(visitor, tried)

    assert step(asked) == "check"
    assert "5 rows cannot come in as they are." in text
    assert "3 rows: unknown item. Create, map, or skip?" in text
    assert "Create 2 items" in text
    assert "Skip all 3 rows" in text
    assert "stock.csv, column item, rows 2, 4" in text
    assert "an item that is there" in text
    assert "2 rows." in rows.text
    assert [step(one) for one in (less, fewer, tried)] == ["check", "check", "try"]
    assert "unknown item" not in page(less).text.split("What you said")[0]
    assert "unknown item: X-900" in page(less).text
    assert "X-901" in items(file)
    assert (stock(file)["X-100@Lyon"], stock(file)["X-100@Halden"], stock(file)["X-901@Lyon"]) == (1, 3, 2)


def _problems(text: str) -> dict[str, dict[str, str]]:
    return {
        place: {"choice": choice}
        for place, choice in re.findall(r'name="choice:(\d+)" value="([^"]+)"', text)
    }


def test_all_of_a_kind_are_made_at_once_however_many_and_rows_left_out_are_counted(
    visitor: Visitor, file: Database
) -> None:
    rows = "".join(f"N-{number},Lyon,1\n" for number in range(250))
    asked = put_in(visitor, ("stock.csv", f"item,site,quantity\n{rows}"))
    tried = send(visitor, asked, "check", bulk="unknown_item=create")
    let_in(visitor, tried)

    assert "Create 250 items" in page(asked).text
    assert "And 200 more of this kind." in page(asked).text
    assert len([one for one in items(file) if one.startswith("N-")]) == 250


def test_an_answer_without_its_name_comes_back_and_one_that_was_given_can_be_taken_back(
    visitor: Visitor, file: Database
) -> None:
    asked = put_in(visitor, ("stock.csv", "item,site,quantity\nX-900,Lyon,1\n"))
    nameless = send(visitor, asked, "check", 422, **{"choice:0": "unknown_item:X-900", "way:0": "map"})
    nothing = send(visitor, asked, "check", 422, **{"choice:0": "unknown_item:X-900", "way:0": ""})
    tried = send(visitor, asked, "check", **{"choice:0": "unknown_item:X-900", "way:0": "skip"})
    back = send(visitor, tried, "check", take_back="unknown_item:X-900")

    assert "Say which name &#39;X-900&#39; stands for." in nameless.text
    assert chosen(nameless.text, "way:0") == "map"
    assert "Nothing was chosen." in page(nothing, 422).text
    assert (step(tried), step(back)) == ("try", "check")


def test_names_that_were_mapped_are_remembered_and_what_was_skipped_is_not(visitor: Visitor) -> None:
    first = put_in(visitor, ("stock.csv", "item,site,quantity\nX-900,Lyon,1\nX-901,Lyon,1\n"), source="erp")
    words = {
        "choice:0": "unknown_item:X-900",
        "to:0": "X-110",
        "choice:1": "unknown_item:X-901",
        "way:1": "skip",
    }
    let_in(visitor, send(visitor, first, "check", **words))

    second = put_in(visitor, ("stock.csv", "item,site,quantity\nX-900,Lyon,2\nX-901,Lyon,1\n"), source="erp")

    assert step(second) == "check"
    assert "1 row cannot come in as it is." in page(second).text
    assert "map X-110" in page(second).text


# --- what it does to promises ---


@pytest.fixture
def promised(file: Database, today: int) -> str:
    made = promise(file, f"90 X-100 by {said_day(today, 5)} for Northwind", ref="SO-1")
    assert made.promise is not None
    return made.promise


LESS = "item,site,quantity\nX-100,Halden,60\n"


def test_promises_that_would_become_uncovered_are_named_before_and_have_their_exception_after(
    visitor: Visitor, file: Database, promised: str
) -> None:
    tried = put_in(visitor, ("stock.csv", LESS))
    shown = page(tried)
    open_before = exceptions.open_exceptions(file)[0]
    done = page(let_in(visitor, tried))

    assert "1 promise would become uncovered." in shown.text
    assert f"/promises/{promised}" in shown.links
    assert "Northwind 90 X-100 from Halden 30" in shown.text
    assert "in 5 days sam" in shown.text
    assert open_before == []
    assert len(exceptions.open_exceptions(file)[0]) == 1
    assert "1 promised line is not covered any more." in done.text
    assert f"/promises/{promised}" in done.links


def test_what_changed_while_somebody_looked_is_not_let_in_but_shown_anew(
    visitor: Visitor, file: Database, today: int
) -> None:
    tried = put_in(visitor, ("stock.csv", LESS))
    promise(file, f"90 X-100 by {said_day(today, 5)} for Northwind", ref="SO-1")

    other = let_in(visitor, tried)
    kept = stock(file)["X-100@Halden"]
    let_in(visitor, other)

    assert "No promise would be touched." in page(tried).text
    assert step(other) == "try"
    assert "Nothing is in yet." in page(other).text
    assert "Promises were made or supply changed while you looked." in page(other).text
    assert "1 promise would become uncovered." in page(other).text
    assert kept == 100
    assert stock(file)["X-100@Halden"] == 60


def test_without_looking_again_it_would_come_in_unseen(
    visitor: Visitor, file: Database, today: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "digest_of", lambda _effects: "the same")
    tried = put_in(visitor, ("stock.csv", LESS))
    promise(file, f"90 X-100 by {said_day(today, 5)} for Northwind", ref="SO-1")

    let_in(visitor, tried)

    assert stock(file)["X-100@Halden"] == 60


def test_a_judgement_that_is_old_says_so_and_is_made_anew(
    visitor: Visitor, file: Database, promised: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = put_in(visitor, ("stock.csv", LESS))
    monkeypatch.setattr("accord.connect.pages.trying._OLD_MICROSECONDS", -1)
    old = page(visitor.get(str(tried.url)))
    monkeypatch.undo()
    again = send(visitor, tried, "judge")

    assert "Judge again now" in old.text
    assert "Judge again now" not in page(again).text
    assert step(again) == "try"


def test_master_data_that_changed_since_is_read_again_before_it_comes_in(
    visitor: Visitor, file: Database
) -> None:
    tried = put_in(visitor, ("stock.csv", "item,site,quantity\nX-110,Lyon,7\n"))
    let_in(visitor, put_in(visitor, ("items.csv", "id,name,decimals\nX-110,Pump 110,1\n")))
    stale = page(visitor.get(str(tried.url)))

    let_in(visitor, tried)

    assert "Names or rules changed since this was judged." in stale.text
    assert stock(file)["X-110@Lyon"] == 70


def test_what_a_full_export_does_not_name_any_more_ends_only_when_it_is_said_to_be_full(
    visitor: Visitor, file: Database
) -> None:
    let_in(visitor, put_in(visitor, ("items.csv", "id\nA\nB\n"), source="erp"))
    tried = put_in(visitor, ("items.csv", "id\nA\n"), source="erp")
    full = send(visitor, tried, "full", full="yes")
    let_in(visitor, full)

    assert "1 came from this source before and is not in these files: item B." in page(tried).text
    assert "Ended" in page(full).text
    assert "A" in items(file)
    assert "B" not in items(file)


def test_the_lists_of_what_was_done_are_kept_for_a_week_and_the_numbers_longer(
    visitor: Visitor, file: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = let_in(visitor, put_in(visitor, ("stock.csv", STOCK)))
    later = db_tx.wall_clock() + 8 * 86_400_000_000

    kept = service.tidy(file)
    monkeypatch.setattr(db_tx, "wall_clock", lambda: later)
    forgotten = service.tidy(file)
    report = page(visitor.get(f"/imports/{id_of(done)}"))

    assert (kept, forgotten) == (0, 1)
    assert "1 created, 1 changed" in report.text
    assert [link for link in report.links if "/rows?" in link] == []
    assert "kept for a week" in page(visitor.get(f"/imports/{id_of(done)}/rows?of=count&which=new")).text


# --- the same again ---


def test_the_same_file_again_says_when_and_by_whom_it_came_in_and_changes_nothing(
    visitor: Visitor, file: Database
) -> None:
    done = let_in(visitor, put_in(visitor, ("stock.csv", STOCK)))
    again = put_in(visitor, ("stock.csv", STOCK))

    assert "Nothing to do" in page(again).text
    assert re.search(
        r"came in before on \d+ \w{3} \d\d:\d\d UTC, by anybody, and all it says is still so",
        page(again).text,
    )
    assert f"/imports/{id_of(done)}" in page(again).links
    assert f"/imports/{id_of(again)}/commit" not in page(again).links
    refused = send(visitor, again, "commit", 200, seen="x")
    assert "Nothing to do" in page(refused).text
    assert len([one for one in service.runs(file)[0] if one.state is RunState.done]) == 1


def test_the_same_file_again_comes_in_with_the_answers_it_had(visitor: Visitor) -> None:
    asked = put_in(visitor, ("stock.csv", "item,site,quantity\nX-900,Lyon,1\nX-110,Lyon,2\n"))
    let_in(visitor, send(visitor, asked, "check", bulk="unknown_item=skip"))

    again = put_in(visitor, ("stock.csv", "item,site,quantity\nX-900,Lyon,1\nX-110,Lyon,2\n"))

    assert "Nothing to do" in page(again).text


def test_what_was_overtaken_is_offered_again(visitor: Visitor, file: Database) -> None:
    other = "item,site,quantity\nX-110,Lyon,9\n"
    let_in(visitor, put_in(visitor, ("stock.csv", STOCK)))
    let_in(visitor, put_in(visitor, ("stock.csv", other)))

    overtaken = put_in(visitor, ("stock.csv", STOCK))
    kept = stock(file)["X-110@Lyon"]
    tried = send(visitor, overtaken, "work", verb="again")
    let_in(visitor, tried)

    assert "Other news has changed 1 thing of it since." in page(overtaken).text
    assert step(tried) == "try"
    assert kept == 9
    assert stock(file)["X-110@Lyon"] == 7


def test_another_file_that_says_nothing_new_is_nothing_to_do(visitor: Visitor) -> None:
    let_in(visitor, put_in(visitor, ("stock.csv", STOCK)))

    renamed = put_in(visitor, ("on_hand.csv", STOCK))

    assert step(renamed) == "try"
    assert "Nothing to do" in page(renamed).text
    assert "All 2 things it says are so already." in page(renamed).text


# --- rejected rows ---


def test_rows_left_out_are_given_back_harmless_corrected_and_put_in_again(
    visitor: Visitor, file: Database
) -> None:
    asked = put_in(visitor, ("stock.csv", "item,site,quantity\n+1+1,Lyon,1\n@home,Lyon,2\nX-110,Lyon,3\n"))
    done = let_in(visitor, send(visitor, asked, "check", bulk="unknown_item=skip"))
    given = visitor.get(f"/imports/{id_of(done)}/rejected.csv")
    corrected = given.text.replace("'@home", "X-100").replace("'+1+1", "OIL")
    again = put_in(visitor, ("rejected.csv", corrected.encode()), like=id_of(done))
    let_in(visitor, again)

    assert given.headers["content-type"].startswith("text/csv")
    assert "attachment" in given.headers["content-disposition"]
    assert given.text.splitlines()[1].startswith("stock.csv,2,item,unknown item '+1+1','+1+1,Lyon,1")
    assert step(again) == "try"
    assert "2 rows were left out" in page(done).text
    assert (stock(file)["X-100@Lyon"], stock(file)["OIL@Lyon"]) == (2, 1_000)


def test_rows_of_several_files_go_back_to_where_they_came_from(
    visitor: Visitor, file: Database, today: int
) -> None:
    asked = put_in(
        visitor,
        ("stock.csv", "item,site,quantity\nX-900,Lyon,1\n"),
        ("receipts.csv", f"id,item,site,quantity,due_on\nPO-7,X-900,Lyon,3,{iso_day(today, 9)}\n"),
    )
    rows = visitor.get(f"/imports/{id_of(asked)}/rejected.csv").text.replace("X-900", "X-110")
    again = put_in(visitor, ("rejected.csv", rows))

    assert step(again) == "try"
    assert service.run(file, id_of(again)).setup.files == ("receipts.csv", "stock.csv")


# --- to take back ---


def test_an_import_is_taken_back_after_seeing_what_that_does(
    visitor: Visitor, file: Database, today: int
) -> None:
    before = stock(file)
    done = let_in(visitor, put_in(visitor, ("stock.csv", "item,site,quantity\nX-100,Halden,300\n")))
    promise(file, f"250 X-100 by {said_day(today, 5)} for Northwind", ref="SO-1")
    seen = page(visitor.get(f"/imports/{id_of(done)}/undo"))
    still = stock(file)["X-100@Halden"]
    undone = send(visitor, done, "undo")
    again = visitor.get(f"/imports/{id_of(done)}/undo")

    assert "1 promise would become uncovered." in seen.text
    assert "Northwind 250 X-100 from Halden 150" in seen.text
    assert still == 300
    assert stock(file) == before
    assert "Taken back" in page(undone).text
    assert len(exceptions.open_exceptions(file)[0]) == 1
    assert step(again) == ""


def test_what_later_facts_build_on_is_not_taken_back_and_they_are_named_before(
    visitor: Visitor, file: Database
) -> None:
    done = let_in(visitor, put_in(visitor, ("stock.csv", "item,site,quantity\nX-110,Lyon,7\n")))
    let_in(visitor, put_in(visitor, ("stock.csv", "item,site,quantity\nX-110,Lyon,9\n")))

    seen = page(visitor.get(f"/imports/{id_of(done)}/undo"))
    refused = page(send(visitor, done, "undo"))

    assert "It cannot be taken back" in seen.text
    assert "the stock of X-110 at Lyon was counted or moved since" in seen.text
    assert "Nothing was undone" in refused.text
    assert stock(file)["X-110@Lyon"] == 9


@pytest.mark.slow
def test_what_would_be_seen_of_taking_back_is_what_happens(
    visitor: Visitor, file: Database, today: int
) -> None:
    """Everything an import can bring, foreseen and then done."""
    day = iso_day(today, 6)
    done = let_in(
        visitor,
        put_in(
            visitor,
            ("items.csv", "id,name\nR,New\n"),
            ("customers.csv", "id,name\nM,Meadow\n"),
            ("on_hand.csv", "item,site,quantity\nR,Lyon,2\nX-100,Halden,150\n"),
            ("receipts.csv", f"id,item,site,quantity,due_on\nPO-7,R,Lyon,3,{day}\n"),
            (
                "commitments.csv",
                f"ref,item,site,quantity,requested_on,promised_on\nOLD,R,Lyon,3,{day},{day}\n",
            ),
            ("orders.csv", f"id,item,quantity,requested_on\nSO1,R,2,{day}\n"),
        ),
    )
    seen = page(visitor.get(f"/imports/{id_of(done)}/undo"))
    undone = page(send(visitor, done, "undo"))

    assert "No promise would be touched." in seen.text
    assert "1 order promised elsewhere is no longer known. 1 order line does not wait any more." in seen.text
    assert "Taken back" in undone.text
    assert "R" not in items(file)
    assert promises.verify(file).findings == ()


# --- long work ---


class Held:
    """Work that waits where a test wants it to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
        self.began, self.go = threading.Event(), threading.Event()
        real: Callable[..., Any] = getattr(owner, name)

        def held(*args: Any, **kwargs: Any) -> Any:
            self.began.set()
            assert self.go.wait(60)
            return real(*args, **kwargs)

        monkeypatch.setattr(owner, name, held)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Any, str], Held]]:
    made: list[Held] = []

    def hold(owner: Any, name: str) -> Held:
        monkeypatch.setattr("accord.connect.pages.shown.SOON_SECONDS", 0)
        made.append(Held(monkeypatch, owner, name))
        return made[-1]

    yield hold
    for one in made:
        one.go.set()


def settled(visitor: Visitor, id: str) -> Any:
    assert working.bench(visitor.app.state["db"]).wait(id, 60)
    return visitor.get(f"/imports/{id}")


def test_who_leaves_and_comes_back_finds_the_work_going_on_and_promises_are_made_meanwhile(
    visitor: Visitor, file: Database, today: int, held: Callable[[Any, str], Held]
) -> None:
    work = held(steps, "checked")
    begun = put_in(visitor, ("stock.csv", STOCK))
    assert work.began.wait(60)
    listed, steps_ = page(visitor.get("/imports")), visitor.get(f"/imports/{id_of(begun)}/try")
    now = visitor.get(f"/imports/{id_of(begun)}/now")
    twice = visitor.post(f"/imports/{id_of(begun)}/work", data={"verb": "go_on"})
    meanwhile = promise(file, f"5 X-100 by {said_day(today, 3)}")
    work.go.set()
    ended = settled(visitor, id_of(begun))
    over = visitor.get(f"/imports/{id_of(begun)}/now")

    assert "Reading it. Promises go on meanwhile." in page(begun).text
    assert "under way" in listed.text
    assert step(steps_) == ""
    assert "<progress" in now.text
    assert twice.status_code == 409
    assert meanwhile.promise is not None
    assert step(ended) == "try"
    assert over.headers["hx-redirect"] == f"/imports/{id_of(begun)}"


def test_work_that_is_stopped_leaves_nothing_and_goes_on_where_it_was(
    visitor: Visitor, file: Database, held: Callable[[Any, str], Held]
) -> None:
    work = held(steps, "checked")
    begun = put_in(visitor, ("stock.csv", STOCK))
    assert work.began.wait(60)
    visitor.post(f"/imports/{id_of(begun)}/work", data={"verb": "stop"})
    work.go.set()
    stopped = settled(visitor, id_of(begun))
    visitor.post(f"/imports/{id_of(begun)}/work", data={"verb": "go_on"})
    ended = settled(visitor, id_of(begun))

    assert "Not read to the end" in page(stopped).text
    assert step(ended) == "try"


def test_after_the_server_was_killed_the_page_says_so_and_goes_on(
    visitor: Visitor, file: Database, held: Callable[[Any, str], Held]
) -> None:
    work = held(steps, "checked")
    begun = put_in(visitor, ("stock.csv", STOCK))
    assert work.began.wait(60)
    # As a new process sees it: nothing in its memory, the row of the old one still there.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(working, "_benches", {file: working.Bench(file)})
        found = page(visitor.get(f"/imports/{id_of(begun)}"))
    work.go.set()
    settled(visitor, id_of(begun))

    assert "Not read to the end" in found.text
    assert "Go on" in found.text


def test_an_import_that_is_let_in_can_be_stopped_until_it_is_in_and_is_wholly_in_or_not(
    visitor: Visitor, file: Database, held: Callable[[Any, str], Held]
) -> None:
    tried = put_in(visitor, ("stock.csv", STOCK))
    assert working.bench(file).wait(id_of(tried), 60)
    tried = visitor.get(str(tried.url))
    before = stock(file)
    work = held(letting, "judge")
    begun = let_in(visitor, tried)
    assert work.began.wait(60)
    visitor.post(f"/imports/{id_of(begun)}/work", data={"verb": "stop"})
    work.go.set()
    stopped = settled(visitor, id_of(begun))
    kept = stock(file)
    visitor.post(f"/imports/{id_of(begun)}/commit", data={"seen": page(stopped).fields["seen"]})
    done = settled(visitor, id_of(begun))

    assert "All of it comes in at once, or nothing." in page(begun).text
    assert step(stopped) == "try"
    assert kept == before
    assert "In since" in page(done).text
    assert stock(file)["X-110@Lyon"] == 7


def test_a_mistake_of_ours_is_said_and_the_import_stays_as_it_was(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: Any, **_kwargs: Any) -> Any:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(steps, "checked", broken)
        begun = put_in(visitor, ("stock.csv", STOCK))
    again = send(visitor, begun, "work", verb="go_on")

    assert "Accord stopped because of a mistake of its own" in page(begun).text
    assert step(again) == "try"


def test_an_import_that_is_forgotten_is_gone_and_one_that_is_in_is_not(
    visitor: Visitor, file: Database
) -> None:
    asked = put_in(visitor, ("stock.csv", WRONG))
    done = let_in(visitor, put_in(visitor, ("stock.csv", STOCK)))

    gone = send(visitor, asked, "work", verb="drop")
    kept = send(visitor, done, "work", 409, verb="drop")

    assert str(gone.url).endswith("/imports")
    assert page(visitor.get(f"/imports/{id_of(asked)}"), 404)
    assert "is done" in page(kept, 409).text


def test_an_import_of_the_api_and_one_of_the_command_line_are_shown(visitor: Visitor, file: Database) -> None:
    run, _ = service.put_files(
        file, {"stock.csv": STOCK.encode()}, Setup(), source="erp", actor="erp", key="k1"
    )
    by_api = visitor.post(f"/imports/{run.id}/work", data={"verb": "go_on"})
    done = let_in(visitor, by_api)

    assert (
        "Not read to the end" in page(visitor.get(f"/imports/{run.id}")).text or "In since" in page(done).text
    )
    assert stock(file)["X-110@Lyon"] == 7


# --- wide, long, hostile ---


@pytest.mark.slow
def test_the_widest_table_is_mapped_and_a_wider_one_is_refused_in_words(
    visitor: Visitor, file: Database
) -> None:
    def wide(columns: int) -> str:
        names = ["Article", "Warehouse", "On hand", *(f"Note {n}" for n in range(columns - 3))]
        return f"{';'.join(names)}\n{';'.join(['X-110', 'Lyon', '7', *['x'] * (columns - 3)])}\n"

    asked = put_in(visitor, ("wide.csv", wide(1_000)))
    words = {
        "target:0": "on_hand",
        "was:0": "on_hand",
        "field:0:0": "item",
        "field:0:1": "site",
        "field:0:2": "quantity",
    }
    tried = send(visitor, asked, "map", verb="map", **words, **{f"field:0:{n}": "" for n in range(3, 1_000)})
    let_in(visitor, tried)
    wider = put_in(visitor, ("wider.csv", wide(1_001)))

    assert "997 columns that are left out" in page(asked).text
    assert stock(file)["X-110@Lyon"] == 7
    assert "has 1,001 columns, 1,000 at most" in page(wider).text


@pytest.mark.slow
def test_a_long_file_is_shown_by_its_first_rows_and_its_lists_page_by_page(
    visitor: Visitor, file: Database
) -> None:
    rows = "".join(f"L-{number:05},Part {number}\n" for number in range(2_550))
    tried = put_in(visitor, ("items.csv", f"id,name\n{rows}"))
    seen = page(visitor.get(f"/imports/{id_of(tried)}/recognise"))
    first = page(visitor.get(f"/imports/{id_of(tried)}/rows?of=item&which=new"))
    (following,) = [link for link in first.links if "page=1" in link]
    last = page(visitor.get(f"/imports/{id_of(tried)}/rows?of=item&which=new&page=25"))

    assert "L-00005" in seen.text
    assert "L-00006" not in seen.text
    assert "2,550 created" in first.text
    assert ("L-00099" in first.text, "L-00100" in first.text) == (True, False)
    assert "L-00100" in page(visitor.get(following)).text
    assert "L-02549" in last.text


def test_files_that_are_too_large_are_refused_with_the_limit(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accord.connect.service.steps.UPLOAD_MAX", 1_000)

    refused = put_in(visitor, ("x.csv", b"x" * 1_001), status=422)

    assert "more than 1,000 bytes" in page(refused, 422).text


def test_words_of_files_are_shown_and_never_run(visitor: Visitor, file: Database) -> None:
    name = "<script>alert(1)<b>.csv"
    cell = EVIL.replace('"', '""')
    asked = put_in(
        visitor, (name, f'Article;Warehouse;"On {cell}"\n"{cell}";"{cell}";"{cell}"\n'), source=EVIL
    )
    words = {
        "target:0": "on_hand",
        "was:0": "on_hand",
        "field:0:0": "item",
        "field:0:1": "site",
        "field:0:2": "quantity",
    }
    checked = send(visitor, asked, "map", verb="map", **words)
    id = id_of(asked)
    seen = [
        asked,
        checked,
        *(visitor.get(f"/imports/{id}/{one}") for one in ("recognise", "map", "check", "rows?of=left-out")),
    ]
    skipped = send(visitor, checked, "check", bulk="unknown_item=create")
    done = [skipped, visitor.get("/imports")]

    assert step(checked) == "check"
    for found in [*seen, *done]:
        page(found)
        assert "<script>alert" not in found.text
        assert "<img src=x" not in found.text
    assert "&lt;img src=x onerror=alert(1)&gt;" in seen[3].text


# --- who may, and how ---


def test_looking_changes_nothing(visitor: Visitor, file: Database, promised: str) -> None:
    tried = put_in(visitor, ("stock.csv", LESS))
    before = digest_of(file)

    for path in (
        "",
        "/recognise",
        "/map",
        "/check",
        "/try",
        "/undo",
        "/rows?of=left-out",
        "/now",
        "/rejected.csv",
    ):
        assert visitor.get(f"/imports/{id_of(tried)}{path}").status_code == 200

    assert digest_of(file) == before


def test_a_form_of_another_page_is_refused(visitor: Visitor, file: Database) -> None:
    tried = put_in(visitor, ("stock.csv", STOCK))
    seen = page(tried).fields["seen"]
    words = {"seen": seen, "verb": "drop", "full": "yes", "bulk": "unknown_item=skip"}
    elsewhere, before = {"Sec-Fetch-Site": "cross-site"}, digest_of(file)

    for action in ("recognise", "map", "check", "commit", "judge", "full", "work", "undo"):
        foreign = visitor.post(f"/imports/{id_of(tried)}/{action}", data=words, headers=elsewhere)
        assert foreign.status_code == 403, action
    upload = visitor.post("/imports", files=[("files", ("a.csv", STOCK))], headers=elsewhere)

    assert upload.status_code == 403
    assert digest_of(file) == before


@pytest.fixture
def people(file: Database, today: int, quick: None) -> Iterator[Callable[[str], Visitor]]:
    """Browsers of a planner, another one of another team, a supply lead and a seller."""
    opened: list[Visitor] = []
    for name, role in (
        ("Pia Plan", "planner"),
        ("Per Plan", "planner"),
        ("Sue Lead", "supply lead"),
        ("Sam Sell", "seller"),
    ):
        accounts.add(file, name, [role], by="test", password="four words are enough")

    def enter(name: str) -> Visitor:
        client = browser(file)
        client.__enter__()
        opened.append(client)
        assert come_in(client, name).status_code == 303
        return client

    yield enter
    for client in opened:
        client.__exit__(None, None, None)


def test_who_may_not_is_told_who_may_and_finds_nothing_changed(
    people: Callable[[str], Visitor], file: Database
) -> None:
    pia = people("Pia Plan")
    tried = put_in(pia, ("stock.csv", STOCK))
    seller, per, lead = people("Sam Sell"), people("Per Plan"), people("Sue Lead")
    seen = {"seen": page(tried).fields["seen"]}

    refused = seller.get("/imports")
    by_other = per.post(f"/imports/{id_of(tried)}/commit", data=seen)
    looked, listed = per.get(f"/imports/{id_of(tried)}/try"), page(per.get("/imports"))
    taken = per.post("/imports", files=[("files", ("a.csv", STOCK))], data={"like": id_of(tried)})
    before = stock(file)
    done = lead.post(f"/imports/{id_of(tried)}/commit", data=seen)

    assert "Your role (seller) does not include this." in page(refused, 403).text
    assert (by_other.status_code, looked.status_code, taken.status_code) == (403, 403, 403)
    assert f"/imports/{id_of(tried)}" not in listed.links
    assert before["X-100@Halden"] == 100
    assert "In since" in page(done).text
    run = service.run(file, id_of(tried))
    assert (run.actor, run.done_by) == ("Pia Plan", "Sue Lead")


@pytest.mark.slow
def test_after_signing_in_again_everything_that_was_said_is_still_there(
    people: Callable[[str], Visitor], file: Database
) -> None:
    first = people("Pia Plan")
    asked = put_in(first, ("receipts.csv", RECEIPTS), source="erp")
    send(first, asked, "recognise", **{"id:0": "dates:receipts.csv:due_on", "say:0": "%d/%m/%y"})
    first.post("/sign-out", data={})

    second = people("Pia Plan")
    found = second.get(f"/imports/{id_of(asked)}")

    assert step(found) == "try"
    assert "you said so" in page(second.get(f"/imports/{id_of(asked)}/recognise")).text


def test_on_a_database_that_is_only_read_the_page_says_so(visitor: Visitor, file: Database) -> None:
    tried = put_in(visitor, ("stock.csv", STOCK))
    file.forbid_writes("The disk loses what is written: nothing is changed until it is mended.")

    listed, shown = page(visitor.get("/imports")), page(visitor.get(str(tried.url)))
    refused = visitor.post(f"/imports/{id_of(tried)}/commit", data={"seen": "x"})

    for found in (listed, shown):
        assert "The disk loses what is written" in found.text
    assert "Bring it in " not in shown.text
    assert refused.status_code == 503
    assert walking.standing(file, id_of(tried)).step == "try"
