"""What does the promise that a request is about hold in the ledger now?

For amend, cancel, release, renewal and the hardening of a hold: the promise, its rows, and what goes when it ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from accord.db.tx import Tx
from accord.kit.days import Instant
from accord.ledger.decide import gate
from accord.ledger.decide.giveback import given_back
from accord.ledger.decide.sheet import Sheet
from accord.ledger.model import Commitment, Draw, Profile, Supply
from accord.ledger.service import reads
from accord.ledger.service.books import Book
from accord.ledger.service.news import closure
from accord.promise import store
from accord.promise.model import Promise, Request


class Held(msgspec.Struct, frozen=True):
    """The rows of a promise: what it draws, proposed and committed, and what goes when it ends or is replaced."""

    draws: tuple[Draw, ...]  # all of them, those of its proposed receipts too
    supplies: tuple[Supply, ...]  # receipts it proposed that are still expected
    commitments: tuple[Commitment, ...]
    gives: tuple[Draw, ...]  # end with it
    drops: tuple[Supply, ...]  # go with it: nobody else draws on them


class Life:
    """A promise with its rows, and the keys they are on."""

    def __init__(self, promise: Promise, rows: Rows, keys: frozenset[str]) -> None:
        self.promise = promise
        self.keys = tuple(sorted(keys))
        own = frozenset({promise.id})
        sheets = {key: Sheet(Profile(key=key)) for key in self.keys}
        for supply in rows.supplies:
            sheets[supply.key].supplies[supply.id] = supply
        for draw in rows.draws:
            sheets[draw.key].draws[draw.id] = draw
        gives, drops = given_back(sheets, own)
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


def promises_of(tx: Tx, wanted: Sequence[Request]) -> dict[str, Promise]:
    """The promises these requests are about, by promise id; unknown ones are left out."""
    ids = sorted({r.promise for r in wanted if r.promise is not None})
    return store.promises(tx, ids) if ids else {}


def own_keys(tx: Tx, promises: Mapping[str, Promise]) -> dict[str, frozenset[str]]:
    """For each promise, the keys its rows are on."""
    found: dict[str, set[str]] = {id: set() for id in promises}
    ids = sorted(promises)
    if not ids:
        return {}
    for draw in reads.draws_of(tx, ids):
        found[draw.promise or ""].add(draw.key)
    for supply in reads.supplies_proposed_by(tx, ids):
        found[supply.proposed_by or ""].add(supply.key)
    for commitment in reads.commitments_of(tx, ids):
        found[commitment.promise].add(commitment.key)
    return {id: frozenset(keys) for id, keys in found.items()}


def reach_of_change(tx: Tx, keys: frozenset[str]) -> frozenset[str]:
    """Keys to lock when a promise on these keys ends: also the nodes whose receipts may be relieved by it."""
    return closure(tx, keys) if keys else frozenset()


def life_of(tx: Tx, promise: Promise, keys: frozenset[str], now: Instant) -> Life:
    """The promise with its rows as they are now, under the lock of these keys."""
    return Life(promise, Rows(*reads.rows_of(tx, sorted(keys))).live(now), keys)
