"""Which rows count, and which words stand in their fields after look-ups and joins?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Mapping as Map
from datetime import datetime
from fractions import Fraction

from accord.connect.files.choices import Choices
from accord.connect.files.mapping import NO_TABLE, Feed, Join, Mapping, Source, Value, Where
from accord.connect.files.problems import Problems
from accord.connect.files.rows import Row
from accord.connect.files.tables import Table
from accord.connect.model import Kind, Notes, Question, Rejected
from accord.kit.days import Day, day_of
from accord.kit.decimals import read_decimal
from accord.kit.errors import InputError

_WAS_A_NUMBER = re.compile(r"([0-9]+)\.0+")
_MIDNIGHT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]00:00(:00(\.0+)?)?")
_IN_NUMBERS = re.compile(r"([0-9]{1,2})[./-]([0-9]{1,2})[./-]([0-9]{2}|[0-9]{4})")
_GROUPS = re.compile(r"[-+]?[0-9]{1,3}(,[0-9]{2,3})*,[0-9]{3}")  # 12,500; in India 1,25,000
_TEMPLATE = re.compile(r"\{([^{}]+)\}")

_PLAIN = Source(file="")
_TOLD_EVERY = 1_000  # rows
_REJECTED_MAX = 100_000


class Tables:
    """All tables of an import, with an index for each column that is joined on."""

    def __init__(self, mapping: Mapping, tables: Map[str, Table]) -> None:
        self.mapping = mapping
        self.tables = tables
        self._indexes: dict[tuple[str, str], dict[str, dict[str, str]]] = {}

    def source(self, name: str) -> Source:
        """How a table's words are written."""
        return _PLAIN if name == NO_TABLE else self.mapping.tables[name]

    def row(self, join: Join, word: str) -> dict[str, str] | None:
        """The row of the joined table whose key is this word; of several the first."""
        index = self._indexes.get((join.table, join.key))
        if index is None:
            table = self.tables[join.table]
            if join.key not in table.columns:
                raise _no_column(table, join.key)
            index = {}
            for _, cells in table.numbered():
                index.setdefault(_as_key(cells[join.key]), cells)
            self._indexes[(join.table, join.key)] = index
        return index.get(_as_key(word))


class Reader:
    """Rows of feeds, with what was wrong and what was left out."""

    def __init__(
        self,
        tables: Tables,
        *,
        today: Day,
        currency: str,
        problems: Problems,
        notes: Notes,
        required: Map[str, frozenset[str]],
        choices: Choices | None = None,
        questions: Iterable[Question] = (),
        on_rows: Callable[[int, int], None] | None = None,
    ) -> None:
        self.tables = tables
        self.today = today
        self.currency = currency
        self.problems = problems
        self.notes = notes
        self.skipped: dict[tuple[str, str], int] = {}  # (target, reason): rows
        self.rejected: list[Rejected] = []
        self.choices = choices or Choices()
        self.questions = {(one.file, one.column): one for one in questions}
        self._required = required
        self._on_rows = on_rows  # called now and then with how many more rows, and how many problems by now

    def file(self, feed: Feed) -> str:
        """The table's file, for people."""
        return "the mapping" if feed.table == NO_TABLE else self.tables.tables[feed.table].file

    def is_required(self, feed: Feed, field: str) -> bool:
        """Whether a row means nothing without the field."""
        return field in self._required[feed.target]

    def rows(self, feed: Feed) -> Iterator[Row]:
        """The rows that count.

        Raises: InputError when the mapping names a column that is not there.
        """
        if feed.table == NO_TABLE:
            yield Row(self, feed, 1, {})
            return
        table = self.tables.tables[feed.table]
        for column in columns_of(feed):
            if column not in table.columns:
                raise _no_column(table, column)
        for count, (number, cells) in enumerate(table.numbered(), 1):
            if self._on_rows is not None and count % _TOLD_EVERY == 0:
                self._on_rows(_TOLD_EVERY, self.problems.rows)
            row = Row(self, feed, number, cells)
            reason = next((one.reason for one in feed.where if not self._holds(feed, one, row)), None)
            if reason is None:
                yield row
                continue
            key = (feed.target, reason)
            self.skipped[key] = self.skipped.get(key, 0) + 1
            self.notes.add(Kind.skipped, f"{feed.target}: {reason}", f"{table.file} row {number}")

    def reject(self, row: Rejected) -> None:
        """Keep a row that cannot come in, up to a number that a person could look at."""
        if len(self.rejected) < _REJECTED_MAX:
            self.rejected.append(row)

    # --- words ---

    def word(self, feed: Feed, value: Value, row: Row, field: str) -> str:
        """What a value says in a row, after everything the mapping does to it."""
        found = self._raw(feed, value, row)
        if value.whole:
            found = _as_key(found)
        if value.join is not None and found:
            found = self._joined(feed, value.join, found, row, field)
        if value.minus is not None and found:
            found = self._minus(feed, found, row.cells[value.minus], row, field)
        if value.words is not None and found:
            known = value.words.get(found, value.words.get("*"))
            if known is None:
                row.bad(
                    field, "unknown_word", f"{field} {found[:40]!r} has no word of ours", "Add it to `words`."
                )
                known = ""
            found = known
        found = found or value.default or ""
        return self.choices.word(field, found) if self.choices.mapped else found

    def _raw(self, feed: Feed, value: Value, row: Row) -> str:
        if value.column is not None:
            return self._cell(feed.table, row.cells, value.column)
        if value.template is not None:
            return _TEMPLATE.sub(
                lambda match: _as_key(self._cell(feed.table, row.cells, match[1])), value.template
            )
        return _constant(value.value)

    def _cell(self, table: str, cells: Map[str, str], column: str) -> str:
        found = cells[column]
        return "" if found in self.tables.source(table).empty else found

    def _joined(self, feed: Feed, join: Join, word: str, row: Row, field: str) -> str:
        other = self.tables.row(join, word)
        if other is None:
            row.bad(
                field,
                "join_without_row",
                f"{field} {word[:60]!r} is not in {self.tables.tables[join.table].file}",
                "Add it there, or skip these rows.",
            )
            return ""
        if join.take not in other:
            raise _no_column(self.tables.tables[join.table], join.take)
        return self._cell(join.table, other, join.take)

    def _minus(self, feed: Feed, word: str, other: str, row: Row, field: str) -> str:
        try:
            left = self.number(feed, word, field) - (self.number(feed, other, field) if other else 0)
        except InputError as error:
            row.wrong(field, error)
            return ""
        return _plain(max(left, Fraction(0)))

    def number(self, feed: Feed, word: str, field: str) -> Fraction:
        """A number as the table writes it. Raises: InputError."""
        said: Source | Value | None = feed.fields.get(field)
        if said is None or said.decimal is None:
            said = self.tables.source(feed.table)
        plain, decimal, thousands = word, said.decimal or ".", said.thousands
        if decimal != "." and "." in plain and thousands != ".":
            detail = f'The {field} {word[:40]!r} has a point, but decimals have {decimal!r} here. Say thousands = "." if it groups them.'
            raise InputError.at(field, "ambiguous_number", detail)
        if thousands and thousands in plain:
            whole, _, _ = plain.partition(decimal)
            if thousands in plain[len(whole) :] or _GROUPS.fullmatch(whole.replace(thousands, ",")) is None:
                detail = f"In the {field} {word[:40]!r} {thousands!r} does not stand where thousands are grouped, and decimals have {decimal!r} here."
                raise InputError.at(field, "ambiguous_number", f"{detail} Write the number without it.")
            plain = plain.replace(thousands, "")
        plain = plain.replace(decimal, ".")
        digits, decimals = read_decimal(plain, field, field)
        return Fraction(digits, 10**decimals)

    def day(self, feed: Feed, word: str, dates: str | None, field: str) -> Day:
        """A date as the table writes it. Raises: InputError; never a guess."""
        format_ = dates or self.tables.source(feed.table).dates
        if format_ is not None:
            try:
                return datetime.strptime(word, format_).date().toordinal()  # noqa: DTZ007 - a date has no zone
            except ValueError:
                detail = f"{word[:40]!r} is not a date of the form {format_}. Correct it, or the mapping's `dates`."
                raise InputError.at(field, "not_a_date", detail) from None
        midnight_ = _MIDNIGHT.fullmatch(word)
        if midnight_ is not None:
            word = midnight_[1]
        two = _IN_NUMBERS.fullmatch(word)
        if two is not None:
            detail = (
                f'The date {word!r} can be read in several ways. Say which: dates = "%d/%m/%Y" or "%m/%d/%Y" in the'
                " mapping, or write 2026-03-12."
            )
            raise InputError.at(field, "ambiguous_date", detail)
        return day_of(word, pointer=field)

    # --- conditions ---

    def _holds(self, feed: Feed, where: Where, row: Row) -> bool:
        word = self._cell(feed.table, row.cells, where.column)
        if where.whole:
            word = _as_key(word)
        if where.found_in is not None:
            return self.tables.row(where.found_in, word) is not None
        if where.join is not None:
            other = self.tables.row(where.join, word)
            word = "" if other is None else self._cell(where.join.table, other, where.join.take)
        if where.empty is not None and (word == "") is not where.empty:
            return False
        if where.is_ is not None and word not in where.is_:
            return False
        if where.is_not is not None and word in where.is_not:
            return False
        if where.not_past:
            try:
                return self.day(feed, word, where.dates, where.column) >= self.today
            except InputError as error:
                row.wrong(where.column, error)
        return True


def columns_of(feed: Feed) -> Iterator[str]:
    """The columns of the feed's own table that it looks at."""
    for value in feed.fields.values():
        if value.column is not None:
            yield value.column
        if value.minus is not None:
            yield value.minus
        if value.template is not None:
            yield from _TEMPLATE.findall(value.template)
    for where in feed.where:
        yield where.column


def _no_column(table: Table, column: str) -> InputError:
    shown = ", ".join(table.columns[:20])
    detail = f"The mapping uses column {column!r}, which {table.file} has not. It has {shown}."
    return InputError.at(f"{table.file}:1:{column}", "unknown_column", detail)


def _as_key(word: str) -> str:
    """A key that went through a number: 749.0 is 749."""
    match = _WAS_A_NUMBER.fullmatch(word)
    return word if match is None else match[1]


def _constant(value: str | int | bool | None) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _plain(number: Fraction) -> str:
    """A finite decimal in words."""
    whole = number * 10**12
    text = str(int(whole)).rjust(13, "0")
    return f"{text[:-12]}.{text[-12:]}".rstrip("0").rstrip(".")
