"""What is a piece of proof?

A piece does something bad to the real code, many times, and counts what went wrong. Beside it stands its control: the same with
one guard taken away, which must go wrong. Without the control a piece that sees nothing would look like one that finds nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

Say = Callable[[str], None]  # tells a person how far it is; called now and then


def silent(_words: str) -> None:
    """For who does not want to hear it."""


class Sizes(msgspec.Struct, frozen=True):
    """How often it is tried, in the piece's unit."""

    test: int  # by `make test`
    prove: int  # by `make prove`
    release: int  # before a release, over days


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one go came to."""

    count: int  # tried, in the piece's unit
    failures: tuple[str, ...] = ()  # each in words, with the seed and whatever repeats it
    facts: dict[
        str, int
    ] = {}  # what else was counted: {"acknowledged": 1_204}; summed over goes, of those that end in _max the largest


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """One property with the way in which it is attacked."""

    id: str  # "R5-engine": the property's id in docs/reliability.md, and which part of it
    claim: str  # what must be so, as one sentence
    fault: str  # what is done to it, as one sentence
    unit: str  # what is counted: "kills", "rounds"
    sizes: Sizes
    chunk: int  # how many are tried in one go, which is recorded when it is done
    run: Callable[[int, int, Say], Outcome]  # (count, seed, say); the same seed tries the same
    control: Callable[[int, Say], Outcome]  # (seed, say): the same without the guard; must have failures
    control_words: str  # which guard the control takes away
    is_slow: bool = False  # its run for `make test` takes more than some 5 s
    needs_root: bool = False  # nobody else can do it, and only on Linux
    not_covered: str = ""  # what this piece does not show
