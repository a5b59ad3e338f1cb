"""Which guards can be broken on purpose, to see that somebody notices?

Each mutant is a defect that other systems really had, patched in from here; no module of the product knows of them.
Where several guards stand behind each other, a mutant comes with the next ones taken away, too: behind the decision
stands the gate, behind the gate the database's CHECK, and behind everything the auditor and `accord verify`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any
from unittest import mock

import msgspec

from accord.db import requests
from accord.db.tx import Tx
from accord.kit.days import Day
from accord.ledger import store
from accord.ledger.decide import gate, trial
from accord.ledger.decide.graph import Graph
from accord.ledger.decide.projection import Projection
from accord.ledger.model import Draw, Effects, Profile, State
from accord.promise.decide import life, order
from accord.promise.decide.plan import Plan
from accord.promise.model import Decision, Refusal, Verb
from accord.promise.service import deciding, lives

Mutant = Callable[[], AbstractContextManager[None]]


@contextmanager
def active(name: str) -> Iterator[None]:
    """Inside, the guard is broken. Raises: KeyError for a name that is no mutant's."""
    with MUTANTS[name][1]():
        yield


@contextmanager
def _patched(*patches: tuple[Any, str, Any]) -> Iterator[None]:
    with ExitStack() as stack:
        for owner, name, value in patches:
            stack.enter_context(mock.patch.object(owner, name, value))
        yield


def _together(*mutants: Mutant) -> Mutant:
    @contextmanager
    def both() -> Iterator[None]:
        with ExitStack() as stack:
            for one in mutants:
                stack.enter_context(one())
            yield

    return both


# --- guards that stand behind others ---


def _no_gate() -> AbstractContextManager[None]:
    """The gate lets everything pass."""

    def summary_only(_before: Profile, _middle: Profile, after: Profile, graph: Graph, today: Day) -> int:
        return gate.lowest(after, graph, today)

    return _patched((gate, "check", summary_only), (gate, "check_shares", _nothing))


def _blind_summary() -> AbstractContextManager[None]:
    """The database is told that nothing is ever below zero, so that its CHECK sees nothing."""
    real = gate.lowest
    return _patched((gate, "lowest", lambda *args: max(0, real(*args))))


def _nothing(*_args: Any, **_named: Any) -> None:
    return None


# --- the mutants ---


def _no_lock() -> AbstractContextManager[None]:
    """M1: read, decide, write, with no lock in between."""

    def read_only(tx: Tx, keys: Sequence[str]) -> dict[str, Profile]:
        found = store.read(tx, keys)
        missing = [key for key, profile in found.items() if not profile.version]
        return found | store_lock(tx, missing)

    store_lock = store.lock
    return _patched((store, "lock", read_only))


def _lines_alone() -> AbstractContextManager[None]:
    """M3: each line of an order is checked as if the others were not there."""
    real: Callable[..., Any] = vars(order)["from_stock"]

    def forgetful(*args: Any, keeps: bool, **named: Any) -> Any:
        return real(*args, keeps=False, **named)

    return _patched((Plan, "apply", _nothing), (order, "from_stock", forgetful))


def _claims_nothing() -> AbstractContextManager[None]:
    """M6: a request that was answered before is taken for a new one."""
    real = requests.claim

    def forgetful(tx: Tx, claims: Sequence[requests.Claim], **named: Any) -> Mapping[str, Any]:
        real(tx, claims, **named)
        return {one.id: requests.Claimed(one.id) for one in claims}

    return _patched((requests, "claim", forgetful))


def _expired_hold_converted() -> AbstractContextManager[None]:
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

    return _patched(
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


def _due_day_only() -> AbstractContextManager[None]:
    """M8, M15: what is there on the day is promised, although a later promise rests on it."""

    def level(projection: Projection, on: Day) -> int:
        return projection.level(on)

    return _patched((Projection, "floor", level))


def _own_hold_subtracted() -> AbstractContextManager[None]:
    """M13: a promise that is changed competes with what it holds itself."""
    return _patched((lives.Life, "profiles", lambda _life, book: dict(book.profiles)))


def _no_shares() -> AbstractContextManager[None]:
    """What is set aside for others is given to whoever comes first."""

    def nothing_kept(*_args: Any, **_named: Any) -> list[tuple[Day, int]]:
        return []

    return _patched((trial, "reserved", nothing_kept))


def _drift() -> AbstractContextManager[None]:
    """M5, M18: now and then the packed sum forgets a draw that the rows have."""
    real, calls = gate.changed, [0]

    def forgetful(profile: Profile, **named: Any) -> Profile:
        calls[0] += 1
        if calls[0] % 7 == 0:
            named["takes"] = tuple(named.get("takes", ()))[1:]
        return real(profile, **named)

    return _patched((gate, "changed", forgetful))


# Name: what is wrong, and the patches.
MUTANTS: dict[str, tuple[str, Mutant]] = {
    "M1": ("no lock", _no_lock),
    "M3": ("lines of an order checked alone", _lines_alone),
    "M3 without gate": ("…, and nothing checks again", _together(_lines_alone, _no_gate)),
    "M3 without gate and CHECK": ("…, and the summary is blind", _together(_lines_alone, _no_gate, _blind_summary)),
    "M5": ("the sum drifts from its rows", _drift),
    "M6": ("a repeated request is taken for a new one", _claims_nothing),
    "M7": ("an expired hold is made firm without a look", _expired_hold_converted),
    "M7 without gate": ("…, and nothing checks again", _together(_expired_hold_converted, _no_gate)),
    "M7 without gate and CHECK": (
        "…, and the summary is blind",
        _together(_expired_hold_converted, _no_gate, _blind_summary),
    ),
    "M8": ("only the due day is looked at", _due_day_only),
    "M8 without gate": ("…, and nothing checks again", _together(_due_day_only, _no_gate)),
    "M8 without gate and CHECK": ("…, and the summary is blind", _together(_due_day_only, _no_gate, _blind_summary)),
    "shares": ("what is set aside for others is given away", _no_shares),
    "shares without gate": ("…, and nothing checks again", _together(_no_shares, _no_gate)),
    "M13": ("a promise competes with its own hold", _own_hold_subtracted),
}  # fmt: skip
