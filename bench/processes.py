"""What do two app processes on one PostgreSQL promise, beside one?

Each process has a desk of its own. Requests come to the process of their node, or to either at random: then both want the
same rows. The callers are in the processes, so that no client process takes the cores that are measured.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import msgspec

from bench import worker
from bench.callers import NotPromised
from bench.client import Failed
from bench.databases import Store
from bench.measure import Sample
from bench.sections import Load, Run
from bench.world import World

SECTION = "several processes"
PROCESSES = 2


class Process:
    """An app process that takes jobs."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def begin(self, job: worker.Job) -> None:
        """Let it start a load."""
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode(job).decode() + "\n")
        self._process.stdin.flush()

    def end(self) -> Sample:
        """Wait for the load it has. Raises: NotPromised."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("an app process ended; its words are above")
        found = msgspec.json.decode(line, type=Sample | Failed)
        if isinstance(found, Failed):
            raise NotPromised(found.detail)
        return found


@contextmanager
def _started(url: str) -> Iterator[Process]:
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.worker", url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdin is not None
    try:
        yield Process(process)
    finally:
        process.stdin.close()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()


def measure(run: Run, store: Store, world: World) -> None:
    """One process, two by node, two at random: the same callers in all."""
    clients = run.counts.clients[-1]
    with ExitStack() as stack:
        url = store.copy()
        processes = [stack.enter_context(_started(url)) for _ in range(PROCESSES)]

        def load(name: str, seconds: float, *, many: Sequence[Process], is_by_node: bool) -> Sample:
            for place, process in enumerate(many):
                job = worker.Job(
                    world=world,
                    name=f"{name}p{place}",
                    share=(place, len(many)) if is_by_node else (0, 1),
                    clients=clients // len(many),
                    seconds=seconds,
                )
                process.begin(job)
            return together([process.end() for process in many])

        ways = {
            "one process": (processes[:1], False),
            "two processes, by node": (processes, True),
            "two processes, at random": (processes, False),
        }
        loads = [
            Load(
                way=way, nodes="spread",
                measure=lambda name, seconds, many=many, is_by_node=is_by_node: load(
                    name, seconds, many=many, is_by_node=is_by_node
                ),
            )
            for way, (many, is_by_node) in ways.items()
        ]  # fmt: skip
        run.take_turns(SECTION, loads, door="in process", engine=store.engine, clients=clients)


def together(samples: Sequence[Sample]) -> Sample:
    """What several processes did at the same time, as one; of the waits the worst of them."""
    count = sum(one.count for one in samples)
    cpu = [one.cpu_us * one.count for one in samples if one.cpu_us is not None]
    return Sample(
        count=count,
        seconds=max(one.seconds for one in samples),
        p50_ms=max(one.p50_ms for one in samples),
        p99_ms=max(one.p99_ms for one in samples),
        cpu_us=sum(cpu) / count if len(cpu) == len(samples) else None,
    )
