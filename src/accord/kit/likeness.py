"""Which of the things there are did somebody mean who named one that is not there?"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher
from typing import Protocol, TypeVar

MATCHES_MAX = 3
ALIKE = 0.35  # how like a name must be to be worth a "did you mean"


class Named(Protocol):
    """A record that words may name."""

    @property
    def id(self) -> str: ...

    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=Named)


def likeness(folded: str, one: Named) -> float:
    """How like a thing's id, name or any word of its name a case-folded text is: 0 to 1."""
    whole = SequenceMatcher(None, folded, one.id.casefold()).ratio()
    name = one.name.casefold()
    words = [SequenceMatcher(None, folded, part).ratio() for part in [name, *name.split()]]
    return max([whole, *words])


def best(folded: str, candidates: Iterable[N]) -> list[N]:
    """The three that are most like a case-folded text, the likest first, ties by id."""
    return sorted(candidates, key=lambda one: (-likeness(folded, one), one.id))[:MATCHES_MAX]


def alike(text: str, among: Iterable[N]) -> list[N]:
    """The best three of those that are like enough to be worth a "did you mean"; perhaps none."""
    folded = text.strip().casefold()
    return best(folded, [one for one in among if likeness(folded, one) >= ALIKE])
