"""What is measured: repetitions of one load, and how two loads that ran side by side compare."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import median

import msgspec


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How much is measured."""

    name: str
    items: int  # at two sites each: twice as many nodes
    clients: tuple[int, ...]  # one first, then more
    repetitions: int  # of each load, after a warm-up; loads that are compared take turns
    seconds: float  # of one repetition
    warm_up_seconds: float
    batches: int  # of 256 rows, one repetition of the raw floor
    made: int  # decisions through a two-level bill, one repetition
    bulk: int  # orders of one line in a call of the batch door
    lines: int  # of a backlog that is promised, one repetition
    made_lines: int  # of a backlog that must be made
    open_few: int  # open commitments in the smaller of the two ledgers that news comes to
    open_many: int  # and in the larger one
    hit: int  # commitments that one supply change leaves uncovered
    peer_seconds: float  # of one repetition of a peer, which is slower than we are
    section_seconds: float  # after which a section that hangs is given up


FULL = Counts(
    name="full",
    items=5_000,
    clients=(1, 32, 256),
    repetitions=5,
    seconds=1.2,
    warm_up_seconds=0.6,
    batches=10,
    made=300,
    bulk=500,
    lines=20_000,
    made_lines=1_000,
    open_few=10_000,
    open_many=500_000,
    hit=1_000,
    peer_seconds=3.0,
    section_seconds=420.0,
)
QUICK = msgspec.structs.replace(
    FULL,
    name="quick",
    repetitions=3,
    seconds=0.5,
    warm_up_seconds=0.3,
    batches=5,
    made=100,
    made_lines=200,
    open_many=50_000,
    peer_seconds=2.0,
    section_seconds=240.0,
)
TINY = Counts(
    name="tiny",
    items=20,
    clients=(1, 4),
    repetitions=1,
    seconds=0.1,
    warm_up_seconds=0.05,
    batches=1,
    made=4,
    bulk=8,
    lines=40,
    made_lines=4,
    open_few=60,
    open_many=120,
    hit=10,
    peer_seconds=1.0,
    section_seconds=200.0,
)


class Sample(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """One repetition."""

    count: int  # answered, all of them as they should be
    seconds: float
    p50_ms: float  # a caller's wait
    p99_ms: float
    cpu_us: float | None = None  # of the deciding thread or the server process for each answer
    reply_bytes: int = 0
    busy_cores: float | None = None  # of the whole machine meanwhile; None where the system does not tell

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.count / self.seconds


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One load with its repetitions."""

    door: str  # "http", "in process"
    way: str  # "desk", "validate", "one by one", "raw rows", "conditional update", "made" ...
    engine: str  # "postgresql", "sqlite"
    nodes: str  # "spread", "hot"; "" where no node is touched
    clients: int
    samples: tuple[Sample, ...]
    disk: str = ""  # "+5 ms": every fsync was made to take so much longer


class Missing(msgspec.Struct, frozen=True, kw_only=True):
    """What could not be measured, and why; what is left empty stands for all of them."""

    why: str
    section: str
    engine: str = ""
    way: str = ""
    nodes: str = ""
    clients: int = 0


class Range(msgspec.Struct, frozen=True):
    """Smallest, middle and largest of some repetitions."""

    min: float
    median: float
    max: float


def ranged(values: Iterable[float]) -> Range:
    """The range of some values; there is at least one."""
    known = sorted(values)
    return Range(known[0], median(known), known[-1])


def paired(ours: Figure, theirs: Figure, value: Callable[[Sample], float]) -> Range:
    """Ours over theirs, repetition by repetition: each pair ran one after the other, so that what else the machine did
    while the bench ran weighs on both."""
    pairs = zip(ours.samples, theirs.samples, strict=True)
    return ranged(value(a) / value(b) for a, b in pairs)


def sample(
    waits: Sequence[float], seconds: float, *, cpu_seconds: float | None = None, reply_bytes: int = 0
) -> Sample:
    """A repetition of callers who waited so long, in seconds."""
    ordered = sorted(waits)
    count = len(ordered)
    return Sample(
        count=count,
        seconds=seconds,
        p50_ms=ordered[count // 2] * 1e3,
        p99_ms=ordered[min(count - 1, count * 99 // 100)] * 1e3,
        cpu_us=None if cpu_seconds is None else cpu_seconds / count * 1e6,
        reply_bytes=reply_bytes,
    )
