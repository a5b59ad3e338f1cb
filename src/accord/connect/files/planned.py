"""What does a person say of tables whose columns are not called as ours? Which of our things each is, column by column.

A plan is what the pages of an import show and change; what comes in is read by the mapping that it makes.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as Map

import msgspec

from accord.connect.files.choices import Choices
from accord.connect.files.guess import literal, target_of
from accord.connect.files.looking import EMPTY, Look
from accord.connect.files.recognise import dates_of, decimal_of
from accord.connect.files.suggest import fields_of, likeliest, sureness
from accord.connect.files.tables import Table
from accord.connect.files.targets import TARGETS, As
from accord.connect.model import Finding, Question
from accord.kit.errors import InputError

NUMERIC = frozenset([As.quantity, As.amount, As.decimal, As.whole, As.money])
BY_NAMES, BY_MEMORY, BY_SUGGESTION, BY_PERSON = "names", "memory", "suggestion", "person"


class Planned(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one table is."""

    key: str  # of its look
    target: str  # "" = left out
    fields: dict[str, str] = {}  # column: field of the target
    values: dict[str, str] = {}  # field: what stands in every row, where no column says it
    reads: dict[str, str] = {}  # column: how its dates or decimals were read before, for where nothing tells
    by: str = BY_PERSON  # who says so
    sure: int = 100  # up to 100

    @property
    def is_sure(self) -> bool:
        """Whether it may be read so without asking: a suggestion is one to look at."""
        return self.by != BY_SUGGESTION

    @property
    def missing(self) -> tuple[str, ...]:
        """Fields without which a row means nothing, and that nothing says."""
        if not self.target:
            return ()
        return tuple(sorted(TARGETS[self.target].required - set(self.fields.values()) - set(self.values)))


def proposed(look: Look, as_named: Planned | None, as_shaped: Planned | None) -> Planned:
    """What a table most likely is: by the names of its columns, as this source was read before, or a suggestion.

    `as_named` is what a table with these columns in a file of this name was, `as_shaped` with these columns in any file:
    that counts only where the columns are not called as ours, since suppliers and sites both have an id and a name.
    """
    if look.problem:
        return Planned(key=look.key, target="", by=BY_NAMES if look.code == EMPTY else BY_SUGGESTION, sure=0)
    if as_named is not None:
        return msgspec.structs.replace(as_named, key=look.key, by=BY_MEMORY)
    columns = tuple(one.column for one in look.columns)
    try:
        target = target_of(look.sheet or look.name.partition(".")[0], columns, look.file)
    except InputError as error:
        if as_shaped is not None and error.errors[0].code != "ambiguous_table":
            return msgspec.structs.replace(as_shaped, key=look.key, by=BY_MEMORY)
        return _suggested(look)
    return Planned(key=look.key, target=target, fields={one: one for one in columns}, by=BY_NAMES)


def _suggested(look: Look) -> Planned:
    best = likeliest(look.sheet or look.name, look.samples)
    if best is None:
        return Planned(key=look.key, target="", by=BY_SUGGESTION, sure=0)
    target, fields = best
    return Planned(
        key=look.key,
        target=target.name,
        fields={column: field for column, (field, _) in fields.items()},
        by=BY_SUGGESTION,
        sure=sureness(target, fields),
    )


def as_target(look: Look, target: str) -> dict[str, tuple[str, int]]:
    """Which field of a target each column may be, and how sure that is."""
    return fields_of(TARGETS[target], look.samples) if target in TARGETS else {}


def checked(planned: Planned, look: Look) -> Planned:
    """The plan of a table, if it can be read so. Raises: InputError naming column or field."""
    if not planned.target:
        return planned
    if planned.target not in TARGETS:
        raise InputError.at(look.key, "unknown_target", f"{planned.target[:40]!r} is nothing that comes in.")
    target, columns = TARGETS[planned.target], {one.column for one in look.columns}
    said: dict[str, str] = {}
    for column, field in planned.fields.items():
        if column not in columns or field not in target.fields:
            raise InputError.at(
                look.key,
                "unknown_column",
                f"{look.file} has no column {column[:60]!r}, or it is nothing of ours.",
            )
        if field in said:
            detail = f"The columns {said[field]!r} and {column!r} cannot both be {field}. Choose one, leave the other out."
            raise InputError.at(f"{look.key}:{column}", "field_twice", detail)
        said[field] = column
    for field in planned.values:
        if field in said:
            detail = f"{field} is the column {said[field]!r} already. Leave out the column, or what stands in every row."
            raise InputError.at(f"{look.key}:={field}", "field_twice", detail)
    if planned.missing:
        detail = (
            f"{look.file}: no column is {' and none is '.join(planned.missing)}, without which a row of {planned.target}"
            " means nothing. Choose its column, or say what stands in every row."
        )
        raise InputError.at(f"{look.key}:={planned.missing[0]}", "field_missing", detail)
    return planned


def readings(
    plan: Iterable[Planned], looks: Map[str, Look], tables: Map[str, Table], choices: Choices
) -> tuple[tuple[Finding, ...], tuple[Question, ...]]:
    """How dates and numbers of the columns that matter are written, and where only a person knows it."""
    findings: list[Finding] = []
    questions: list[Question] = []
    for one in plan:
        found = tables.get(one.key)
        if not one.target or found is None:
            continue
        for column, field in one.fields.items():
            as_ = TARGETS[one.target].fields[field].as_
            words = [cells[found.columns.index(column)] for _, cells in found.rows]
            seen: Finding | Question | None = None
            if as_ is As.day:
                seen = dates_of(found.file, column, words, choices)
            elif as_ in NUMERIC:
                is_office = looks[one.key].delimiter == ";"
                seen = decimal_of(found.file, column, words, choices, is_office=is_office)
            before = one.reads.get(column)
            if isinstance(seen, Question) and before in {way.say for way in seen.ways}:
                seen = Finding(
                    file=found.file,
                    column=column,
                    what="dates" if as_ is As.day else "decimal",
                    reading=before or "",
                    evidence="as this source was read the last time",
                )
            if isinstance(seen, Finding):
                findings.append(seen)
            elif seen is not None:
                questions.append(seen)
    return tuple(findings), tuple(questions)


def mapping_text(
    plan: Iterable[Planned], looks: Map[str, Look], findings: Iterable[Finding], source: str
) -> str:
    """The mapping, as TOML, that reads the tables as planned."""
    read = {(one.file, one.column): one for one in findings if one.column}
    used = [one for one in plan if one.target]
    lines = [f"name = {_quoted(source)}"]
    for one in used:
        seen = looks[one.key]
        lines += ["", f"[tables.{_quoted(one.key)}]", f"file = {_quoted(literal(seen.name))}"]
        if seen.encoding != "utf-8":
            lines.append(f"encoding = {_quoted(seen.encoding)}")
        if seen.delimiter:
            lines.append(f"delimiter = {_quoted(seen.delimiter)}")
        if seen.sheet:
            lines.append(f"sheet = {_quoted(seen.sheet)}")
    for one in used:
        lines += ["", f"[[{one.target}]]", f"table = {_quoted(one.key)}"]
        for column, field in one.fields.items():
            lines.append(f"{field} = {_value(column, read.get((looks[one.key].file, column)))}")
        for field, value in one.values.items():
            lines.append(f"{field} = {{ value = {_quoted(value)} }}")
    return "\n".join(lines) + "\n"


def _value(column: str, found: Finding | None) -> str:
    if found is None:
        return _quoted(column)
    if found.what == "dates":
        return f"{{ column = {_quoted(column)}, dates = {_quoted(found.reading)} }}"
    groups = "," if found.reading == "." else "."
    return (
        f"{{ column = {_quoted(column)}, decimal = {_quoted(found.reading)}, thousands = {_quoted(groups)} }}"
    )


def _quoted(text: str) -> str:
    """A TOML text; JSON's form is one of TOML's, but for the last of the control characters."""
    return msgspec.json.encode(text).decode().replace("\x7f", "\\u007f")
