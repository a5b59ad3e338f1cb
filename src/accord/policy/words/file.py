"""Where in a policy file does what stand, and what is wrong with it?"""

from __future__ import annotations

import re

from accord.kit.errors import FieldError

_HEADER = re.compile(r"\s*(\[\[?)\s*([\w.\"' -]+?)\s*\]\]?\s*(?:#.*)?")
_KEY = re.compile(r"\s*(?:([\w-]+)|\"([^\"]*)\")\s*=")


class File:
    """Where everything stands, and what is wrong with it."""

    def __init__(self, text: str) -> None:
        self.errors: list[FieldError] = []
        self._lines: dict[tuple[str, int, str], int] = {}
        counts: dict[str, int] = {}
        table, place = "", 0
        self._lines["", 0, ""] = 1
        for number, line in enumerate(text.splitlines(), 1):
            header = _HEADER.fullmatch(line)
            if header is not None:
                table = header[2].strip("\"' ")
                place = counts.get(table, 0) if header[1] == "[[" else 0
                counts[table] = counts.get(table, 0) + 1
                self._lines[table, place, ""] = number
                continue
            key = _KEY.match(line)
            if key is not None:
                self._lines.setdefault((table, place, key[1] or key[2]), number)

    def line(self, table: str, place: int, key: str = "") -> int:
        """The line of a key, or of its table where the key is not on a line of its own."""
        return self._lines.get((table, place, key)) or self._lines.get((table, place, "")) or 1

    def wrong(self, table: str, place: int, key: str, code: str, detail: str) -> None:
        """Something cannot be used."""
        where = f"[[{table}]] {key}" if table else key
        line = self.line(table, place, key)
        self.errors.append(FieldError(f"line {line}: {where.strip()}", code, f"Line {line}: {detail}"))
