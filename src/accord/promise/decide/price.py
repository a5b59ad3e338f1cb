"""How old is the cost behind a price, for how long does the price hold, and what does the same cost now?

An option's cost rests on **parts**: so much of an item at its cost, or at the cost of the term by which it is bought.
What making, moving and overtime cost beside them has no history here and counts as it was.

A price holds as long as its cost usually takes to move by `price_move_bp`. How much an item's cost **moved** is the sum of
its changes in the last 90 days, up and down alike, each in basis points of the cost before it; several items are
weighted by what each adds to the cost. A cost that did not move holds its price for as long as the policy allows.
"""

from __future__ import annotations

from collections.abc import Iterable

from accord.kit.days import Instant, local_day, midnight
from accord.ledger.decide.graph import Graph
from accord.ledger.model import node_key, node_of
from accord.policy.model import Rules
from accord.promise.decide.reply import ceil_div, half_up
from accord.promise.model import CostPart, Make, Piece

_WINDOW_DAYS = 90
_A_DAY_SECONDS = 86_400


def parts_of(graph: Graph, pieces: tuple[Piece, ...], makes: tuple[Make, ...]) -> tuple[CostPart, ...]:
    """What of the cost rests on the costs of items and terms: what leaves stock, what is bought, and components."""
    parts = [
        CostPart(
            item=piece.item,
            quantity=piece.from_stock,
            unit_minor=graph.items[piece.item].cost_minor,
            line=piece.line,
        )
        for piece in pieces
        if piece.from_stock
    ]
    if not makes:
        return tuple(parts)
    lines = _lines_of(pieces, makes)
    brought = {made.key for made in makes}
    for made in makes:
        kind, _, name = made.source.partition(":")
        line = lines.get(made.key, pieces[0].line)
        if kind == "buy":
            item = graph.items[graph.terms[name].item]
            unit = graph.terms[name].cost_minor or item.cost_minor
            parts.append(CostPart(item=item.id, term=name, quantity=made.needed, unit_minor=unit, line=line))
            continue
        for take in made.takes:
            if take.key.startswith("node:") and take.key not in brought:
                item = graph.items[node_of(take.key)[0]]
                # Of the lot, what the option itself draws; the rest is for whoever comes next.
                needed = ceil_div(take.quantity * made.needed, made.quantity)
                parts.append(CostPart(item=item.id, quantity=needed, unit_minor=item.cost_minor, line=line))
    return tuple(parts)


def _lines_of(pieces: tuple[Piece, ...], makes: tuple[Make, ...]) -> dict[str, int]:
    """The line that each node with something made, moved or bought serves: the first that ships from it, or from what is
    made of it."""
    lines: dict[str, int] = {}
    for piece in pieces:
        lines.setdefault(node_key(piece.item, piece.site), piece.line)
    known = 0
    while known < len(lines):
        known = len(lines)
        for made in makes:
            if made.key in lines:
                for take in made.takes:
                    lines.setdefault(take.key, lines[made.key])
    return lines


def cost_at(graph: Graph, parts: Iterable[CostPart]) -> Instant | None:
    """When the oldest of the costs that are dated was confirmed; None = none of them is."""
    known = [graph.items[part.item].cost_at for part in parts if part.item in graph.items]
    return min([at for at in known if at is not None], default=None)


def holds_seconds(graph: Graph, rules: Rules, parts: Iterable[CostPart], now: Instant) -> int:
    """For how long a price that rests on these costs holds."""
    since = midnight(local_day(now, "UTC") - _WINDOW_DAYS, "UTC")
    total = moved = 0
    for part in parts:
        bp = graph.cost_moved_bp(part.item, since)
        minor = _minor(graph, part, part.unit_minor)
        total += minor
        moved += minor * bp
    if not moved:
        return rules.price_seconds_max
    usual = rules.price_move_bp * _WINDOW_DAYS * _A_DAY_SECONDS * total // moved
    return max(min(usual, rules.price_seconds_max), rules.price_seconds_min)


def moved_minor(graph: Graph, parts: Iterable[CostPart], *, line: int | None = None) -> int:
    """How much more (less: negative) the parts cost now than they did; of one line, or of all."""
    return sum(
        _minor(graph, part, _now(graph, part)) - _minor(graph, part, part.unit_minor)
        for part in parts
        if line is None or part.line == line
    )


def is_thin(price_minor: int, cost_minor: int, margin_bp_min: int | None) -> bool:
    """Whether a price leaves less than the least margin, in basis points of the price."""
    return margin_bp_min is not None and (price_minor - cost_minor) * 10_000 < margin_bp_min * price_minor


def _minor(graph: Graph, part: CostPart, unit_minor: int) -> int:
    item = graph.items.get(part.item)
    return half_up(part.quantity * unit_minor, item.scale if item is not None else 1)


def _now(graph: Graph, part: CostPart) -> int:
    """What one stated unit costs now; what is no longer known costs what it did."""
    item, term = graph.items.get(part.item), graph.terms.get(part.term)
    if item is None or (part.term and term is None):
        return part.unit_minor
    return (term.cost_minor if term is not None else 0) or item.cost_minor
