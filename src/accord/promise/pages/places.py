"""Where does one look at a thing that a promise takes, and how is so much of it said?"""

from __future__ import annotations

from accord.ledger.model import Kind, kind_of_key, node_of
from accord.ledger.pages import links
from accord.ledger.said import number
from accord.promise.pages.shown import Shown


def supply_href(key: str) -> str:
    """The page of a node, a resource or a supplier's capacity; "" where there is none."""
    kind = kind_of_key(key)
    if kind is Kind.node:
        return links.node(*node_of(key))
    name = key.partition(":")[2]
    if kind is Kind.resource:
        return links.capacity(name, is_supplier=False)
    return links.capacity(name, is_supplier=True) if kind is Kind.supplier else ""


def amount(key: str, n: int, shown: Shown) -> str:
    """So much of a thing as people state it: "12", "30 min"."""
    kind = kind_of_key(key)
    if kind is Kind.resource:
        return f"{number(n)} min"
    if kind is not Kind.node:
        return number(n)
    known = shown.names.items.get(node_of(key)[0])
    return number(n, known.scale if known is not None else 1)
