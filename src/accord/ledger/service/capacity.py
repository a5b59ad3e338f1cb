"""What does the ledger show of what does not carry over: resources, suppliers' capacities and shares?

Reads of one snapshot, as of supply: nothing is locked, what is over is left out, and the number of statements is the same
however many there are.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from accord.db.engine import Database
from accord.kit.days import Day, Instant
from accord.kit.errors import NotFound
from accord.ledger import store
from accord.ledger.decide.graph import Graph
from accord.ledger.decide.outlook import is_over
from accord.ledger.model import Allocation, Draw, Profile, allocation_key, resource_key, supplier_key
from accord.ledger.service.books import Clock
from accord.ledger.service.graphs import graph as read_graph
from accord.ledger.service.settled import settled


class Capacity(msgspec.Struct, frozen=True, kw_only=True):
    """What has so much of something on each day: a resource's minutes, or what a supplier can make."""

    id: str
    is_supplier: bool = False
    name: str
    site: str  # "" of a supplier
    key: str
    extra_key: str = ""  # of overtime, where there is any


class Load(msgspec.Struct, frozen=True, gc=False):
    """One day: how much there is, how much is taken; the same of overtime."""

    on: Day
    most: int
    taken: int
    extra_most: int = 0
    extra_taken: int = 0


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """A capacity and its days from today on."""

    capacity: Capacity
    today: Day
    days: tuple[Load, ...]


class CapacityList(msgspec.Struct, frozen=True, kw_only=True):
    """Every capacity, resources first."""

    rows: tuple[Loaded, ...]
    graph: Graph
    now: Instant


class CapacitySheet(msgspec.Struct, frozen=True, kw_only=True):
    """One capacity and who takes it."""

    loaded: Loaded
    draws: tuple[Draw, ...]  # by day, those of overtime too
    graph: Graph
    now: Instant


class ShareLine(msgspec.Struct, frozen=True, kw_only=True):
    """One share and what is taken of it."""

    allocation: Allocation
    today: Day  # at its site
    used: int


class ShareList(msgspec.Struct, frozen=True, kw_only=True):
    """Every share, by item, site, rank and id."""

    rows: tuple[ShareLine, ...]
    graph: Graph
    now: Instant


def capacities(db: Database, *, days: int) -> CapacityList:
    """Every resource, and every supplier whose capacity is limited, with its load from today on."""
    with db.read() as tx:
        graph, now = read_graph(tx), tx.now()
        known = _all(graph)
        keys = [key for one in known for key in (one.key, one.extra_key) if key]
        profiles = settled(tx, store.read(tx, keys), now)
    clock = Clock(graph, now)
    rows = tuple(
        _loaded(one, graph, clock, days, _by_day(profiles.get(one.key)), _by_day(profiles.get(one.extra_key)))
        for one in known
    )
    return CapacityList(rows=rows, graph=graph, now=now)


def capacity_sheet(db: Database, id: str, *, is_supplier: bool, days: int) -> CapacitySheet:
    """One of them, with the draws on it. Raises: NotFound."""
    with db.read() as tx:
        graph, now = read_graph(tx), tx.now()
        one = next((one for one in _all(graph) if (one.id, one.is_supplier) == (id, is_supplier)), None)
        if one is None:
            raise NotFound(f"There is no {'supplier with a limit' if is_supplier else 'resource'} {id[:60]}.")
        draws = [
            d
            for d in store.draws(tx, [key for key in (one.key, one.extra_key) if key])
            if not is_over(d, now)
        ]
    clock = Clock(graph, now)
    loaded = _loaded(
        one,
        graph,
        clock,
        days,
        _sums((d.on, d.quantity) for d in draws if d.key == one.key),
        _sums((d.on, d.quantity) for d in draws if d.key == one.extra_key),
    )
    in_order = sorted(draws, key=lambda d: (d.on, d.key == one.extra_key, d.sequence, d.id))
    return CapacitySheet(loaded=loaded, draws=tuple(in_order), graph=graph, now=now)


def shares(db: Database) -> ShareList:
    """Every share that is set aside, with what is taken of it."""
    with db.read() as tx:
        graph, now = read_graph(tx), tx.now()
        known = graph.allocations
        profiles = settled(tx, store.read(tx, [allocation_key(one.id) for one in known]), now)
    clock = Clock(graph, now)
    rows = tuple(
        ShareLine(
            allocation=one,
            today=clock.today.get(one.site, clock.default_today),
            used=sum(_by_day(profiles[allocation_key(one.id)]).values()),
        )
        for one in known
    )
    return ShareList(rows=rows, graph=graph, now=now)


def _all(graph: Graph) -> list[Capacity]:
    found = [
        Capacity(
            id=one.id,
            name=one.name,
            site=one.site,
            key=resource_key(one.id),
            extra_key=resource_key(one.id, overtime=True) if one.overtime_minutes else "",
        )
        for _id, one in sorted(graph.resources.items())
    ]
    return found + [
        Capacity(id=one.id, is_supplier=True, name=one.name, site="", key=supplier_key(one.id))
        for _id, one in sorted(graph.suppliers.items())
        if one.capacity is not None
    ]


def _loaded(
    one: Capacity, graph: Graph, clock: Clock, days: int, taken: dict[Day, int], extra: dict[Day, int]
) -> Loaded:
    today = clock.today_of(one.key)
    loads = tuple(
        Load(
            on,
            graph.capacity(one.key, on),
            taken.get(on, 0),
            graph.capacity(one.extra_key, on) if one.extra_key else 0,
            extra.get(on, 0),
        )
        for on in range(today, today + days)
    )
    return Loaded(capacity=one, today=today, days=loads)


def _by_day(profile: Profile | None) -> dict[Day, int]:
    return _sums((on, quantity) for on, _life, quantity in profile.draws) if profile is not None else {}


def _sums(pairs: Iterable[tuple[Day, int]]) -> dict[Day, int]:
    found: dict[Day, int] = {}
    for on, quantity in pairs:
        found[on] = found.get(on, 0) + quantity
    return found
