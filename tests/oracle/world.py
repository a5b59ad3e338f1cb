"""What the oracle looks at: master data and rows as plain dictionaries, and what changes while it tries.

Keys are written as in the database (``node:item@site``, ``resource:saw``); everything else is the oracle's own.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

Record = dict[str, Any]
Kinds = dict[str, dict[str, Record]]  # kind -> id -> record


class World:
    """Master data in force and the rules."""

    def __init__(self, kinds: Kinds, rules: Record, now: int, *, expedite: bool = False) -> None:
        self.kinds = kinds
        self.rules = rules
        self.now = now
        self.expedite = expedite  # what is marked so counts, and overtime

    def all(self, kind: str) -> list[Record]:
        return list(self.kinds.get(kind, {}).values())

    def one(self, kind: str, id: str) -> Record:
        return self.kinds[kind][id]

    def calendar(self, id: str | None) -> Record | None:
        if id is None:
            return None
        found: Record = self.kinds["calendar"][id]["calendar"]
        return found

    def site_calendar(self, site: str) -> Record | None:
        return self.calendar(self.one("site", site).get("calendar"))


def _days() -> dict[int, int]:
    return defaultdict(int)


class Rows:
    """Supply and draws of every key by day; a trial changes a copy."""

    def __init__(self) -> None:
        self.supply: dict[str, dict[int, int]] = defaultdict(_days)
        self.draws: dict[str, dict[int, int]] = defaultdict(_days)

    def copy(self) -> Rows:
        other = Rows()
        for ours, theirs in ((self.supply, other.supply), (self.draws, other.draws)):
            for key, days in ours.items():
                theirs[key].update(days)
        return other

    def put_back(self, earlier: Rows) -> None:
        self.supply, self.draws = earlier.supply, earlier.draws

    def add(self, key: str, day: int, quantity: int) -> None:
        self.supply[key][day] += quantity

    def take(self, key: str, day: int, quantity: int) -> None:
        self.draws[key][day] += quantity

    def available(self, key: str, on: int) -> int:
        """What can be taken on a day so that no later day ends below zero: every day's stock, smallest of all."""
        supply, draws = self.supply[key], self.draws[key]
        last = max([on, *supply, *draws])
        stock = sum(quantity for day, quantity in supply.items() if day < on)
        stock -= sum(quantity for day, quantity in draws.items() if day < on)
        least = None
        for day in range(on, last + 1):
            stock += supply.get(day, 0) - draws.get(day, 0)
            if least is None or stock < least:
                least = stock
        return max(0, least or 0)

    def used(self, key: str, on: int) -> int:
        return self.draws[key].get(on, 0)


def part(text: str) -> str:
    return text.replace("%", "%25").replace("@", "%40")


def node(item: str, site: str) -> str:
    return f"node:{part(item)}@{part(site)}"
