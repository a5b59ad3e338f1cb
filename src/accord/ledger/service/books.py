"""How is the ledger read, locked and written by decisions? The gate.

`locked` is the one lock of a transaction: all keys, sorted, in one statement; then the store's clock, then expired
holds are given back. `Book.commit` takes one decision's effects, checks them again, and remembers the rows; `write`
puts everything down, one statement a table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec

from accord.db import audit
from accord.db.tx import Tx
from accord.kit.days import Day, Instant, local_day
from accord.kit.digest import canonical
from accord.kit.errors import Fault
from accord.ledger import store
from accord.ledger.decide import gate
from accord.ledger.decide.graph import Graph
from accord.ledger.decide.sheet import needs_roll
from accord.ledger.model import (
    Commitment,
    Draw,
    Effects,
    Kind,
    Profile,
    State,
    Supply,
    allocation_key,
    kind_of_key,
    node_of,
)

Row = TypeVar("Row", Draw, Supply)


class Treatment(msgspec.Struct, frozen=True, kw_only=True):
    """How unproven supply is counted; the policy says it."""

    late_receipt_days: int | None  # an overdue receipt is expected today + this; None = it no longer counts
    fence_days: int  # planned receipts do not count before today + this


class RollFirst(Exception):
    """Keys whose day has not been rolled although it would change them."""

    def __init__(self, keys: Sequence[str]) -> None:
        super().__init__(", ".join(keys))
        self.keys = tuple(keys)


class Clock:
    """Today at every key, at one moment."""

    def __init__(self, graph: Graph, now: Instant) -> None:
        self.graph = graph
        self.now = now
        self.default_today = local_day(now, "UTC")
        self.today = {site: graph.today(site, now) for site in graph.sites}
        self._of_keys: dict[str, Day] = {}  # a batch asks for the same keys several times

    def today_of(self, key: str) -> Day:
        """The local day of a key's site; UTC's for what belongs to no site."""
        day = self._of_keys.get(key)
        if day is None:
            day = self._of_keys[key] = self._today_of(key)
        return day

    def _today_of(self, key: str) -> Day:
        kind = kind_of_key(key)
        if kind is Kind.node:
            return self.today.get(node_of(key)[1], self.default_today)
        if kind is Kind.resource:
            resource = self.graph.resources.get(key.split(":", 1)[1])
            return self.today.get(resource.site, self.default_today) if resource else self.default_today
        return self.default_today


class Book:
    """The profiles of the keys a batch may touch, at one moment, and what decisions do to them."""

    def __init__(self, graph: Graph, profiles: dict[str, Profile], clock: Clock) -> None:
        self.graph = graph
        self.profiles = profiles
        self.clock = clock
        self.now = clock.now
        self._changes = store.Changes()
        self._dirty: set[str] = set()
        self._lowest: dict[str, int] = {}  # of keys that the gate has just checked, as they are now
        self._facts: list[audit.Entry] = []
        self._made = 0  # decisions committed in this batch, for the sequence of draws

    @property
    def dirty(self) -> tuple[str, ...]:
        """The keys that were changed, sorted."""
        return tuple(sorted(self._dirty))

    def next_sequence(self) -> int:
        """The order of making, over the whole ledger: the moment, then the place in the batch."""
        self._made += 1
        return self.now * 1_000 + self._made

    def expire(
        self, draws: Sequence[Draw], supplies: Sequence[Supply], next_expiries: Mapping[str, Instant | None]
    ) -> None:
        """Give back what expired on these keys."""
        for key in sorted({*(d.key for d in draws), *(s.key for s in supplies)}):
            gone = [d for d in draws if d.key == key]
            dropped = [s for s in supplies if s.key == key]
            profile = gate.changed(self.profiles[key], gives=gone, drops=dropped, now=self.now)
            profile = msgspec.structs.replace(profile, next_expiry_at=next_expiries.get(key))
            self._put(profile)
            self._changes.ended_draws += [(key, d.id, profile.version) for d in gone]
            self._changes.ended_supplies += [(key, s.id, profile.version) for s in dropped]

    def lowest(self, key: str) -> int:
        """How low a key gets from today on."""
        return gate.lowest(self.profiles[key], self.graph, self.clock.today_of(key))

    def close_expired(self, commitments: Sequence[Commitment]) -> None:
        """Mark held commitments whose draws just expired; the fact is told once for each."""
        for commitment in commitments:
            self._changes.ended_commitments.append(
                (commitment.key, commitment.id, self.profiles[commitment.key].version)
            )
            self._changes.new_commitments.append(
                (
                    msgspec.structs.replace(commitment, state=State.expired),
                    self.profiles[commitment.key].version,
                )
            )
            self._facts.append(hold_expired(commitment))

    def commit(self, effects: Effects) -> None:
        """The gate: take one decision's effects, all or none. Raises: Fault when they are not covered."""
        sequence = self.next_sequence()
        gives, takes = _by_key(effects.gives_back), _by_key(effects.draws)
        drops, adds = _by_key(effects.drops), _by_key(p.supply for p in effects.proposes)
        for proposal in effects.proposes:
            for draw in proposal.draws:
                takes.setdefault(draw.key, []).append(draw)
        keys = sorted(
            {*gives, *takes, *drops, *adds, *(c.key for c in (*effects.commitments, *effects.resolves))}
        )
        middle: dict[str, Profile] = {}
        after: dict[str, Profile] = {}
        lowest: dict[str, int] = {}
        for key in keys:
            before = self.profiles.get(key)
            if before is None:
                raise Fault(f"{key} would be changed without being locked")
            if key not in gives and key not in drops:
                middle[key] = before
            else:
                left = gate.changed(before, gives=gives.get(key, ()), drops=drops.get(key, ()), now=self.now)
                middle[key] = msgspec.structs.replace(left, version=before.version)
            after[key] = gate.changed(
                before,
                gives=gives.get(key, ()),
                takes=takes.get(key, ()),
                drops=drops.get(key, ()),
                adds=adds.get(key, ()),
                now=self.now,
            )
            base = gate.without_hold(before, gives.get(key, ()), drops.get(key, ()), adds.get(key, ()))
            lowest[key] = gate.check(base, middle[key], after[key], self.graph, self.clock.today_of(key))
        terms = frozenset(effects.terms)
        for key in keys:
            if key in takes and kind_of_key(key) is Kind.node and self.graph.allocations_on(key):
                was, now = (
                    {
                        a.id: _used(profiles.get(allocation_key(a.id)) or self.profiles[allocation_key(a.id)])
                        for a in self.graph.allocations_on(key)
                    }
                    for profiles in (middle, after)
                )
                gate.check_shares(
                    middle[key],
                    after[key],
                    (was, now),
                    self.graph,
                    self.clock.today_of(key),
                    terms,
                    effects.borrows,
                )
        # After this point it must succeed.
        self._remember(effects, after, takes, sequence)
        for profile in after.values():
            self._put(profile)
        self._lowest.update(lowest)

    def _remember(
        self, effects: Effects, after: Mapping[str, Profile], takes: Mapping[str, list[Draw]], sequence: int
    ) -> None:
        changes = self._changes
        changes.ended_draws += [(d.key, d.id, after[d.key].version) for d in effects.gives_back]
        changes.ended_supplies += [(s.key, s.id, after[s.key].version) for s in effects.drops]
        changes.new_supplies += [(p.supply, after[p.supply.key].version) for p in effects.proposes]
        changes.new_draws += [
            (msgspec.structs.replace(d, sequence=d.sequence or sequence), after[key].version)
            for key, draws in takes.items()
            for d in draws
        ]
        changes.ended_commitments += [(c.key, c.id, after[c.key].version) for c in effects.resolves]
        changes.new_commitments += [
            (c, after[c.key].version) for c in (*effects.commitments, *effects.resolves)
        ]

    def _put(self, profile: Profile) -> None:
        self.profiles[profile.key] = profile
        self._dirty.add(profile.key)
        self._lowest.pop(profile.key, None)

    def write(self, tx: Tx) -> None:
        """Put down what the batch changed: one statement a table."""
        if not self._dirty:
            return
        rows = []
        for key in sorted(self._dirty):
            profile = self.profiles[key]
            low = self._lowest[key] if key in self._lowest else self.lowest(key)
            allowed = min(profile.shortfall_max, max(0, -low))
            if allowed != profile.shortfall_max:
                profile = self.profiles[key] = msgspec.structs.replace(profile, shortfall_max=allowed)
            rows.append((profile, low))
        store.write_keys(tx, rows)
        store.apply(tx, self._changes)
        if self._facts:
            audit.append(tx, self._facts)
        self._changes, self._facts = store.Changes(), []
        self._dirty.clear()

    def refresh(self, tx: Tx, keys: Sequence[str]) -> None:
        """Read these locked keys again, after news in the same transaction changed them."""
        self.profiles.update(store.read(tx, keys))


def hold_expired(commitment: Commitment) -> audit.Entry:
    """The fact that a hold is over, told once for each of its deliveries."""
    return audit.Entry(
        type="HoldExpired", body=canonical({"commitment": commitment.id, "promise": commitment.promise})
    )


def _by_key(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.key, []).append(row)
    return found


def _used(profile: Profile) -> int:
    return sum(quantity for _on, _life, quantity in profile.draws)


def locked(
    tx: Tx,
    graph: Graph,
    keys: Iterable[str],
    treatment: Treatment,
    clock: Callable[[], Instant] | None = None,
) -> Book:
    """Lock these keys, read the clock, give back what expired. Raises: RollFirst when a day must be rolled before.

    `clock` reads the store's clock, where the caller looks at more with the same statement.
    """
    ordered = sorted(set(keys))
    store.hold_graph(tx, ordered)
    profiles = store.lock(tx, ordered)
    return _settled(tx, graph, profiles, treatment, tx.now() if clock is None else clock())


def unlocked(
    tx: Tx, graph: Graph, keys: Iterable[str], treatment: Treatment, now: Instant | None = None
) -> Book:
    """The same book for a plain ask: one snapshot, nothing locked, and never to be written."""
    profiles = store.read(tx, sorted(set(keys)))
    return _settled(tx, graph, profiles, treatment, tx.now() if now is None else now)


def _settled(
    tx: Tx, graph: Graph, profiles: dict[str, Profile], treatment: Treatment, clock: Instant
) -> Book:
    now = max(clock, max((p.latest_at for p in profiles.values()), default=0))
    book = Book(graph, profiles, Clock(graph, now))
    overdue = [
        key
        for key, p in profiles.items()
        if kind_of_key(key) is Kind.node and needs_roll(p, book.clock.today_of(key), treatment.fence_days)
    ]
    if overdue:
        raise RollFirst(sorted(overdue))
    due = [key for key, p in profiles.items() if p.next_expiry_at is not None and p.next_expiry_at <= now]
    if due:
        _expire(tx, book, sorted(due))
    return book


def _expire(tx: Tx, book: Book, keys: Sequence[str]) -> None:
    draws = store.expiring(tx, keys, book.now)
    supplies = store.expiring_supplies(tx, keys, book.now)
    book.expire(draws, supplies, store.next_expiries(tx, keys, book.now))
    # Somebody may live on what a hold proposed: then it is supply news, and their exceptions come with it.
    short = [k for k in keys if book.lowest(k) + book.profiles[k].shortfall_max < 0]
    if short:
        raise RollFirst(short)
    owners = {d.owner for d in draws}
    promises = sorted({d.promise for d in draws if d.promise is not None})
    held = [
        c
        for c in store.commitments_of_promises(tx, promises)
        if c.id in owners and c.state is State.held and c.key in keys
    ]
    book.close_expired(held)
