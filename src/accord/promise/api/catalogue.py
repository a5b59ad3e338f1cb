"""What may a request name, as of now?

Master data and policy in force, read in one snapshot; both services keep them in memory until their version changes,
so this costs a look at two numbers.
"""

from __future__ import annotations

import asyncio
import threading
import time

import msgspec

from accord.db.engine import Database
from accord.db.tx import wall_clock
from accord.kit.days import Instant
from accord.ledger import service as ledger
from accord.policy import service as policy
from accord.promise.api.wire import Units
from accord.promise.model import Decision
from accord.promise.named import Names, today_of

_FRESH_SECONDS = 0.25
_UNITS_MAX = 8


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    """Names to look things up by, and the units to write answers in."""

    names: Names
    units: Units
    graph_version: int
    policy_version: int
    clock_ahead: int  # how far the store's clock is ahead of this machine's, microseconds; never too much

    def now(self) -> Instant:
        """The store's clock as this machine knows it: never later than it is."""
        return wall_clock() + self.clock_ahead


def catalogue(db: Database) -> Catalogue:
    """Everything a request may name now."""
    with db.read() as tx:
        graph, book, now = ledger.graph(tx), policy.book(tx), tx.now()
        clock_ahead = now - wall_clock()
    names = Names(
        items=graph.items,
        customers=book.customers,
        sites=graph.sites,
        currency=book.rules.currency,
        today=today_of(graph.sites, now),
    )
    return Catalogue(
        names=names,
        units=Units(graph.items, book.rules.currency),
        graph_version=graph.version,
        policy_version=book.version,
        clock_ahead=clock_ahead,
    )


def is_of_its_time(found: Catalogue, decision: Decision) -> bool:
    """Whether nothing was stated between a decision and this catalogue."""
    return (found.graph_version, found.policy_version) == (decision.graph_version, decision.policy_version)


def units_of(db: Database, decision: Decision) -> Units:
    """The units and the currency that were in force when a decision was made."""
    with db.read() as tx:
        items = ledger.graph_at(tx, decision.graph_version).items
        return Units(items, policy.book_at(tx, decision.policy_version).rules.currency)


def names_of(db: Database, decision: Decision) -> Names:
    """What could be named when a decision was made, so that a repeat of its request is read as it was then."""
    with db.read() as tx:
        graph = ledger.graph_at(tx, decision.graph_version)
        book = policy.book_at(tx, decision.policy_version)
    return Names(
        items=graph.items,
        customers=book.customers,
        sites=graph.sites,
        currency=book.rules.currency,
        today=today_of(graph.sites, decision.now),
    )


class Catalogues:
    """The catalogue as it was at most a moment ago, so that a busy server does not read it for every request."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._lock = threading.Lock()
        self._kept: tuple[float, Catalogue] | None = None
        self._reading: asyncio.Task[Catalogue] | None = None
        self._units: dict[
            tuple[int, int], Units
        ] = {}  # of other versions, which answers were lately written in
        self._answers = 0
        self.answer_size = 1_500  # bytes of JSON of an answer, as lately measured

    def answered(self, answer: object) -> None:
        """Measure one answer in 64, for the route that only validates."""
        if self._answers % 64 == 0:
            self.answer_size = len(msgspec.json.encode(answer))
        self._answers += 1

    async def recent(self, graph_version: int = 0) -> Catalogue:
        """One that is a quarter of a second old at most, and not older than this version of master data."""
        found = self._fresh(graph_version)
        if found is not None:
            return found
        if graph_version:
            return await asyncio.to_thread(self.read, graph_version)
        # One read for all who wait for it: in threads of their own, hundreds would queue up for the same answer.
        reading = self._reading
        if reading is None or reading.done() or reading.get_loop() is not asyncio.get_running_loop():
            reading = self._reading = asyncio.create_task(asyncio.to_thread(self.read))
        return await asyncio.shield(reading)

    async def units_of(self, decision: Decision, found: Catalogue) -> Units:
        """What to write a decision in: always the same, whatever was stated since."""
        if is_of_its_time(found, decision):
            return found.units
        versions = (decision.graph_version, decision.policy_version)
        units = self._units.get(versions)
        if units is None:
            units = await asyncio.to_thread(units_of, self._db, decision)
            while len(self._units) >= _UNITS_MAX:
                del self._units[next(iter(self._units))]
            self._units[versions] = units
        return units

    def read(self, graph_version: int = 0) -> Catalogue:
        """The same, from a thread that may wait."""
        with self._lock:
            found = self._fresh(graph_version)
            if found is None:
                found = catalogue(self._db)
                self._kept = (time.monotonic(), found)
        return found

    def forget(self) -> None:
        """Something was not found: perhaps it has just been made."""
        self._kept = None

    def _fresh(self, graph_version: int) -> Catalogue | None:
        kept = self._kept
        if (
            kept is None
            or time.monotonic() - kept[0] > _FRESH_SECONDS
            or kept[1].graph_version < graph_version
        ):
            return None
        return kept[1]
