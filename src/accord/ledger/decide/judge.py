"""Which commitments, and which receipts that others rely on, does reality still support?

A receipt whose own components, minutes or origin stock are short is doubtful: it does not count, so the commitments on
it are judged without it. Doubt travels from a key to the node where the receipt arrives, as often as it takes. Receipts
that feed each other on one day can have no answer that holds (this one comes only if that one does not); there doubts
that were cast stay, so that nothing is relied on that may not come.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping

import msgspec

from accord.kit.days import Day
from accord.kit.errors import Fault
from accord.ledger.decide.coverage import overdue, short_at_capacity, short_at_node
from accord.ledger.decide.graph import Graph
from accord.ledger.decide.sheet import Sheet
from accord.ledger.model import Kind, Supply, kind_of_key

_VISITS_MAX = 25  # of one key, after which its doubts are only added to


def judge(
    sheets: Mapping[str, Sheet],
    graph: Graph,
    today: Callable[[str], Day],
    treat: Callable[[Supply, Day], Supply],
) -> dict[str, dict[str, int]]:
    """Commitments that are not covered, by node: id -> base units short. Sets the doubts of receipts on the sheets.

    `today` gives the day of a key, `treat` counts a receipt by policy once its doubts are known. All sheets that doubt can
    reach must be given. Raises: Fault when one is missing.
    """
    short: dict[str, dict[str, int]] = {}
    waiting = deque(sorted(sheets))
    queued = set(waiting)
    visits = dict.fromkeys(sheets, 0)
    while waiting:
        key = waiting.popleft()
        queued.discard(key)
        visits[key] += 1
        if kind_of_key(key) in (Kind.allocation, Kind.limit):
            continue  # shares and limits shrink, commitments stay
        sheet, day = sheets[key], today(key)
        missing = _missing(sheet, graph, day)
        if kind_of_key(key) is Kind.node:
            owners = {sheet.draws[draw].owner: units for draw, units in missing.items()}
            short[key] = {
                **overdue(sheet.commitments.values(), day),
                **{owner: units for owner, units in owners.items() if owner in sheet.commitments},
            }
        for node in _doubted(sheets, sheet, missing, today, treat, lifts=visits[key] <= _VISITS_MAX):
            if node not in queued:
                waiting.append(node)
                queued.add(node)
    return short


def _missing(sheet: Sheet, graph: Graph, today: Day) -> dict[str, int]:
    if kind_of_key(sheet.key) is Kind.node:
        return short_at_node(sheet.supplies.values(), sheet.draws.values(), today)
    return short_at_capacity(lambda day: graph.capacity(sheet.key, day), sheet.draws.values(), today)


def _doubted(
    sheets: Mapping[str, Sheet],
    sheet: Sheet,
    missing: Mapping[str, int],
    today: Callable[[str], Day],
    treat: Callable[[Supply, Day], Supply],
    *,
    lifts: bool,
) -> list[str]:
    """The nodes whose receipts changed between doubtful and not, because of this key."""
    receipts: dict[str, tuple[str, bool]] = {}
    for draw in sheet.draws.values():
        if draw.feeds is not None and draw.expires_at is None:
            was_short = receipts.get(draw.owner, ("", False))[1]
            receipts[draw.owner] = (draw.feeds, was_short or draw.id in missing)
    nodes = []
    for receipt, (node, is_short) in sorted(receipts.items()):
        if node not in sheets:
            raise Fault(f"{node} must be locked with {sheet.key}, whose draws it depends on")
        supply = sheets[node].supplies.get(receipt)
        if supply is None:
            continue
        kept = set(supply.doubts) - {sheet.key} if lifts else set(supply.doubts)
        doubts = kept | ({sheet.key} if is_short else set())
        if doubts == set(supply.doubts):
            continue
        new = treat(msgspec.structs.replace(supply, doubts=tuple(sorted(doubts))), today(node))
        sheets[node].supplies[receipt] = new
        if new.counts is not supply.counts:
            nodes.append(node)
    return nodes
