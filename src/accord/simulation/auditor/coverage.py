"""Which draws are covered by what there is now?

The firm draws of a node are gone through in the order of (day, sequence). Each is covered by what is usable by its day
and not taken by those before it: wholly, or it takes nothing. Where lots expire, it takes from the lot that expires
first among those that last long enough. Where this leaves anybody short, the node is gone through again, and what a
promise proposed serves that promise first. A key that does not carry over is the same, day by day, and its past days
are done. A receipt with an uncovered draw of its own is doubtful, and is no supply for anybody. Holds, and the receipts
that they propose, are not judged and cover nobody else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from accord.simulation.auditor.rows import Row, Rows, capacity

_NEVER = 10**9


class Coverage:
    """The judgement on every draw in a snapshot of all keys."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._by_owner: dict[str, list[Row]] = defaultdict(list)
        for key in rows.draws:
            for draw in rows.live(key):
                self._by_owner[draw["owner"]].append(draw)
        self._doubtful: dict[str, bool] = {}
        self._days: dict[tuple[str, int], dict[str, bool]] = {}
        # Whether one's own receipts come first at a node depends on who is short there, which depends on doubts, which
        # depend on other nodes: nodes are added until none is short without being among them.
        self._own_first: set[str] = set()
        while (
            more := {key for key in rows.draws if key.startswith("node:") and self._is_short(key)}
            - self._own_first
        ):
            self._own_first |= more
            self._doubtful.clear()
            self._days.clear()

    def is_covered(self, owner: str) -> bool:
        """Whether every draw of a commitment or receipt is covered."""
        return all(self._draw(draw) for draw in self._by_owner.get(owner, ()))

    def is_doubtful(self, receipt: str) -> bool:
        """Whether a receipt lacks something that it is made of or moved from."""
        known = self._doubtful.get(receipt)
        if known is None:
            self._doubtful[receipt] = True  # what rests on itself rests on nothing
            known = self._doubtful[receipt] = not self.is_covered(receipt)
        return known

    def _is_short(self, key: str) -> bool:
        today = self._rows.today(key)
        return not all(self._node(key, _NEVER, today, own_first=False).values())

    def _draw(self, draw: Row) -> bool:
        key, today = draw["key"], self._rows.today(draw["key"])
        if draw["expires_at"] is not None or (not key.startswith("node:") and draw["on_day"] < today):
            return True
        day = max(draw["on_day"], today)
        judged = self._days.get((key, day))
        if judged is None:
            if key.startswith("node:"):
                judged = self._node(key, day, today, own_first=key in self._own_first)
            else:
                judged = self._day(key, draw["on_day"])
            self._days[key, day] = judged
        return judged[draw["id"]]

    def _node(self, key: str, until: int, today: int, *, own_first: bool) -> dict[str, bool]:
        """The judgement on the draws of a node up to a day: what comes later cannot help or hurt them."""
        there = [
            row
            for row in self._rows.supplies.get(key, ())
            if max(row["on_day"], today) <= until and self._is_usable(row, today)
        ]
        draws = [
            draw for draw in _in_order(self._rows.draws[key], today) if max(draw["on_day"], today) <= until
        ]
        left = {row["id"]: row["quantity"] for row in there}
        own: dict[str, int] = defaultdict(int)
        if own_first:
            for draw in draws:
                for row in sorted(there, key=lambda row: (row["on_day"], row["id"])):
                    if row["proposed_by"] == draw["promise"] is not None and row["on_day"] <= max(
                        draw["on_day"], today
                    ):
                        part = min(left[row["id"]], draw["quantity"] - own[draw["id"]])
                        left[row["id"]] -= part
                        own[draw["id"]] += part
        lots = sorted(
            [row["expires_on"] or _NEVER, max(row["on_day"], today), left[row["id"]]] for row in there
        )
        judged = {}
        for draw in draws:
            day = max(draw["on_day"], today)
            fitting = [lot for lot in lots if lot[1] <= day and lot[0] >= day + (draw["life_days"] or 0)]
            wanted = draw["quantity"] - own[draw["id"]]
            judged[draw["id"]] = sum(lot[2] for lot in fitting) >= wanted
            if judged[draw["id"]]:
                for lot in fitting:
                    taken = min(lot[2], wanted)
                    lot[2] -= taken
                    wanted -= taken
        return judged

    def _is_usable(self, supply: Row, today: int) -> bool:
        why = supply["counts"]
        if supply["expires_at"] is not None:
            return False
        if why not in ("counted", "doubtful"):
            return False
        if supply["expires_on"] and supply["expires_on"] < today:
            return False
        return not self.is_doubtful(supply["id"])

    def _day(self, key: str, day: int) -> dict[str, bool]:
        left = capacity(self._rows.records, key, day)
        judged = {}
        for draw in _in_order((draw for draw in self._rows.draws[key] if draw["on_day"] == day), 0):
            judged[draw["id"]] = draw["quantity"] <= left
            if judged[draw["id"]]:
                left -= draw["quantity"]
        return judged


def _in_order(draws: Iterable[Row], today: int) -> list[Row]:
    """Firm draws by (day, sequence, id)."""
    firm = [draw for draw in draws if draw["expires_at"] is None]
    return sorted(firm, key=lambda d: (max(d["on_day"], today), d["sequence"], d["id"]))


def unfilled(supplies: Iterable[Row], draws: Iterable[Row], today: int) -> int:
    """What finds no lot when each draw in turn takes, in part too, from the lots that expire first."""
    lots = sorted(
        [row["expires_on"] or _NEVER, max(row["on_day"], today), row["quantity"]] for row in supplies
    )
    missing = 0
    for day, life, left in sorted(
        (max(d["on_day"], today), d["life_days"] or 0, d["quantity"]) for d in draws
    ):
        for lot in lots:
            if lot[1] <= day and lot[0] >= day + life:
                taken = min(lot[2], left)
                lot[2] -= taken
                left -= taken
        missing += left
    return missing
