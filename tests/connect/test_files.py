"""Files come in by a mapping: what is read, what is refused and how problems are said, without a database."""

from __future__ import annotations

import datetime
import gzip
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from prove.fuzzed.inputs import entities, unclosed
from prove.fuzzed.inputs import workbook as bare_workbook

from accord.connect.files import mapping as mappings
from accord.connect.files import tables
from accord.connect.files.tables import COLUMNS_MAX, Format, table
from accord.connect.files.translate import read, translate
from accord.connect.model import Kind, Translation
from accord.exceptions.model import Component, Counted, OpeningLine, ReceiptStated
from accord.kit.calendars import Timetable
from accord.kit.days import day_of, midnight
from accord.kit.errors import AccordError, InputError, Malformed
from accord.ledger.decide.graph import Graph
from accord.ledger.model import (
    CalendarRecord,
    Companion,
    Delivery,
    Input,
    Item,
    Lane,
    Load,
    Operation,
    Record,
    Resource,
    Site,
    Step,
    Substitute,
    Supplier,
    SupplyKind,
    Term,
)
from accord.policy.model import Book, Customer, Price, Rules, Tier

TODAY = day_of("2026-03-02")
NOW = midnight(TODAY, "UTC")
BOOK = Book(version=0, rules=Rules(), customers={}, tiers={}, prices={})
GRAPH = Graph(
    1, [Item(id="X-1", name="X-1"), Item(id="LITRE", name="Oil", scale=10), Site(id="lyon", name="Lyon")]
)


def came_in(
    tmp_path: Path,
    files: dict[str, str | bytes],
    mapping: str | None = None,
    *,
    graph: Graph = GRAPH,
    book: Book = BOOK,
) -> Translation:
    folder = tmp_path / "given"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    if mapping is not None:
        (tmp_path / "map.toml").write_text(mapping)
    reading = read([folder], None if mapping is None else tmp_path / "map.toml")
    return translate(reading, graph=graph, book=book, now=NOW)


def of(translation: Translation, type_: type[Record]) -> dict[str, Any]:
    return {record.id: record for record in translation.records if isinstance(record, type_)}


def problems(error: pytest.ExceptionInfo[AccordError]) -> list[tuple[str, str, int]]:
    found: Any = error.value.extra["problems"]
    return [(one["code"], one["what"], one["count"]) for one in found]


# --- without a mapping ---


def test_columns_with_our_names_need_no_mapping(tmp_path: Path) -> None:
    found = came_in(tmp_path, {"stock.csv": "item,site,quantity\nX-1,lyon,25\nLITRE,lyon,2.5\n"})

    assert found.news == (
        Counted(item="X-1", site="lyon", quantity=25, as_of=NOW),
        Counted(item="LITRE", site="lyon", quantity=25, as_of=NOW),
    )
    assert found.read == {"stock.csv": 2}


def test_several_files_come_in_together_whatever_their_order(tmp_path: Path) -> None:
    found = came_in(
        tmp_path,
        {
            "a_stock.csv": "item,site,quantity\nA,paris,3\n",
            "items.csv": "id,name,cost\nA,An A,12.5\n",
            "sites.csv": "id,zone\nparis,Europe/Paris\n",
        },
        graph=Graph(0, []),
    )

    assert of(found, Item) == {"A": Item(id="A", name="An A", cost_minor=1250)}
    assert of(found, Site) == {"paris": Site(id="paris", name="paris", zone="Europe/Paris")}
    assert [type(news).__name__ for news in found.news] == ["MasterStated", "MasterStated", "Counted"]


@pytest.mark.parametrize(
    ("name", "columns", "why"),
    [
        ("x.csv", "sku,qty", "are not ours. Write a mapping"),
        ("on_hand.csv", "item,quantity,bin", "lacks site and has bin, which on_hand do not have"),
        ("x.csv", "id", "fit sites or items or suppliers or customers. Name the file"),
    ],
)
def test_columns_that_do_not_say_one_thing_are_an_error(
    name: str, columns: str, why: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=why):
        came_in(tmp_path, {name: f"{columns}\n"})


def test_the_name_of_a_file_decides_between_targets_that_fit(tmp_path: Path) -> None:
    assert list(of(came_in(tmp_path, {"suppliers.csv": "id\nS\n"}), Supplier)) == ["S"]


# --- problems ---


def test_equal_problems_are_one_group_with_its_rows_and_what_to_do(tmp_path: Path) -> None:
    rows = "".join(f"{'X-9' if n % 2 else 'X-1'},lyon,{n + 1},L{n}\n" for n in range(74))

    with pytest.raises(InputError) as error:
        came_in(tmp_path, {"stock.csv": f"item,site,quantity,lot\n{rows}X-1,rome,1,\nX-1,lyon,many,\n"})

    assert error.value.errors[0].detail == (
        "37 rows: unknown item 'X-9' (stock.csv, column item, row 3, 5, 7, 9, 11 and 32 more)."
        " Create it first, map it, or skip these rows."
    )
    assert error.value.errors[0].pointer == "stock.csv:3:item"
    assert problems(error) == [
        ("unknown_item", "unknown item 'X-9'", 37),
        ("unknown_site", "unknown site 'rome'", 1),
        ("not_a_number", "the quantity 'many' is not a plain decimal number", 1),
    ]
    assert error.value.detail.startswith("Nothing was imported: 3 different problems in 39 rows.")


@pytest.mark.parametrize(
    ("columns", "row", "code"),
    [
        ("item,site,quantity", "X-1,lyon,-1", "negative"),
        ("item,site,quantity", "X-1,lyon,\"1,000\"", "ambiguous_number"),
        ("item,site,quantity", "X-1,lyon,2.5", "not_whole"),
        ("item,site,quantity", "X-1,lyon,1e3", "not_a_number"),
        ("item,site,quantity", "X-1,lyon,9999999999999", "too_large"),
        ("item,site,quantity", "X-1,lyon,", "missing"),
        ("item,site,quantity", ",lyon,1", "missing"),
        ("item,site,quantity,expires_on", "X-1,lyon,1,03/04/26", "ambiguous_date"),
        ("item,site,quantity,expires_on", "X-1,lyon,1,2026-02-30", "not_a_date"),
        ("item,site,quantity,counted_at", "X-1,lyon,1,2026-02-28T10:00:00", "zone_missing"),
        ("id,item,site,quantity,due_on,kind", "R,X-1,lyon,1,2026-04-01,gift", "unknown_kind"),
        ("id,item,site,quantity,due_on,released", "R,X-1,lyon,1,2026-04-01,maybe", "not_yes_no"),
        ("id,item,quantity,requested_on,customer", "O,X-1,1,2026-04-01,Nobody", "unknown_customer"),
        ("id,item,quantity,requested_on", "O,X-1,0,2026-04-01", "not_positive"),
        ("id,item,quantity,requested_on,price", "O,X-1,1,2026-04-01,1.005", "too_fine"),
        ("item,site,supplier,lead_days", "X-1,lyon,Nobody,3", "unknown_supplier"),
        ("item,site,component,quantity", "X-1,lyon,LITRE,1", "unknown_operation"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_meant_is_refused(columns: str, row: str, code: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        came_in(tmp_path, {"given.csv": f"{columns}\n{row}\n"})

    assert [found[0] for found in problems(error)] == [code]
    assert error.value.errors[0].pointer.startswith("given.csv:2:")


def test_the_same_id_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'A' is there twice"):
        came_in(tmp_path, {"items.csv": "id\nA\nA\n"})


def test_the_same_stock_twice_is_refused_and_added_up_when_the_mapping_says_so(tmp_path: Path) -> None:
    rows = {"s.csv": "item,site,quantity\nX-1,lyon,1\nX-1,lyon,2\n"}
    mapping = """
        [tables.s]
        file = "s.csv"
        [[on_hand]]
        table = "s"
        SUM
        item = "item"
        site = "site"
        quantity = "quantity"
    """
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()

    with pytest.raises(InputError, match="sum_rows = true"):
        came_in(tmp_path / "one", rows, mapping.replace("SUM", ""))
    found = came_in(tmp_path / "two", rows, mapping.replace("SUM", "sum_rows = true"))

    assert found.news == (Counted(item="X-1", site="lyon", quantity=3, as_of=NOW),)


def test_a_cyclic_bill_is_refused_with_its_circle(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="runs in a circle: A needs B needs A"):
        came_in(
            tmp_path,
            {
                "items.csv": "id\nA\nB\n",
                "operations.csv": "item,site\nA,lyon\nB,lyon\n",
                "bills.csv": "item,site,component,quantity\nA,lyon,B,1\nB,lyon,A,1\n",
            },
        )


# --- files that are damaged or not what they seem ---


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"item,site,quantity\nX-1,lyon,1\nZ\x81rich,lyon,1\n", r"is not utf-8: byte 32, in row 3"),
        (b"item,site,quantity\nX\x00-1,lyon,1\n", r"holds a NUL in row 2"),
        (b"item,site,quantity\nX-1,lyon\n", r"Row 2 of s.csv has 2 cells, the header has 3"),
        (b"item,site,quantity\nX-1,lyon,1,2\n", r"Row 2 of s.csv has 4 cells"),
        (b"item,site,item\nX-1,lyon,1\n", r"Two columns of s.csv are called 'item'"),
        (b"item,,quantity\nX-1,lyon,1\n", r"Column 2 of s.csv has no name"),
        (b"item,site,quantity\nX-1,lyon,=1+1\n", r"Row 2, column 'quantity' of s.csv holds a formula"),
        (b'item,site,quantity\n"X-1,lyon,1\n', r"Row 2 of s.csv cannot be read"),
        (b"item,site;quantity\n", r"holds ',' and ';'. Say which one separates"),
        (b"", r"s.csv has no header in row 1"),
        (b",".join(b"c%d" % n for n in range(100_000)), r"s.csv has 100,000 columns, 1,000 at most"),
    ],
)
def test_a_damaged_file_is_named_with_the_place(data: bytes, why: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=why):
        came_in(tmp_path, {"s.csv": data})


def test_a_wrong_encoding_that_decodes_is_seen_by_its_control_characters() -> None:
    data = "id\nZürich €\n".encode("cp1252")

    assert table("s.csv", data, Format(encoding="cp1252")).rows == ((2, ["Zürich €"]),)
    with pytest.raises(InputError, match=r"control character \(U\+0080\) in row 2"):
        table("s.csv", data, Format(encoding="latin-1"))
    with pytest.raises(InputError, match="'klingon' is no encoding"):
        table("s.csv", data, Format(encoding="klingon"))


@pytest.mark.parametrize(
    "data", [b"\xef\xbb\xbfid\r\nA\r\n", b"id\nA", b"id\n\nA\n", gzip.compress(b"id\nA\n", mtime=0)]
)
def test_a_byte_order_mark_line_ends_empty_rows_and_gzip_do_not_matter(data: bytes, tmp_path: Path) -> None:
    assert list(of(came_in(tmp_path, {"items.csv": data}), Item)) == ["A"]


def test_a_cell_in_quotation_marks_may_hold_the_separator_and_a_line_end() -> None:
    found = table("s.csv", b'id;name\n1;"a;b\nc"\n', Format())

    assert found.rows == ((2, ["1", "a;b\nc"]),)


@pytest.mark.parametrize(
    "data", [b"PK\x03\x04nonsense", b"\xd0\xcf\x11\xe0nonsense", gzip.compress(b"id\nA\n", mtime=0)[:-4]]
)
def test_a_broken_container_is_malformed(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(Malformed):
        came_in(tmp_path, {"items.csv": data})


def workbook(*sheets: tuple[str, list[list[Any]]]) -> bytes:
    import io

    book = openpyxl.Workbook()
    book.remove(book.active)  # type: ignore[arg-type]
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_workbook_comes_in_sheet_by_sheet(tmp_path: Path) -> None:
    data = workbook(
        ("items", [["id", "name"], [1001, "A thousand and one"], ["0012", None]]),
        ("receipts", [["id", "item", "site", "quantity", "due_on"],
                      ["R1", 1001, "lyon", 5, datetime.date(2026, 4, 1)]]),
    )  # fmt: skip

    found = came_in(tmp_path, {"plan.xlsx": data})

    assert of(found, Item) == {
        "1001": Item(id="1001", name="A thousand and one"),
        "0012": Item(id="0012", name="0012"),
    }
    (receipt,) = (news for news in found.news if isinstance(news, ReceiptStated))
    assert (receipt.item, receipt.quantity, receipt.due_on) == ("1001", 5, day_of("2026-04-01"))


def test_a_formula_that_was_never_calculated_is_refused_by_its_cell(tmp_path: Path) -> None:
    data = workbook(("on_hand", [["item", "site", "quantity"], ["X-1", "lyon", "=1+1"]]))

    with pytest.raises(InputError, match=r"Cell C2 of s.xlsx \[on_hand\] is a formula without a value"):
        came_in(tmp_path, {"s.xlsx": data})


def test_an_entity_in_a_workbook_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("canary")
    data = entities(random.Random(1), secret).data

    with pytest.raises(Malformed, match=r"sheet on_hand of t\.xlsx cannot be read.*entity"):
        table("t.xlsx", data, Format())


def test_a_workbook_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tables, "UNPACKED_MAX", 1_000)

    with pytest.raises(InputError, match="1,000 at most"):
        table("t.xlsx", bare_workbook([["X-1", "lyon", "1"]]), Format())


def test_cells_without_an_end_do_not_take_for_ever() -> None:
    given = unclosed(random.Random(1), Path("none"))
    began = time.monotonic()

    assert table("t.xlsx", bare_workbook([["X-1", "lyon", "1"]]), Format()).rows == (
        (2, ["X-1", "lyon", "1"]),
    )
    with pytest.raises(InputError):
        table("t.xlsx", given.data, Format())
    assert time.monotonic() - began < 10


def test_json_comes_in_as_a_list_or_an_object_of_lists(tmp_path: Path) -> None:
    rows = {
        "items": [{"id": "A", "decimals": 1}],
        "on_hand": [{"item": "A", "site": "lyon", "quantity": 2.5}],
    }

    found = came_in(tmp_path, {"all.json": json.dumps(rows)})

    assert [news.quantity for news in found.news if isinstance(news, Counted)] == [25]
    (tmp_path / "given" / "all.json").write_text('{"items": [{"id": {"nested": 1}}]}')
    with pytest.raises(InputError, match="A value is a list or an object"):
        read([tmp_path / "given"], None)
    (tmp_path / "given" / "all.json").write_text("[{]")
    with pytest.raises(Malformed, match="is not JSON"):
        read([tmp_path / "given"], None)


def test_as_many_columns_as_are_allowed_are_read() -> None:
    header = ",".join(f"c{n}" for n in range(COLUMNS_MAX))

    assert len(table("s.csv", header.encode(), Format()).columns) == COLUMNS_MAX


# --- mappings ---


ORDERS = """
    name = "shop"

    [tables.orders]
    file = "orders*.csv"
    encoding = "cp1252"
    delimiter = ";"
    decimal = ","
    thousands = "."
    dates = "%d.%m.%Y"
    empty = ["NULL"]

    [tables.articles]
    file = "articles.csv"

    [[orders]]
    table = "orders"
    where = [
        { column = "State", is_not = ["closed"], reason = "closed orders" },
        { column = "Article", found_in = { table = "articles", key = "No", take = "Code" }, reason = "no article" },
    ]
    id = { template = "{Order}/{Line}" }
    item = { column = "Article", whole = true, join = { table = "articles", key = "No", take = "Code" } }
    quantity = { column = "Ordered", minus = "Sent" }
    requested_on = "Due"
    site = { column = "Where", words = { "1" = "lyon", "*" = "lyon" } }
    price = "Price"
    priority = { column = "Rank", default = "5" }
"""


def test_a_mapping_joins_computes_translates_and_filters(tmp_path: Path) -> None:
    found = came_in(
        tmp_path,
        {
            "orders_2026.csv": (
                "Order;Line;Article;Ordered;Sent;Due;Where;Price;Rank;State\n"
                "7;1;12.0;1.250;250,0;01.04.2026;1;18,50;NULL;open\n"
                "7;2;12.0;5;;01.04.2026;9;;2;open\n"
                "7;3;13.0;5;0;01.04.2026;1;;2;open\n"
                "8;1;12.0;5;0;01.04.2026;1;;2;closed\n"
            ),
            "articles.csv": "No,Code,Text\n12,X-1,Pump\n",
        },
        ORDERS,
    )

    first, second = found.lines
    line = first.request.lines[0]
    assert (first.source, first.id, first.priority, first.due_on) == (
        "files/shop",
        "7/1",
        5,
        day_of("2026-04-01"),
    )
    assert first.request.id == "open:files/shop:7/1"
    assert (line.item, line.quantity, line.site, line.price_minor) == ("X-1", 1000, "lyon", 1850)
    assert (second.priority, second.request.lines[0].price_minor) == (2, None)
    assert found.tallies == {"orders: closed orders": 1, "orders: no article": 1, "orders: rows read": 4}
    assert {(note.what, note.examples) for note in found.notes if note.kind is Kind.skipped} == {
        ("orders: closed orders", ("orders_2026.csv row 5",)),
        ("orders: no article", ("orders_2026.csv row 4",)),
        ("columns of articles.csv that the mapping does not use", ("Text",)),
    }


@pytest.mark.parametrize(
    ("broken", "by", "why"),
    [
        ("[[orders]]", "[[order]]", "order is no target"),
        ('requested_on = "Due"', 'due = "Due"', r"orders\[0\].due is no field of orders"),
        ('requested_on = "Due"', "", "says nothing of requested_on"),
        ('table = "orders"\n', 'table = "lines"\n', "'lines' is not described"),
        ('template = "', 'tmplate = "', "does not fit"),
        ('dates = "%d.%m.%Y"', "dates = 3", "does not fit"),
        ('name = "shop"', "name =", "is not TOML"),
        ('"orders*.csv"', '"sales*.csv"', r"needs a file sales\*.csv; given are articles.csv, orders.csv"),
        ('price = "Price"', 'price = "Amount"', "uses column 'Amount', which orders.csv has not"),
        ('take = "Code" } }', 'take = "Sku" } }', "uses column 'Sku', which articles.csv has not"),
        ('name = "shop"', 'name = "shop"\ncurrency = "USD"', "The mapping is in USD, the rules are in EUR"),
        ('words = { "1" = "lyon", "*" = "lyon" }', 'words = { "2" = "lyon" }', "has no word of ours"),
        ('dates = "%d.%m.%Y"', 'dates = "%m/%d/%Y"', "is not a date of the form %m/%d/%Y"),
        ('thousands = "."', "", "has a point, but decimals have ','"),
    ],
)
def test_a_mapping_that_does_not_fit_is_an_error(broken: str, by: str, why: str, tmp_path: Path) -> None:
    assert broken in ORDERS
    files: dict[str, str | bytes] = {
        "orders.csv": "Order;Line;Article;Ordered;Sent;Due;Where;Price;Rank;State\n7;1;12;1.250;;01.04.2026;1;;;o\n",
        "articles.csv": "No,Code\n12,X-1\n",
    }

    with pytest.raises(InputError, match=why):
        came_in(tmp_path, files, ORDERS.replace(broken, by))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a = " + "[" * 20_000, "nested too deeply, or holds"),
        ("a = " + "9" * 5_000, "nested too deeply, or holds"),
        ('[[on_hand]]\ntable = ["s"]\n', "is not the name of a table"),
        ("[[on_hand]]\nwhere = 3\n", "is not a list of conditions"),
    ],
)
def test_a_mapping_that_no_one_would_write_is_an_error(text: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        mappings.parse(text, "odd")


def test_a_number_beyond_all_numbers_is_malformed() -> None:
    with pytest.raises(Malformed, match="not JSON"):
        table("t.json", b'[{"a": 1e99999999999999999999}]', Format())


def test_a_mapping_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="one that comes with Accord: adventureworks"):
        mappings.find(tmp_path / "nowhere")
    assert mappings.find("adventureworks").name == "adventureworks.toml"


def test_the_fingerprint_follows_every_byte_of_files_and_mapping(tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text("id\nA\n")
    first = read([tmp_path / "items.csv"], None).fingerprint

    assert read([tmp_path], None).fingerprint == first
    (tmp_path / "items.csv").write_text("id\nB\n")
    assert read([tmp_path], None).fingerprint != first


# --- every target ---


def test_each_target_becomes_what_it_says(tmp_path: Path) -> None:
    found = came_in(
        tmp_path,
        {
            "calendars.csv": "id,weekdays,opens,closes,from_on,until_on,priority\n"
            "week,mon-fri,08:00,16:30,,,5\nweek,all,0:00,0:00,2026-04-06,2026-04-07,1\n",
            "sites.csv": "id,zone,calendar,cutoff\nA,Europe/Paris,week,14:00\nB,UTC,,\n",
            "items.csv": "id,name,unit,decimals,cost,holding_percent_a_year\nP,Pump,piece,0,100,12.5\nO,Oil,l,1,2.005,\n",
            "resources.csv": "id,site,calendar,units,overtime_minutes,overtime_cost\nline,A,week,2,60,1.5\n",
            "suppliers.csv": "id,calendar,capacity\nS,week,40\n",
            "operations.csv": "id,item,site,lead_days,lead_seconds,lot_min,static_lead\nmake,P,A,2,90,5,no\n",
            "bills.csv": "item,site,operation,component,quantity,per,fixed,from_on,until_on\n"
            "P,A,make,O,0.5,2,0.1,2026-01-01,2026-12-31\n",
            "steps.csv": "item,site,operation,resource,setup_minutes,run_minutes,units\nP,A,make,line,10,1.5,2\n",
            "lanes.csv": "item,origin,destination,transit_days,cost\nP,A,B,3,4\n",
            "terms.csv": "item,site,supplier,lead_days,lot_multiple,cost\nO,A,S,7,0.5,2\n",
            "substitutes.csv": "item,other\nP,O\n",
            "deliveries.csv": "site,ship_to,transit_days\nB,north,2\n",
            "receipts.csv": "id,item,site,quantity,due_on,kind,origin,ships_on\nT1,P,B,4,2026-03-09,transfer,A,2026-03-06\n",
            "tiers.csv": "id,rank\ngold,1\n",
            "customers.csv": "id,name,tier,ship_to,may_split,late_days_max\nN,Northwind,gold,north,no,5\n",
            "prices.csv": "item,tier,list,floor\nP,gold,150.00,120\n",
            "commitments.csv": "ref,item,site,quantity,requested_on,promised_on,customer\nC1,P,B,2,2026-03-10,2026-03-11,N\n",
        },
        graph=Graph(0, []),
    )  # fmt: skip

    timetable = Timetable(of(found, CalendarRecord)["week"].calendar)
    assert [timetable.minutes_on(day_of(f"2026-04-0{n}")) for n in (3, 4, 6, 7)] == [510, 0, 0, 510]
    assert of(found, Site)["A"] == Site(
        id="A", name="A", zone="Europe/Paris", calendar="week", cutoff_minute=840
    )
    assert of(found, Item) == {
        "P": Item(id="P", name="Pump", cost_minor=10000, holding_bp_a_year=1250),
        "O": Item(id="O", name="Oil", unit="l", scale=10, cost_minor=201),
    }
    assert of(found, Resource)["line"] == Resource(
        id="line",
        name="line",
        site="A",
        calendar="week",
        units=2,
        overtime_minutes=60,
        overtime_cost_minor=150,
    )
    assert of(found, Supplier)["S"] == Supplier(id="S", name="S", calendar="week", capacity=40)
    assert of(found, Operation)["make"] == Operation(
        id="make", item="P", site="A", lead_days=2, lead_seconds=90, lot_min=5,
        inputs=(Input(item="O", quantity=5, per=2, fixed=1,
                      from_on=day_of("2026-01-01"), until_on=day_of("2026-12-31")),),
        steps=(Step(loads=(Load(resource="line", units=2),), setup_minutes=10, run_seconds=90),),
    )  # fmt: skip
    assert of(found, Lane)["P from A to B"] == Lane(
        id="P from A to B", item="P", origin="A", destination="B", transit_days=3, cost_minor=400
    )
    assert of(found, Term)["O for A from S"] == Term(
        id="O for A from S", item="O", site="A", supplier="S", lead_days=7, lot_multiple=5, cost_minor=200
    )
    assert of(found, Substitute)["O for P"] == Substitute(id="O for P", item="P", other="O")
    assert of(found, Delivery)["B to north"] == Delivery(
        id="B to north", site="B", ship_to="north", transit_days=2
    )
    (receipt,) = (news for news in found.news if isinstance(news, ReceiptStated))
    assert (receipt.kind, receipt.components) == (
        SupplyKind.transfer,
        (Component(key="node:P@A", on=day_of("2026-03-06"), quantity=4),),
    )
    assert found.policy == (
        Tier(id="gold", rank=1),
        Customer(id="N", name="Northwind", tier="gold", ship_to="north", may_split=False, late_days_max=5),
        Price(id="P|gold", item="P", tier="gold", list_minor=15000, floor_minor=12000),
    )
    assert found.news[-1] == OpeningLine(
        customer="N", item="P", site="B", quantity=2, requested_on=day_of("2026-03-10"),
        promised_on=day_of("2026-03-11"), ref="C1",
    )  # fmt: skip
    assert (found.depth_min, found.tallies["bills: lines in force"]) == (3, 1)


SHOP = [
    *GRAPH.items.values(),
    *GRAPH.sites.values(),
    *(Resource(id=name, name=name, site="lyon") for name in ("saw", "old saw", "man", "mould")),
    Operation(id="X-1@lyon", item="X-1", site="lyon"),
]


def test_a_step_says_what_it_needs_at_the_same_time(tmp_path: Path) -> None:
    columns = "item,site,resource,run_minutes,also,also_units"
    found = came_in(
        tmp_path,
        {"steps.csv": f"{columns}\nX-1,lyon,saw|old saw,5,man|mould,2\nX-1,lyon,man,1,,\n"},
        graph=Graph(1, SHOP),
    )

    (operation,) = of(found, Operation).values()
    also = (Companion(resource="man", units=2), Companion(resource="mould", units=2))
    assert [step.loads for step in operation.steps] == [
        (Load(resource="saw", also=also), Load(resource="old saw", priority=2, also=also)),
        (Load(resource="man"),),
    ]


@pytest.mark.parametrize(
    ("also", "problem"),
    [
        ("nobody", ("unknown_resource", "unknown resource 'nobody'", 1)),
        ("man|saw", ("resource_twice", "'saw' is named twice", 1)),
        ("man|man", ("resource_twice", "'man' is named twice", 1)),
    ],
)
def test_what_a_step_needs_besides_is_there_and_another_resource(
    also: str, problem: tuple[str, str, int], tmp_path: Path
) -> None:
    with pytest.raises(InputError) as error:
        came_in(
            tmp_path,
            {"steps.csv": f"item,site,resource,run_minutes,also\nX-1,lyon,saw,5,{also}\n"},
            graph=Graph(1, SHOP),
        )

    assert problems(error) == [problem]


def test_a_bill_alone_is_put_on_the_operation_that_is_there(tmp_path: Path) -> None:
    there = Operation(id="make", item="X-1", site="lyon", lead_days=3)
    graph = Graph(1, [*GRAPH.items.values(), *GRAPH.sites.values(), there])

    found = came_in(
        tmp_path,
        {"bills.csv": "item,site,operation,component,quantity\nX-1,lyon,make,LITRE,2\n"},
        graph=graph,
    )

    assert of(found, Operation)["make"] == Operation(
        id="make", item="X-1", site="lyon", lead_days=3, inputs=(Input(item="LITRE", quantity=20),)
    )


# --- AdventureWorks ---


@pytest.mark.real_data
def test_adventureworks_comes_in_and_every_row_of_its_bills_is_accounted_for(
    real_data: Callable[[str], Path],
) -> None:
    reading = read([real_data("adventureworks_erp")], "adventureworks")

    found = translate(reading, graph=Graph(0, []), book=BOOK, now=NOW)

    bills = {name: count for name, count in found.tallies.items() if name.startswith("bills: ")}
    assert bills == {
        "bills: rows read": 2_679,
        "bills: lines in force": 2_383,
        "bills: lines ended, kept with their dates": 193,
        "bills: top-level rows without a parent": 103,
    }
    operations = of(found, Operation).values()
    assert sum(len(operation.inputs) for operation in operations) == 2_383 + 193
    assert sum(line.until_on is not None for operation in operations for line in operation.inputs) == 193
    assert all(operation.static_lead and not operation.steps for operation in operations)
    assert Counter(operation.lead_days for operation in operations) == {1: 134, 4: 97, 2: 7}
    assert found.tallies["receipts: order lines due before today: not open any more"] == 534
    assert sum(isinstance(news, Counted) for news in found.news) == 432
    assert of(found, Operation)["BK-R93R-62@adventureworks"].lead_days == 4
    assert found.depth_min == 5


@pytest.mark.real_data
def test_an_ended_bill_line_ends_where_the_line_that_replaces_it_begins(
    real_data: Callable[[str], Path],
) -> None:
    found = translate(
        read([real_data("adventureworks_erp")], "adventureworks"), graph=Graph(0, []), book=BOOK, now=NOW
    )

    replaced = 0
    for operation in of(found, Operation).values():
        begins = {(line.item, line.from_on) for line in operation.inputs}
        replaced += sum((line.item, line.until_on) in begins for line in operation.inputs if line.until_on)
    assert replaced == 189  # of 193; without the day after, none
