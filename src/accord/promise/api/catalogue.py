"""What may a request name, as of now?

Master data and policy in force, read in one snapshot; both services keep them in memory until their version changes,
so this costs a look at two numbers.
"""

from __future__ import annotations

import msgspec

from accord.db.engine import Database
from accord.ledger import service as ledger
from accord.policy import service as policy
from accord.promise.api.wire import Units
from accord.promise.named import Names, today_of


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    """Names to look things up by, and the units to write answers in."""

    names: Names
    units: Units
    graph_version: int
    policy_version: int


def catalogue(db: Database) -> Catalogue:
    """Everything a request may name now."""
    with db.read() as tx:
        graph, book, now = ledger.graph(tx), policy.book(tx), tx.now()
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
    )
