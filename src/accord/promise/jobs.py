"""What runs by itself for promises? Sweeping up what is over, and forgetting replies that nobody will ask for again."""

from __future__ import annotations

from collections.abc import Callable

from accord.db.engine import Database
from accord.promise import service

_ROUNDS_MAX = 1_000  # of one run; what is left then is for the next one


def tidy(db: Database) -> int:
    """Free what expired holds and ended promises leave behind, until nothing is left; how many keys and receipts."""
    return _until_nothing_is_left(lambda: service.tidy(db))


def prune(db: Database) -> int:
    """Forget the bodies of replies older than a week, until none is left; how many."""
    return _until_nothing_is_left(lambda: service.prune(db))


def _until_nothing_is_left(one_round: Callable[[], int]) -> int:
    done = 0
    for _round in range(_ROUNDS_MAX):
        more = one_round()
        if not more:
            break
        done += more
    return done
