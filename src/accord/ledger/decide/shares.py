"""What is protected for others? Allocations are limits on who may draw, never supply.

Until its release day has come, a share stands as a draw from the start of its period (or today) on: whoever ships after
the period must leave it, too, since its owner may still use it. Shares are honoured from the highest rank down, each only as far as the supply goes: after a cut the lowest shrink first. A share whose path
extends another's (a channel's within a tier's) is part of it.

A share is used up by draws in its period alone. Whoever draws before or after it does not lessen it, so that it stands before the
lower shares as it did, and what is drawn must leave them what they had.
"""

from __future__ import annotations

from collections.abc import Mapping

from accord.kit.days import Day
from accord.ledger.decide.projection import Projection
from accord.ledger.model import Allocation


def reserved(
    allocations: tuple[Allocation, ...],
    unused: Mapping[str, int],
    deltas: Mapping[Day, int],
    today: Day,
    terms: frozenset[str],
    borrow: bool,
    keeps: Mapping[str, int],
) -> list[tuple[Day, int]]:
    """Draws by day that stand for the unused shares protected against a requester, sorted.

    `unused` is what each allocation has left of its share, `deltas` the node's steps. `borrow`: the shares of ranks
    below the requester's own do not protect against it. `keeps` is what the requester's own shares still have after what
    he draws, the same as before where that is outside of their period; 0 where it is left out. It stands before the shares of
    lower ranks that protect against him.
    """
    own_rank = min((a.rank for a in allocations if terms.issuperset(a.path)), default=None)
    steps = dict(deltas)
    granted: dict[str, int] = {}
    found: list[tuple[Day, int]] = []
    own: list[
        tuple[Day, int, str]
    ] = []  # what his own shares keep, if a lower one comes that it is kept before
    before: list[tuple[Day, int, str]] = []  # the same, when one has come
    inside: dict[str, int] = {}  # of an own share: what is found already of those nested in it
    # A share comes after the one it is part of, whatever rank of its own somebody gave it.
    for a in sorted(allocations, key=lambda a: (_outermost(a, allocations).rank, len(a.path), a.rank, a.id)):
        if (a.release_on or a.until_on) <= today:
            continue
        start = max(a.from_on, today)
        outer = outer_of(a, allocations)
        room = max(0, Projection(steps).floor(start)) if outer is None else granted.get(outer.id, 0)
        share = min(unused[a.id], room)
        granted[a.id] = share
        if outer is None:
            steps[start] = steps.get(start, 0) - share
        else:
            granted[outer.id] -= share
        if share == 0:
            continue
        if terms.issuperset(a.path):
            if outer is None and keeps.get(a.id):
                own.append((start, min(share, keeps[a.id]), a.id))
            continue
        if borrow and own_rank is not None and a.rank > own_rank:
            continue
        # A nested share counts only against those who may use the share around it; others meet the outer one.
        if outer is None:
            found.append((start, share))
            before += own
            own = []
        elif terms.issuperset(outer.path):
            found.append((start, share))
            around = _outermost(a, allocations).id
            inside[around] = inside.get(around, 0) + share
    for start, kept, id in before:
        if kept > inside.get(id, 0):
            found.append((start, kept - inside.get(id, 0)))
    return sorted(found)


def _outermost(inner: Allocation, allocations: tuple[Allocation, ...]) -> Allocation:
    """The allocation in whose share all those around this one are nested; itself when it stands alone."""
    while (outer := outer_of(inner, allocations)) is not None:
        inner = outer
    return inner


def outer_of(inner: Allocation, allocations: tuple[Allocation, ...]) -> Allocation | None:
    """The allocation in whose share this one is nested: the longest proper part of its path, around its period."""
    around = [
        a
        for a in allocations
        if set(a.path) < set(inner.path) and a.from_on <= inner.from_on and inner.until_on <= a.until_on
    ]
    return max(around, key=lambda a: (len(a.path), a.id), default=None)
