"""What does a mapping file say? Which table feeds which of our things, and how its words are read.

A mapping is TOML. `[tables.NAME]` says where rows come from, `[[TARGET]]` which of our things they are; a field of a
target is the name of a column, or a table of its own: `{ value = "EUR" }`, `{ column = "Due", dates = "%d.%m.%Y" }`.
Whatever is not known here is an error, so that a misspelled word is not silently without effect.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from accord.connect.files.tables import Format
from accord.connect.files.targets import TARGETS
from accord.kit.errors import InputError

NO_TABLE = ""  # a feed of values only: one thing that no file says
SHIPPED = Path(__file__).parent / "mappings"


class Join(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A value from the one row of another table whose `key` equals ours."""

    table: str
    key: str
    take: str


class Value(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the words of a field come from, and what is done to them, in this order."""

    column: str | None = None
    value: str | int | bool | None = None  # a constant
    template: str | None = None  # "{OrderID}-{LineID}"
    whole: bool = False  # "749.0" is "749": numbers that were keys before
    join: Join | None = None
    minus: str | None = None  # a column that is subtracted; not below zero
    words: dict[str, str] | None = None  # their word: ours; "*" = any other
    default: str | None = None  # when empty
    dates: str | None = None  # strptime format; None: the table's
    decimal: str | None = None  # the sign before decimals; None: the table's, with its thousands
    thousands: str = ""
    round: bool = False  # money that is finer than the minor unit, half up
    plus_days: int = 0  # for days that are the last one of a period


class Where(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A condition on a row; rows for which it does not hold are left out, with the reason."""

    column: str
    reason: str
    whole: bool = False
    join: Join | None = None
    is_: list[str] | None = msgspec.field(default=None, name="is")
    is_not: list[str] | None = None
    empty: bool | None = None
    not_past: bool | None = None  # a date that is today or later
    dates: str | None = None
    found_in: Join | None = None  # whether there is such a row (`take` is not looked at)


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the rows of a table are, and how its words are written."""

    file: str  # its name among the files that are given; * stands for anything
    encoding: str = "utf-8"
    delimiter: str | None = None
    sheet: str | None = None
    header_row: int = 1
    dates: str | None = None  # strptime format; None: 2026-03-12
    decimal: str = "."
    thousands: str = ""
    empty: list[str] = []  # words that mean nothing: "NULL"

    @property
    def format(self) -> Format:
        """How the file itself is written."""
        return Format(
            encoding=self.encoding, delimiter=self.delimiter, sheet=self.sheet, header_row=self.header_row
        )


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """One table feeding one target."""

    target: str
    table: str
    fields: dict[str, Value]
    where: tuple[Where, ...] = ()
    sum_rows: bool = False  # rows of the same node and lot are added up, not an error


class Mapping(msgspec.Struct, frozen=True, kw_only=True):
    """A whole mapping file."""

    name: str
    currency: str | None
    tables: dict[str, Source]
    feeds: tuple[Feed, ...]


def find(mapping: str | Path) -> Path:
    """The file of a mapping: a path, or the name of one that comes with Accord.

    Raises: InputError when there is neither.
    """
    path = Path(mapping)
    if path.exists():
        return path
    shipped = SHIPPED / f"{mapping}.toml"
    if re.fullmatch(r"[a-z0-9_]+", str(mapping)) and shipped.exists():
        return shipped
    names = ", ".join(sorted(one.stem for one in SHIPPED.glob("*.toml")))
    detail = f"There is no mapping {str(mapping)!r}. Name a file, or one that comes with Accord: {names}."
    raise InputError.at("mapping", "unknown_mapping", detail)


def parse(text: str, name: str) -> Mapping:
    """The mapping that a TOML text says.

    Raises: InputError naming the place that does not fit.
    """
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError.at("mapping", "not_toml", f"The mapping {name} is not TOML: {error}.") from None
    except (RecursionError, ValueError):
        detail = f"The mapping {name} is nested too deeply, or holds a number of thousands of digits. Take that out."
        raise InputError.at("mapping", "not_toml", detail) from None
    tables = {
        key: _as(Source, value, f"tables.{key}") for key, value in _table(found.pop("tables", {}), "tables")
    }
    label, currency = found.pop("name", name), found.pop("currency", None)
    feeds: list[Feed] = []
    for target, entries in found.items():
        if target not in TARGETS:
            raise _wrong(target, f"is no target. Use one of {', '.join(TARGETS)}")
        for index, entry in enumerate(entries if isinstance(entries, list) else [entries]):
            feeds.append(_feed(target, entry, tables, f"{target}[{index}]"))
    if not feeds:
        raise _wrong(name, "feeds nothing: add a section such as [[on_hand]]")
    order = list(TARGETS)
    feeds.sort(key=lambda feed: order.index(feed.target))
    return Mapping(name=str(label), currency=currency, tables=tables, feeds=tuple(feeds))


def _feed(target: str, entry: Any, tables: dict[str, Source], where: str) -> Feed:
    if not isinstance(entry, dict):
        raise _wrong(where, "is not a table")
    entry = dict(entry)
    table = entry.pop("table", NO_TABLE)
    if not isinstance(table, str):
        raise _wrong(f"{where}.table", "is not the name of a table")
    if table not in tables and table != NO_TABLE:
        raise _wrong(f"{where}.table", f"{table!r} is not described: add [tables.{table}]")
    said_where = entry.pop("where", [])
    if not isinstance(said_where, list):
        raise _wrong(f"{where}.where", "is not a list of conditions")
    conditions = tuple(_as(Where, one, f"{where}.where") for one in said_where)
    sum_rows = bool(entry.pop("sum_rows", False))
    fields: dict[str, Value] = {}
    for field, said in entry.items():
        if field not in TARGETS[target].fields:
            known = ", ".join(TARGETS[target].fields)
            raise _wrong(f"{where}.{field}", f"is no field of {target}. Use one of {known}")
        fields[field] = _as(Value, {"column": said} if isinstance(said, str) else said, f"{where}.{field}")
    missing = TARGETS[target].required - set(fields)
    if missing:
        raise _wrong(
            where, f"says nothing of {', '.join(sorted(missing))}, without which a row means nothing"
        )
    if table == NO_TABLE and any(one.column or one.template for one in fields.values()):
        raise _wrong(where, 'names no table: add table = "...", or give every field a value')
    for one in [*fields.values(), *conditions]:
        for join in (one.join, getattr(one, "found_in", None)):
            if join is not None and join.table not in tables:
                raise _wrong(where, f"joins the table {join.table!r}, which is not described")
    return Feed(target=target, table=table, fields=fields, where=conditions, sum_rows=sum_rows)


def _table(found: Any, where: str) -> Any:
    if not isinstance(found, dict):
        raise _wrong(where, "is not a table")
    return found.items()


def _as(type_: type[Any], said: Any, where: str) -> Any:
    try:
        return msgspec.convert(said, type_)
    except msgspec.ValidationError as error:
        raise _wrong(where, f"does not fit: {error}") from None


def _wrong(where: str, why: str) -> InputError:
    return InputError.at(f"mapping:{where}", "mapping_does_not_fit", f"In the mapping, {where} {why}.")
