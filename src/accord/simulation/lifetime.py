"""How is one life lived, from an empty database to its end or to what was wrong?"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from accord.simulation.databases import empty, fresh
from accord.simulation.run import VIOLATIONS_MAX, Report, Step, simulate

Told = Callable[[int, int], None]  # operations done, violations found


class Wanted(msgspec.Struct, frozen=True):
    """One life to be lived."""

    ops: int
    seed: int
    hot: bool
    mutant: str | None
    url: str | None  # None: in a database of its own, gone at the end


def lived(wanted: Wanted, told: Told | None) -> Report:
    """One life, from its beginning to its end or to what was wrong; `told` hears of each of its steps."""

    def on_step(step: Step) -> None:
        if told is not None:
            told(step.ops, len(step.violations))

    with fresh() if wanted.url is None else empty(wanted.url) as db:
        # Of a mutant one wants to know how many operations it took until somebody noticed.
        most = VIOLATIONS_MAX if wanted.mutant is None else 1
        return simulate(
            db,
            wanted.ops,
            wanted.seed,
            hot=wanted.hot,
            mutant=wanted.mutant,
            on_step=on_step,
            violations_max=most,
        )
