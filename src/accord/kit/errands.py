"""How does long work go on while the page that asked for it is looked at again and again?

An errand is begun once, by its key, in a thread of its own; who asks again with the same key joins it. It tells how far it
is. Few run at once, and one that nobody has looked at for a while is stopped: a page that was closed costs nothing. It only
looks: what must be done whether anybody watches or not is no errand.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

import msgspec

from accord.kit.errors import AccordError, Fault, Unavailable

T = TypeVar("T")
Tell = Callable[[int], None]  # how much more is done

RUNNING_MAX = 2
KEPT_MAX = 16  # what came out, for whoever looks again
UNWATCHED_SECONDS = 60


class Seen(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """How an errand stands at one moment."""

    done: int  # so much of the work, in its own measure
    is_over: bool
    result: T | None = None
    error: AccordError | None = None


class _Stopped(Exception):
    """Nobody waits for it any more."""


class _Errand:
    def __init__(self) -> None:
        self.done = 0
        self.result: Any = None
        self.error: AccordError | None = None
        self.over = threading.Event()
        self.stops = False
        self.looked_at = time.monotonic()


class Errands:
    """The errands of one process on one database."""

    def __init__(
        self, *, running_max: int = RUNNING_MAX, unwatched_seconds: float = UNWATCHED_SECONDS
    ) -> None:
        self._lock = threading.Lock()
        self._running_max = running_max
        self._unwatched_seconds = unwatched_seconds
        self._known: OrderedDict[str, _Errand] = OrderedDict()
        self._is_closed = False

    def look(self, key: str, work: Callable[[Tell], T], *, wait_seconds: float) -> Seen[T]:
        """Begin the work of this key, or join it; how it stands after so long at most.

        Raises: Unavailable where too many run already, or the server is stopping.
        """
        errand = self._errand(key, work)
        errand.over.wait(wait_seconds)
        errand.looked_at = time.monotonic()
        is_over = errand.over.is_set()
        return Seen(
            done=errand.done, is_over=is_over, result=errand.result, error=errand.error if is_over else None
        )

    def close(self) -> None:
        """Stop all of them and wait until they have."""
        with self._lock:
            self._is_closed = True
            running = [one for one in self._known.values() if not one.over.is_set()]
        for one in running:
            one.stops = True
        for one in running:
            one.over.wait(10)

    def _errand(self, key: str, work: Callable[[Tell], object]) -> _Errand:
        with self._lock:
            found = self._known.get(key)
            if found is not None and not found.stops:
                self._known.move_to_end(key)
                found.looked_at = time.monotonic()
                return found
            if self._is_closed:
                raise Unavailable("The server is stopping. Try again in a moment.")
            running = sum(not one.over.is_set() for one in self._known.values())
            if running >= self._running_max:
                raise Unavailable(
                    f"{running} long checks run already. Try again when one of them is done.",
                    retry_after_seconds=5,
                )
            made = self._known[key] = _Errand()
            for old in [name for name, one in self._known.items() if one.over.is_set()][:-KEPT_MAX]:
                del self._known[old]
        try:
            threading.Thread(target=self._work, args=(made, work), name=f"errand {key}", daemon=True).start()
        except RuntimeError as error:
            # It would count as one that runs for as long as the process lives.
            made.stops = True
            made.over.set()
            raise Unavailable(
                "The server has no thread left for this. Try again in a moment.", retry_after_seconds=5
            ) from error
        return made

    def _work(self, errand: _Errand, work: Callable[[Tell], object]) -> None:
        def tell(more: int) -> None:
            errand.done += more
            if time.monotonic() - errand.looked_at > self._unwatched_seconds:
                errand.stops = True
            if errand.stops:
                raise _Stopped

        try:
            errand.result = work(tell)
        except _Stopped:
            errand.error = Unavailable("It was stopped, since nobody looked at it. Begin it again.")
        except AccordError as error:
            errand.error = error
        except Exception as error:  # noqa: BLE001 - whoever looks must hear of it
            errand.error = Fault(f"{type(error).__name__}: {error}")
        finally:
            errand.over.set()


_all: WeakKeyDictionary[object, Errands] = WeakKeyDictionary()
_lock = threading.Lock()


def errands_of(owner: object) -> Errands:
    """The errands of this process that belong to something that lives as long as they do: its database."""
    with _lock:
        found = _all.get(owner)
        if found is None:
            found = _all[owner] = Errands()
        return found


def close_errands(owner: object) -> None:
    """Stop the errands of an owner that goes; who asks later begins anew."""
    with _lock:
        found = _all.pop(owner, None)
    if found is not None:
        found.close()
