"""How is one run put together, so that what fails does not take the rest with it?

A run is made of sections. What a section could not measure is kept with its reason, and the run goes on: the claim that
needed it is "not measured", which is never a win.
"""

from __future__ import annotations

import itertools
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType

import msgspec

from bench import machine
from bench.measure import Counts, Figure, Missing, Sample
from bench.where import Profile

Say = Callable[[str], None]
LEFT_OUT = "left out of this run"

names = (f"run{n}" for n in itertools.count())  # each repetition asks with ids of its own


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to measure again and again."""

    way: str
    nodes: str
    measure: Callable[[str, float], Sample]  # of a name and seconds
    clients: int = 0  # 0 = as many as the others of its turns


class Run:
    """What one run has found so far."""

    def __init__(self, counts: Counts, say: Say, only: frozenset[str] = frozenset()) -> None:
        self.counts = counts
        self.say = say
        self.figures: list[Figure] = []
        self.missing: list[Missing] = []
        self.facts: dict[str, str] = {}
        self.profiles: list[Profile] = []
        self.seconds: dict[str, float] = {}  # how long each section took
        self._only = only

    @contextmanager
    def section(self, name: str, engine: str = "", *, seconds: float = 0.0) -> Iterator[bool]:
        """Do what is inside unless it is left out of this run (the value says); what it raises is kept as its reason.

        `seconds` gives it longer than others before it is given up.
        """
        began = time.monotonic()
        is_wanted = not self._only or name in self._only
        if not is_wanted:
            self.missing.append(Missing(why=LEFT_OUT, section=name, engine=engine))
            yield False
            return
        try:
            with _at_most(max(seconds, self.counts.section_seconds)):
                yield True
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to this section alone
            self.lacks(_said(error), section=name, engine=engine)
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - began

    def lacks(
        self, why: str, *, section: str, engine: str = "", way: str = "", nodes: str = "", clients: int = 0
    ) -> None:
        """Keep why something is not measured."""
        one = Missing(why=why, section=section, engine=engine, way=way, nodes=nodes, clients=clients)
        self.missing.append(one)
        self.say(
            f"  not measured: {', '.join(str(part) for part in (engine, section, way, nodes) if part)}: {why}"
        )

    def take_turns(
        self,
        section: str,
        loads: Sequence[Load],
        *,
        door: str,
        engine: str,
        clients: int = 1,
        disk: str = "",
        repetitions: int = 0,
        seconds: float = 0.0,
    ) -> None:
        """Each load once to warm up, then all of them in turn, again and again; a load that fails is left out from then on."""
        self.take_turns_at(
            section, {door: loads}, engine=engine, clients=clients, disk=disk,
            repetitions=repetitions, seconds=seconds,
        )  # fmt: skip

    def take_turns_at(
        self,
        section: str,
        doors: Mapping[str, Sequence[Load]],
        *,
        engine: str,
        clients: int = 1,
        disk: str = "",
        repetitions: int = 0,
        seconds: float = 0.0,
    ) -> None:
        """The same where loads of several doors take turns with each other."""
        counts = self.counts
        loads = [(door, load) for door, those in doors.items() for load in those]
        found: dict[int, list[Sample]] = {place: [] for place in range(len(loads))}
        for turn in range((repetitions or counts.repetitions) + 1):
            for place, (_, load) in enumerate(loads):
                if place not in found:
                    continue
                try:
                    taken = _watched(
                        load, counts.warm_up_seconds if turn == 0 else (seconds or counts.seconds)
                    )
                except TimeoutError:
                    raise
                except Exception as error:  # noqa: BLE001 - it belongs to this load alone
                    del found[place]
                    self.lacks(
                        _said(error), section=section, engine=engine, way=load.way, nodes=load.nodes,
                        clients=load.clients or clients,
                    )  # fmt: skip
                    continue
                if turn:
                    found[place].append(taken)
        for place, samples in found.items():
            door, load = loads[place]
            figure = Figure(
                door=door, way=load.way, engine=engine, nodes=load.nodes,
                clients=load.clients or clients, samples=tuple(samples), disk=disk,
            )  # fmt: skip
            self.figures.append(figure)
            self.say(_line(figure))


def _watched(load: Load, seconds: float) -> Sample:
    """One repetition, and how busy the machine was meanwhile."""
    began, before = time.perf_counter(), machine.busy_seconds()
    taken = load.measure(next(names), seconds)
    after, passed = machine.busy_seconds(), time.perf_counter() - began
    if before is None or after is None:
        return taken
    return msgspec.structs.replace(taken, busy_cores=(after - before) / passed)


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in what is inside when it takes longer: a section that hangs must not keep the others."""

    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"it took longer than {seconds:.0f} s and was given up")

    before, began = signal.signal(signal.SIGALRM, ring), time.monotonic()
    left, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        # Somebody else's alarm, the test runner's for one, goes on where it was.
        still = max(0.001, left - (time.monotonic() - began)) if left else 0.0
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, still)


def _said(error: Exception) -> str:
    """An error in one line that a table can hold."""
    words = " ".join(str(error).split()) or type(error).__name__
    return f"{type(error).__name__}: {words}"[:300].replace("|", "/")


def _line(figure: Figure) -> str:
    rates = sorted(sample.rate for sample in figure.samples)
    middle = figure.samples[len(figure.samples) // 2]
    busy = "" if middle.busy_cores is None else f"  {middle.busy_cores:.1f} cores busy"
    return (
        f"  {figure.engine:10} {figure.disk:5} {figure.door:10} {figure.way:22} {figure.nodes:6} {figure.clients:3} clients"
        f"  {rates[len(rates) // 2]:8,.0f}/s  p50 {middle.p50_ms:7.2f} ms  p99 {middle.p99_ms:7.2f} ms{busy}"
    )
