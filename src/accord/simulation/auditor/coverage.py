"""Which draws are covered by what there is now?

The firm draws of a node are gone through in the order of (day, sequence). Each is covered by what is usable by its day
and not taken by those before it: wholly, or it takes nothing. Where lots expire, it takes from the lot that expires
first among those that last long enough. Where this leaves a promise short that proposed receipts itself, the node is
gone through again and these serve its own draws first. A key that does not carry over is the same, day by day, and its
past days are done. A receipt with an uncovered draw of its own is doubtful, and is no supply for anybody. Holds, and
the receipts that they propose, are not judged and cover nobody else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from accord.simulation.auditor.rows import Row, Rows, capacity

_NEVER = 10**9


class Coverage:
    """The judgement on every draw in a snapshot of all keys, on the receipts that count as the rows say."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._nodes: dict[str, dict[str, bool]] = {}
        self._days: dict[tuple[str, int], dict[str, bool]] = {}

    def is_covered(self, owner: str, *, ever: bool = False) -> bool:
        """Whether every draw of a commitment or receipt is covered; `ever`: also those of minutes that are past."""
        return all(self._draw(draw, ever=ever) for draw in self._rows.owned.get(owner, ()))

    def is_in_a_circle(self, key: str) -> bool:
        """Whether what leaves this node feeds it again."""
        seen: set[str] = set()
        edge = {key}
        while edge:
            edge = {
                row["feeds"] for name in edge for row in self._rows.draws.get(name, ()) if row["feeds"]
            } - seen
            seen |= edge
        return key in seen

    def _draw(self, draw: Row, *, ever: bool) -> bool:
        key, day = draw["key"], draw["on_day"]
        if draw["expires_at"] is not None or key.startswith(("allocation:", "limit:")):
            return True  # a hold; a share that shrank uncovers nobody
        if key.startswith("node:"):
            if key not in self._nodes:
                self._nodes[key] = self._node(key, self._rows.today(key))
            return self._nodes[key][draw["id"]]
        if day < self._rows.today(key) and not ever:
            return True
        if (key, day) not in self._days:
            self._days[key, day] = self._day(key, day)
        return self._days[key, day][draw["id"]]

    def _node(self, key: str, today: int) -> dict[str, bool]:
        there = [row for row in self._rows.counted(key) if row["expires_at"] is None]
        proposers = {row["proposed_by"] for row in there} - {None}
        own_first: set[str] = set()
        while True:
            judged = self._in_turn(key, there, today, own_first)
            short = {draw["promise"] for draw in self._rows.draws[key] if judged.get(draw["id"]) is False}
            if not (short & proposers) - own_first:
                return judged
            own_first |= short & proposers

    def _in_turn(self, key: str, there: list[Row], today: int, own_first: set[str]) -> dict[str, bool]:
        draws = _in_order(self._rows.draws[key], today)
        left = {row["id"]: row["quantity"] for row in there}
        own: dict[str, int] = defaultdict(int)
        in_order = sorted(there, key=lambda row: (row["on_day"], row["id"])) if own_first else []
        for draw in draws:
            for row in in_order:
                in_time = row["on_day"] <= max(draw["on_day"], today)
                if draw["promise"] in own_first and row["proposed_by"] == draw["promise"] and in_time:
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
