"""What comes in between: somebody else's whole operation, at a point where the first one has looked and not yet written.

Everything happens in one process and one thread, so that the same seed is the same life; where two must meet, the
second is called at that very point. Nobody comes in between somebody who came in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from accord.promise.model import Request

Somebody = Callable[
    [str, Sequence[Request]], None
]  # (what: "request", "repeat" or "graph"; what the first one wants)


class Between:
    """The point at which somebody may come in."""

    def __init__(self) -> None:
        self._somebody: Somebody | None = None
        self.is_inside = False

    @contextmanager
    def comes(self, somebody: Somebody) -> Iterator[None]:
        """Inside, this is who comes in between."""
        before, self._somebody = self._somebody, somebody
        try:
            yield
        finally:
            self._somebody = before

    def meet(self, what: str = "request", wanted: Sequence[Request] = ()) -> None:
        """Here the first one has looked and not written."""
        if self._somebody is None or self.is_inside:
            return
        self.is_inside = True
        try:
            self._somebody(what, wanted)
        finally:
            self.is_inside = False


BETWEEN = Between()
