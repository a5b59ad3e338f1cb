"""What could this database do at best, if there were nothing to decide?

Raw rows: real batches of 256 promises are recorded as they are written, and then written again to a copy of the database they
were made in, a batch a transaction, one statement a table: the very rows, indexes and constraints, with no claim, lock,
look-up, decision, hash or encoding of JSON. A conditional update: what a shop without a calendar does, one counter a node.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import msgspec
import sqlalchemy as sa

from accord.db.engine import Database
from accord.db.schema import request as request_table
from accord.db.tx import Tx
from accord.promise.model import Request
from accord.promise.service import batch, promise
from bench.callers import WORKERS, NotPromised, Submit, is_promised
from bench.measure import Sample, sample
from bench.world import ACTOR, Asker, World, item

SIZE = 256  # promises a batch, where nothing else is said

_stock = sa.Table(
    "bench_stock",
    sa.MetaData(),
    sa.Column("item", sa.Text, primary_key=True),
    sa.Column("quantity", sa.BigInteger, nullable=False),
)
_order = sa.Table(
    "bench_order",
    sa.MetaData(),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("customer", sa.Text, nullable=False),
    sa.Column("item", sa.Text, nullable=False),
    sa.Column("quantity", sa.BigInteger, nullable=False),
    sa.Column("on_day", sa.Integer, nullable=False),
)


class Written(msgspec.Struct, frozen=True):
    """One statement of a batch."""

    table: sa.Table
    keys: tuple[str, ...]  # of an update; empty: an insert
    values: tuple[str, ...]
    rows: Sequence[Any]


def record(db: Database, asker: Asker, batches: int, size: int = SIZE) -> list[list[Written]]:
    """What real batches of so many one-line promises write."""
    return [_recorded(db, [asker.request() for _ in range(size)]) for _ in range(batches)]


def _recorded(db: Database, requests: Sequence[Request]) -> list[Written]:
    written: list[Written] = []
    claimed: list[dict[str, Any]] = []
    insert, update, rows_of = Tx.insert, Tx.update_many, Tx.rows_of

    def inserting(tx: Tx, table: sa.Table, rows: Sequence[Any]) -> None:
        if rows:
            written.append(Written(table, (), (), rows))
        insert(tx, table, rows)

    def updating(tx: Tx, table: sa.Table, keys: Any, values: Any, rows: Any, **more: Any) -> None:
        if rows:
            written.append(Written(table, tuple(keys), tuple(values), rows))
        update(tx, table, keys, values, rows, **more)

    def claiming(tx: Tx, sql: str, table: sa.Table, names: Any, rows: Any, **more: Any) -> Any:
        if table is request_table:
            claimed.extend(dict(zip(names, row, strict=True)) for row in rows)
        return rows_of(tx, sql, table, names, rows, **more)

    with (
        patch.object(Tx, "insert", inserting),
        patch.object(Tx, "update_many", updating),
        patch.object(Tx, "rows_of", claiming),
        patch.object(batch, "BUDGET_SECONDS", 3_600.0),
    ):
        answers = promise(db, requests, actor=ACTOR)
    refused = [answer for answer in answers if not is_promised(answer)]
    if refused:
        raise NotPromised(f"{len(refused)} of {len(answers)} were not promised, the first: {refused[0]}")
    return [_whole(one, claimed) if one.table is request_table else one for one in written]


def _whole(replies: Written, claimed: Sequence[dict[str, Any]]) -> Written:
    """Claims and replies as one insert: nobody else is there who could have claimed the same."""
    reply = {row[0]: dict(zip(replies.values, row[1:], strict=True)) for row in replies.rows}
    rows = [
        # A claim has the clock of its statement for a moment; that of its reply is as good.
        {"created_at": reply[one["id"]]["replied_at"], **one, **reply[one["id"]]}
        for one in claimed
    ]
    return Written(request_table, (), (), rows)


def rewrite(db: Database, batches: Sequence[Sequence[Written]], size: int = SIZE) -> Sample:
    """Write recorded batches again, a transaction each."""
    waits = []
    cpu, began = time.process_time(), time.perf_counter()
    for written in batches:
        begun = time.perf_counter()
        with db.write() as tx:
            for one in written:
                if one.keys:
                    tx.update_many(one.table, one.keys, one.values, one.rows)
                else:
                    tx.insert(one.table, one.rows)
        waits += [time.perf_counter() - begun] * size
    return sample(waits, time.perf_counter() - began, cpu_seconds=time.process_time() - cpu)


@contextmanager
def conditional_updates(db: Database, world: World) -> Iterator[Submit]:
    """A transaction for each request: lower a counter if it suffices, keep the order; no days, no promise, no proof."""
    with db.write() as tx:
        tx.connection.execute(sa.schema.CreateTable(_stock))
        tx.connection.execute(sa.schema.CreateTable(_order))
        tx.insert(_stock, [(item(n), 10**9) for n in range(world.items)])

    def work(request: Request) -> bool:
        (line,) = request.lines
        with db.write() as tx:
            # One row, by primary key.
            found = tx.execute(
                "UPDATE bench_stock SET quantity = quantity - :n WHERE item = :item AND quantity >= :n",
                n=line.quantity,
                item=line.item,
            )
            tx.insert(_order, [(request.id, request.customer, line.item, line.quantity, line.requested_on)])
        return found == 1

    with ThreadPoolExecutor(WORKERS[db.dialect], "conditional update") as pool:
        yield lambda request: pool.submit(work, request)
