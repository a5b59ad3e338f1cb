"""How fast is the batch door: orders of one line, 500 in a call, each answered as if it had come alone?

Its limit are the same rows written raw, as many in a transaction, one statement a table.
"""

from __future__ import annotations

import time
from contextlib import ExitStack

from accord.db.engine import Database
from accord.promise import service
from bench import floors, over_http
from bench.callers import NotPromised, is_promised
from bench.databases import Store
from bench.measure import Sample, sample
from bench.sections import Load, Run
from bench.world import ACTOR, Asker, World

SECTION = "batch door"
CALLERS = (1, 4)  # calls under way at once


def measure(run: Run, store: Store, world: World) -> None:
    """The door over HTTP, the same calls in process, and the rows they leave."""
    size = run.counts.bulk
    with ExitStack() as stack:
        server = stack.enter_context(over_http.served(store.copy()))
        client = stack.enter_context(over_http.client(world))
        shared, recorded, raw = [stack.enter_context(store.opened_copy()) for _ in range(3)]
        stack.callback(service.desk(shared).close)

        def over(name: str, seconds: float, *, clients: int) -> Sample:
            return client.call(
                server, over_http.BULK, name=name, is_hot=False, clients=clients, seconds=seconds, orders=size
            )

        def rows(name: str, seconds: float) -> Sample:
            batches = max(1, run.counts.batches // 2) if seconds == run.counts.seconds else 1
            written = floors.record(recorded, Asker(world, name, is_hot=False), batches, size)
            return floors.rewrite(raw, written, size)

        doors = [
            Load(
                way="batch door", nodes="spread", clients=clients,
                measure=lambda name, seconds, clients=clients: over(name, seconds, clients=clients),
            )
            for clients in CALLERS
        ]  # fmt: skip
        here = [
            Load(
                way="batch door", nodes="spread",
                measure=lambda name, seconds: _calls(shared, Asker(world, name, is_hot=False), size, seconds),
            ),
            Load(way="raw rows of a call", nodes="spread", measure=rows),
        ]  # fmt: skip
        # Over HTTP and in process by turns: the floor of both is the same.
        run.take_turns_at(SECTION, {"http": doors, "in process": here}, engine=store.engine)


def _calls(db: Database, asker: Asker, size: int, seconds: float) -> Sample:
    """One caller after the other at the desk, each with so many orders."""
    waits = []
    cpu, began = time.process_time(), time.perf_counter()
    while not waits or time.perf_counter() - began < seconds:
        requests = [asker.request() for _ in range(size)]
        begun = time.perf_counter()
        answers = service.desk(db).submit(requests, ACTOR).result()
        waits += [time.perf_counter() - begun] * size
        if not is_promised(answers):
            wrong = next(answer for answer in answers if not is_promised(answer))
            raise NotPromised(f"not all of {size} orders were promised, the first: {wrong}")
    return sample(waits, time.perf_counter() - began, cpu_seconds=time.process_time() - cpu)
