"""The suite `promise`: every row of the speed table, side by side in one run.

One-line promises beside their limits over HTTP and in process, on both databases and on a slower disk; the batch door;
several processes; what is made; a backlog; supply news; and other systems at the same work.
"""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import msgspec

from bench import backlog, bulk, machine, made, news, one_line, postgres, processes, slow_disk, where
from bench.databases import ENGINES, Store, fsync_ms
from bench.measure import Counts, Figure, Missing
from bench.peers import measure as peers
from bench.sections import Run, Say, names
from bench.slow_disk import SLOW
from bench.where import Profile, Where
from bench.world import Asker

MAIN_HERE, MAIN_HTTP, SLOW_HERE, SLOW_HTTP = "in process", "http", "in process, +5 ms", "http, +5 ms"
MADE, WHERE, PEERS = "two-level bill", "profile", peers.SECTION
SECTIONS = (
    MAIN_HERE,
    MAIN_HTTP,
    SLOW_HERE,
    SLOW_HTTP,
    MADE,
    WHERE,
    bulk.SECTION,
    processes.SECTION,
    backlog.SECTION,
    news.SECTION,
    peers.SECTION,
)


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one run measured."""

    counts: Counts
    machine: dict[str, str]
    fsync_ms: float
    load_at_end: float
    seconds: float  # how long it took
    settings: dict[str, dict[str, str]]  # by engine
    figures: tuple[Figure, ...]
    missing: tuple[Missing, ...]
    facts: dict[str, str]  # what a claim must say beside its figure: how many commitments were open
    where: tuple[Where, ...]
    profiles: tuple[Profile, ...]  # of what is no promise of one line


def run(counts: Counts, say: Say, only: frozenset[str] = frozenset()) -> Report:
    """Measure everything, or the sections that are named alone; empty = all."""
    began = time.monotonic()
    described = machine.described()
    found = Run(counts, say, only)
    looks: list[Where] = []
    settings: dict[str, dict[str, str]] = {}
    with tempfile.TemporaryDirectory(prefix="accord-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        synced = fsync_ms(folder)
        server_url = _postgres(found, stack)
        for engine in ENGINES:
            if engine == "postgresql" and not server_url:
                continue
            store = Store(engine, folder, server_url)
            stack.callback(store.drop)
            _engine(found, store, looks, settings)
        for section, seconds in found.seconds.items():
            say(f"{seconds:6.0f} s  {section}")
        return Report(
            counts=counts,
            machine=described,
            fsync_ms=synced,
            load_at_end=machine.load_now(),
            seconds=time.monotonic() - began,
            settings=settings,
            figures=tuple(found.figures),
            missing=tuple(found.missing),
            facts=found.facts,
            where=tuple(looks),
            profiles=tuple(found.profiles),
        )


def _postgres(run: Run, stack: ExitStack) -> str:
    """A running server, or nothing where none can be started."""
    try:
        return stack.enter_context(postgres.server())
    except Exception as error:  # noqa: BLE001 - whatever it is, the files can be measured without it
        run.lacks(f"PostgreSQL did not start: {error}", section="", engine="postgresql")
        return ""


def _engine(run: Run, store: Store, looks: list[Where], settings: dict[str, dict[str, str]]) -> None:
    """Every section that this database has."""
    counts, engine = run.counts, store.engine
    run.say(f"{engine}: a company of {counts.items:,} items at two sites")
    try:
        world = store.fill(counts.items)
        settings[engine] = store.settings()
    except Exception as error:  # noqa: BLE001 - the other database can be measured without it
        run.lacks(f"the company could not be loaded: {error}", section="", engine=engine)
        return
    with run.section(MAIN_HERE, engine) as wanted:
        if wanted:
            one_line.in_process(run, store, world, section=MAIN_HERE)
    with run.section(MAIN_HTTP, engine) as wanted:
        if wanted:
            one_line.http(run, store, world, section=MAIN_HTTP)
    with run.section(SLOW_HERE, engine) as wanted:
        if wanted:
            with ExitStack() as stack:
                if engine == "sqlite":
                    stack.enter_context(slow_disk.sqlite())
                one_line.in_process(run, store, world, section=SLOW_HERE, disk=SLOW)
    with run.section(SLOW_HTTP, engine) as wanted:
        if wanted:
            one_line.http(run, store, world, section=SLOW_HTTP, disk=SLOW)
    with run.section(bulk.SECTION, engine) as wanted:
        if wanted:
            bulk.measure(run, store, world)
    if engine == "postgresql":
        with run.section(processes.SECTION, engine) as wanted:
            if wanted:
                processes.measure(run, store, world)
        with run.section(backlog.SECTION, engine, seconds=backlog.SECONDS_MAX) as wanted:
            if wanted:
                backlog.measure(run, store, world)
        with run.section(news.SECTION, engine, seconds=news.SECONDS_MAX) as wanted:
            if wanted:
                news.measure(run, store, world)
        with run.section(peers.SECTION, engine, seconds=peers.SECONDS_MAX) as wanted:
            if wanted:
                peers.measure(run, store, world)
    with run.section(MADE, engine) as wanted:
        if wanted:
            made.measure(run, store, world, section=MADE)
    with run.section(WHERE, engine) as wanted:
        if wanted:
            with store.opened_copy() as db:
                looks.append(where.look(db, Asker(world, next(names), is_hot=False), counts.batches))
