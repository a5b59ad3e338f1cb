"""Which mapping do files need whose columns have our names already? None: it follows from the names.

Only one reading counts. Columns that fit two targets, or a column that fits none, are an error that says what to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Map

import msgspec

from accord.connect.files.choices import Choices
from accord.connect.files.mapping import NO_TABLE, Feed, Mapping, Source, Value
from accord.connect.files.recognise import (
    dates_of,
    decimal_of,
    delimiter_of,
    encoding_of,
    is_text,
)
from accord.connect.files.suggest import suggested, with_suggestion
from accord.connect.files.tables import Format, Table, decoded, sheets, table
from accord.connect.files.targets import TARGETS, As
from accord.connect.model import Finding, Question
from accord.kit.errors import InputError

_NUMBERS = frozenset([As.quantity, As.amount, As.decimal, As.whole, As.money])


class Guessed(msgspec.Struct, frozen=True, kw_only=True):
    """What files say by themselves."""

    mapping: Mapping
    tables: dict[str, Table]
    findings: tuple[Finding, ...]
    questions: tuple[Question, ...]


def guessed(files: Map[str, bytes], choices: Choices) -> Guessed:
    """The mapping that the columns say, with the tables read by it.

    Raises: InputError when a table's columns do not say one thing only.
    """
    tables: dict[str, Table] = {}
    sources: dict[str, Source] = {}
    feeds: list[Feed] = [made_feed(target, id) for target, id in choices.created()]
    findings: list[Finding] = []
    questions: list[Question] = []
    for name, data in files.items():
        format_, told = written(name, data, choices)
        findings += told
        for sheet in sheets(name, data):
            found = table(name, data, msgspec.structs.replace(format_, sheet=sheet or None))
            try:
                target = target_of(sheet or name.partition(".")[0], found.columns, found.file)
            except InputError as error:
                shown = msgspec.structs.replace(format_, sheet=sheet or None)
                raise with_suggestion(error, suggested(name, found, shown, choices)) from None
            key = f"{name}#{sheet}" if sheet else name
            tables[key] = found
            sources[key] = Source(
                file=literal(name),
                encoding=format_.encoding,
                delimiter=format_.delimiter,
                sheet=sheet or None,
            )
            fields = {column: Value(column=column) for column in found.columns}
            for one in _columns(found, target, choices, is_office=format_.delimiter == ";"):
                if isinstance(one, Question):
                    questions.append(one)
                else:
                    findings.append(one)
                    fields[one.column] = _read_as(fields[one.column], one)
            feeds.append(Feed(target=target, table=key, fields=fields))
    order = list(TARGETS)
    feeds.sort(key=lambda feed: order.index(feed.target))
    return Guessed(
        mapping=Mapping(name="plain", currency=None, tables=sources, feeds=tuple(feeds)),
        tables=tables,
        findings=tuple(findings),
        questions=tuple(questions),
    )


def written(name: str, data: bytes, choices: Choices) -> tuple[Format, list[Finding]]:
    """How the file is written. Raises: InputError when several marks may separate its cells."""
    if not is_text(name, data):
        return Format(), []
    encoding = encoding_of(name, data, choices)
    delimiter = delimiter_of(name, decoded(name, data, encoding.reading), choices)
    return Format(encoding=encoding.reading, delimiter=delimiter.reading), [encoding, delimiter]


def _columns(found: Table, target: str, choices: Choices, *, is_office: bool) -> Iterator[Finding | Question]:
    for place, column in enumerate(found.columns):
        field = TARGETS[target].fields[column]
        words = [cells[place] for _, cells in found.rows]
        one = None
        if field.as_ is As.day:
            one = dates_of(found.file, column, words, choices)
        elif field.as_ in _NUMBERS:
            one = decimal_of(found.file, column, words, choices, is_office=is_office)
        if one is not None:
            yield one


def _read_as(value: Value, one: Finding) -> Value:
    if one.what == "dates":
        return msgspec.structs.replace(value, dates=one.reading)
    return msgspec.structs.replace(value, decimal=one.reading, thousands="," if one.reading == "." else ".")


def made_feed(target: str, id: str) -> Feed:
    """Something that no row states and somebody wants made, with nothing but its id."""
    return Feed(target=target, table=NO_TABLE, fields={"id": Value(value=id)})


def target_of(name: str, columns: tuple[str, ...], file: str) -> str:
    """The target whose fields these columns are; the table's own name decides between several.

    Raises: InputError.
    """
    given = set(columns)
    fits = [one.name for one in TARGETS.values() if one.required <= given <= set(one.fields)]
    if name in fits:
        return name
    if len(fits) == 1:
        return fits[0]
    if fits:
        words = " or ".join(fits)
        detail = f"The columns of {file} fit {words}. Name the file after what it holds, or write a mapping."
        raise InputError.at(file, "ambiguous_table", detail)
    named = TARGETS.get(name)
    if named is not None:
        missing, unknown = sorted(named.required - given), sorted(given - set(named.fields))
        parts = [f"lacks {', '.join(missing)}"] if missing else []
        parts += [f"has {', '.join(unknown[:5])}, which {name} do not have"] if unknown else []
        detail = f"{file} {' and '.join(parts)}. Rename its columns, or write a mapping."
        raise InputError.at(file, "columns_do_not_fit", detail)
    shown = ", ".join(columns[:10])
    detail = f"The columns of {file} ({shown}) are not ours. Write a mapping that says what they are."
    raise InputError.at(file, "mapping_missing", detail)


def literal(name: str) -> str:
    """A file name in which * ? [ stand for themselves."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)
