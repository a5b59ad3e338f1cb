"""How are rows given back that could not come in? As CSV, with why, and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

from accord.connect.model import Rejected

_RUNS = ("=", "+", "-", "@", "\t", "\r")
_ADDED = ("file", "row", "at column", "why")
_NUMBER = re.compile(r"[+-]?[0-9][0-9., ]*")


def harmless(cell: str) -> str:
    """A cell that a spreadsheet shows and does not compute: what begins like a formula gets an apostrophe."""
    if cell.lstrip(" ").startswith(_RUNS) and _NUMBER.fullmatch(cell.strip(" ")) is None:
        return f"'{cell}"
    return cell


def as_csv(rows: Sequence[Rejected]) -> str:
    """File, row, column and reason, then the row's own cells under their names."""
    names = list(dict.fromkeys(name for row in rows for name in row.cells))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([harmless(name) for name in (*_ADDED, *names)])
    for row in rows:
        cells = [row.file, str(row.row), row.column, row.why, *(row.cells.get(name, "") for name in names)]
        writer.writerow([harmless(cell) for cell in cells])
    return out.getvalue()


def given_back(name: str, data: bytes) -> dict[str, bytes] | None:
    """The files that rejected rows came from, with those rows as they are now; None when it is no file of rejected rows.

    Whoever corrects the rows puts the file in as it is: what was added to it is taken away again. A spreadsheet may have
    saved it with another separator.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    header = text.partition("\n")[0].strip("\r")
    mark = next((one for one in ",;\t" if header.split(one)[: len(_ADDED)] == list(_ADDED)), None)
    if mark is None or "." not in name:
        return None
    try:
        names, *rows = [one for one in csv.reader(io.StringIO(text, newline=""), delimiter=mark) if any(one)]
    except csv.Error:
        return None
    if any(len(row) != len(names) for row in rows):
        return None
    files: dict[str, list[list[str]]] = {}
    for row in rows:
        files.setdefault(_told(row[0]), []).append([_told(cell) for cell in row[len(_ADDED) :]])
    columns = [_told(one) for one in names[len(_ADDED) :]]
    return {_named(file): _written(columns, cells) for file, cells in files.items()}


def _told(cell: str) -> str:
    """A cell as it stood in the file, without the apostrophe that made it harmless."""
    return cell[1:] if cell.startswith("'") and harmless(cell[1:]) == cell else cell


def _named(file: str) -> str:
    plain = file.replace("/", " ").strip() or "rows"
    return plain if plain.lower().endswith(".csv") else f"{plain}.csv"


def _written(columns: list[str], rows: list[list[str]]) -> bytes:
    """With the columns that any of the rows fills: rows of several files stand in one list, each with its own."""
    used = [place for place in range(len(columns)) if any(row[place] for row in rows)]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([columns[place] for place in used])
    writer.writerows([row[place] for place in used] for row in rows)
    return out.getvalue().encode()
