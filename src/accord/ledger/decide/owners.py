"""Which draws belong to a receipt, on all sheets at once?

News of twenty thousand receipts asks for each one's draws: looking through every sheet each time took minutes.
"""

from __future__ import annotations

from collections.abc import Mapping

from accord.ledger.decide.sheet import Sheet
from accord.ledger.model import Draw


class Owners:
    """The draws of each owner; whoever adds or takes a draw of a receipt does it here."""

    def __init__(self, sheets: Mapping[str, Sheet]) -> None:
        self._sheets = sheets
        self._found: dict[str, dict[tuple[str, str], Draw]] = {}
        for key in sorted(sheets):
            for draw in sheets[key].draws.values():
                self._found.setdefault(draw.owner, {})[draw.key, draw.id] = draw

    def of(self, owner: str) -> list[Draw]:
        """What this owner draws, by key and id."""
        found = self._found.get(owner, {})
        return [found[name] for name in sorted(found)]

    def put(self, draw: Draw) -> None:
        """Draw this, too."""
        self._sheets[draw.key].draws[draw.id] = draw
        self._found.setdefault(draw.owner, {})[draw.key, draw.id] = draw

    def take(self, draw: Draw) -> None:
        """Draw this no more."""
        del self._sheets[draw.key].draws[draw.id]
        del self._found[draw.owner][draw.key, draw.id]
