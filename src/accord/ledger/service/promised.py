"""What does the ledger say of promises, to those who look at many of them?"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from accord.db.tx import Tx
from accord.kit.days import Instant
from accord.ledger.model import Commitment, Movement, OpenException
from accord.ledger.store import promised as store


class Told(msgspec.Struct, frozen=True):
    """News that opened an exception: what it was, when, and from whom."""

    id: str  # cau_…
    at: Instant
    kind: str
    actor: str


def open_promises(tx: Tx) -> list[str]:
    """The promises with a delivery that is still to leave."""
    return store.open_promises(tx)


def uncovered_promises(tx: Tx) -> list[str]:
    """The promises with a delivery that supply does not cover now."""
    return store.uncovered_promises(tx)


def exceptions_of(
    tx: Tx, commitments: Sequence[Commitment], *, open_only: bool = True
) -> list[OpenException]:
    """The exceptions of these commitments, the oldest first."""
    return store.exceptions_of(tx, _named(commitments), open_only=open_only) if commitments else []


def movements_of(tx: Tx, commitments: Sequence[Commitment]) -> list[Movement]:
    """What left for these commitments, in its order."""
    return store.movements_of(tx, _named(commitments)) if commitments else []


def news_of(tx: Tx, causes: Sequence[str]) -> dict[str, Told]:
    """The news with these ids, by id."""
    return {one.id: Told(one.id, one.at, one.kind, one.actor) for one in store.causes(tx, causes)}


def _named(commitments: Sequence[Commitment]) -> list[tuple[str, str]]:
    return [(one.key, one.id) for one in commitments]
