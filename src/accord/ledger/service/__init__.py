"""What happens to the ledger, in order?"""

from accord.db.engine import Database
from accord.ledger.service.capacity import (
    CapacityList,
    CapacitySheet,
    Loaded,
    ShareLine,
    ShareList,
    capacities,
    capacity_sheet,
    shares,
)
from accord.ledger.service.graphs import graph, graph_at
from accord.ledger.service.heard import Feed, Hearing, hearing
from accord.ledger.service.reads import NodeView
from accord.ledger.service.reads import node as _node
from accord.ledger.service.supply import NodeLine, NodeList, NodeSheet, Share, node_sheet, nodes

__all__ = [
    "CapacityList",
    "CapacitySheet",
    "Feed",
    "Hearing",
    "Loaded",
    "NodeLine",
    "NodeList",
    "NodeSheet",
    "NodeView",
    "Share",
    "ShareLine",
    "ShareList",
    "capacities",
    "capacity_sheet",
    "graph",
    "graph_at",
    "hearing",
    "node",
    "node_sheet",
    "nodes",
    "shares",
]


def node(db: Database, item: str, site: str) -> NodeView:
    """One node as it is now: its steps, supplies and commitments. Raises: NotFound for an unknown item or site."""
    with db.read() as tx:
        return _node(tx, item, site)
