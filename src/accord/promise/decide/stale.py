"""On what may nothing be promised, because too long nobody said how much of it there is?

Stock that was counted longer ago than the policy trusts counts in every calculation as before, so that the answer can still
be looked at; an option that takes of it may not be taken. Approval does not help: nobody knows better by agreeing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from accord.ledger.model import node_key, node_of
from accord.promise.decide.case import Case
from accord.promise.decide.plan import Plan
from accord.promise.model import Option, Refusal, Stale

_A_SECOND = 1_000_000


def rests_on_old(case: Case, plans: Sequence[Plan]) -> bool:
    """Whether any of these plans takes of stock that was counted too long ago."""
    most = case.rules.count_seconds_max
    return most is not None and any(_is_stale(case, key, most) for key in _nodes(plans))


def stale_of(case: Case, options: Sequence[Option]) -> tuple[Stale, ...]:
    """The stock that keeps options from being taken; where there is no option, that of what was asked for."""
    most = case.rules.count_seconds_max
    if most is None:
        return ()
    hindered = [option for option in options if Refusal.feed_too_old in option.needs]
    keys = _nodes(hindered)
    if not options:
        wanted = {line.item for line in case.request.lines}
        keys = {
            key for key, _version in case.trial.reads if key.startswith("node:") and node_of(key)[0] in wanted
        }
    return tuple(
        [
            Stale(
                key=key,
                counted_at=case.trial.counted_at(key),
                owner=case.graph.items[node_of(key)[0]].planner,
            )
            for key in sorted(keys)
            if _is_stale(case, key, most)
        ]
    )


def _is_stale(case: Case, key: str, most: int) -> bool:
    """Whether the stock at a node was counted longer ago than so many seconds."""
    counted_at = case.trial.counted_at(key)
    return counted_at > 0 and case.now - counted_at > most * _A_SECOND


def _nodes(plans: Iterable[Plan | Option]) -> set[str]:
    """Where they take something from."""
    keys: set[str] = set()
    for plan in plans:
        keys.update(node_key(piece.item, piece.site) for piece in plan.pieces)
        keys.update(take.key for made in plan.makes for take in made.takes if take.key.startswith("node:"))
    return keys
