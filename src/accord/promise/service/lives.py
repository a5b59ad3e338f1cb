"""What does the promise that a request is about hold in the ledger now?

For amend, cancel, release, renewal and the hardening of a hold: the promise, its rows, and what goes when it ends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from weakref import WeakMethod

import msgspec

from accord.db.tx import Tx
from accord.kit.days import Instant
from accord.ledger.decide import gate
from accord.ledger.decide.giveback import given_back
from accord.ledger.decide.sheet import Sheet
from accord.ledger.model import Commitment, Draw, Profile, Supply
from accord.ledger.service import reads
from accord.ledger.service.books import Book, Clock
from accord.ledger.service.news import closure
from accord.promise import store
from accord.promise.model import Approval, Promise, Request
from accord.promise.service.asked import subject


class Held(msgspec.Struct, frozen=True):
    """The rows of a promise: what it draws, proposed and committed, and what goes when it ends or is replaced."""

    draws: tuple[Draw, ...]  # all of them, those of its proposed receipts too
    supplies: tuple[Supply, ...]  # receipts it proposed that are still expected
    commitments: tuple[Commitment, ...]
    gives: tuple[Draw, ...]  # end with it
    drops: tuple[Supply, ...]  # go with it: nobody else draws on them


class Life:
    """A promise with its rows, and the keys they are on."""

    def __init__(self, promise: Promise, rows: Rows, keys: frozenset[str], clock: Clock) -> None:
        self.promise = promise
        self.keys = tuple(sorted(keys))
        own = frozenset({promise.id})
        sheets = {key: Sheet(Profile(key=key)) for key in self.keys}
        for supply in rows.supplies:
            sheets[supply.key].supplies[supply.id] = supply
        for draw in rows.draws:
            sheets[draw.key].draws[draw.id] = draw
        for commitment in rows.commitments:
            sheets[commitment.key].commitments[commitment.id] = commitment
        gives, drops = given_back(sheets, own, clock.today_of)
        self.state = Held(
            draws=tuple(d for d in rows.draws if d.promise == promise.id),
            supplies=tuple(s for s in rows.supplies if s.proposed_by == promise.id),
            commitments=tuple(c for c in rows.commitments if c.promise == promise.id),
            gives=gives,
            drops=drops,
        )

    def profiles(self, book: Book) -> dict[str, Profile]:
        """The book with what this promise holds given back; versions stay those that were read."""
        profiles = dict(book.profiles)
        gives: dict[str, list[Draw]] = {}
        drops: dict[str, list[Supply]] = {}
        for draw in self.state.gives:
            gives.setdefault(draw.key, []).append(draw)
        for supply in self.state.drops:
            drops.setdefault(supply.key, []).append(supply)
        for key in sorted({*gives, *drops}):
            before = profiles[key]
            after = gate.changed(before, gives=gives.get(key, ()), drops=drops.get(key, ()))
            profiles[key] = msgspec.structs.replace(after, version=before.version)
        return profiles


class Rows(msgspec.Struct, frozen=True):
    """The rows in force on some keys."""

    supplies: Sequence[Supply]
    draws: Sequence[Draw]
    commitments: Sequence[Commitment]

    def live(self, now: Instant) -> Rows:
        """Without what has expired at a moment."""
        return Rows(
            [s for s in self.supplies if s.expires_at is None or s.expires_at > now],
            [d for d in self.draws if d.expires_at is None or d.expires_at > now],
            self.commitments,
        )

    @property
    def keys(self) -> frozenset[str]:
        """The keys they are on."""
        return frozenset(row.key for rows in (self.draws, self.supplies, self.commitments) for row in rows)


class Moved(Exception):
    """What was looked up before the lock is no longer so; the batch starts again."""


class Lives:
    """The promises that the requests of a batch are about, as they are under the lock.

    Nothing but a request about it changes what a promise holds that proposed no receipts, so those are read together,
    once. One that the batch has changed is read again when its turn comes, and so is one with receipts of its own: what
    goes with it depends on who else draws on them.
    """

    def __init__(self, tx: Tx, book: Book, put_down: Callable[[], None]) -> None:
        self._tx, self._book = tx, book
        # What the batch has decided so far. Weakly: the batch holds this, and a circle of them would wait for the collector.
        self._put_down = WeakMethod(put_down)
        self._kept: dict[str, Life] = {}

    def read(self, ids: Sequence[str]) -> None:
        """Read these together. Raises: Moved when one of them is now on a key that is not locked."""
        for promise, own in self._found(ids):
            if not own.supplies:
                self._kept[promise.id] = Life(promise, own.live(self._book.now), own.keys, self._book.clock)

    def of(self, id: str) -> Life:
        """One of them, what earlier requests of the batch did to it included. Raises: Moved."""
        kept = self._kept.pop(id, None)
        if kept is not None:
            return kept
        ((promise, own),) = self._found([id])
        return life_of(self._tx, promise, own, self._book.clock)

    def forget(self) -> None:
        """Supply was judged again: what was read may be different now."""
        self._kept.clear()

    def _found(self, ids: Sequence[str]) -> list[tuple[Promise, Rows]]:
        put_down = self._put_down()
        assert put_down is not None  # the batch is what asks
        put_down()
        rows = rows_of_promises(self._tx, ids)
        reached = reach_of_change(self._tx, frozenset().union(*(own.keys for own in rows.values())))
        if not reached <= self._book.profiles.keys():
            raise Moved
        return [(promise, rows[promise.id]) for promise in store.promises(self._tx, ids).values()]


def promises_of(tx: Tx, wanted: Sequence[Request], approvals: Mapping[str, Approval]) -> dict[str, Promise]:
    """The promises these requests are about, by promise id; unknown ones are left out."""
    ids = sorted({id for r in wanted if (id := subject(r, approvals)) is not None})
    return store.promises(tx, ids) if ids else {}


def rows_of_promises(tx: Tx, ids: Sequence[str]) -> dict[str, Rows]:
    """What these promises draw, proposed and committed."""
    if not ids:
        return {}
    draws, supplies, commitments = (dict[str, list[Any]]() for _ in range(3))
    for draw in reads.draws_of(tx, ids):
        draws.setdefault(draw.promise or "", []).append(draw)
    for supply in reads.supplies_proposed_by(tx, ids):
        supplies.setdefault(supply.proposed_by or "", []).append(supply)
    for commitment in reads.commitments_of(tx, ids):
        commitments.setdefault(commitment.promise, []).append(commitment)
    return {id: Rows(supplies.get(id, ()), draws.get(id, ()), commitments.get(id, ())) for id in ids}


def reach_of_change(tx: Tx, keys: frozenset[str]) -> frozenset[str]:
    """Keys to lock when a promise on these keys ends: also the nodes whose receipts may be relieved by it."""
    return closure(tx, keys) if keys else frozenset()


def life_of(tx: Tx, promise: Promise, own: Rows, clock: Clock) -> Life:
    """The promise with its own rows; where it proposed receipts, with everybody's on its keys, who may live on them."""
    rows = Rows(*reads.rows_of(tx, sorted(own.keys))) if own.supplies else own
    return Life(promise, rows.live(clock.now), own.keys, clock)
