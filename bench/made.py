"""What does it cost to decide what must be made: a two-level bill on finite capacity, bought parts below it?"""

from __future__ import annotations

import time
from collections.abc import Sequence

from accord.db.engine import Database
from accord.ledger.service import graphs
from accord.ledger.service.books import Treatment, unlocked
from accord.policy import service as policy
from accord.promise.model import Decision, Request
from accord.promise.service import promise
from accord.promise.service.batch import decided
from accord.promise.service.reaching import all_keys
from bench.callers import NotPromised
from bench.databases import Store
from bench.measure import Sample, sample
from bench.sections import Load, Run, names
from bench.where import profiled
from bench.world import ACTOR, World, made_request

LEVELS = 2


def decide_alone(db: Database, world: World, name: str, times: int) -> Sample:
    """The decision on a book in memory, nothing kept: what another planner would answer with."""
    waits = []
    requests = [made_request(world, name, n) for n in range(times)]
    with db.read() as tx:
        graph, rules = graphs.graph(tx), policy.book(tx)
        treatment = Treatment(
            late_receipt_days=rules.rules.late_receipt_days, fence_days=rules.rules.fence_days
        )
        keys = {key for request in requests for key in all_keys(graph, rules, request, None)}
        book = unlocked(tx, graph, keys, treatment)
    began = time.perf_counter()
    for n, request in enumerate(requests):
        begun = time.perf_counter()
        decision, _ = decided(
            book, rules, request, None, decision_id=f"dec_{name}{n}", promise_id=f"prm_{name}{n}"
        )
        waits.append(time.perf_counter() - begun)
        _check([decision])
    return sample(waits, time.perf_counter() - began)


def durable(db: Database, world: World, name: str, times: int) -> Sample:
    """One caller after the other, each promise durable before the next is asked for."""
    waits = []
    cpu, began = time.process_time(), time.perf_counter()
    for n in range(times):
        request: Request = made_request(world, name, n)
        begun = time.perf_counter()
        answers = promise(db, [request], actor=ACTOR)
        waits.append(time.perf_counter() - begun)
        _check(answers)
    return sample(waits, time.perf_counter() - began, cpu_seconds=time.process_time() - cpu)


def _check(answers: Sequence[object]) -> None:
    """The answer makes on every level of the bill, or it is not what is claimed."""
    for answer in answers:
        if not isinstance(answer, Decision) or answer.chosen is None:
            raise NotPromised(f"what should be made was not promised: {answer}")
        made = [make for make in answer.options[answer.chosen].makes if make.source.startswith("make:")]
        if len(made) != LEVELS:
            raise NotPromised(f"it was made on {len(made)} levels and not on {LEVELS}: {answer}")


def measure(run: Run, store: Store, world: World, *, section: str) -> None:
    """The decision alone and the decision kept, by turns."""
    times = run.counts.made
    with store.opened_copy() as db:
        loads = [
            Load(
                way="made, decision alone", nodes="",
                measure=lambda name, _: decide_alone(db, world, name, times),
            ),
            Load(way="made, durable", nodes="", measure=lambda name, _: durable(db, world, name, times)),
        ]  # fmt: skip
        run.take_turns(section, loads, door="in process", engine=store.engine)
        run.profiles.append(
            profiled(title(store.engine), lambda: durable(db, world, next(names), times), times)
        )


def title(engine: str) -> str:
    """What its profile is called."""
    return f"A decision through a two-level bill, kept, {engine}"
