"""Is the ledger what its rows say? Everything is recomputed from the rows, in one snapshot.

Profiles, lowest levels and shortfalls; that every open commitment has its draws; which receipts are doubtful; that every
commitment that is not covered has one open exception with an owner, and no other has one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from accord.db.tx import Tx
from accord.kit.days import Day
from accord.ledger import store
from accord.ledger.decide import gate
from accord.ledger.decide.coverage import overdue, short_at_capacity, short_at_node
from accord.ledger.decide.graph import Graph
from accord.ledger.model import Commitment, Draw, Kind, Profile, Supply, kind_of_key
from accord.ledger.service.books import Clock
from accord.ledger.service.graphs import graph as read_graph

_PAGE = 500

T = TypeVar("T", Supply, Draw, Commitment)


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is not as it must be."""

    key: str  # the ledger key, or what else it is about
    what: str  # a statement: "profile_differs"
    detail: str


def verify(tx: Tx, on_progress: Callable[[int], None] | None = None) -> list[Finding]:
    """All findings, in key order; none when the ledger is right. Keys whose profile cannot be read are all that is found."""
    broken = store.unreadable_keys(tx)
    if broken:
        detail = "what is kept there is not its profile"
        return [Finding(key=key, what="profile_unreadable", detail=detail) for key in broken]
    graph = read_graph(tx)
    clock = Clock(graph, tx.now())
    found: list[Finding] = []
    doubts = _Doubts()
    supplies: dict[str, Supply] = {}
    after = ""
    while page := store.every_key(tx, after, _PAGE):
        keys = [profile.key for profile, _low in page]
        after = keys[-1]
        rows = _Rows(tx, keys)
        for profile, low in page:
            found += _of_key(profile, low, rows, graph, clock)
            doubts.look(profile, rows, graph, clock)
            supplies.update({s.id: s for s in rows.supplies.get(profile.key, ())})
        found += _exceptions(tx, page, rows, graph, clock)
        if on_progress is not None:
            on_progress(len(page))
    for ident, supply in sorted(supplies.items()):
        if not doubts.explain(supply):
            short = sorted(doubts.short.get(ident, ()))
            detail = f"receipt {supply.ref or ident} is short on {short}, kept as {list(supply.doubts)}"
            found.append(Finding(key=supply.key, what="doubt_differs", detail=detail))
    return found


class _Doubts:
    """On which keys every receipt is short, as of the day to which each key was rolled."""

    def __init__(self) -> None:
        self.short: dict[str, set[str]] = {}  # receipt -> keys
        self._past: dict[
            str, set[str]
        ] = {}  # receipt -> keys short on days that are over: midnight lifts that, told or not
        self._feeds: dict[str, set[str]] = {}  # key -> nodes where receipts arrive that draw on it

    def look(self, profile: Profile, rows: _Rows, graph: Graph, clock: Clock) -> None:
        """Take in one key."""
        key, is_node = profile.key, kind_of_key(profile.key) is Kind.node
        today = clock.today_of(key)
        missing = _missing(key, rows, graph, (profile.rolled_to or today) if is_node else today)
        ever = missing if is_node else _missing(key, rows, graph, 0)
        for draw in rows.draws.get(key, ()):
            if draw.feeds is None:
                continue
            self._feeds.setdefault(key, set()).add(draw.feeds)
            if draw.id in missing:
                self.short.setdefault(draw.owner, set()).add(key)
            elif draw.id in ever:
                self._past.setdefault(draw.owner, set()).add(key)

    def explain(self, supply: Supply) -> bool:
        """Whether the doubts that are kept are those there are, or stay where receipts feed each other in a circle."""
        kept, short = set(supply.doubts), self.short.get(supply.id, set())
        more = kept - short - self._past.get(supply.id, set())
        return short <= kept and (not more or self._is_in_a_circle(supply.key))

    def _is_in_a_circle(self, key: str) -> bool:
        seen: set[str] = set()
        edge = [key]
        while edge:
            for node in self._feeds.get(edge.pop(), ()):
                if node == key:
                    return True
                if node not in seen:
                    seen.add(node)
                    edge.append(node)
        return False


class _Rows:
    """The rows in force of a page of keys."""

    def __init__(self, tx: Tx, keys: list[str]) -> None:
        self.supplies = _grouped(store.supplies(tx, keys))
        self.draws = _grouped(store.draws(tx, keys))
        self.commitments = _grouped(store.commitments(tx, keys))


def _grouped(rows: list[T]) -> dict[str, list[T]]:
    found: dict[str, list[T]] = {}
    for row in rows:
        found.setdefault(row.key, []).append(row)
    return found


def _of_key(profile: Profile, low: int, rows: _Rows, graph: Graph, clock: Clock) -> list[Finding]:
    key = profile.key
    found: list[Finding] = []

    def find(what: str, detail: str) -> None:
        found.append(Finding(key=key, what=what, detail=detail))

    supplies, draws = rows.supplies.get(key, []), rows.draws.get(key, [])
    fresh = gate.folded(profile, supplies, draws, version=profile.version, now=profile.latest_at)
    if (fresh.supply, fresh.draws, fresh.counted_at) != (profile.supply, profile.draws, profile.counted_at):
        find("profile_differs", "the rows add up to another projection than the one that is kept")
    earliest = fresh.next_expiry_at
    if earliest is not None and (profile.next_expiry_at is None or profile.next_expiry_at > earliest):
        find("expiry_missed", "a hold expires before the moment that is kept")
    # As of the day for which it was last written; time alone only turns past days into today.
    day = _day_of(profile, graph)
    if gate.lowest(fresh, graph, day) != low and gate.lowest(fresh, graph, clock.today_of(key)) != low:
        find("lowest_differs", f"kept as {low}, the rows say {gate.lowest(fresh, graph, day)}")
    if low + profile.shortfall_max < 0:
        find("overpromised", f"{-low - profile.shortfall_max} more is promised than supply news explains")
    if kind_of_key(key) is Kind.node:
        drawn: dict[str, int] = {}
        for draw in draws:
            drawn[draw.owner] = drawn.get(draw.owner, 0) + draw.quantity
        for c in rows.commitments.get(key, []):
            wanted = c.quantity - c.fulfilled if c.state.is_open else 0
            if drawn.get(c.id, 0) != wanted and not _expired(c, draws, clock):
                find(
                    "draws_differ",
                    f"{c.id} is {c.state.value} with {wanted} to leave, and draws {drawn.get(c.id, 0)}",
                )
    return found


def _day_of(profile: Profile, graph: Graph) -> Day:
    return Clock(graph, profile.latest_at).today_of(profile.key) if profile.latest_at else profile.rolled_to


def _expired(commitment: Commitment, draws: list[Draw], clock: Clock) -> bool:
    return any(
        d.owner == commitment.id and d.expires_at is not None and d.expires_at <= clock.now for d in draws
    )


def _missing(key: str, rows: _Rows, graph: Graph, today: Day) -> Mapping[str, int]:
    kind, draws = kind_of_key(key), rows.draws.get(key, [])
    if kind in (Kind.allocation, Kind.limit):
        return {}
    if kind is Kind.node:
        return short_at_node(rows.supplies.get(key, []), draws, today)
    return short_at_capacity(lambda day: graph.capacity(key, day), draws, today)


def _exceptions(
    tx: Tx, page: list[tuple[Profile, int]], rows: _Rows, graph: Graph, clock: Clock
) -> list[Finding]:
    """I2, judged as of the day to which each node was rolled: midnight makes news when it is rolled, not before."""
    known: dict[str, list[str]] = {}
    found = []
    for exception in store.open_exceptions(tx, [profile.key for profile, _low in page]):
        known.setdefault(exception.commitment, []).append(exception.owner)
    for profile, _low in page:
        key = profile.key
        if kind_of_key(key) is not Kind.node:
            continue
        commitments = {c.id: c for c in rows.commitments.get(key, [])}
        day = profile.rolled_to or clock.today_of(key)
        missing = _missing(key, rows, graph, day)
        owners = {d.owner for d in rows.draws.get(key, []) if d.id in missing}
        short = {c for c in owners if c in commitments} | set(overdue(commitments.values(), day))
        for commitment in sorted(short):
            if not any(known.get(commitment, [])):
                found.append(
                    Finding(
                        key=key,
                        what="exception_missing",
                        detail=f"{commitment} is not covered and nobody was told",
                    )
                )
        for commitment in sorted(commitments):
            if commitment in known and commitment not in short:
                found.append(
                    Finding(
                        key=key,
                        what="exception_idle",
                        detail=f"{commitment} is covered, its exception is still open",
                    )
                )
            if len(known.get(commitment, [])) > 1:
                found.append(
                    Finding(
                        key=key,
                        what="exception_twice",
                        detail=f"{commitment} has more than one open exception",
                    )
                )
    return found
