"""How are many operations lived? As lives of at most 100,000, one after the other, each with a seed of its own.

A life keeps everything that ever happened in it, as the product does: a few kilobytes an operation. Several lives keep a
long run within a computer's memory, and what one of them shows is repeated without living the others. On a database that
was named there is one life, however long.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from functools import partial

import msgspec

from accord.simulation.lifetime import Told, Wanted, lived
from accord.simulation.run import Report
from accord.simulation.side_by_side import side_by_side

LIFE_OPS_MAX = 100_000


class Lived(msgspec.Struct, frozen=True, kw_only=True):
    """What came of all lives together."""

    ops: int
    seed: int  # of the first life; each further one has the next
    hot: bool
    mutant: str | None
    found: tuple[str, ...]  # violations, in words with seed and step
    seconds: float
    lives: int
    counts: dict[str, int]
    repeat: str  # the command that lives the last life again


def live(
    ops: int,
    seed: int,
    *,
    hot: bool = True,
    mutant: str | None = None,
    url: str | None = None,
    told: Told | None = None,
    processes: int = 1,
) -> Lived:
    """Live until so many operations are done or something is wrong. Raises: InputError when the database is not empty."""
    began = time.monotonic()
    wanted = _lives(ops, seed, hot=hot, mutant=mutant, url=url)
    reports = _in_turn(wanted, told)
    if processes > 1 and len(wanted) > 1:
        reports = side_by_side(wanted, processes, told)
    done, number = 0, 0
    found: tuple[str, ...] = ()
    counts: Counter[str] = Counter()
    repeat = ""
    for one, report in zip(wanted, reports, strict=False):
        found = report.violations
        repeat = _command(report, one.ops, url)
        counts.update(report.counts)
        done += report.ops
        number += 1
        if found:
            break
    return Lived(
        ops=done,
        seed=seed,
        hot=hot,
        mutant=mutant,
        found=found,
        seconds=time.monotonic() - began,
        lives=number,
        counts=dict(sorted(counts.items())),
        repeat=repeat,
    )


def _lives(ops: int, seed: int, *, hot: bool, mutant: str | None, url: str | None) -> list[Wanted]:
    most = ops if url is not None else LIFE_OPS_MAX
    return [
        Wanted(min(most, ops - done), seed + number, hot=hot, mutant=mutant, url=url)
        for number, done in enumerate(range(0, ops, most))
    ]


def _in_turn(wanted: list[Wanted], told: Told | None) -> Iterator[Report]:
    done = 0
    for one in wanted:
        yield lived(one, None if told is None else partial(_on, told, done))
        done += one.ops


def _on(told: Told, before: int, ops: int, found: int) -> None:
    told(before + ops, found)


def _command(report: Report, ops: int, url: str | None) -> str:
    words = ["accord simulate", f"--ops {ops}", f"--seed {report.seed}", "--hot" if report.hot else "--cold"]
    if report.mutant is not None:
        words.append(f"--mutant '{report.mutant}'")
    if url is not None:
        words.append("--db URL")
    return " ".join(words)
