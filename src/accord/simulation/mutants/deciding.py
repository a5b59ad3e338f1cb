"""Which guards of deciding can be broken: what is looked at before a promise is made?"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import msgspec

from accord.db.tx import Tx
from accord.kit.days import Day
from accord.ledger import store
from accord.ledger.decide import trial
from accord.ledger.decide.projection import Projection
from accord.ledger.model import Draw, Effects, State
from accord.promise.decide import life, order
from accord.promise.decide.plan import Plan
from accord.promise.model import Decision, Refusal, Verb
from accord.promise.service import deciding, lives
from accord.simulation.mutants.breaking import nothing, patched


def lines_alone() -> AbstractContextManager[None]:
    """M3: each line of an order is checked as if the others were not there."""
    real: Callable[..., Any] = vars(order)["from_stock"]

    def forgetful(*args: Any, keeps: bool, **named: Any) -> Any:
        return real(*args, keeps=False, **named)

    return patched((Plan, "apply", nothing), (order, "from_stock", forgetful))


def expired_hold_converted() -> AbstractContextManager[None]:
    """M7: a hold that is over is made firm again, without looking whether somebody has taken what it held."""
    real_state, real_of = life._of_state, lives.Lives.of
    real_effects: Callable[..., Effects | None] = vars(deciding)["effects_of"]
    gone: dict[str, tuple[Draw, ...]] = {}

    def any_state(*args: Any) -> list[Refusal]:
        return [why for why in real_state(*args) if why is not Refusal.hold_expired]

    def remembered(self: lives.Lives, id: str) -> lives.Life:
        found = real_of(self, id)
        ends_at = found.promise.expires_at
        if ends_at is not None and ends_at <= self._book.now and not found.state.supplies:
            gone[id] = tuple(_all_draws(self._tx, id))
        return found

    def firm(decision: Decision, graph: Any, rules: Any, standing: Any, before: Any) -> Effects | None:
        if decision.request.verb is not Verb.commit or before is None or decision.promise not in gone:
            return real_effects(decision, graph, rules, standing, before)
        return Effects(
            draws=tuple(msgspec.structs.replace(draw, expires_at=None) for draw in gone.pop(before.id)),
            resolves=tuple(msgspec.structs.replace(c, state=State.committed) for c in standing.commitments),
        )

    return patched(
        (life, "_of_state", any_state),
        (lives.Lives, "of", remembered),
        (deciding, "effects_of", firm),
    )


def _all_draws(tx: Tx, promise: str) -> list[Draw]:
    # The last rows of a promise's draws that are over, receipts' own left out.
    rows = tx.rows(
        "SELECT key, version_to FROM ledger_draw WHERE promise = :promise AND version_to IS NOT NULL AND feeds IS NULL",
        promise=promise,
    )
    last: dict[str, int] = dict(sorted(rows))
    found = store.draws_at(tx, [(key, version - 1) for key, version in last.items()])
    return [draw for draw in found if draw.promise == promise and draw.feeds is None]


def due_day_only() -> AbstractContextManager[None]:
    """M8, M15: what is there on the day is promised, although a later promise rests on it."""

    def level(projection: Projection, on: Day) -> int:
        return projection.level(on)

    return patched((Projection, "floor", level))


def own_hold_subtracted() -> AbstractContextManager[None]:
    """M13: a promise that is changed competes with what it holds itself."""
    return patched((lives.Life, "profiles", lambda _life, book: dict(book.profiles)))


def no_shares() -> AbstractContextManager[None]:
    """What is set aside for others is given to whoever comes first."""

    def nothing_kept(*_args: Any, **_named: Any) -> list[tuple[Day, int]]:
        return []

    return patched((trial, "reserved", nothing_kept))
