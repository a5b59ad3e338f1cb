"""How are many operations lived? As lives of at most 100,000, one after the other, each with a seed of its own.

A life keeps everything that ever happened in it, as the product does: a few kilobytes an operation. Several lives keep a
long run within a computer's memory, and what one of them shows is repeated without living the others. On a database that
was named there is one life, however long.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

import msgspec

from accord.simulation.databases import empty, fresh
from accord.simulation.run import VIOLATIONS_MAX, Report, Step, simulate

LIFE_OPS_MAX = 100_000

Told = Callable[[int, int], None]  # operations done, violations found


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
) -> Lived:
    """Live until so many operations are done or something is wrong. Raises: InputError when the database is not empty."""
    began = time.monotonic()
    done, number = 0, 0
    found: tuple[str, ...] = ()
    counts: Counter[str] = Counter()
    repeat = ""
    while done < ops and not found:
        wanted = ops - done if url is not None else min(LIFE_OPS_MAX, ops - done)
        report = _one(wanted, seed + number, hot, mutant, url, told, done)
        found = report.violations
        repeat = _command(report, wanted, url)
        counts.update(report.counts)
        done += report.ops
        number += 1
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


def _one(
    ops: int, seed: int, hot: bool, mutant: str | None, url: str | None, told: Told | None, before: int
) -> Report:
    def on_step(step: Step) -> None:
        if told is not None:
            told(before + step.ops, len(step.violations))

    with fresh() if url is None else empty(url) as db:
        # Of a mutant one wants to know how many operations it took until somebody noticed.
        most = VIOLATIONS_MAX if mutant is None else 1
        return simulate(db, ops, seed, hot=hot, mutant=mutant, on_step=on_step, violations_max=most)


def _command(report: Report, ops: int, url: str | None) -> str:
    words = ["accord simulate", f"--ops {ops}", f"--seed {report.seed}", "--hot" if report.hot else "--cold"]
    if report.mutant is not None:
        words.append(f"--mutant '{report.mutant}'")
    if url is not None:
        words.append("--db URL")
    return " ".join(words)
