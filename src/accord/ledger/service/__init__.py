"""What happens to the ledger, in order?"""

from accord.db.engine import Database
from accord.ledger.service.graphs import graph, graph_at
from accord.ledger.service.reads import NodeView
from accord.ledger.service.reads import node as _node
from accord.ledger.service.supply import NodeLine, NodeList, NodeSheet, Share, Source, node_sheet, nodes

__all__ = [
    "NodeLine",
    "NodeList",
    "NodeSheet",
    "NodeView",
    "Share",
    "Source",
    "graph",
    "graph_at",
    "node",
    "node_sheet",
    "nodes",
]


def node(db: Database, item: str, site: str) -> NodeView:
    """One node as it is now: its steps, supplies and commitments. Raises: NotFound for an unknown item or site."""
    with db.read() as tx:
        return _node(tx, item, site)
