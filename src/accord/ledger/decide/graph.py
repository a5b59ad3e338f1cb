"""Where can an item come from: master data of one version, compiled for asking.

A graph is immutable after construction and the same records always give the same answers in the same order:
every tuple it hands out is sorted by (priority, id). `check` finds what is wrong with records before they are
stored, so that a graph itself never meets an unknown reference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import TypeVar

from accord.kit.calendars import ALWAYS, SEARCH_DAYS_MAX, Timetable
from accord.kit.days import Day, Instant, local_day, past_cutoff
from accord.kit.errors import Fault
from accord.ledger.decide.records import check as check
from accord.ledger.decide.records import from_record as from_record
from accord.ledger.decide.records import kind_name as kind_name
from accord.ledger.decide.records import to_body as to_body
from accord.ledger.model import (
    Allocation,
    CalendarRecord,
    Delivery,
    Item,
    Lane,
    LimitRecord,
    Operation,
    Record,
    Resource,
    Site,
    Substitute,
    Supplier,
    Term,
    allocation_key,
    limit_of,
    node_key,
    node_of,
    resource_key,
    supplier_key,
)

Wanted = tuple[str, str | None]  # (item, the only site it may leave from or None): what a line asks for
Source = Operation | Lane | Term  # one way to get an item to a site: make, move, buy

_R = TypeVar("_R", Operation, Lane, Term, Substitute, Delivery)


_PLENTY = 1 << 60  # of a supplier without a limit


def _grouped(
    records: Iterable[_R], key: Callable[[_R], tuple[str, str]]
) -> dict[tuple[str, str], tuple[_R, ...]]:
    """Records by a pair of names, each group sorted by (priority, id)."""
    groups: dict[tuple[str, str], list[_R]] = {}
    for record in records:
        groups.setdefault(key(record), []).append(record)
    return {pair: tuple(sorted(group, key=lambda r: (r.priority, r.id))) for pair, group in groups.items()}


def _in_order(
    *kinds: Mapping[tuple[str, str], tuple[Source, ...]],
) -> dict[tuple[str, str], tuple[Source, ...]]:
    """The sources of every node by (priority, kind in the order given, id)."""
    merged: dict[tuple[str, str], list[Source]] = {}
    for groups in kinds:
        for pair, group in groups.items():
            merged.setdefault(pair, []).extend(group)
    # Each group is sorted by (priority, id) already and sorting is stable, so equal priorities keep the kinds' order.
    return {pair: tuple(sorted(group, key=lambda source: source.priority)) for pair, group in merged.items()}


class Graph:
    """Master data of one version with dict look-ups; shared by threads, and its answers never change."""

    __slots__ = (
        "_allocation_by_id",
        "_allocations",
        "_always",
        "_collected",
        "_costs",
        "_deliveries",
        "_deliveries_anywhere",
        "_delivery_by_id",
        "_lanes",
        "_operations",
        "_sources",
        "_substitutes",
        "_terms",
        "_timetables",
        "_ways",
        "items",
        "lanes",
        "limits",
        "operations",
        "resources",
        "sites",
        "sites_in_order",
        "suppliers",
        "terms",
        "version",
    )

    def __init__(
        self,
        version: int,
        records: Iterable[Record],
        costs: Mapping[str, tuple[tuple[Instant, int], ...]] = MappingProxyType({}),
    ) -> None:
        self.version = version
        # Of items whose cost changed: (from when, cost of one stated unit), the oldest first.
        self._costs = costs
        self.items: dict[str, Item] = {}
        self.sites: dict[str, Site] = {}
        self.resources: dict[str, Resource] = {}
        self.suppliers: dict[str, Supplier] = {}
        self.operations: dict[str, Operation] = {}
        self.lanes: dict[str, Lane] = {}
        self.terms: dict[str, Term] = {}
        self.limits: dict[str, LimitRecord] = {}
        self._timetables: dict[str, Timetable] = {}
        self._always = Timetable(ALWAYS)
        substitutes: list[Substitute] = []
        deliveries: list[Delivery] = []
        allocations: list[Allocation] = []
        for record in records:
            match record:
                case Item():
                    self.items[record.id] = record
                case Site():
                    self.sites[record.id] = record
                case CalendarRecord():
                    self._timetables[record.id] = Timetable(record.calendar)
                case Resource():
                    self.resources[record.id] = record
                case Operation():
                    self.operations[record.id] = record
                case Lane():
                    self.lanes[record.id] = record
                case Supplier():
                    self.suppliers[record.id] = record
                case Term():
                    self.terms[record.id] = record
                case Substitute():
                    substitutes.append(record)
                case Delivery():
                    deliveries.append(record)
                case Allocation():
                    allocations.append(record)
                case LimitRecord():
                    self.limits[record.id] = record
                case _:
                    raise Fault(f"{type(record).__name__} is no master data of the ledger")
        self.sites_in_order = tuple(sorted(self.sites))
        self._operations = _grouped(self.operations.values(), lambda o: (o.item, o.site))
        self._lanes = _grouped(self.lanes.values(), lambda lane: (lane.item, lane.destination))
        self._terms = _grouped(self.terms.values(), lambda t: (t.item, t.site))
        self._sources = _in_order(self._operations, self._lanes, self._terms)
        self._substitutes = {
            item: group for (item, _), group in _grouped(substitutes, lambda s: (s.item, "")).items()
        }
        self._collected = {site: Delivery(id="", site=site, ship_to="*") for site in self.sites}
        # For each zone that is named: its own last legs and those to anywhere, in one order.
        self._delivery_by_id = {d.id: d for d in deliveries}
        anywhere = [d for d in deliveries if d.ship_to == "*"]
        self._deliveries_anywhere = tuple(sorted(anywhere, key=lambda d: (d.priority, d.id)))
        self._deliveries = {
            zone: tuple(sorted([*anywhere, *own], key=lambda d: (d.priority, d.id)))
            for (zone, _), own in _grouped(deliveries, lambda d: (d.ship_to, "")).items()
            if zone != "*"
        }
        # Filled as asked: two threads may work out the same entry, and both get the same.
        self._ways: dict[tuple[str | None, str, bool], tuple[Delivery, ...]] = {}
        self._allocation_by_id = {a.id: a for a in allocations}
        shares: dict[str, list[Allocation]] = {}
        for share in allocations:
            shares.setdefault(node_key(share.item, share.site), []).append(share)
        self._allocations = {
            key: tuple(sorted(group, key=lambda a: (a.rank, a.id))) for key, group in shares.items()
        }

    # --- ways to get an item to a site ---

    def operations_for(self, item: str, site: str) -> tuple[Operation, ...]:
        """Ways to make the item at the site, by (priority, id)."""
        return self._operations.get((item, site), ())

    def lanes_into(self, item: str, site: str) -> tuple[Lane, ...]:
        """Ways to move the item to the site, by (priority, id)."""
        return self._lanes.get((item, site), ())

    def terms_for(self, item: str, site: str) -> tuple[Term, ...]:
        """Ways to buy the item for the site, by (priority, id)."""
        return self._terms.get((item, site), ())

    def substitutes_for(self, item: str) -> tuple[Substitute, ...]:
        """What may be delivered in the item's place, by (priority, id)."""
        return self._substitutes.get(item, ())

    def sources_for(self, item: str, site: str) -> tuple[Source, ...]:
        """Every way to make, move or buy the item there, by (priority, make before move before buy, id)."""
        return self._sources.get((item, site), ())

    def supplied(self) -> Iterable[tuple[str, str]]:
        """Every (item, site) for which there is a way to make, move or buy it."""
        return self._sources.keys()

    def inputs_of(self, item: str, site: str) -> Iterable[str]:
        """Every node key one level below: components and their alternates, origins of lanes; may repeat."""
        for operation in self.operations_for(item, site):
            for line in operation.inputs:
                yield node_key(line.item, site)
                for other in line.alternates:
                    yield node_key(other, site)
        for lane in self.lanes_into(item, site):
            yield node_key(item, lane.origin)

    # --- the last leg ---

    def deliveries_to(self, ship_to: str) -> tuple[Delivery, ...]:
        """Last legs to a zone of customers: its own and those to anywhere ("*"), by (priority, id)."""
        return self._deliveries.get(ship_to, self._deliveries_anywhere)

    def delivery(self, id: str) -> Delivery | None:
        """One last leg by its id; None where it is collected."""
        return self._delivery_by_id.get(id)

    @property
    def has_deliveries(self) -> bool:
        """Whether any last leg is known; if none is, everything is collected at its site."""
        return bool(self._deliveries or self._deliveries_anywhere)

    def ways_out(self, site: str | None, ship_to: str, *, expedite: bool = True) -> tuple[Delivery, ...]:
        """The last legs a line may take, in order; a leg with id "" means: collected at the site, no transit.

        A line that names a site leaves from there, collected when no leg leads from the site to the zone. Else
        every leg to the zone counts; where no leg is known at all, every site does, in the order of their ids.
        Without `expedite` the legs that are marked so are left out.
        """
        known = self._ways.get((site, ship_to, expedite))
        if known is None:
            known = self._ways_out(site, ship_to, expedite)
            self._ways[site, ship_to, expedite] = known
        return known

    def _ways_out(self, site: str | None, ship_to: str, expedite: bool) -> tuple[Delivery, ...]:
        legs = tuple(leg for leg in self.deliveries_to(ship_to) if expedite or not leg.expedite)
        if site is not None:
            return tuple(leg for leg in legs if leg.site == site) or (self._collected[site],)
        if self.has_deliveries:
            return legs
        return tuple(self._collected[name] for name in self.sites_in_order)

    # --- days and amounts ---

    def cost_moved_bp(self, item: str, since: Instant) -> int:
        """How much an item's cost changed since a moment, up and down alike: basis points of the cost before each change."""
        steps = self._costs.get(item)
        if steps is None:
            return 0  # stated once
        return sum(
            abs(after - before) * 10_000 // before
            for (_, before), (at, after) in pairwise(steps)
            if at >= since and before > 0
        )

    def timetable(self, calendar: str | None) -> Timetable:
        """The compiled calendar of this id; None is always open, 1440 minutes a day."""
        if calendar is None:
            return self._always
        timetable = self._timetables.get(calendar)
        if timetable is None:
            raise Fault(f"the graph has no calendar {calendar}")
        return timetable

    def site_timetable(self, site: str) -> Timetable:
        """The working days of a site."""
        return self.timetable(self.sites[site].calendar)

    def today(self, site: str, now: Instant) -> Day:
        """The local date at the site."""
        return local_day(now, self.sites[site].zone)

    def origin_ship_on(self, site: str, now: Instant) -> Day:
        """The first day on which anything can still leave the site or work can start there.

        Its first open day from today on, from tomorrow on once today's cut-off has come. A site that does not
        open within three years gets a day beyond any horizon.
        """
        record = self.sites[site]
        today = local_day(now, record.zone)
        first = today + 1 if past_cutoff(now, record.zone, record.cutoff_minute) else today
        found = self.timetable(record.calendar).next_open(first)
        return today + SEARCH_DAYS_MAX if found is None else found

    def capacity(self, key: str, day: Day) -> int:
        """How much there is of a key that does not carry over, on one day.

        A resource: minutes of all its units. Overtime: extra minutes of all its units, on days the resource is
        open. A supplier: base units on its open days. An allocation: its share, on days of its period. A limit: all of it, on
        whichever day stands for its period. What was
        ended has nothing left, although draws from before may be on it; a supplier whose limit was lifted has plenty.

        Raises: Fault for a node.
        """
        kind, _, name = key.partition(":")
        if kind in ("resource", "overtime"):
            resource = self.resources.get(name)
            if resource is None:
                return 0
            minutes = self.timetable(resource.calendar).minutes_on(day)
            if kind == "resource":
                return resource.units * minutes
            return resource.units * resource.overtime_minutes if minutes else 0
        if kind == "supplier":
            supplier = self.suppliers.get(name)
            if supplier is None:
                return 0
            if supplier.capacity is None:
                return _PLENTY
            return supplier.capacity if self.timetable(supplier.calendar).is_open(day) else 0
        if kind == "allocation":
            share = self._allocation_by_id.get(name)
            if share is None:
                return 0
            return share.quantity if share.from_on <= day < share.until_on else 0
        if kind == "limit":
            limit = self.limits.get(limit_of(key))
            return 0 if limit is None else limit.most
        raise Fault(f"{key} has no capacity: a node carries over")

    # --- allocations ---

    def allocations_on(self, key: str) -> tuple[Allocation, ...]:
        """The shares set aside at a node, by (rank, id)."""
        return self._allocations.get(key, ())

    @property
    def has_allocations(self) -> bool:
        """Whether any share is set aside."""
        return bool(self._allocation_by_id)

    @property
    def allocations(self) -> tuple[Allocation, ...]:
        """Every share, by item, site, rank and id."""
        return tuple(sorted(self._allocation_by_id.values(), key=lambda a: (a.item, a.site, a.rank, a.id)))

    def allocation(self, id: str) -> Allocation | None:
        """One share by its id."""
        return self._allocation_by_id.get(id)


# --- which keys may a request touch ---------------------------------------------------------------


def near(graph: Graph, wanted: Iterable[Wanted], *, ship_to: str) -> frozenset[str]:
    """The nodes from which the lines could leave directly, with their allocations.

    Enough where the first of them covers a line from stock and receipts. Items and sites that the graph does
    not know are left out: such a line is refused without looking at any key.
    """
    keys: set[str] = set()
    for item, site in wanted:
        if item not in graph.items or (site is not None and site not in graph.sites):
            continue
        for leg in graph.ways_out(site, ship_to):
            _add_node(graph, node_key(item, leg.site), keys)
    return frozenset(keys)


def reach(
    graph: Graph, wanted: Iterable[Wanted], *, ship_to: str, depth_max: int, may_substitute: bool
) -> frozenset[str]:
    """Every key a request may touch: what `near` says, and all below it down to `depth_max` levels.

    Below are components, their alternates and origins of lanes; with each node come its allocations, the
    resources (overtime too) and limited suppliers of its sources. A node at the last level is asked for its
    stock only. Substitutes count only for what was asked.
    """
    keys: set[str] = set()
    asked = list(wanted)
    if may_substitute:
        asked += [(s.other, site) for item, site in asked for s in graph.substitutes_for(item)]
    level = sorted(key for key in near(graph, asked, ship_to=ship_to) if key.startswith("node:"))
    seen = set(level)
    for depth in range(depth_max + 1):
        below: list[str] = []
        for key in level:
            _add_node(graph, key, keys)
            item, site = node_of(key)
            if depth < depth_max:
                _add_capacities(graph, item, site, keys)
                for other in graph.inputs_of(item, site):
                    if other not in seen:
                        seen.add(other)
                        below.append(other)
        level = below
    return frozenset(keys)


def _add_node(graph: Graph, key: str, keys: set[str]) -> None:
    keys.add(key)
    for share in graph.allocations_on(key):
        keys.add(allocation_key(share.id))


def _add_capacities(graph: Graph, item: str, site: str, keys: set[str]) -> None:
    for operation in graph.operations_for(item, site):
        for step in operation.steps:
            for resource, _ in [busy for load in step.loads for busy in load.together]:
                keys.add(resource_key(resource))
                if graph.resources[resource].overtime_minutes:
                    keys.add(resource_key(resource, overtime=True))
    for term in graph.terms_for(item, site):
        if graph.suppliers[term.supplier].capacity is not None:
            keys.add(supplier_key(term.supplier))
