"""Which mutants are there, and in which systems was each a real defect?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from accord.simulation.mutants import deciding, keeping
from accord.simulation.mutants.breaking import Break, no_gate, together, unguarded


class Mutant(NamedTuple):
    """One guard that is broken on purpose."""

    words: str  # what is wrong, in one line
    seen_in: str
    breaks: Break


@contextmanager
def active(name: str) -> Iterator[None]:
    """Inside, the guard is broken. Raises: KeyError for a name that is no mutant's."""
    with MUTANTS[name].breaks():
        yield


def _behind(name: str, words: str, seen_in: str, breaks: Break) -> dict[str, Mutant]:
    """A mutant of deciding: alone, without the gate behind it, and without the CHECK behind that."""
    return {
        name: Mutant(words, seen_in, breaks),
        f"{name} without gate": Mutant(f"{words}; the gate is gone", seen_in, together(breaks, no_gate)),
        f"{name} without gate and CHECK": Mutant(
            f"{words}; the gate is gone and the CHECK is blind", seen_in, unguarded(breaks)
        ),
    }


MUTANTS: dict[str, Mutant] = {
    "M1": Mutant("no lock between look and write", "saleor #543, vendure #3508, django-shop #888", keeping.no_lock),
    **_behind("M3", "lines of an order are checked alone", "medusa #16502", deciding.lines_alone),
    "M5": Mutant("the sum drifts from its rows", "odoo #62139, medusa #12401, oscar #2102", keeping.drift),
    "M6": Mutant("a repeated request is taken for a new one", "classic", keeping.claims_nothing),
    **_behind("M7", "an expired hold is made firm without a look", "pretix", deciding.expired_hold_converted),
    **_behind("M8", "only the due day is looked at", "classic, and Tryton 8.2", deciding.due_day_only),
    "shares": Mutant("what is set aside for others is given away", "classic", deciding.no_shares),
    "shares without gate": Mutant(
        "what is set aside for others is given away; the gate is gone", "classic", together(deciding.no_shares, no_gate)
    ),
    "M13": Mutant("a promise competes with its own hold", "OCA #2225", deciding.own_hold_subtracted),
}  # fmt: skip
