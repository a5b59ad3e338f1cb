"""Whose turn is it? What waits for a deeper look is not overtaken by what competes with it.

Requests of one call are decided in two lanes, stock first, and yet in order: who may touch what a request before it may
touch waits with it. So what becomes of them depends on their order alone, and not on where a transaction happened to end.
"""

from __future__ import annotations

from accord.kit.days import Day
from accord.ledger.decide.graph import Graph
from accord.policy.model import Book as Policy
from accord.promise.model import Request
from accord.promise.service.reaching import all_keys, limits_of


class Turns:
    """The requests of one call and actor that wait, by what they may touch."""

    def __init__(self, actor: str) -> None:
        self._actor = actor
        self._held: set[str] = set()
        self._holds_all = False

    def wait(self, request: Request, graph: Graph, rules: Policy, today: Day) -> None:
        """It waits, and so does from now on whoever may touch what it may touch."""
        keys = touched(graph, rules, request, actor=self._actor, today=today)
        if keys is None:
            self._holds_all = True
        else:
            self._held |= keys

    def is_behind(self, request: Request, graph: Graph, rules: Policy, today: Day) -> bool:
        """Whether one that waits comes before it; then it waits, too."""
        if not self._held and not self._holds_all:
            return False  # the usual case looks nothing up
        keys = touched(graph, rules, request, actor=self._actor, today=today)
        if not self._holds_all and keys is not None and self._held.isdisjoint(keys):
            return False
        self.wait(request, graph, rules, today)
        return True


def touched(
    graph: Graph, rules: Policy, request: Request, *, actor: str, today: Day
) -> frozenset[str] | None:
    """Every key that deciding the request may look at, cumulative limits too; None = nobody can tell beforehand.

    What changes or ends a promise also touches whatever lives on its receipts.
    """
    if request.promise is not None or request.approval is not None:
        return None
    return all_keys(graph, rules, request, None) | limits_of(rules, request, None, (actor,), today)
