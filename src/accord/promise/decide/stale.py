"""On what may nothing be promised, because too long nobody said how much of it there is?

Stock that was counted longer ago than the policy trusts counts in every calculation as before, so that the answer can still
be looked at; an option that takes of it may not be taken. Approval does not help: nobody knows better by agreeing. What is
certain is found by supposing that none of it is there, what a count could make of the answer by supposing that there is plenty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from accord.ledger.model import node_key, node_of
from accord.promise.decide.case import Case
from accord.promise.model import Stale

if TYPE_CHECKING:
    from accord.promise.decide.plan import Plan

_A_SECOND = 1_000_000
_PLENTY = 1 << 40
_NONE: frozenset[str] = frozenset()


def old_under(case: Case, plans: Sequence[Plan]) -> frozenset[str]:
    """The nodes at which these plans take of stock that was counted too long ago."""
    most = case.rules.count_seconds_max
    if most is None:
        return _NONE
    before = case.now - most * _A_SECOND
    return frozenset([key for key in _nodes(plans) if 0 < case.trial.counted_at(key) < before])


def old_asked(case: Case) -> list[str]:
    """The nodes of what was asked for that were counted too long ago, wherever the request may come to."""
    asked = {line.item for line in case.request.lines}
    return [key for key in _old(case) if node_of(key)[0] in asked]


def stale_of(case: Case, keys: Iterable[str]) -> tuple[Stale, ...]:
    """Since when nothing was heard of the stock at these nodes, and who sees to it."""
    return tuple(
        [
            Stale(
                key=key,
                counted_at=case.trial.counted_at(key),
                owner=case.graph.items[node_of(key)[0]].planner,
            )
            for key in sorted(keys)
        ]
    )


@contextmanager
def none_of_it(case: Case) -> Iterator[None]:
    """As if nothing were there, or came, where the stock was counted too long ago: what can be had then is certain."""
    trial = case.trial
    with _supposing(case):
        for key in _old(case):
            trial.take(key, trial.today(node_of(key)[1]), _PLENTY)
        yield


@contextmanager
def plenty_of_it(case: Case) -> Iterator[None]:
    """As if there were any amount of what was asked for where it was counted too long ago; substitutes do not count."""
    trial, may_substitute = case.trial, case.may_substitute
    with _supposing(case):
        case.may_substitute = False  # what is known of what was asked for they do not change
        for key in old_asked(case):
            trial.add(key, trial.today(node_of(key)[1]), _PLENTY, "")
        yield
    case.may_substitute = may_substitute


@contextmanager
def _supposing(case: Case) -> Iterator[None]:
    mark = case.trial.mark()
    case.supposes = True
    yield
    case.supposes = False
    case.trial.undo(mark)


def _old(case: Case) -> list[str]:
    most = case.rules.count_seconds_max
    return [] if most is None else case.trial.counted_before(case.now - most * _A_SECOND)


def _nodes(plans: Iterable[Plan]) -> set[str]:
    """Where they take something from."""
    keys: set[str] = set()
    for plan in plans:
        keys.update(node_key(piece.item, piece.site) for piece in plan.pieces)
        keys.update(take.key for made in plan.makes for take in made.takes if take.key.startswith("node:"))
    return keys
