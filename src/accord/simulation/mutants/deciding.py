"""Which guards of deciding can be broken: what is looked at before a promise is made?"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from types import SimpleNamespace
from typing import Any

import msgspec

from accord.db.tx import Tx
from accord.kit.days import Day
from accord.ledger import store
from accord.ledger.decide import trial
from accord.ledger.decide.projection import Projection
from accord.ledger.model import Draw, Effects, State, SupplyKind
from accord.promise.decide import approval, life, order, rights
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


# --- what a decision changes in the ledger ---


def _with_effects(change: Callable[[Decision, Effects, Any], Effects]) -> AbstractContextManager[None]:
    real: Callable[..., Effects | None] = vars(deciding)["effects_of"]

    def changed(decision: Decision, graph: Any, rules: Any, standing: Any, before: Any) -> Effects | None:
        effects = real(decision, graph, rules, standing, before)
        return None if effects is None else change(decision, effects, before)

    return patched((deciding, "effects_of", changed))


def hold_stays_behind() -> AbstractContextManager[None]:
    """M14: the quote is edited, what is held for it is not."""

    def change(decision: Decision, effects: Effects, before: Any) -> Effects:
        if decision.request.verb is not Verb.amend or before is None or before.expires_at is None:
            return effects
        return msgspec.structs.replace(effects, gives_back=(), drops=(), draws=(), proposes=())

    return _with_effects(change)


def rounded() -> AbstractContextManager[None]:
    """M19: what is drawn is rounded down to packs of five, what is promised is not."""

    def change(_decision: Decision, effects: Effects, _before: Any) -> Effects:
        draws = tuple(
            msgspec.structs.replace(draw, quantity=draw.quantity - draw.quantity % 5 or draw.quantity)
            for draw in effects.draws
        )
        return msgspec.structs.replace(effects, draws=draws)

    return _with_effects(change)


def substituted_twice() -> AbstractContextManager[None]:
    """M19: the item that stands in is promised under the other's name, and stays there under its own."""

    def change(decision: Decision, effects: Effects, _before: Any) -> Effects:
        lines = decision.request.lines
        others = {c.id for c in effects.commitments if c.line < len(lines) and lines[c.line].item != c.item}
        return msgspec.structs.replace(
            effects, draws=tuple(draw for draw in effects.draws if draw.owner not in others)
        )

    return _with_effects(change)


def _untaken(kind: SupplyKind) -> Callable[[], AbstractContextManager[None]]:
    def broken() -> AbstractContextManager[None]:
        def change(_decision: Decision, effects: Effects, _before: Any) -> Effects:
            proposes = tuple(
                msgspec.structs.replace(
                    one, draws=tuple(draw for draw in one.draws if not draw.key.startswith("node:"))
                )
                if one.supply.kind is kind
                else one
                for one in effects.proposes
            )
            return msgspec.structs.replace(effects, proposes=proposes)

        return _with_effects(change)

    return broken


components_shared = _untaken(SupplyKind.production)  # M19: two goods are made of the same component
transfer_promised_twice = _untaken(SupplyKind.transfer)  # M19: what moves is promised at both sites


def always_enough() -> AbstractContextManager[None]:
    """M17: the check before believes that there is always enough; only the one at the gate is left."""

    def plenty(*_args: Any, **_named: Any) -> int:
        return 1_000_000

    return patched((trial.Trial, "atp", plenty))


def later_days_unseen() -> AbstractContextManager[None]:
    """M15: what is there today is promised today, whatever is promised for later on it."""
    real = Projection.floor

    def floor(projection: Projection, on: Day) -> int:
        return projection.level(on) if on <= projection.days[0] + 1 else real(projection, on)

    return patched((Projection, "floor", floor))


# --- who may ---


def own_approval() -> AbstractContextManager[None]:
    """Who asked for something may approve it himself."""
    return patched((approval, "person_of", lambda _rights, _actor: object()))


def limits_unseen() -> AbstractContextManager[None]:
    """What was promised before in the same week does not count."""
    real: Callable[..., Any] = vars(rights)["policy"].judge
    proxy = SimpleNamespace(
        **{**vars(vars(rights)["policy"]), "judge": lambda own, act, _free: _judged(real, own, act)}
    )
    return patched((rights, "policy", proxy))


def _judged(real: Callable[..., Any], own: Any, act: Any) -> Any:
    return real(own, act, lambda _key, _on: 1_000_000)


def limits_undrawn() -> AbstractContextManager[None]:
    """What a seller promises is not written on his limit."""

    def change(_decision: Decision, effects: Effects, _before: Any) -> Effects:
        draws = tuple(draw for draw in effects.draws if not draw.key.startswith("limit:"))
        return msgspec.structs.replace(effects, draws=draws)

    return _with_effects(change)
