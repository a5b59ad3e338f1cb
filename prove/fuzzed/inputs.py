"""What is handed in: good files made bad at random, and attacks that are known."""

from __future__ import annotations

import gzip
import io
import json
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import msgspec

CANARY = "canary-7f3a-of-another-file"


class Given(msgspec.Struct, frozen=True):
    """One input."""

    kind: str
    what: str  # how it was made
    name: str
    data: bytes


_POISON = (
    "\0", "\ufeff", "\u202e", "\r", "\n", '"', "'", ",", ";", "\t", "|", "=1+1", "=cmd|' /C calc'!A0", "@SUM(A1)", "+1", "-1",
    "9" * 400, "1e999999", "-0", "NaN", "Infinity", "1,234", "1.234", "1.234,56", "0,5", "03/04/26", "31.02.2026", "0000-00-00",
    "9999-12-31", "10000-01-01", "1" * 5_000, "{", "[", "}", "]", "\\", "%s", "{0}", "../../etc/passwd", "\U0001f600", "ß", "İ",
    "X-1", "lyon", "oslo", "", " ", "\u0660\u0661", "²", "½", "1_000", "0x10", "--", "#", "<!--", "&e;", "${x}", "null", "true",
)  # fmt: skip

_CSV = (
    "item,site,quantity\nX-1,lyon,25\n007,lyon,2.5\n",
    "id,item,site,quantity,due_on\nR1,X-1,lyon,3,2026-04-03\nR2,007,lyon,4,25/04/2026\n",
    "id;item;quantity;requested_on\nA;X-1;1.000,5;03.04.2026\n",
    'id,name,cost\nA,"An, A",12.50\nB,"B ""b""",3\n',
    "item\tsite\tcomponent\tquantity\nX-1\tlyon\t007\t2\n",
    "id,weekdays,opens,closes\nc,mon-fri,08:00,16:30\n",
    "ref,item,site,quantity,requested_on,promised_on\nO1,X-1,lyon,3,2026-04-03,2026-04-05\n",
    "id,tier,may_split,early_days_max\nN,,yes,3\n",
    "item,list,tier,floor\nX-1,18.50,,15\n",
)
_MAPPING = """name = "shop"
[tables.s]
file = "s.csv"
encoding = "utf-8"
decimal = "."
dates = "%Y-%m-%d"
[[on_hand]]
table = "s"
where = [{ column = "item", is_not = ["closed"], reason = "closed" }]
item = { column = "item", words = { "X-1" = "X-1", "*" = "007" } }
site = "site"
quantity = { column = "quantity", default = "1" }
[[sites]]
id = { value = "lyon" }
"""
_RIGHTS = """name = "Sales"
zone = "Europe/Oslo"
everybody_else = "seller"
[[right]]
id = "seller"
role = "seller"
quantity_max = 450
margin_bp_min = 1400
then = "allow"
[[right]]
id = "asks"
role = "seller"
below_floor = true
then = "ask manager"
[[limit]]
id = "month"
of = "value"
most = 1000
[[actor]]
id = "sam"
role = "seller"
[[case]]
name = "one"
"""
_WORDS = (
    "500 X-100 by 12 mar for Northwind at 18.50",
    "1.234,50 kg X-100 on friday for O'Brien & Sons at EUR 18",
    '12 "by the way" tomorrow',
)


def _model() -> list[dict[str, Any]]:
    return [
        {"model": "input.item", "pk": "P", "fields": {"name": "P", "cost": "5.5"}},
        {"model": "input.location", "pk": "L", "fields": {"name": "L", "available": "c"}},
        {"model": "input.calendar", "pk": "c", "fields": {"name": "c", "defaultvalue": "1"}},
        {"model": "input.calendarbucket", "pk": 1, "fields": {"calendar": "c", "startdate": "2026-01-01 00:00:00", "value": "0", "days": 127}},
        {"model": "input.buffer", "fields": {"item": "P", "location": "L", "onhand": "10"}},
        {"model": "input.operation", "fields": {"name": "make", "item": "P", "location": "L", "duration": "1 00:00:00"}},
        {"model": "input.resource", "fields": {"name": "r", "maximum": "1", "location": "L"}},
        {"model": "input.operationresource", "fields": {"operation": "make", "resource": "r", "quantity": "1"}},
        {"model": "input.itemsupplier", "fields": {"item": "P", "supplier": "S", "location": "L", "leadtime": "7 00:00:00"}},
        {"model": "input.demand", "fields": {"name": "d", "item": "P", "location": "L", "quantity": "3", "due": "2026-05-01 00:00:00"}},
    ]  # fmt: skip


def made(chance: random.Random, canary: Path) -> Given:
    """One input; the same chance makes the same one."""
    kind = chance.choice(("csv", "csv", "json", "excel", "mapping", "model", "words", "rights"))
    if chance.random() < 0.03:
        return chance.choice(_ATTACKS)(chance, canary)
    data, name = _good(kind, chance)
    if kind != "excel" and chance.random() < 0.4:
        data = _poisoned(chance, data.decode("utf-8", "replace")).encode("utf-8", "surrogatepass")
        what = "poisoned"
    else:
        what = "as it was"
    for _ in range(chance.choice((0, 0, 0, 0, 1, 1, 2, 5))):
        data, how = _bent(chance, data)
        what += f", {how}"
    if kind in ("csv", "json", "model") and chance.random() < 0.1:
        encoding = chance.choice(
            ("utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "cp1252", "utf-32", "cp037")
        )
        data = data.decode("utf-8", "replace").encode(encoding, "replace")
        what += f", {encoding}"
    if kind != "words" and chance.random() < 0.03:
        data = gzip.compress(data, mtime=0)
        what += ", gzip"
    return Given(kind, what, name, data)


def _good(kind: str, chance: random.Random) -> tuple[bytes, str]:
    match kind:
        case "csv":
            return chance.choice(_CSV).encode(), chance.choice(
                ("t.csv", "stock.csv", "items.csv", "orders.tsv")
            )
        case "json":
            rows: list[dict[str, Any]] = [
                {"item": "X-1", "site": "lyon", "quantity": chance.choice([1, 2.5, "3", None, True, 1e400])}
            ]
            whole = chance.choice((rows, {"on_hand": rows}, {"a": rows, "b": rows}, rows * 30))
            return json.dumps(whole).encode(), "t.json"
        case "excel":
            return workbook(
                [[_poison(chance) for _ in range(chance.randrange(1, 5))] for _ in range(chance.randrange(4))]
            ), "t.xlsx"
        case "mapping":
            return _MAPPING.encode(), "m.toml"
        case "model":
            model = _model()
            for _ in range(chance.randrange(3)):
                fields = chance.choice(model)["fields"]
                fields[chance.choice(list(fields))] = chance.choice(
                    (_poison(chance), None, 10**400, -1, [], {}, True, 1e308)
                )
            return json.dumps(model).encode(), "m.json"
        case "rights":
            return _RIGHTS.encode(), "r.toml"
        case _:
            return chance.choice(_WORDS).encode(), "w"


def _poison(chance: random.Random) -> str:
    return chance.choice(_POISON)


def _poisoned(chance: random.Random, text: str) -> str:
    """Some places of the text hold something that should not be there."""
    for _ in range(chance.randrange(1, 5)):
        at = chance.randrange(len(text) + 1)
        until = min(len(text), at + chance.choice((0, 0, 1, 4, 12)))
        text = text[:at] + _poison(chance) + text[until:]
    return text


def _bent(chance: random.Random, data: bytes) -> tuple[bytes, str]:
    """The bytes cut, doubled, swapped or changed."""
    at = chance.randrange(len(data) + 1)
    until = min(len(data), at + chance.randrange(40))
    match chance.randrange(6):
        case 0:
            return data[:at], f"cut at {at}"
        case 1:
            return data[:at] + data[until:], f"{at} to {until} left out"
        case 2:
            return data[:until] + data[at:], f"{at} to {until} doubled"
        case 3:
            return data[:at] + chance.randbytes(chance.randrange(1, 9)) + data[at:], f"noise at {at}"
        case 4:
            return data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :], f"a byte at {at}"
        case _:
            return data[at:until] * chance.choice(
                (2, 50, 3_000)
            ) + data, f"{at} to {until} in front many times"


# --- workbooks -----------------------------------------------------------------------------------------

_TYPES = """<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>
<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>
</Types>"""
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATIONS = f'<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="{_DOCUMENT}/%s" Target="%s"/></Relationships>'
_BOOK = f'<?xml version="1.0"?><workbook xmlns="{_MAIN}" xmlns:r="{_DOCUMENT}"><sheets><sheet name="on_hand" sheetId="1" r:id="r1"/></sheets></workbook>'


def workbook(rows: list[list[str]], *, before: str = "", inside: str = "") -> bytes:
    """A workbook of one sheet called on_hand, with what stands before the sheet or behind its rows."""
    header = ["item", "site", "quantity"]
    body = "".join(
        f'<row r="{n}">'
        + "".join(
            f'<c r="{chr(65 + c)}{n}" t="inlineStr"><is><t>{_xml(cell)}</t></is></c>'
            for c, cell in enumerate(cells)
        )
        + "</row>"
        for n, cells in enumerate([header, *rows], 1)
    )
    sheet = f'<?xml version="1.0"?>{before}<worksheet xmlns="{_MAIN}"><sheetData>{body}{inside}</sheetData></worksheet>'
    return _zipped(sheet.encode())


def _xml(text: str) -> str:
    """Text as XML can hold it; control characters stay, as a broken writer leaves them."""
    return escape(text[:1_000])


def _zipped(sheet: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("[Content_Types].xml", _TYPES)
        parts.writestr("_rels/.rels", _RELATIONS % ("officeDocument", "xl/workbook.xml"))
        parts.writestr("xl/workbook.xml", _BOOK)
        parts.writestr("xl/_rels/workbook.xml.rels", _RELATIONS % ("worksheet", "worksheets/sheet1.xml"))
        parts.writestr("xl/worksheets/sheet1.xml", sheet)
    return out.getvalue()


# --- attacks -------------------------------------------------------------------------------------------


@cache
def _zeros() -> bytes:
    """A gzip file that unpacks to a hundred megabytes."""
    return gzip.compress(bytes(100 * 1024**2), 6, mtime=0)


def _bomb(_chance: random.Random, _canary: Path) -> Given:
    return Given("csv", "a gzip bomb", "t.csv", _zeros())


def _zip_bomb(chance: random.Random, _canary: Path) -> Given:
    """A part that says it is enormous, or says it is small and is not."""
    data = bytearray(_zipped(b"x" * 100))
    size = chance.choice((10 * 1024**3 % 2**32, 2**32 - 2, 5))
    at = data.rfind(b"PK\x01\x02")
    struct.pack_into("<I", data, at + 24, size)
    if chance.random() < 0.5:
        return Given("excel", "a workbook that lies about its sizes", "t.xlsx", _zipped(bytes(3 * 1024**2)))
    return Given("excel", "a part with a false size", "t.xlsx", bytes(data))


def entities(_chance: random.Random, canary: Path) -> Given:
    """A cell that says it is another file."""
    outside = f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{canary}">]>'
    inside = '<row r="2"><c r="A2" t="inlineStr"><is><t>&e;</t></is></c></row>'
    return Given("excel", "an entity of another file", "t.xlsx", workbook([], before=outside, inside=inside))


def _laughs(_chance: random.Random, _canary: Path) -> Given:
    names = [f"e{n}" for n in range(12)]
    inner = "".join(
        f'<!ENTITY {b} "{"&" + a + ";" + "&" + a + ";" * 1}{("&" + a + ";") * 8}">'
        for a, b in pairwise(names)
    )
    before = f'<!DOCTYPE x [<!ENTITY e0 "ha">{inner}]>'
    inside = f'<row r="2"><c r="A2" t="inlineStr"><is><t>&{names[-1]};</t></is></c></row>'
    return Given("excel", "entities that multiply", "t.xlsx", workbook([], before=before, inside=inside))


def unclosed(chance: random.Random, _canary: Path) -> Given:
    """Half a megabyte of cells that never end, behind the end of the table or inside a remark."""
    cells = chance.choice(("<c>", "<c ", "<c r='A1'><f>")) * 100_000
    sheet = (
        f'<?xml version="1.0"?><worksheet xmlns="{_MAIN}"><sheetData></sheetData></worksheet><!--{cells}-->'
    )
    return Given("excel", "cells without an end", "t.xlsx", _zipped(sheet.encode()))


def _wide(chance: random.Random, _canary: Path) -> Given:
    mark = chance.choice((",", ";", "\t", "|"))
    names = mark.join(f"c{n}" for n in range(100_000))
    return Given("csv", "100,000 columns", "t.csv", f"{names}\n{mark * 99_999}\n".encode())


def _wide_json(_chance: random.Random, _canary: Path) -> Given:
    return Given(
        "json", "100,000 columns", "t.json", json.dumps([{f"c{n}": 1 for n in range(100_000)}]).encode()
    )


def _deep(chance: random.Random, _canary: Path) -> Given:
    opening, closing = chance.choice((("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")))
    depth = chance.choice((500, 5_000, 100_000))
    data = (opening * depth + "1" + closing * depth).encode()
    kind = chance.choice(("json", "model"))
    return Given(kind, f"{depth:,} deep", "t.json", data)


def _deep_toml(chance: random.Random, _canary: Path) -> Given:
    kind = chance.choice(("mapping", "rights"))
    depth = chance.choice((200, 2_000, 20_000))
    text = chance.choice(
        (
            f"a = {'[' * depth}{']' * depth}",
            f"a = {'{b = ' * depth}1{'}' * depth}",
            f"[{'.'.join('a' * depth)}]\nb = 1",
        )
    )
    return Given(kind, f"{depth:,} deep", "t.toml", text.encode())


def _digits(chance: random.Random, _canary: Path) -> Given:
    number = chance.choice(("9" * 100_000, f"1e{'9' * 20}", f"0.{'0' * 100_000}1", "-" * 10_000 + "1"))
    kind = chance.choice(("csv", "json", "model", "words", "mapping", "rights"))
    data = {
        "csv": f"item,site,quantity\nX-1,lyon,{number}\n",
        "json": f'[{{"item": "X-1", "site": "lyon", "quantity": {number}}}]',
        "model": f'[{{"model": "input.buffer", "fields": {{"item": "P", "location": "L", "onhand": {number}}}}}]',
        "words": f"{number} X-100 by 12 mar",
        "mapping": f"{_MAPPING}\n[[items]]\nid = {{ value = {number} }}\n",
        "rights": _RIGHTS.replace("450", number),
    }[kind]
    return Given(kind, "a huge number", "t.json" if kind == "json" else "t.csv", data.encode())


def _quotes(_chance: random.Random, _canary: Path) -> Given:
    return Given("csv", "a quotation that never ends", "t.csv", b'item,site,quantity\n"' + b"a,\n" * 300_000)


def _long_line(chance: random.Random, _canary: Path) -> Given:
    word = chance.choice((" ", "by ", "5 ", "for X ", '"', "at 5 ", "5 by 5 for 5 at 5 ", "mar ", "'"))
    return Given("words", "a very long line", "w", (word * (60_000 // len(word))).encode())


def _broken_gzip(chance: random.Random, _canary: Path) -> Given:
    data = zlib.compress(b"item,site,quantity\nX-1,lyon,1\n", 9)
    return Given(
        "csv", "a gzip file that is none", "t.csv.gz", b"\x1f\x8b" + data[: chance.randrange(len(data))]
    )


_ATTACKS: tuple[Callable[[random.Random, Path], Given], ...] = (
    _bomb, _zip_bomb, entities, _laughs, unclosed, _wide, _wide_json, _deep, _deep_toml, _digits, _quotes, _long_line,
    _broken_gzip,
)  # fmt: skip
