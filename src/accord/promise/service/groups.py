"""Which requests can never compete? Those of different groups: nothing that one of them may touch may another touch.

Two requests are of one group when there is a key that deciding either may look at: a node and all that it can be made of,
moved from or bought of, what may be delivered in its place, resources and suppliers, allocations, cumulative limits.
So groups may be decided side by side, and what becomes of each request depends on the order in its group alone.
"""

from __future__ import annotations

from collections.abc import Iterable

from accord.db.tx import Tx
from accord.ledger.service.news import closure
from accord.ledger.service.reads import short_keys
from accord.promise.model import Request
from accord.promise.service.in_force import in_force
from accord.promise.service.reaching import day_of_limits
from accord.promise.service.turns import touched


def groups_of(tx: Tx, requests: Iterable[Request], *, actor: str) -> list[int]:
    """The group of each request, as numbers from 0 on in the order in which groups are met.

    A request about a promise, whose reach nobody knows beforehand, makes all of them one group.
    """
    graph, rules, now = in_force(tx)
    today = day_of_limits(rules, now)
    joined = _Joined()
    # A promise on a key that is short has all judged again that lives on it, of whatever item.
    for key in short_keys(tx):
        joined.join(closure(tx, [key]))
    named: dict[tuple[object, ...], str | None] = {}  # what is asked for: one of its keys, None = it has none
    of_requests: list[str | None] = []
    is_whole = False
    for request in requests:
        what = (
            request.customer,
            request.may_substitute,
            tuple((one.item, one.site) for one in request.lines),
        )
        if what not in named or request.promise is not None or request.approval is not None:
            keys = touched(graph, rules, request, actor=actor, today=today)
            is_whole = is_whole or keys is None
            named[what] = joined.join(keys) if keys else None
        of_requests.append(named[what])
    if is_whole:
        return [0] * len(of_requests)
    numbers: dict[str | int, int] = {}
    found = []
    for place, one in enumerate(of_requests):
        # What touches nothing, an item that nobody knows, is refused wherever it is asked: a group by itself.
        group: str | int = place if one is None else joined.one_of(one)
        found.append(numbers.setdefault(group, len(numbers)))
    return found


class _Joined:
    """Sets of keys that are joined where they share one; each is named by one of its keys."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}

    def one_of(self, key: str) -> str:
        """The key that names the set of this one."""
        above = self._above
        top = above.setdefault(key, key)
        while above[top] != top:
            above[top] = above[above[top]]  # halves the way for the next who asks
            top = above[top]
        above[key] = top
        return top

    def join(self, keys: Iterable[str]) -> str:
        """Join the sets of these keys, at least one; the key that names the set."""
        rest = iter(keys)
        top = self.one_of(next(rest))
        for key in rest:
            self._above[self.one_of(key)] = top
        return top
