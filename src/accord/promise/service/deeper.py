"""Which items did lately need more than stock? A lone request for one of them need not find that out again.

A hint and nothing else: whichever lane decides, the decision is the same. It saves a lone caller a transaction that is
given up, and is heeded for lone callers only, since among several the lane decides who comes first.
See docs/decisions/0012-a-hint-where-to-look.md.
"""

from __future__ import annotations

import threading
from weakref import WeakKeyDictionary

from accord.db.engine import Database
from accord.promise.model import Decision, Request

_KEPT_MAX = 10_000
_What = tuple[str, str | None]  # item, and the site that was asked for

_lock = threading.Lock()
_kept: WeakKeyDictionary[Database, set[_What]] = WeakKeyDictionary()


def goes_deeper(db: Database, request: Request) -> bool:
    """Whether the last request of this kind needed more than stock."""
    what = _what(request)
    return what is not None and what in _of(db)


def went_deeper(db: Database, request: Request) -> None:
    """Stock did not do."""
    what, kept = _what(request), _of(db)
    if what is not None:
        if len(kept) >= _KEPT_MAX:
            kept.clear()
        kept.add(what)


def was_answered(db: Database, request: Request, decision: Decision) -> None:
    """After a deeper look: where stock would have done, the next one looks there first again."""
    what = _what(request)
    if what is not None and decision.chosen is not None and decision.options[decision.chosen].kind == "full":
        _of(db).discard(what)


def _what(request: Request) -> _What | None:
    if request.promise is not None or len(request.lines) != 1:
        return None
    return request.lines[0].item, request.lines[0].site


def _of(db: Database) -> set[_What]:
    with _lock:
        return _kept.setdefault(db, set())
