"""How do rows come out of a file? CSV, Excel and JSON, each cell as the words that stood there.

Nothing is guessed and nothing is mended: an encoding that does not fit, a ragged row, two columns of one name, a NUL, a
formula without its value: each is an error that names where it is and what to do.
"""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

import msgspec

from accord.kit.errors import InputError, Malformed

BYTES_MAX = 2 * 1024**3
COLUMNS_MAX = 1_000
ROWS_MAX = 5_000_000
UNPACKED_MAX = 512 * 1024**2  # of a workbook
_PARTS_MAX = 10_000  # of a workbook
_GZIP = b"\x1f\x8b"
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0"  # .xls
_WRONG_ENCODING = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd]")
_FORMULA = re.compile(r"=.+", re.DOTALL)
_CELL = re.compile(rb"<c\b([^<>]*)>")
_VALUE = re.compile(rb"<v\b[^>]*>[^<]+</v>|<is\b")

Row = tuple[int, list[str]]  # number as a spreadsheet shows it (the header is 1), cells as words; "" = empty


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """How a file is written, as its mapping says."""

    encoding: str = "utf-8"
    delimiter: str | None = None  # None: the only one of , ; tab | that the header row holds
    sheet: str | None = None  # of a workbook or of a JSON object; None: the only one
    header_row: int = 1


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """One table: its columns and rows."""

    file: str  # for people
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def numbered(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Each row with its number, cells by column."""
        for number, cells in self.rows:
            yield number, dict(zip(self.columns, cells, strict=True))


def load(path: Path) -> bytes:
    """The bytes of a file, unpacked when it is gzip.

    Raises: InputError when it cannot be read or is too large; Malformed when it is damaged.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError.at(
            "path", "not_readable", f"{path} cannot be read: {(error.strerror or 'unknown').lower()}."
        ) from None
    return unpacked(path.name, data)


def unpacked(name: str, data: bytes, unpacked_max: int = BYTES_MAX) -> bytes:
    """The bytes as they are, or what is in them when they are gzip.

    Raises: InputError when that is too large; Malformed when it is damaged.
    """
    if not data.startswith(_GZIP):
        return data
    unpacker = zlib.decompressobj(wbits=31)
    try:
        out = unpacker.decompress(data, unpacked_max)
    except zlib.error:
        raise Malformed(f"{name} is a damaged gzip file.") from None
    if unpacker.unconsumed_tail:
        raise InputError.at("path", "too_large", f"{name} unpacks to more than {unpacked_max:,} bytes.")
    if not unpacker.eof or unpacker.unused_data:
        raise Malformed(f"{name} is not one whole gzip file.")
    return out


def kind_of(name: str, data: bytes) -> str:
    """ "excel", "json" or "csv", by the first bytes, then by the name."""
    if data.startswith((_ZIP, _OLE)):
        return "excel"
    if re.search(r"\.json(\.gz)?$", name, re.IGNORECASE):
        return "json"
    return "csv"


def sheets(name: str, data: bytes) -> tuple[str, ...]:
    """The tables in a file: sheets of a workbook, lists of a JSON object; ("",) when it is one table."""
    match kind_of(name, data):
        case "excel":
            with _workbook(name, data) as book:
                return tuple(book.sheet_names)
        case "json":
            found = _json(name, data, "utf-8")
            return tuple(found) if isinstance(found, dict) else ("",)
    return ("",)


def table(name: str, data: bytes, format: Format) -> Table:  # noqa: A002 - that is what it is
    """The one table that the format names.

    Raises: InputError naming file, row and column; Malformed when the file cannot be read at all.
    """
    match kind_of(name, data):
        case "excel":
            file, rows = _excel(name, data, format)
        case "json":
            return _json_table(name, data, format)
        case _:
            file, rows = name, _csv(name, data, format)
    # A sheet's rows end at their last cell; a row of a CSV file that ends early has lost something.
    return _with_header(file, rows, format, may_end_early=kind_of(name, data) == "excel")


# --- csv -------------------------------------------------------------------------------------------


def decoded(name: str, data: bytes, encoding: str) -> str:
    """The text of a file.

    Raises: InputError naming byte and row when the encoding does not fit.
    """
    if encoding.lower().replace("_", "-") in ("utf-8", "utf8"):
        encoding = "utf-8-sig"
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            detail = f'{name} is UTF-16. Save it as UTF-8, or say encoding = "utf-16" in the mapping.'
            raise InputError.at(name, "wrong_encoding", detail)
    try:
        text = data.decode(encoding)
    except LookupError:
        raise InputError.at(
            "encoding", "unknown_encoding", f"{encoding!r} is no encoding. Write for example utf-8 or cp1252."
        ) from None
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        detail = (
            f"{name} is not {error.encoding}: byte {error.start + 1}, in row {row}, does not fit."
            " Save it as UTF-8, or name its encoding in the mapping."
        )
        raise InputError.at(name, "wrong_encoding", detail) from None
    found = _WRONG_ENCODING.search(text)
    if found is not None:
        row = text.count("\n", 0, found.start()) + 1
        what = "a NUL" if found[0] == "\0" else f"a control character (U+{ord(found[0]):04X})"
        detail = (
            f"{name} holds {what} in row {row}: it is damaged, or its encoding is not {encoding.removesuffix('-sig')}."
            " Save it as UTF-8, or name its encoding in the mapping."
        )
        raise InputError.at(name, "wrong_encoding", detail)
    return text


def _csv(name: str, data: bytes, format: Format) -> Iterator[list[str]]:  # noqa: A002
    text = decoded(name, data, format.encoding)
    delimiter = format.delimiter or _delimiter(name, text, format.header_row)
    csv.field_size_limit(16 * 1024**2)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    while True:
        number += 1
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            detail = f"Row {number} of {name} cannot be read: {error}. Check its quotation marks."
            raise InputError.at(f"{name}:{number}", "broken_row", detail) from None


def _delimiter(name: str, text: str, header_row: int) -> str:
    """The one that the header holds; a header of one column needs none."""
    lines = text.split("\n", header_row)
    header = lines[header_row - 1] if len(lines) >= header_row else ""
    found = [mark for mark in ",;\t|" if mark in header]
    if len(found) > 1:
        shown = " and ".join(repr(mark) for mark in found)
        detail = (
            f'The header of {name} holds {shown}. Say which one separates: delimiter = "," in the mapping.'
        )
        raise InputError.at(name, "ambiguous_delimiter", detail)
    return found[0] if found else ","


# --- excel -----------------------------------------------------------------------------------------


def _workbook(name: str, data: bytes):  # type: ignore[no-untyped-def]
    from python_calamine import CalamineError, load_workbook

    _refuse_bomb(name, data)
    try:
        return load_workbook(io.BytesIO(data))
    except CalamineError as error:
        raise Malformed(f"{name} is not a workbook that can be read: {error}.") from None


def _refuse_bomb(name: str, data: bytes) -> None:
    """A small file may unpack to more than any machine holds; what it says of its sizes is checked by reading it."""
    if not data.startswith(_ZIP):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            total = sum(part.file_size for part in parts.infolist())
            if total > UNPACKED_MAX or len(parts.infolist()) > _PARTS_MAX:
                detail = f"{name} unpacks to {total:,} bytes, {UNPACKED_MAX:,} at most. Save it as CSV."
                raise InputError.at(name, "too_large", detail)
            if parts.testzip() is not None:
                raise Malformed(f"{name} is a damaged workbook.")
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError):
        raise Malformed(f"{name} is a damaged workbook.") from None


def _excel(name: str, data: bytes, format: Format) -> tuple[str, Iterator[list[str]]]:  # noqa: A002
    from python_calamine import CalamineError

    with _workbook(name, data) as book:
        names = list(book.sheet_names)
        wanted = format.sheet
        if wanted is None:
            if len(names) != 1:
                detail = f'{name} has the sheets {", ".join(names)}. Name one: sheet = "..." in the mapping.'
                raise InputError.at(name, "sheet_missing", detail)
            wanted = names[0]
        if wanted not in names:
            detail = f"{name} has no sheet {wanted!r}; it has {', '.join(names)}."
            raise InputError.at(name, "unknown_sheet", detail)
        try:
            cells = book.get_sheet_by_name(wanted).to_python(skip_empty_area=False)
        except CalamineError as error:
            raise Malformed(f"The sheet {wanted} of {name} cannot be read: {error}.") from None
        index = names.index(wanted)
    _refuse_uncounted(f"{name} [{wanted}]", data, index)
    return f"{name} [{wanted}]", (_trimmed([_word(cell) for cell in row]) for row in cells)


def _refuse_uncounted(file: str, data: bytes, index: int) -> None:
    """A formula that was never calculated has no value: what would come in is nothing, where a number stands."""
    if not data.startswith(_ZIP):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            member = f"xl/worksheets/sheet{index + 1}.xml"
            if member not in parts.namelist() or parts.getinfo(member).file_size > BYTES_MAX:
                return
            sheet = parts.read(member)
    except (zipfile.BadZipFile, zlib.error, OSError):
        raise Malformed(f"{file} is a damaged workbook.") from None
    end = 0
    for found in _CELL.finditer(sheet):
        attributes = found[1]
        if attributes.endswith(b"/") or found.start() < end:
            continue
        end = sheet.find(b"</c>", found.end())
        if end < 0:
            return
        inside = sheet[found.end() : end]
        if b"<f" in inside and _VALUE.search(inside) is None:
            cell = re.search(rb'\br="([A-Z]+[0-9]+)"', attributes)
            where = cell[1].decode() if cell else "somewhere"
            detail = f"Cell {where} of {file} is a formula without a value. Open the workbook, let it calculate, save it."
            raise InputError.at(f"{file}:{where}", "formula", detail)


def _word(cell: object) -> str:
    """What a cell shows: whole numbers without a point, dates as 2026-03-12."""
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case float():
            return str(int(cell)) if cell == int(cell) and abs(cell) < 1e15 else repr(cell)
        case datetime():
            return cell.date().isoformat() if cell.time() == time.min else cell.isoformat(sep=" ")
        case date():
            return cell.isoformat()
    return str(cell)


def _trimmed(cells: list[str]) -> list[str]:
    """Without the empty cells at the end, which a sheet has as far as its widest row."""
    while cells and cells[-1] == "":
        cells.pop()
    return cells


# --- json ------------------------------------------------------------------------------------------


def _json(name: str, data: bytes, encoding: str) -> object:
    text = decoded(name, data, encoding)
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_no_number, object_pairs_hook=_once_each)
    except (ValueError, ArithmeticError, RecursionError) as error:  # 1e99999999999999999999 is no Decimal
        raise Malformed(f"{name} is not JSON: {error}.") from None


def _once_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for place, name in enumerate(names) if name in names[:place])
        raise ValueError(f"{twice[:60]!r} is there twice in one object, and which is meant cannot be known")
    return found


def _no_number(text: str) -> object:
    raise ValueError(f"{text} is no number")


def _json_table(name: str, data: bytes, format: Format) -> Table:  # noqa: A002
    found = _json(name, data, format.encoding)
    file = name
    if isinstance(found, dict):
        names = list(found)
        wanted = format.sheet if format.sheet is not None else names[0] if len(names) == 1 else None
        if wanted is None or wanted not in found:
            detail = f'{name} has the lists {", ".join(names)[:200]}. Name one: sheet = "..." in the mapping.'
            raise InputError.at(name, "sheet_missing", detail)
        file, found = f"{name} [{wanted}]", found[wanted]
    if not isinstance(found, list):
        raise InputError.at(file, "not_a_list", f"{file} is not a list of objects.")
    columns: dict[str, None] = {}
    for number, row in enumerate(found, 1):
        if not isinstance(row, dict):
            raise InputError.at(
                f"{file}:{number}", "not_an_object", f"Entry {number} of {file} is not an object."
            )
        columns.update(dict.fromkeys(row))
        if len(columns) > COLUMNS_MAX:
            raise _too_wide(file, len(columns))
    rows = tuple(
        (number, [_json_word(row.get(column), f"{file}:{number}") for column in columns])
        for number, row in enumerate(found, 1)
    )
    return Table(file=file, columns=tuple(columns), rows=rows)


def _json_word(value: object, where: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        raise InputError.at(
            where, "nested", "A value is a list or an object. Write one value for each field."
        )
    text = str(value)
    if "\0" in text:
        raise InputError.at(where, "wrong_encoding", f"{where} holds a NUL. Take it out.")
    return text


# --- what all have in common -----------------------------------------------------------------------


def _with_header(
    file: str,
    rows: Iterator[list[str]],
    format: Format,  # noqa: A002
    *,
    may_end_early: bool,
) -> Table:
    columns: tuple[str, ...] = ()
    found: list[Row] = []
    for number, cells in enumerate(rows, 1):
        if number < format.header_row:
            continue
        if number == format.header_row:
            columns = _columns(file, number, cells)
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if may_end_early and len(cells) < len(columns):
            cells = [*cells, *[""] * (len(columns) - len(cells))]
        if len(cells) != len(columns):
            detail = (
                f"Row {number} of {file} has {len(cells)} cells, the header has {len(columns)}."
                " A cell that holds the separator must stand in quotation marks."
            )
            raise InputError.at(f"{file}:{number}", "ragged_row", detail)
        if "=" in "".join(cells):  # seldom: it is quicker to ask all cells at once
            _refuse_formula(file, number, columns, cells)
        found.append((number, [cell.strip() for cell in cells]))
        if len(found) > ROWS_MAX:
            raise InputError.at(file, "too_many_rows", f"{file} has more than {ROWS_MAX:,} rows. Split it.")
    if not columns:
        raise InputError.at(file, "empty", f"{file} has no header in row {format.header_row}.")
    return Table(file=file, columns=columns, rows=tuple(found))


def _refuse_formula(file: str, number: int, columns: tuple[str, ...], cells: list[str]) -> None:
    for column, cell in zip(columns, cells, strict=True):
        if cell.startswith("=") and _FORMULA.fullmatch(cell):
            detail = (
                f"Row {number}, column {column!r} of {file} holds a formula, {cell[:40]!r}."
                " Save the values, not the formulas."
            )
            raise InputError.at(f"{file}:{number}:{column}", "formula", detail)


def _columns(file: str, number: int, cells: list[str]) -> tuple[str, ...]:
    names = [cell.strip() for cell in cells]
    if len(names) > COLUMNS_MAX:
        raise _too_wide(file, len(names))
    for index, name in enumerate(names, 1):
        if not name:
            detail = (
                f"Column {index} of {file} has no name in row {number}. Give it one, or take the column out."
            )
            raise InputError.at(f"{file}:{number}", "column_without_name", detail)
        if names.index(name) != index - 1:
            detail = f"Two columns of {file} are called {name!r}. Rename one: which is meant cannot be known."
            raise InputError.at(f"{file}:{number}:{name}", "duplicate_column", detail)
    return tuple(names)


def _too_wide(file: str, count: int) -> InputError:
    detail = f"{file} has {count:,} columns, {COLUMNS_MAX:,} at most. Is the separator right?"
    return InputError.at(file, "too_many_columns", detail)
