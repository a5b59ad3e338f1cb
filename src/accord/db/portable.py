"""In what form does a whole database travel from one engine to another?

A gzip file: a header, then each table's rows in pieces, then a trailer with the number of rows of each table. Every part
is four bytes of length and that many bytes of MessagePack; the trailer also carries the digest of all parts before it,
so that a file that was cut off or damaged is found before a row of it is used.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import sqlalchemy as sa

from accord.db.tx import Tx
from accord.kit.days import Instant
from accord.kit.errors import InputError

MAGIC = b"\x1f\x8b"
_FORMAT = "accord-backup-1"
_PART_MAX = 1 << 30
_VERSIONS = "alembic_version"

Progress = Callable[[int, int], None]  # rows done, rows in all


class TableHead(msgspec.Struct, frozen=True, tag="table"):
    """A table that follows in pieces."""

    name: str
    columns: tuple[str, ...]


class Header(msgspec.Struct, frozen=True, tag="header"):
    """What the file is."""

    format: str
    schema: str  # version of the schema its rows fit
    made_at: Instant
    engine: str  # where it comes from
    rows: int


class Piece(msgspec.Struct, frozen=True, tag="rows"):
    """Rows of the table named last."""

    rows: list[tuple[Any, ...]]


class Trailer(msgspec.Struct, frozen=True, tag="end"):
    """What must have been read by now."""

    counts: dict[str, int]
    digest: str


_Part = Header | TableHead | Piece | Trailer
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Part).decode


def tables_of(tx: Tx) -> list[sa.Table]:
    """The tables that are there, as the database describes them, in an order in which they can be filled."""
    found = sa.MetaData()
    found.reflect(tx.connection)
    return [table for table in found.sorted_tables if table.name != _VERSIONS]


def write(tx: Tx, path: Path, *, schema: str, on_progress: Progress | None = None) -> Header:
    """Write every table, as this snapshot sees it, to a file that is there and empty."""
    tables = tables_of(tx)
    # How much there is: a scan of each table.
    total = sum(int(tx.rows(f'SELECT count(*) FROM "{table.name}"')[0][0]) for table in tables)  # noqa: S608
    header = Header(_FORMAT, schema, tx.now(), tx.dialect, total)
    counts: dict[str, int] = {}
    seen = sha256()
    done = 0
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 3, raw, mtime=0) as file:

        def put(part: _Part) -> None:
            data = _encode(part)
            framed = len(data).to_bytes(4, "big") + data
            seen.update(framed)
            file.write(framed)

        put(header)
        for table in tables:
            name = str(table.name)  # SQLAlchemy's names are a type of their own
            counts[name] = 0
            put(TableHead(name, tuple(str(column.name) for column in table.c)))
            named = ", ".join(f'"{column.name}"' for column in table.c)
            ordered = ", ".join(f'"{column.name}"' for column in table.primary_key) or "1"
            # The whole table in the order of its primary key, read in pieces.
            for rows in tx.stream(f'SELECT {named} FROM "{table.name}" ORDER BY {ordered}'):  # noqa: S608
                put(Piece(_with_truth(table, rows)))
                counts[name] += len(rows)
                done += len(rows)
                if on_progress is not None:
                    on_progress(done, total)
        put(Trailer(counts, seen.hexdigest()))
    return header


def _with_truth(table: sa.Table, rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """SQLite answers 0 and 1 where PostgreSQL has truth values: the file has those."""
    places = {place for place, column in enumerate(table.c) if isinstance(column.type, sa.Boolean)}
    if not places:
        return list(rows)
    return [
        tuple([bool(v) if place in places and v is not None else v for place, v in enumerate(row)])
        for row in rows
    ]


def read(path: Path) -> Iterator[Header | TableHead | Piece]:
    """The parts of a file in order.

    Raises: InputError when it is no such file, or was cut off or damaged; only the end shows that it was not.
    """
    try:
        with path.open("rb") as raw, gzip.GzipFile("", "rb", fileobj=raw) as file:
            yield from _parts(file, path)  # type: ignore[arg-type]
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise _damaged(path, str(error)) from error


def _parts(file: BinaryIO, path: Path) -> Iterator[Header | TableHead | Piece]:
    seen = sha256()
    counts: dict[str, int] = {}
    table = ""
    is_first = True
    while True:
        length = file.read(4)
        size = int.from_bytes(length, "big")
        data = file.read(size) if 0 < size < _PART_MAX else b""
        if len(length) < 4 or len(data) != size:
            raise _damaged(path, "it ends in the middle")
        part = _decode(data)
        if is_first != isinstance(part, Header) or (isinstance(part, Piece) and table not in counts):
            raise _damaged(path, "its parts are out of order")
        is_first = False
        if isinstance(part, Header) and part.format != _FORMAT:
            raise _damaged(path, f"its format is {part.format}")
        if isinstance(part, TableHead):
            table = part.name
            counts[table] = 0
        if isinstance(part, Piece):
            counts[table] += len(part.rows)
        if isinstance(part, Trailer):
            if part.counts != counts or part.digest != seen.hexdigest() or file.read(1):
                raise _damaged(path, "its contents are not what was written")
            return
        seen.update(length + data)
        yield part


def _damaged(path: Path, what: str) -> InputError:
    return InputError.at(
        "path", "not_a_backup", f"{path} cannot be used as a backup: {what}. Take another one."
    )


def load(
    tx: Tx, parts: Iterator[Header | TableHead | Piece], header: Header, on_progress: Progress | None
) -> int:
    """Put rows into tables that are there and empty; how many."""
    tables = {table.name: table for table in tables_of(tx)}
    table: sa.Table | None = None
    columns: tuple[str, ...] = ()
    done = 0
    for part in parts:
        if isinstance(part, TableHead):
            table, columns = tables.get(part.name), part.columns
            if table is None or {column.name for column in table.c} != set(columns):
                raise InputError.at(
                    "path", "not_a_backup", f"The backup's table {part.name} does not fit the schema."
                )
        elif isinstance(part, Piece) and table is not None:
            tx.insert(table, [dict(zip(columns, row, strict=True)) for row in part.rows])
            done += len(part.rows)
            if on_progress is not None:
                on_progress(done, header.rows)
    return done
