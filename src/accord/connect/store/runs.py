"""Where are the runs of imports kept: their files, the rows on their way in, what they did, how to undo it?

Pieces are written in transactions of their own before the run's one switch, outside of every lock of the ledger; a
process that is killed leaves them, and the next one goes on behind them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Column, Index, Integer, LargeBinary, Table

from accord.connect.model import RunState
from accord.db import records as _records
from accord.db.made_by import made_by
from accord.db.schema import Moment, Words, metadata
from accord.db.tx import Tx
from accord.kit.days import Instant

_MAPPINGS = "import_mapping_version"
mapping_table = _records.table_of_records("import_mapping")

import_run = Table(
    "import_run",
    metadata,
    Column("id", Words, primary_key=True),  # imp_...
    Column("content", Words, nullable=False),  # of files, mapping and choices: the same content is the same run
    Column("source", Words, nullable=False),
    Column("state", Words, nullable=False),  # model.RunState
    Column("actor", Words, nullable=False),  # who put it in
    Column("done_by", Words),  # who let it in
    Column("begun_at", Moment, nullable=False),  # days that are said relative to today are read as of then
    Column("done_at", Moment),
    Column("undone_at", Moment),
    Column("basis", Words, nullable=False),  # versions of master data and policy that it was read against
    Column("setup", LargeBinary, nullable=False),  # JSON of model.Setup
    Column("report", LargeBinary),  # JSON of model.Report
    Column("problem", LargeBinary),  # JSON: why it cannot come in yet
    Column("undo", LargeBinary),  # msgpack of what must be known to take it back
    # A content comes in once, unless it was undone.
    Index("uq_import_run_content", "content", unique=True, sqlite_where=sa.text("state <> 'undone'"),
          postgresql_where=sa.text("state <> 'undone'")),
)  # fmt: skip

import_piece = Table(
    "import_piece",
    metadata,
    Column("run", Words, primary_key=True),
    Column("kind", Words, primary_key=True),  # file, rows, rejected
    Column("name", Words, primary_key=True),  # of the file
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
)

_NAMES = tuple(str(column.name) for column in import_run.c)
_COLUMNS = ", ".join(_NAMES)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A run as it is kept."""

    id: str
    content: str
    source: str
    state: str
    actor: str
    done_by: str | None = None
    begun_at: Instant
    done_at: Instant | None = None
    undone_at: Instant | None = None
    basis: str
    setup: bytes
    report: bytes | None = None
    problem: bytes | None = None
    undo: bytes | None = None


def run(tx: Tx, id: str, *, to_change: bool = False) -> Row | None:
    """One run; `to_change` keeps others from changing it until the transaction ends."""
    # One row, by primary key.
    sql = f"SELECT {_COLUMNS} FROM import_run WHERE id = :id"  # noqa: S608 - our own names
    found = tx.rows(sql + (" FOR UPDATE" if to_change else ""), id=id)
    return _row(found[0]) if found else None


def run_of_content(tx: Tx, content: str) -> Row | None:
    """The run of this content that was not undone."""
    # One row, by the partial unique index on the content.
    found = tx.rows(
        f"SELECT {_COLUMNS} FROM import_run WHERE content = :content AND state <> 'undone'",  # noqa: S608 - our own names
        content=content,
    )
    return _row(found[0]) if found else None


def last_done(tx: Tx, content: str) -> tuple[str, Row | None]:
    """The last run of this content that is done, and under which content the next one of it is kept.

    What came in before and comes in again, since other news has changed what it says, is kept behind the run before it:
    so two that bring it in again at one moment are one run.
    """
    free, last = content, None
    while (row := run_of_content(tx, free)) is not None and row.state == RunState.done:
        free, last = f"{content}:again:{row.id}", row
    return free, last


def runs_page(tx: Tx, before: str | None, limit: int, actors: Iterable[str] | None = None) -> list[Row]:
    """Runs, newest first, from the one before `before` on; `actors`: only what these put in."""
    by, named = made_by(actors)
    narrowed = "".join(f" AND {one}" for one in by)
    # A stretch of the primary key, backwards: ids sort by time.
    found = tx.rows(
        f"SELECT {_COLUMNS} FROM import_run WHERE id < :before{narrowed} ORDER BY id DESC LIMIT :limit",  # noqa: S608
        before=before or "imp_~",
        limit=limit,
        **named,
    )
    return [_row(one) for one in found]


def old_runs(tx: Tx, before: Instant, limit: int) -> list[str]:
    """Runs that were begun before a moment and are still neither done nor undone."""
    # A scan of the runs, of which there are few.
    found = tx.rows(
        "SELECT id FROM import_run WHERE begun_at < :before AND state NOT IN ('done', 'undone') ORDER BY id LIMIT :limit",
        before=before,
        limit=limit,
    )
    return [id for (id,) in found]


def old_lists(tx: Tx, before: Instant, limit: int) -> list[str]:
    """Runs that came in before a moment, and of which it is still kept one by one what they did."""
    # A scan of the runs, of which there are few, and of each the first piece of its kind, by primary key.
    found = tx.rows(
        "SELECT id FROM import_run WHERE done_at < :before AND EXISTS"
        " (SELECT 1 FROM import_piece WHERE run = id AND kind = 'changes') ORDER BY id LIMIT :limit",
        before=before,
        limit=limit,
    )
    return [id for (id,) in found]


def add_run(tx: Tx, row: Row) -> bool:
    """Keep a new run; False when another process has just begun the same content."""
    values = {name: getattr(row, name) for name in _NAMES}
    # One row, unless the content is there; by the partial unique index.
    count = tx.execute(
        f"INSERT INTO import_run ({_COLUMNS}) VALUES ({', '.join(f':{name}' for name in _NAMES)})"  # noqa: S608
        " ON CONFLICT (content) WHERE state <> 'undone' DO NOTHING",
        **values,
    )
    return count == 1


def change_run(tx: Tx, id: str, **values: str | int | bytes | None) -> None:
    """Change columns of one run."""
    names = sorted(values)
    tx.update_many(import_run, ("id",), names, [(id, *(values[name] for name in names))])


def drop_run(tx: Tx, id: str) -> None:
    """Forget a run that did not come in, with its pieces."""
    # Rows of one run, by primary key.
    if tx.execute("DELETE FROM import_run WHERE id = :id AND state NOT IN ('done', 'undone')", id=id):
        tx.execute("DELETE FROM import_piece WHERE run = :run", run=id)


def add_piece(tx: Tx, run: str, kind: str, name: str, seq: int, body: bytes) -> None:
    """Keep a piece; one that is there already stays."""
    # One row, unless it is there; by primary key.
    tx.execute(
        "INSERT INTO import_piece (run, kind, name, seq, body) VALUES (:run, :kind, :name, :seq, :body)"
        " ON CONFLICT (run, kind, name, seq) DO NOTHING",
        run=run,
        kind=kind,
        name=name,
        seq=seq,
        body=body,
    )


def count_pieces(tx: Tx, run: str, kind: str) -> int:
    """How many pieces of a kind there are."""
    # A stretch of the primary key.
    found = tx.rows("SELECT count(*) FROM import_piece WHERE run = :run AND kind = :kind", run=run, kind=kind)
    return int(found[0][0])


def pieces(tx: Tx, run: str, kind: str) -> Iterator[tuple[str, bytes]]:
    """Name and body of the pieces of a kind, by name and number; read one by one."""
    # Which there are, and then each: a stretch of the primary key, and rows by primary key.
    there = tx.rows(
        "SELECT name, seq FROM import_piece WHERE run = :run AND kind = :kind ORDER BY name, seq",
        run=run,
        kind=kind,
    )
    for name, seq in there:
        ((body,),) = tx.rows(
            "SELECT body FROM import_piece WHERE run = :run AND kind = :kind AND name = :name AND seq = :seq",
            run=run,
            kind=kind,
            name=name,
            seq=seq,
        )
        yield name, bytes(body)


def drop_pieces(tx: Tx, run: str, *kinds: str) -> None:
    """Forget the pieces of these kinds."""
    for kind in kinds:
        # A stretch of the primary key.
        tx.execute("DELETE FROM import_piece WHERE run = :run AND kind = :kind", run=run, kind=kind)


def stated_by(tx: Tx, source: str) -> list[bytes]:
    """What runs of a source that are done stated."""
    # The runs of a source by a scan, of which there are few, and their pieces by primary key.
    found = tx.rows(
        "SELECT p.body FROM import_run r JOIN import_piece p ON p.run = r.id AND p.kind = 'stated'"
        " WHERE r.source = :source AND r.state = 'done' ORDER BY r.id, p.seq",
        source=source,
    )
    return [bytes(body) for (body,) in found]


def put_piece(tx: Tx, run: str, kind: str, body: bytes) -> None:
    """Keep the one piece of a kind, in place of what was there."""
    drop_pieces(tx, run, kind)
    add_piece(tx, run, kind, "", 0, body)


def piece(tx: Tx, run: str, kind: str, name: str = "", seq: int = 0) -> bytes | None:
    """One piece; None when it is not there."""
    # One row, by primary key.
    found = tx.rows(
        "SELECT body FROM import_piece WHERE run = :run AND kind = :kind AND name = :name AND seq = :seq",
        run=run,
        kind=kind,
        name=name,
        seq=seq,
    )
    return bytes(found[0][0]) if found else None


def remembered(tx: Tx, kind: str, id: str) -> bytes | None:
    """What is remembered of a source beside how it is read: the plan of a shape of table, the run of some files."""
    # One row in force, by the partial unique index on kind and id.
    found = tx.rows(
        "SELECT body FROM import_mapping WHERE kind = :kind AND id = :id AND version_to IS NULL",
        kind=kind,
        id=id,
    )
    return bytes(found[0][0]) if found else None


def remember(tx: Tx, kept: Sequence[tuple[str, str, bytes]]) -> None:
    """Remember (kind, id, body); what was remembered before stays on record."""
    _records.put(tx, mapping_table, _MAPPINGS, kept)


def mapping_of(tx: Tx, source: str) -> bytes | None:
    """How a source's files were read last: JSON of model.Setup."""
    # One row in force, by the partial unique index on kind and id.
    found = tx.rows(
        "SELECT body FROM import_mapping WHERE kind = 'setup' AND id = :source AND version_to IS NULL",
        source=source,
    )
    return bytes(found[0][0]) if found else None


def put_mapping(tx: Tx, source: str, body: bytes) -> None:
    """Keep how a source's files are read; the ways they were read before stay on record."""
    _records.put(tx, mapping_table, _MAPPINGS, [("setup", source, body)])


def _row(values: tuple[Any, ...]) -> Row:
    return Row(**dict(zip(_NAMES, values, strict=True)))
