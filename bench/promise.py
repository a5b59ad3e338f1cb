"""The suite `promise`: one-line promises beside their limits, over HTTP and in process, on both databases.

Loads that are compared take turns, so that whatever else the machine does weighs on all of them; what is claimed is the
middle of their ratios, turn by turn. Every answer is checked: a load in which one request is not promised is a failure.
"""

from __future__ import annotations

import gc
import itertools
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec

from accord.db.engine import Database
from accord.promise import service
from bench import callers, floors, machine, made, over_http, postgres, where
from bench.databases import ENGINES, Store, fsync_ms
from bench.measure import Counts, Figure, Sample
from bench.where import Where
from bench.world import Asker, World

Say = Callable[[str], None]

_names = (f"run{n}" for n in itertools.count())  # each repetition asks with ids of its own


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one run measured."""

    counts: Counts
    machine: dict[str, str]
    fsync_ms: float
    load_at_end: float
    settings: dict[str, dict[str, str]]  # by engine
    figures: tuple[Figure, ...]
    where: tuple[Where, ...]


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to measure again and again."""

    way: str
    nodes: str
    measure: Callable[[str, float], Sample]  # of a name and seconds


def run(counts: Counts, say: Say) -> Report:
    """Measure everything."""
    described = machine.described()
    figures: list[Figure] = []
    looks: list[Where] = []
    settings: dict[str, dict[str, str]] = {}
    with tempfile.TemporaryDirectory(prefix="accord-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        synced = fsync_ms(folder)
        server_url = stack.enter_context(postgres.server())
        for engine in ENGINES:
            store = Store(engine, folder, server_url)
            stack.callback(store.drop)
            say(f"{engine}: a company of {counts.items:,} items at two sites")
            world = store.fill(counts.items)
            settings[engine] = store.settings()
            figures += _in_process(store, world, counts, say)
            figures += _http(store, world, counts, say)
            figures += _made(store, world, counts, say)
            with store.opened_copy() as db:
                looks.append(where.look(db, Asker(world, next(_names), is_hot=False), counts.batches))
        return Report(
            counts=counts,
            machine=described,
            fsync_ms=synced,
            load_at_end=machine.load_now(),
            settings=settings,
            figures=tuple(figures),
            where=tuple(looks),
        )


def _in_process(store: Store, world: World, counts: Counts, say: Say) -> list[Figure]:
    figures: list[Figure] = []
    with ExitStack() as stack:
        shared, alone, simple, recorded, raw = [stack.enter_context(store.opened_copy()) for _ in range(5)]
        at_desk = stack.enter_context(callers.at_the_desk(shared))
        stack.callback(service.desk(shared).close)
        by_one = stack.enter_context(callers.one_by_one(alone))
        updates = stack.enter_context(floors.conditional_updates(simple, world))
        gc.collect()
        gc.freeze()  # as the server does once it is started
        for clients in counts.clients:

            def calling(
                submit: callers.Submit, *, is_hot: bool, clients: int = clients
            ) -> Callable[[str, float], Sample]:
                return lambda name, seconds: callers.call(
                    submit, Asker(world, name, is_hot=is_hot), clients=clients, seconds=seconds
                )

            loads = [
                Load(way=way, nodes=nodes, measure=calling(submit, is_hot=nodes == "hot"))
                for nodes in ("spread", "hot")
                for way, submit in (("desk", at_desk), ("one by one", by_one))
            ]
            if clients == max(counts.clients):
                loads.append(
                    Load(way="conditional update", nodes="spread", measure=calling(updates, is_hot=False))
                )
                loads += [
                    Load(
                        way="raw rows",
                        nodes=nodes,
                        measure=_raw(recorded, raw, world, counts, nodes == "hot"),
                    )
                    for nodes in ("spread", "hot")
                ]
            figures += _take_turns("in process", store.engine, clients, loads, counts, say)
        return figures


def _raw(
    recorded: Database, raw: Database, world: World, counts: Counts, is_hot: bool
) -> Callable[[str, float], Sample]:
    def measure(name: str, seconds: float) -> Sample:
        batches = counts.batches if seconds == counts.seconds else 1
        written = floors.record(recorded, Asker(world, name, is_hot=is_hot), batches)
        return floors.rewrite(raw, written)

    return measure


def _http(store: Store, world: World, counts: Counts, say: Say) -> list[Figure]:
    figures: list[Figure] = []
    with ExitStack() as stack:
        shared = stack.enter_context(over_http.served(store.copy()))
        alone = stack.enter_context(over_http.served(store.copy(), one_by_one=True))
        client = stack.enter_context(over_http.client(world))
        for clients in counts.clients:

            def calling(
                server: over_http.Server, route: tuple[str, int], *, is_hot: bool, clients: int = clients
            ) -> Callable[[str, float], Sample]:
                return lambda name, seconds: client.call(
                    server, route, name=name, is_hot=is_hot, clients=clients, seconds=seconds
                )

            loads = [
                # The desk comes first: what `validate` answers with is as long as the answers before it.
                Load(way=way, nodes=nodes, measure=calling(server, over_http.PROMISE, is_hot=nodes == "hot"))
                for nodes in ("spread", "hot")
                for way, server in (("desk", shared), ("one by one", alone))
            ]
            loads.append(
                Load(way="validate", nodes="", measure=calling(shared, over_http.VALIDATE, is_hot=False))
            )
            figures += _take_turns("http", store.engine, clients, loads, counts, say)
        return figures


def _made(store: Store, world: World, counts: Counts, say: Say) -> list[Figure]:
    with store.opened_copy() as db:
        loads = [
            Load(
                way="made, decision alone",
                nodes="",
                measure=lambda name, _: made.decide_alone(db, world, name, counts.made),
            ),
            Load(
                way="made, durable",
                nodes="",
                measure=lambda name, _: made.durable(db, world, name, counts.made),
            ),
        ]
        return _take_turns("in process", store.engine, 1, loads, counts, say)


def _take_turns(
    door: str, engine: str, clients: int, loads: Sequence[Load], counts: Counts, say: Say
) -> list[Figure]:
    """Each load once to warm up, then all of them in turn, again and again."""
    for load in loads:
        load.measure(next(_names), counts.warm_up_seconds)
    samples: list[list[Sample]] = [[] for _ in loads]
    for _ in range(counts.repetitions):
        for load, found in zip(loads, samples, strict=True):
            found.append(load.measure(next(_names), counts.seconds))
    figures = [
        Figure(
            door=door, way=load.way, engine=engine, nodes=load.nodes, clients=clients, samples=tuple(found)
        )
        for load, found in zip(loads, samples, strict=True)
    ]
    for figure in figures:
        say(_line(figure))
    return figures


def _line(figure: Figure) -> str:
    rates = sorted(sample.rate for sample in figure.samples)
    middle = figure.samples[len(figure.samples) // 2]
    return (
        f"  {figure.engine:10} {figure.door:10} {figure.way:22} {figure.nodes:6} {figure.clients:3} clients"
        f"  {rates[len(rates) // 2]:8,.0f}/s  p50 {middle.p50_ms:7.2f} ms  p99 {middle.p99_ms:7.2f} ms"
    )
