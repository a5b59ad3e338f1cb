"""Judges a database after every step of a simulation: by its rows alone, with arithmetic of its own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from accord.db.engine import Database
from accord.db.tx import Tx
from accord.simulation.auditor import books, promises, steps
from accord.simulation.auditor.coverage import Coverage
from accord.simulation.auditor.mirror import Mirror, Moved
from accord.simulation.auditor.rows import Row, Rows, Violation


class Told(NamedTuple):
    """What the doors said in a step, for the auditor to look whether it is so."""

    promises: Collection[str] = ()  # somebody was told of
    approvals: Collection[str] = ()  # given or declined
    sold: Collection[str] = ()  # promised by an actor with a cumulative limit
    limit: tuple[str, str] = ("", "")  # which limit, and that actor
    persons: Mapping[str, str] = MappingProxyType({})  # who is behind whom


NOTHING = Told()


class Auditor:
    """Follows a database from step to step. `clock` tells the store's simulated moment."""

    def __init__(self, db: Database, clock: Callable[[], int]) -> None:
        self._db = db
        self._clock = clock
        with db.read() as tx:
            self._mirror = Mirror(tx, clock())
        self._chains = books.Chains()
        self._made: dict[str, str] = {}  # which promise each request made

    def follow(self, *, decided: bool, is_told: bool = True, told: Told = NOTHING) -> list[Violation]:
        """Look at what moved since the last step; when it was decided (and not news), it must not have made a shortfall.

        Before a midnight that passed is told (`is_told`), what it uncovers need not have an exception.
        """
        with self._db.read() as tx:
            moved, found = self._mirror.follow(tx, self._clock(), is_told=is_told)
            if decided and moved.keys:
                found += self._decided(tx, moved)
            found += self._promised(tx, moved, told)
        mirror = self._mirror
        if moved.is_all and is_told:
            return found + _judged(mirror)
        found += books.sums(mirror, moved.keys)
        found += books.owners(mirror, moved.owners)
        if is_told:
            found += _exceptions(mirror, _touched(mirror, moved))
        return found

    def audit(self, *, whole: bool = False) -> list[Violation]:
        """Read and judge everything that is in force; `whole`: also everything that ever was."""
        with self._db.read() as tx:
            rows = Rows(tx, self._clock())
            found = [*self._mirror.differs(rows), *_judged(rows)]
            found += self._chains.follow(tx.connection)
            if whole:
                found += [
                    *books.versions(tx.connection),
                    *books.effects(tx.connection),
                    *books.Chains().follow(tx.connection),
                ]
        return found

    def _promised(self, tx: Tx, moved: Moved, told: Told) -> Iterator[Violation]:
        mirror = self._mirror
        new = {
            row["promise"]
            for key, rows in moved.since["ledger_commitment"].items()
            for row in rows
            if row["version_from"] > moved.keys[key]
        }
        if new:
            yield from promises.once(tx, new, self._made)
        if told.promises:
            yield from promises.acknowledged(tx, told.promises)
        if told.approvals:
            yield from promises.approvals(tx, told.approvals, told.persons)
        if told.sold:
            yield from promises.limits(tx, told.sold, *told.limit)
        receipts = [
            row
            for key, rows in moved.since["ledger_supply"].items()
            for row in rows
            if row["version_to"] is None
            and row["version_from"] > moved.keys[key]
            and not any(one["id"] == row["id"] and one is not row for one in rows)
        ]
        yield from promises.bills(mirror, receipts)

    def _decided(self, tx: Tx, moved: Moved) -> list[Violation]:
        supplies, draws = moved.since["ledger_supply"], moved.since["ledger_draw"]
        shared = {
            row["promise"]
            for key in moved.keys
            for row in draws[key]
            if row["version_from"] > moved.keys[key] and row["promise"] and key.startswith("node:")
        }
        terms = self._mirror.terms(tx, shared) if shared else {}
        found: list[Violation] = []
        for key, before in moved.keys.items():
            found += steps.decided(self._mirror, key, before, supplies[key], draws[key], terms, moved.drawn)
        return found


def _judged(rows: Rows) -> list[Violation]:
    return [*books.sums(rows), *books.owners(rows), *_exceptions(rows, None)]


def _touched(rows: Rows, moved: Moved) -> set[str]:
    """The nodes whose commitments and receipts may stand differently now."""
    nodes = {key for key in moved.keys if key.startswith("node:")}
    for draws in moved.since["ledger_draw"].values():
        nodes |= {row["feeds"] for row in draws if row["feeds"]}
    nodes |= {rows.by_id[id]["key"] for id in moved.commitments if id in rows.by_id}
    return nodes


def _exceptions(rows: Rows, nodes: Iterable[str] | None) -> Iterator[Violation]:
    """I2: whoever is not covered now has one open exception with an owner, and nobody else has one. None: all nodes."""
    coverage = Coverage(rows)
    if nodes is None:
        nodes = {*rows.commitments, *rows.supplies}
    for node in sorted(nodes):
        for commitment in rows.commitments.get(node, ()):
            yield from _exception(rows, coverage, commitment)
        for supply in rows.supplies.get(node, ()):
            yield from _doubt(coverage, supply)
    for id, opened in rows.exceptions.items():
        if id not in rows.by_id:
            yield Violation("I2", id, f"has {len(opened)} open exceptions and is no commitment in force")


def _exception(rows: Rows, coverage: Coverage, commitment: Row) -> Iterator[Violation]:
    key, id = commitment["key"], commitment["id"]
    own = rows.exceptions.get(id, ())
    overdue = commitment["ship_on"] < rows.today(key)
    if commitment["state"] == "committed" and (overdue or not coverage.is_covered(id)):
        if len(own) != 1:
            state = "overdue" if overdue else "not covered"
            yield Violation("I2", key, f"{id} is {state} and has {len(own)} open exceptions")
        elif not own[0]["owner"]:
            yield Violation("I2", key, f"the exception of {id} has no owner")
    elif own:
        state = commitment["state"] if commitment["state"] != "committed" else "covered"
        yield Violation("I2", key, f"{id} is {state} and has an open exception")


def _doubt(coverage: Coverage, supply: Row) -> Iterator[Violation]:
    if supply["counts"] not in ("counted", "doubtful") or supply["expires_at"] is not None:
        return
    said, is_so = supply["counts"] == "doubtful", not coverage.is_covered(supply["id"])
    if said == is_so:
        return
    # Midnight lifts what minutes cast that are past, told or not. And receipts that feed each other on one day may have
    # no answer that holds; then doubt is kept.
    if said and (not coverage.is_covered(supply["id"], ever=True) or coverage.is_in_a_circle(supply["key"])):
        return
    detail = f"receipt {supply['id']} is said to be {supply['counts']}, its draws say otherwise"
    yield Violation("doubtful", supply["key"], detail)
