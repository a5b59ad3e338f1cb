"""How fast are open order lines promised that came in from elsewhere, beside moving the same rows with nothing decided?

The backlog is promised as `accord promise-open` does it, kept and durable, with as many processes as it takes by itself, and beside
it in one; the floor copies its lines out and every row that the
promises left in, by PostgreSQL's own COPY into the same tables with the same indexes and checks.
"""

from __future__ import annotations

import io
import random
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

import psycopg
from psycopg import sql

from accord.connect import service, store
from accord.connect.model import OpenLine
from accord.db.engine import Database
from bench.callers import NotPromised
from bench.databases import Store
from bench.measure import Counts, Sample, sample
from bench.sections import Load, Run
from bench.where import profiled
from bench.world import ACTOR, SEED, Asker, World, made_request

SECTION = "backlog"
SECONDS_MAX = 600.0
STOCK, MADE, COPY = "backlog, stock and receipts", "backlog, two-level bill and capacity", "COPY out and in"
ALONE = "backlog, stock and receipts, one process"
USED = "processes that promised the backlog"  # the name of a fact
TITLE = "A backlog that stock and receipts cover, for each line"
_REPETITIONS_MAX = 2
# What promising writes; the lines themselves are read and settled.
_WRITTEN = (
    "request", "decision", "promise", "ledger_key", "ledger_draw", "ledger_commitment", "audit", "outbox",
)  # fmt: skip
_LINES = "open_line"


def measure(run: Run, store_: Store, world: World) -> None:
    """A backlog that stock and receipts cover, and the copy of it, by turns, with one that must be made."""
    counts = run.counts
    promised: list[str] = []  # databases whose backlog was promised, the latest last

    def stock(name: str, seconds: float, processes: int | None) -> Sample:
        url = store_.copy()
        promised.append(url)
        with store_.opened(url) as db:
            lines = list(_lines(world, name, _many(counts, counts.lines, seconds)))
            taken, used = _promised(db, lines, processes)
        if processes is None:
            run.facts[USED] = str(used)
        return taken

    def copied(_name: str, _seconds: float) -> Sample:
        return _copied(promised[-1], store_.copy())

    def made(name: str, seconds: float) -> Sample:
        with store_.opened_copy() as db:
            lines = list(_made_lines(world, name, _many(counts, counts.made_lines, seconds)))
            return _promised(db, lines)[0]

    loads = [
        Load(way=ALONE, nodes="spread", measure=partial(stock, processes=1)),
        Load(way=STOCK, nodes="spread", measure=partial(stock, processes=None)),
        Load(way=COPY, nodes="spread", measure=copied),
        Load(way=MADE, nodes="", measure=made),
    ]
    run.take_turns(
        SECTION, loads, door="in process", engine=store_.engine,
        repetitions=min(_REPETITIONS_MAX, counts.repetitions),
    )  # fmt: skip
    with ExitStack() as stack:
        db = stack.enter_context(store_.opened_copy())
        lines = list(_lines(world, "profile", _many(counts, counts.lines, 0)))
        work: Callable[[], object] = lambda: _promised(db, lines, 1)  # noqa: E731 - one call
        run.profiles.append(profiled(TITLE, work, len(lines)))


def _many(counts: Counts, lines: int, seconds: float) -> int:
    """A tenth of them to warm up."""
    return lines if seconds == counts.seconds else max(2, lines // 10)


def _lines(world: World, name: str, many: int) -> Iterator[OpenLine]:
    asker, chance = Asker(world, name, is_hot=False), random.Random(f"{SEED} {name}")
    for n in range(many):
        request = asker.request()
        due_on = request.lines[0].requested_on
        yield OpenLine(
            source="erp", id=f"{n:07}", priority=chance.randrange(3), due_on=due_on, request=request
        )


def _made_lines(world: World, name: str, many: int) -> Iterator[OpenLine]:
    for n in range(many):
        request = made_request(world, name, n)
        yield OpenLine(
            source="erp", id=f"{n:07}", priority=0, due_on=request.lines[0].requested_on, request=request
        )


def _promised(db: Database, lines: list[OpenLine], processes: int | None = None) -> tuple[Sample, int]:
    """Promise them all; each must get something. With how many processes it was done."""
    with db.write() as tx:
        store.add_lines(tx, lines)
    cpu, began = _cpu_seconds(), time.perf_counter()
    done = service.promise_open(db, actor=ACTOR, processes=processes)
    passed = time.perf_counter() - began
    if done.refused or done.lines != len(lines):
        raise NotPromised(f"of {len(lines)} lines {done.lines} were decided, refused: {done.refused}")
    taken = sample([passed] * len(lines), passed, cpu_seconds=_cpu_seconds() - cpu)
    return taken, done.processes


def _cpu_seconds() -> float:
    """What this process has used, with the processes it started and has seen end."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def _copied(source: str, target: str) -> Sample:
    """Copy the lines out, and every row that their promises left into another database that has the same tables."""
    passed = 0.0
    rows: dict[str, bytes] = {}
    with psycopg.connect(source) as out:
        ((lines,),) = out.execute(f"select count(*) from {_LINES}").fetchall()
        began = time.perf_counter()
        _out(out, _LINES)
        passed += time.perf_counter() - began
        for table in (*_WRITTEN, _LINES):
            rows[table] = _out(out, table)  # not counted: who promises does not read them
    with psycopg.connect(target) as into:
        for table in rows:
            into.execute(sql.SQL("truncate {} cascade").format(sql.Identifier(table)))
        into.commit()
        began = time.perf_counter()
        for table, body in rows.items():
            copy_in = sql.SQL("copy {} from stdin (format binary)").format(sql.Identifier(table))
            with into.cursor().copy(copy_in) as copy:
                copy.write(body)
        into.commit()
        passed += time.perf_counter() - began
    return sample([passed] * lines, passed)


def _out(connection: psycopg.Connection, table: str) -> bytes:
    body = io.BytesIO()
    copy_out = sql.SQL("copy {} to stdout (format binary)").format(sql.Identifier(table))
    with connection.cursor().copy(copy_out) as copy:
        for part in copy:
            body.write(part)
    return body.getvalue()
