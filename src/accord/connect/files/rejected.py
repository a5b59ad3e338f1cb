"""How are rows given back that could not come in? As CSV, with why, and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

from accord.connect.model import Rejected

_RUNS = ("=", "+", "-", "@", "\t", "\r")
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
    writer.writerow([harmless(name) for name in ("file", "row", "at column", "why", *names)])
    for row in rows:
        cells = [row.file, str(row.row), row.column, row.why, *(row.cells.get(name, "") for name in names)]
        writer.writerow([harmless(cell) for cell in cells])
    return out.getvalue()
