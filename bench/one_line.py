"""What does a promise of one line cost, over HTTP and in process, beside what it could cost at best?

Loads that are compared take turns, so that whatever else the machine does weighs on all of them; what is claimed is the
middle of their ratios, turn by turn. Every answer is checked: a load in which one request is not promised is a failure.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from accord.db.engine import Database
from accord.promise import service
from accord.web.server.interpreter import collect_seldom
from bench import callers, floors, over_http
from bench.databases import Store
from bench.measure import Counts, Sample
from bench.sections import Load, Run
from bench.slow_disk import SLOW
from bench.world import Asker, World

IN_PROCESS, HTTP = "in process", "http"


def in_process(run: Run, store: Store, world: World, *, section: str, disk: str = "") -> None:
    """Callers at the desk, with transactions of their own, and the floors of this database."""
    counts = run.counts
    with ExitStack() as stack:
        shared, alone, simple, recorded, raw = [
            stack.enter_context(store.opened_copy(disk=disk)) for _ in range(5)
        ]
        at_desk = stack.enter_context(callers.at_the_desk(shared))
        stack.callback(service.desk(shared).close)
        by_one = stack.enter_context(callers.one_by_one(alone))
        updates = stack.enter_context(floors.conditional_updates(simple, world))
        collect_seldom()  # as the server does once it is started
        for clients in _clients(counts, disk):

            def calling(
                submit: callers.Submit, *, is_hot: bool, clients: int = clients
            ) -> Callable[[str, float], Sample]:
                return lambda name, seconds: callers.call(
                    submit, Asker(world, name, is_hot=is_hot), clients=clients, seconds=seconds
                )

            loads = [
                Load(way=way, nodes=nodes, measure=calling(submit, is_hot=nodes == "hot"))
                for nodes in _nodes(clients, disk)
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
            run.take_turns(
                section, loads, door=IN_PROCESS, engine=store.engine, clients=clients, disk=disk,
                repetitions=_repetitions(counts, disk),
            )  # fmt: skip


def _raw(
    recorded: Database, raw: Database, world: World, counts: Counts, is_hot: bool
) -> Callable[[str, float], Sample]:
    def measure(name: str, seconds: float) -> Sample:
        batches = counts.batches if seconds == counts.seconds else 1
        written = floors.record(recorded, Asker(world, name, is_hot=is_hot), batches)
        return floors.rewrite(raw, written)

    return measure


def http(run: Run, store: Store, world: World, *, section: str, disk: str = "") -> None:
    """The real server, at the desk and with a transaction a promise, and its route that only validates."""
    counts = run.counts
    with ExitStack() as stack:
        shared = stack.enter_context(over_http.served(store.copy(disk=disk), disk=disk))
        alone = stack.enter_context(over_http.served(store.copy(disk=disk), one_by_one=True, disk=disk))
        client = stack.enter_context(over_http.client(world))
        for clients in _clients(counts, disk):

            def calling(
                server: over_http.Server, route: over_http.Route, *, is_hot: bool, clients: int = clients
            ) -> Callable[[str, float], Sample]:
                return lambda name, seconds: client.call(
                    server, route, name=name, is_hot=is_hot, clients=clients, seconds=seconds
                )

            loads = [
                # The desk comes first: what `validate` answers with is as long as the answers before it.
                Load(way=way, nodes=nodes, measure=calling(server, over_http.PROMISE, is_hot=nodes == "hot"))
                for nodes in _nodes(clients, disk)
                for way, server in (("desk", shared), ("one by one", alone))
            ]
            loads.append(
                Load(way="validate", nodes="", measure=calling(shared, over_http.VALIDATE, is_hot=False))
            )
            run.take_turns(
                section, loads, door=HTTP, engine=store.engine, clients=clients, disk=disk,
                repetitions=_repetitions(counts, disk),
            )  # fmt: skip


def _clients(counts: Counts, disk: str) -> tuple[int, ...]:
    """On the slower disk only the least and the most: what lies between says nothing more."""
    return counts.clients if disk != SLOW else (counts.clients[0], counts.clients[-1])


def _nodes(clients: int, disk: str) -> tuple[str, ...]:
    return ("spread",) if disk == SLOW and clients == 1 else ("spread", "hot")


def _repetitions(counts: Counts, disk: str) -> int:
    return counts.repetitions if disk != SLOW else max(1, counts.repetitions // 2)
