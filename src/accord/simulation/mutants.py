"""Which guards can be broken on purpose, to see that somebody notices?

Each mutant is a defect that other systems really had, patched in from here; no module of the product knows of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

MUTANTS: dict[str, Callable[[], AbstractContextManager[None]]] = {}


@contextmanager
def active(name: str) -> Iterator[None]:
    """Inside, the guard is broken. Raises: KeyError for a name that is no mutant's."""
    with MUTANTS[name]():
        yield
