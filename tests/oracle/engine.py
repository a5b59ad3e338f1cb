"""The engine's answer to the same plain data: the one place of the oracle that knows both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from accord.ledger import model
from accord.ledger.decide.graph import Graph
from accord.ledger.decide.trial import Trial
from accord.ledger.model import Profile
from tests.oracle.world import Kinds, Rows

TYPES: dict[str, type[model.Record]] = {
    "item": model.Item,
    "site": model.Site,
    "calendar": model.CalendarRecord,
    "resource": model.Resource,
    "operation": model.Operation,
    "lane": model.Lane,
    "supplier": model.Supplier,
    "term": model.Term,
    "substitute": model.Substitute,
    "delivery": model.Delivery,
    "allocation": model.Allocation,
}

Plain = Sequence[tuple[str, str, int, int]]  # ("supply" or "draw", key, day, quantity)


def graph_of(kinds: Kinds) -> Graph:
    records: list[Any] = [
        msgspec.convert(body, TYPES[kind]) for kind, group in kinds.items() for body in group.values()
    ]
    return Graph(1, records)


def rows_of(plain: Plain, today: dict[str, int]) -> Rows:
    """For the oracle; what is overdue counts as today's, like everything else of the past."""
    rows = Rows()
    for what, key, day, quantity in plain:
        (rows.add if what == "supply" else rows.take)(key, _no_earlier(key, day, today), quantity)
    return rows


def profiles_of(plain: Plain, keys: Iterable[str]) -> dict[str, Profile]:
    """For the engine."""
    supply: dict[str, list[tuple[int, int, str, str, int]]] = defaultdict(list)
    draws: dict[str, dict[tuple[int, int], int]] = defaultdict(lambda: defaultdict(int))
    for number, (what, key, day, quantity) in enumerate(plain):
        if what == "supply":
            supply[key].append((day, quantity, f"s{number}", "", 0))
        else:
            draws[key][day, 0] += quantity
    return {
        key: Profile(
            key=key,
            supply=tuple(sorted(supply[key])),
            draws=tuple(sorted((day, life, quantity) for (day, life), quantity in draws[key].items())),
        )
        for key in keys
    }


def keys_of(kinds: Kinds) -> list[str]:
    """Every key there can be in a world."""
    nodes = [model.node_key(item, site) for item in kinds["item"] for site in kinds["site"]]
    minutes = [
        model.resource_key(resource, extra) for resource in kinds["resource"] for extra in (False, True)
    ]
    return nodes + minutes + [model.supplier_key(supplier) for supplier in kinds["supplier"]]


def trial_of(graph: Graph, plain: Plain, kinds: Kinds, now: int) -> Trial:
    today = {site: graph.today(site, now) for site in graph.sites}
    return Trial(graph, profiles_of(plain, keys_of(kinds)), today, now // 86_400_000_000 + 719_163)


def _no_earlier(key: str, day: int, today: dict[str, int]) -> int:
    if not key.startswith("node:") or day == 0:
        return day
    return max(day, today[key.rpartition("@")[2]])
