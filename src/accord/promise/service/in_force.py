"""Which master data and rules are in force, and when is it? Read together, in one statement."""

from __future__ import annotations

from accord.db.engine import Database
from accord.db.records import now_and_heads
from accord.db.tx import Tx
from accord.kit.days import Instant
from accord.ledger.decide.graph import Graph
from accord.ledger.service import graphs
from accord.ledger.service.books import RollFirst, Treatment
from accord.ledger.service.news import roll_keys
from accord.policy import service as policy
from accord.policy.model import Book as Policy
from accord.promise.service.lives import Moved


def in_force(tx: Tx) -> tuple[Graph, Policy, Instant]:
    """The master data, the rules, and the store's clock."""
    now, graph, rules = now_and_heads(tx, graphs.HEAD, policy.HEAD)
    return graphs.graph_at(tx, graph), policy.book_at(tx, rules), now


def still_in_force(tx: Tx, graph: Graph, rules: Policy) -> Instant:
    """The store's clock, where both are still what they were. Raises: Moved."""
    now, *versions = now_and_heads(tx, graphs.HEAD, policy.HEAD)
    if versions != [graph.version, rules.version]:
        raise Moved
    return now


def treatment(rules: Policy) -> Treatment:
    """How overdue receipts count under these rules."""
    return Treatment(late_receipt_days=rules.rules.late_receipt_days, fence_days=rules.rules.fence_days)


def roll(db: Database, overdue: RollFirst) -> None:
    """Roll the day of what must be rolled before anything is decided on it."""
    with db.read() as tx:
        how = treatment(policy.book(tx))
    roll_keys(db, overdue.keys, how, actor="accord")
