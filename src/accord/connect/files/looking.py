"""What do files look like, table by table, before anybody has said what they are?

A look never fails as a whole: a table that cannot be read says why, and the others are there all the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as Map

import msgspec

from accord.connect.files.choices import Choices
from accord.connect.files.guess import written
from accord.connect.files.recognise import encoding_of, separators_of
from accord.connect.files.suggest import samples_of
from accord.connect.files.tables import Format, Table, decoded, kind_of, sheets, table
from accord.connect.model import Finding, Question, Way
from accord.kit.digest import digest
from accord.kit.errors import InputError, Malformed

HEAD_ROWS = 6
_SAMPLES = 20
_CELL_MAX = 200  # letters of a cell that are kept to be looked at
EMPTY = "empty"


class Heading(msgspec.Struct, frozen=True, kw_only=True):
    """One column."""

    column: str
    samples: tuple[str, ...]  # different words that stand in it, from the first rows


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """One table of one file."""

    key: str  # "stock.csv", "book.xlsx#Sheet1"
    name: str  # of the file
    sheet: str  # "" = the file is one table
    file: str  # for people
    encoding: str = "utf-8"
    delimiter: str = ""  # "" = none, or not known
    rows: int = 0
    columns: tuple[Heading, ...] = ()
    head: tuple[tuple[str, ...], ...] = ()  # the first rows
    findings: tuple[Finding, ...] = ()  # how the file is written
    questions: tuple[Question, ...] = ()
    code: str = ""  # of what keeps it from being read
    problem: str = ""  # in words; "" = it is read

    @property
    def shape(self) -> str:
        """What two tables have in common that can be read alike: the names of their columns."""
        return digest("\n".join(sorted(one.column for one in self.columns)).encode())[:32]

    @property
    def stem(self) -> str:
        """The letters of its name: "stock_2026-11-22.csv" and "stock_2026-11-29.csv" are the same file, week by week."""
        return re.sub(r"[^a-z]", "", f"{self.name.partition('.')[0]} {self.sheet}".lower())

    @property
    def samples(self) -> dict[str, tuple[str, ...]]:
        """By column."""
        return {one.column: one.samples for one in self.columns}


def look(contents: Map[str, bytes], choices: Choices) -> tuple[list[Look], dict[str, Table]]:
    """Every table of the files, and the tables that could be read, by key."""
    looks: list[Look] = []
    tables: dict[str, Table] = {}
    for name, data in contents.items():
        format_ = Format()
        findings: list[Finding] = []
        there: tuple[str, ...] = ()
        question: Question | None = None
        try:
            if kind_of(name, data) == "csv":
                question = _delimiter(name, data, choices)
            if question is None:
                format_, findings = written(name, data, choices)
                there = sheets(name, data)
        except (InputError, Malformed) as error:
            looks.append(_unread(name, "", error))
            continue
        if question is not None:
            looks.append(Look(key=name, name=name, sheet="", file=name, questions=(question,)))
            continue
        for sheet in there:
            key = f"{name}#{sheet}" if sheet else name
            shown = msgspec.structs.replace(format_, sheet=sheet or None)
            try:
                tables[key] = table(name, data, shown)
            except (InputError, Malformed) as error:
                looks.append(_unread(name, sheet, error))
                continue
            looks.append(_seen(key, name, sheet, shown, tables[key], tuple(findings)))
    return looks, tables


def _seen(
    key: str, name: str, sheet: str, format_: Format, found: Table, findings: tuple[Finding, ...]
) -> Look:
    columns = tuple(
        Heading(
            column=column,
            samples=tuple(one[:_CELL_MAX] for one in samples_of(found, place)[:_SAMPLES]),
        )
        for place, column in enumerate(found.columns)
    )
    head = tuple(tuple(cell[:_CELL_MAX] for cell in cells) for _, cells in found.rows[:HEAD_ROWS])
    return Look(
        key=key,
        name=name,
        sheet=sheet,
        file=found.file,
        encoding=format_.encoding,
        delimiter=format_.delimiter or "",
        rows=len(found.rows),
        columns=columns,
        head=head,
        findings=findings,
        code=EMPTY if not found.rows else "",
        problem=f"{found.file} has a header and no rows." if not found.rows else "",
    )


def _unread(name: str, sheet: str, error: InputError | Malformed) -> Look:
    code = error.errors[0].code if error.errors else error.code
    return Look(
        key=f"{name}#{sheet}" if sheet else name,
        name=name,
        sheet=sheet,
        file=f"{name} [{sheet}]" if sheet else name,
        code=code,
        problem=error.detail,
    )


def _delimiter(name: str, data: bytes, choices: Choices) -> Question | None:
    """Which mark separates the cells, where several might and nobody has said it."""
    if choices.reading("delimiter", name) is not None:
        return None
    text = decoded(name, data, encoding_of(name, data, choices).reading)
    found = separators_of(name, text)
    if not found:
        return None
    header = text.partition("\n")[0].strip("\r")
    ways = tuple(
        Way(say="tab" if mark == "\t" else mark, means=f"the {word}: {header.count(mark) + 1} columns")
        for mark, word in found
    )
    return Question(id=f"delimiter:{name}", file=name, column="", sample=header[:_CELL_MAX], ways=ways)
