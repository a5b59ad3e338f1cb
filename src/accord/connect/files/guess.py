"""Which mapping do files need whose columns have our names already? None: it follows from the names.

Only one reading counts. Columns that fit two targets, or a column that fits none, are an error that says what to do.
"""

from __future__ import annotations

from collections.abc import Mapping as Map
from pathlib import Path

from accord.connect.files.mapping import Feed, Mapping, Source, Value
from accord.connect.files.tables import Format, load, sheets, table
from accord.connect.files.targets import TARGETS
from accord.kit.errors import InputError


def guessed(files: Map[str, Path]) -> tuple[Mapping, dict[Path, bytes]]:
    """The mapping that the columns say, with the contents of the files.

    Raises: InputError when a table's columns do not say one thing only.
    """
    tables: dict[str, Source] = {}
    feeds: list[Feed] = []
    contents: dict[Path, bytes] = {}
    for name, path in files.items():
        data = contents[path] = load(path)
        for sheet in sheets(name, data):
            columns = table(name, data, Format(sheet=sheet or None)).columns
            target = target_of(
                sheet or name.partition(".")[0], columns, f"{name} [{sheet}]" if sheet else name
            )
            key = f"{name}#{sheet}" if sheet else name
            tables[key] = Source(file=_literal(name), sheet=sheet or None)
            fields = {column: Value(column=column) for column in columns}
            feeds.append(Feed(target=target, table=key, fields=fields))
    order = list(TARGETS)
    feeds.sort(key=lambda feed: order.index(feed.target))
    return Mapping(name="plain", currency=None, tables=tables, feeds=tuple(feeds)), contents


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


def _literal(name: str) -> str:
    """A file name in which * ? [ stand for themselves."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)
