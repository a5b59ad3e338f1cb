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
    return _likeness(folded, one, {}, 0.0)


def best(folded: str, candidates: Iterable[N]) -> list[N]:
    """The three that are most like a case-folded text, the likest first, ties by id."""
    known: dict[str, float] = {}
    return sorted(candidates, key=lambda one: (-_likeness(folded, one, known, 0.0), one.id))[:MATCHES_MAX]


def alike(text: str, among: Iterable[N]) -> list[N]:
    """The best three of those that are like enough to be worth a "did you mean"; perhaps none."""
    folded = text.strip().casefold()
    known: dict[str, float] = {}
    return best(folded, [one for one in among if _likeness(folded, one, known, ALIKE) >= ALIKE])


def _likeness(folded: str, one: Named, known: dict[str, float], least: float) -> float:
    """The same; what is below `least` may come out as less. `known`: the parts of names that were compared before, which
    many things share."""
    name = one.name.casefold()
    return max([_ratio(folded, part, known, least) for part in (one.id.casefold(), name, *name.split())])


def _ratio(folded: str, part: str, known: dict[str, float], least: float) -> float:
    found = known.get(part)
    if found is None:
        both = len(folded) + len(part)
        # No more than all of the shorter one can be found in the longer one: most names need no closer look.
        if both and 2 * min(len(folded), len(part)) < least * both:
            found = 0.0
        else:
            matcher = SequenceMatcher(None, folded, part)
            found = matcher.ratio() if matcher.quick_ratio() >= least else 0.0
        known[part] = found
    return found
