"""Which master data is there already, record by record?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from accord.kit.errors import Fault
from accord.ledger.decide.graph import Graph
from accord.ledger.model import (
    Allocation,
    CalendarRecord,
    Delivery,
    Item,
    Lane,
    Operation,
    Record,
    Resource,
    Site,
    Substitute,
    Supplier,
    Term,
)


def calendar_there(graph: Graph, id: str) -> CalendarRecord | None:
    """The calendar of this id."""
    try:
        return CalendarRecord(id=id, calendar=graph.timetable(id).calendar)
    except Fault:
        return None


def record_there(graph: Graph, record: Record) -> Record | None:
    """The record in force under the kind and id of this one."""
    match record:
        case Item():
            return graph.items.get(record.id)
        case Site():
            return graph.sites.get(record.id)
        case Resource():
            return graph.resources.get(record.id)
        case Supplier():
            return graph.suppliers.get(record.id)
        case Operation():
            return graph.operations.get(record.id)
        case Lane():
            return graph.lanes.get(record.id)
        case Term():
            return graph.terms.get(record.id)
        case Allocation():
            return graph.allocation(record.id)
        case Substitute():
            return next((one for one in graph.substitutes_for(record.item) if one.id == record.id), None)
        case Delivery():
            return next((one for one in graph.deliveries_to(record.ship_to) if one.id == record.id), None)
        case CalendarRecord():
            return calendar_there(graph, record.id)
    raise Fault(f"{type(record).__name__} is no master data of the ledger")


def records_there(graph: Graph) -> Iterator[Record]:
    """Everything that others may refer to or that makes, moves and buys, with the calendars they use."""
    yield from graph.items.values()
    yield from graph.sites.values()
    yield from graph.resources.values()
    yield from graph.suppliers.values()
    yield from graph.operations.values()
    yield from graph.lanes.values()
    yield from graph.terms.values()
    names: dict[str | None, None] = {}
    for kind in (graph.sites, graph.resources, graph.suppliers, graph.lanes):
        names.update(dict.fromkeys(one.calendar for one in kind.values()))
    for name in names:
        found = None if name is None else calendar_there(graph, name)
        if found is not None:
            yield found


def depth(records: Iterable[Record]) -> int:
    """How many levels down the longest chain of sources goes: 1 is made, moved or bought from nothing we know.

    Circles, such as two sites that can supply each other, are walked once.
    """
    below: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for one in records:
        match one:
            case Operation():
                children = {(item, one.site) for line in one.inputs for item in (line.item, *line.alternates)}
                below.setdefault((one.item, one.site), set()).update(children)
            case Lane():
                below.setdefault((one.item, one.destination), set()).add((one.item, one.origin))
            case Term():
                below.setdefault((one.item, one.site), set())
    levels: dict[tuple[str, str], int] = {}
    on_path: set[tuple[str, str]] = set()
    for start in below:
        stack = [(start, iter(sorted(below[start])))]
        on_path.add(start)
        while stack:
            node, rest = stack[-1]
            child = next(
                (one for one in rest if one in below and not (one in on_path or one in levels)), None
            )
            if child is not None:
                on_path.add(child)
                stack.append((child, iter(sorted(below[child]))))
                continue
            stack.pop()
            on_path.discard(node)
            levels[node] = 1 + max((levels.get(one, 0) for one in below[node]), default=0)
    return max(levels.values(), default=0)
