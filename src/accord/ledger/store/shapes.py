"""How does a struct become a row, and a row the struct again?

Columns are named as fields, only `on` is `on_day`, since ON is a word of SQL. A field without a column, or a column
without a field, is a fault when this is imported: nothing is silently left out.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Sequence
from enum import Enum
from operator import attrgetter
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import Table

from accord.kit.errors import Fault

T = TypeVar("T", bound=msgspec.Struct)
_VERSIONS = ("version_from", "version_to")


class Shape(Generic[T]):
    """One type of struct and the table that keeps it."""

    def __init__(self, type_: type[T], table: Table) -> None:
        self.type = type_
        self.table = table
        columns = [column.name for column in table.c if column.name not in _VERSIONS]
        self.fields = tuple(["on" if name == "on_day" else name for name in columns])
        if set(self.fields) != set(type_.__struct_fields__):
            odd = set(self.fields) ^ set(type_.__struct_fields__)
            raise Fault(f"{type_.__name__} and {table.name} differ in {', '.join(sorted(odd))}")
        self.columns = ", ".join([f'"{name}"' for name in columns])
        self._get: Callable[[T], tuple[Any, ...]] = attrgetter(*self.fields)
        hints = typing.get_type_hints(type_)
        odd_ones = [(place, *_ways(hints[name])) for place, name in enumerate(self.fields)]
        self._to = [(place, to) for place, to, _ in odd_ones if to is not None]
        self._of = [(place, of) for place, _, of in odd_ones if of is not None]

    def values(self, struct: T) -> list[Any]:
        """The struct's values in the order of the columns, versions left out."""
        values = list(self._get(struct))
        for place, to in self._to:
            values[place] = to(values[place])
        return values

    def versioned(self, struct: T, version_from: int, version_to: int | None) -> list[Any]:
        """The row of a table whose third and fourth columns are the versions."""
        values = self.values(struct)
        values[2:2] = (version_from, version_to)
        return values

    def struct(self, row: Sequence[Any]) -> T:
        """The struct of a row of `columns`."""
        fields = dict(zip(self.fields, row, strict=True))
        for place, of in self._of:
            name = self.fields[place]
            fields[name] = of(fields[name])
        return self.type(**fields)


def _ways(hint: Any) -> tuple[Callable[[Any], Any] | None, Callable[[Any], Any] | None]:
    """How a value of this type goes into a row and comes out of it; None = as it is."""
    if isinstance(hint, type) and issubclass(hint, Enum):
        members = {member.value: member for member in hint}
        return attrgetter("value"), members.__getitem__
    if hint is bool:
        return None, bool  # SQLite answers 0 and 1
    if typing.get_origin(hint) is tuple:
        return _to_json, _of_json
    return None, None


def _to_json(value: tuple[str, ...]) -> str:
    return msgspec.json.encode(value).decode()


def _of_json(text: str) -> tuple[str, ...]:
    return msgspec.json.decode(text, type=tuple[str, ...])
