"""Which guards of keeping can be broken: sums, transactions, clocks, the one door to the ledger?"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import msgspec

from accord.db.engine import Database
from accord.kit.days import Day, Instant, local_day
from accord.ledger.decide import gate
from accord.ledger.decide.graph import Graph
from accord.ledger.model import Draw, Effects, Profile
from accord.ledger.service import news, reads
from accord.ledger.service.books import Book
from accord.simulation.clock import Clock
from accord.simulation.mutants.breaking import Break, patched

_TWO_HOURS = 7_200_000_000


class _Every:
    """True each n-th time it is asked."""

    def __init__(self, n: int) -> None:
        self._n, self._asked = n, 0

    def __call__(self) -> bool:
        self._asked += 1
        return self._asked % self._n == 0


def _forgetting(what: str, n: int) -> Break:
    def broken() -> AbstractContextManager[None]:
        real, is_due = gate.changed, _Every(n)

        def forgetful(profile: Profile, **named: Any) -> Profile:
            if named.get(what) and is_due():
                named[what] = tuple(named[what])[1:]
            return real(profile, **named)

        return patched((gate, "changed", forgetful))

    return broken


drift = _forgetting("takes", 4)  # M5: now and then the sum forgets what was drawn
drift_of_returns = _forgetting("gives", 2)  # M18: and what was given back


def acknowledged_too_early() -> AbstractContextManager[None]:
    """M9: the answer is given before it is durable, and then the power fails."""
    is_due = _Every(25)
    real = Database._commit

    def commit(self: Database, connection: Any) -> None:
        if is_due():
            connection.rollback()
        else:
            real(self, connection)

    return patched((Database, "_commit", commit))


def app_clock() -> AbstractContextManager[None]:
    """M10: the application's clock decides, which may be a day off."""
    return patched((Clock, "read", Clock.read_app))


def around_the_gate() -> AbstractContextManager[None]:
    """M19: somebody writes rows past the gate, which alone keeps the sums."""

    def commit(self: Book, effects: Effects) -> None:
        takes: dict[str, list[Draw]] = {}
        for draw in (*effects.draws, *(d for p in effects.proposes for d in p.draws)):
            takes.setdefault(draw.key, []).append(draw)
        keys = {*takes, *(p.supply.key for p in effects.proposes), *(d.key for d in effects.gives_back)}
        keys |= {s.key for s in effects.drops} | {c.key for c in (*effects.commitments, *effects.resolves)}
        after = {key: _next_version(self.profiles[key]) for key in keys}
        self._remember(effects, after, takes, self.next_sequence())
        for profile in after.values():
            self._put(profile)

    return patched((Book, "commit", commit))


def _next_version(profile: Profile) -> Profile:
    return msgspec.structs.replace(profile, version=profile.version + 1)


def orphans() -> AbstractContextManager[None]:
    """M19: the promise is written, the step beside it that takes the goods is lost."""
    is_due, real = _Every(5), Book.commit

    def commit(self: Book, effects: Effects) -> None:
        if not (effects.commitments and is_due()):
            real(self, effects)

    return patched((Book, "commit", commit))


def not_judged() -> AbstractContextManager[None]:
    """M19: supply got less, and nobody looks who lived on it."""

    def nobody(sheets: Any, *_args: Any) -> dict[str, dict[str, int]]:
        return {key: {} for key in sheets if key.startswith("node:")}

    return patched((news, "judge", nobody))


def other_zone() -> AbstractContextManager[None]:
    """M19: the day begins everywhere when it begins in UTC."""

    def today(_self: Graph, _site: str, now: Instant) -> Day:
        return local_day(now, "UTC")

    return patched((Graph, "today", today))


def shipped_twice() -> AbstractContextManager[None]:
    """A count is lowered by shipments that it contains."""
    real = reads.movements_since

    def since(tx: Any, counts: Any) -> Any:
        found = real(tx, [(key, at - _TWO_HOURS) for key, at in counts])
        return {
            key: [msgspec.structs.replace(one, at=one.at + _TWO_HOURS) for one in moved]
            for key, moved in found.items()
        }

    return patched((reads, "movements_since", since))
