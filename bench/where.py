"""Where does the time of a promise go?

Two looks at the same batches of 256 one-line promises, decided and written as the desk does it. The first takes the time of
each step, less that of the steps inside it, with two readings of the clock a step. The second is cProfile, which names
functions but slows each call down, so that its shares overstate what is called often.
"""

from __future__ import annotations

import cProfile
import pstats
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from statistics import median
from typing import Any
from unittest.mock import patch

import msgspec

from accord.db import audit, outbox
from accord.db import requests as claims
from accord.db.engine import Database
from accord.ledger import store as ledger
from accord.ledger.service.books import Book
from accord.promise import store
from accord.promise.service import batch, deciding, promise
from accord.web.server.interpreter import collect_seldom
from bench.floors import SIZE
from bench.world import ACTOR, Asker

_TOP = 15

# The step, where it is looked up, and the name there.
_STEPS: tuple[tuple[str, Any, str], ...] = (
    ("decide: the options, priced and put in words", deciding, "decide"),
    ("say what a decision changes", deciding, "effects_of"),
    ("say how the promise then stands", batch, "promise_after"),
    ("the gate checks and takes it", Book, "commit"),
    ("write down decisions as bytes", batch, "canonical"),
    ("fingerprints of terms and decisions", batch, "digest"),
    ("ids", batch, "new_id"),
    ("claim request ids", claims, "claim"),
    ("lock and read the keys", ledger, "lock"),
    ("the clock, expired holds, overdue days", batch, "locked"),
    ("write: keys", ledger, "write_keys"),
    ("write: draws and commitments", ledger, "apply"),
    ("write: decisions", store, "add_decisions"),
    ("write: promises", store, "put_promises"),
    ("write: audit, with its hashes", audit, "append"),
    ("write: outbox", outbox, "add"),
    ("write: replies", claims, "record_reply"),
    ("commit", Database, "_commit"),
)
REST = "everything between them"


class Step(msgspec.Struct, frozen=True):
    """One step of a promise."""

    name: str
    wall_us: float  # of one promise, waiting for the database included
    cpu_us: float  # of this process alone


class Function(msgspec.Struct, frozen=True):
    """One function as cProfile saw it."""

    name: str
    calls: float  # for each promise
    share: float  # of all time, its own without what it calls


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """Where the time of something else than a promise went."""

    title: str
    functions: tuple[Function, ...]


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """Where the time went."""

    engine: str
    steps: tuple[Step, ...]  # the longest first
    functions: tuple[Function, ...]
    slowed: float  # so many times longer it took under cProfile


def look(db: Database, asker: Asker, batches: int) -> Where:
    """Take both looks; each step is the median of some batches."""

    def run() -> None:
        requests = [asker.request() for _ in range(SIZE)]
        promise(db, requests, actor=ACTOR)

    run()
    collect_seldom()  # as the server does once it is started
    taken: list[dict[str, tuple[float, float]]] = []
    for _ in range(max(3, batches)):
        with _timed() as spent:
            run()
        taken.append(spent)
    steps = [
        Step(
            name,
            median([one.get(name, (0.0, 0.0))[0] for one in taken]) / SIZE * 1e6,
            median([one.get(name, (0.0, 0.0))[1] for one in taken]) / SIZE * 1e6,
        )
        for name in [*(name for name, _, _ in _STEPS), REST]
    ]
    profile = cProfile.Profile()
    began = time.perf_counter()
    for _ in range(max(3, batches)):
        profile.runcall(run)
    slow = (time.perf_counter() - began) / max(3, batches) / SIZE * 1e6
    return Where(
        engine=db.dialect,
        steps=tuple(sorted(steps, key=lambda step: -step.wall_us)),
        functions=_functions(profile, max(3, batches) * SIZE),
        slowed=slow / sum(step.wall_us for step in steps),
    )


def profiled(title: str, work: Callable[[], object], times: int) -> Profile:
    """Do it once under cProfile; its calls are told for each of so many."""
    profile = cProfile.Profile()
    profile.runcall(work)
    return Profile(title=title, functions=_functions(profile, times))


@contextmanager
def _timed() -> Iterator[dict[str, tuple[float, float]]]:
    """Seconds of wall and of processor for each step while inside, those of steps inside it left out."""
    spent: dict[str, tuple[float, float]] = {}
    inner: list[tuple[float, float]] = [(0.0, 0.0)]

    def timed(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **more: Any) -> Any:
            inner.append((0.0, 0.0))
            wall, cpu = time.perf_counter(), time.thread_time()
            try:
                return real(*args, **more)
            finally:
                wall, cpu = time.perf_counter() - wall, time.thread_time() - cpu
                wall_inside, cpu_inside = inner.pop()
                wall_before, cpu_before = spent.get(name, (0.0, 0.0))
                spent[name] = (wall_before + wall - wall_inside, cpu_before + cpu - cpu_inside)
                wall_out, cpu_out = inner[-1]
                inner[-1] = (wall_out + wall, cpu_out + cpu)

        return call

    with ExitStack() as patches:
        for name, owner, attribute in _STEPS:
            if not hasattr(owner, attribute):
                continue  # it has another name now; its time is then that of whoever calls it
            patches.enter_context(patch.object(owner, attribute, timed(name, getattr(owner, attribute))))
        wall, cpu = time.perf_counter(), time.thread_time()
        yield spent
        wall, cpu = time.perf_counter() - wall, time.thread_time() - cpu
    spent[REST] = (wall - inner[0][0], cpu - inner[0][1])


def _functions(profile: cProfile.Profile, promises: int) -> tuple[Function, ...]:
    stats: dict[tuple[str, int, str], tuple[int, int, float, float, object]] = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    total = sum(own for _, _, own, _, _ in stats.values())
    longest = sorted(stats.items(), key=lambda entry: -entry[1][2])[:_TOP]
    return tuple(
        Function(_named(*place), calls / promises, own / total) for place, (_, calls, own, _, _) in longest
    )


def _named(file: str, _line: int, function: str) -> str:
    """A function by its module, whatever folder that is in."""
    parts = file.replace("\\", "/").removesuffix(".py").removesuffix("/__init__").split("/")
    for top in ("accord", "bench", "site-packages"):
        if top in parts:
            place = len(parts) - 1 - parts[::-1].index(top)
            return ".".join([*parts[place + (top == "site-packages") :], function])
    return function.strip("<>") if file == "~" else f"{parts[-1]}.{function}"
