"""Judges a database after every step of a simulation: by its rows alone, with arithmetic of its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

import sqlalchemy as sa

from accord.db.engine import Database
from accord.simulation.auditor import books, steps
from accord.simulation.auditor.coverage import Coverage
from accord.simulation.auditor.rows import Row, Rows, Violation, decode, select


class Auditor:
    """Follows a database from step to step. `clock` tells the store's simulated moment."""

    def __init__(self, db: Database, clock: Callable[[], int]) -> None:
        self._db = db
        self._clock = clock
        self._versions: dict[str, int] = {}
        with db.read() as tx:
            self._versions = _heads(tx.connection)
            self._drawn = _drawn(tx.connection)

    def follow(self, *, decided: bool) -> list[Violation]:
        """Look at what moved since the last step; when it was decided (and not news), it must not have made a shortfall."""
        with self._db.read() as tx:
            heads = _heads(tx.connection)
            moved = {
                key: self._versions.get(key, 0)
                for key, at in heads.items()
                if at != self._versions.get(key, 0)
            }
            found = [
                Violation("versions", key, f"went back from {at} to {heads.get(key)}")
                for key, at in self._versions.items()
                if heads.get(key, -1) < at
            ]
            if decided and moved:
                rows = Rows(tx.connection, self._clock(), moved)
                supplies = _since(tx.connection, "ledger_supply", moved)
                draws = _since(tx.connection, "ledger_draw", moved)
                terms = _terms(tx.connection)
                drawn = (self._drawn, _drawn(tx.connection))
                for key, before in moved.items():
                    found += steps.decided(rows, key, before, supplies[key], draws[key], terms, drawn)
            self._drawn = _drawn(tx.connection)
        self._versions = heads
        return found

    def audit(self, *, whole: bool = False) -> list[Violation]:
        """Judge everything that is in force; `whole`: also everything that ever was."""
        with self._db.read() as tx:
            rows = Rows(tx.connection, self._clock())
            found = [*books.sums(rows), *books.owners(rows), *_exceptions(rows)]
            if whole:
                found += [
                    *books.versions(tx.connection),
                    *books.effects(tx.connection),
                    *books.chains(tx.connection),
                ]
        return found


def _heads(connection: sa.Connection) -> dict[str, int]:
    return {row["key"]: row["version"] for row in select(connection, "SELECT key, version FROM ledger_key")}


def _terms(connection: sa.Connection) -> dict[str, frozenset[str]]:
    """What each promise's customer belongs to: tier, channel, region."""
    customers = {
        row["id"]: decode(row["body"])
        for row in select(
            connection, "SELECT id, body FROM policy_record WHERE kind = 'customer' AND version_to IS NULL"
        )
    }
    found = {}
    for row in select(connection, "SELECT id, customer FROM promise WHERE in_force AND customer IS NOT NULL"):
        customer = customers.get(row["customer"], {})
        found[row["id"]] = frozenset(
            f"{name}:{customer[name]}" for name in ("tier", "channel", "region") if customer.get(name)
        )
    return found


def _drawn(connection: sa.Connection) -> dict[str, int]:
    """What each allocation has given out."""
    return {
        row["key"].partition(":")[2]: int(row["n"])
        for row in select(
            connection,
            "SELECT key, sum(quantity) AS n FROM ledger_draw WHERE key LIKE 'allocation:%' AND version_to IS NULL GROUP BY key",
        )
    }


def _since(connection: sa.Connection, table: str, moved: dict[str, int]) -> dict[str, list[Row]]:
    """Rows of each key in force, or ended after the version it had."""
    names = {f"k{n}": key for n, key in enumerate(moved)}
    found: dict[str, list[Row]] = defaultdict(list)
    for row in select(
        connection,
        f"SELECT * FROM {table} WHERE key IN ({', '.join(':' + name for name in names)})"
        " AND (version_to IS NULL OR version_to > :least) ORDER BY key, id",
        least=min(moved.values()),
        **names,
    ):
        if row["version_to"] is None or row["version_to"] > moved[row["key"]]:
            found[row["key"]].append(row)
    return found


def _exceptions(rows: Rows) -> Iterable[Violation]:
    """I2: whoever is not covered now has one open exception with an owner, and nobody else has one."""
    coverage = Coverage(rows)
    opened: dict[str, list[Row]] = defaultdict(list)
    for exception in rows.exceptions:
        opened[exception["commitment"]].append(exception)
    for commitments in rows.commitments.values():
        for commitment in commitments:
            own = opened.pop(commitment["id"], [])
            overdue = commitment["ship_on"] < rows.today(commitment["key"])
            if commitment["state"] == "committed" and (overdue or not coverage.is_covered(commitment["id"])):
                if len(own) != 1:
                    state = "overdue" if overdue else "not covered"
                    detail = f"{commitment['id']} is {state} and has {len(own)} open exceptions"
                    yield Violation("I2", commitment["key"], detail)
                elif not own[0]["owner"]:
                    yield Violation(
                        "I2", commitment["key"], f"the exception of {commitment['id']} has no owner"
                    )
            elif own:
                state = commitment["state"] if commitment["state"] != "committed" else "covered"
                yield Violation(
                    "I2", commitment["key"], f"{commitment['id']} is {state} and has an open exception"
                )
    for id in opened:
        yield Violation("I2", id, "has an open exception and is no commitment in force")
    for supplies in rows.supplies.values():
        for supply in supplies:
            if supply["counts"] in ("counted", "doubtful") and supply["expires_at"] is None:
                said, is_so = supply["counts"] == "doubtful", not coverage.is_covered(supply["id"])
                # Midnight lifts what minutes cast that are past, told or not. And receipts that feed each other on one
                # day may have no answer that holds; then doubt is kept.
                was_so = not coverage.is_covered(supply["id"], ever=True) or coverage.is_in_a_circle(
                    supply["key"]
                )
                if (is_so and not said) or (said and not is_so and not was_so):
                    detail = (
                        f"receipt {supply['id']} is said to be {supply['counts']}, its draws say otherwise"
                    )
                    yield Violation("doubtful", supply["key"], detail)
