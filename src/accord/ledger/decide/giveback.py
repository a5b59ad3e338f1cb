"""What goes when a promise ends or is replaced? Its draws, and the receipts it proposed that nobody else draws on."""

from __future__ import annotations

from collections.abc import Mapping

from accord.ledger.decide.sheet import Sheet, orphans
from accord.ledger.model import Draw, Supply


def given_back(
    sheets: Mapping[str, Sheet], promises: frozenset[str]
) -> tuple[tuple[Draw, ...], tuple[Supply, ...]]:
    """The draws that end with these promises and the proposed receipts that go with them; the sheets are changed.

    A proposed receipt stays, with what it draws itself, as long as its node cannot do without it.
    """
    gives: list[Draw] = []
    drops: list[Supply] = []
    for sheet in sheets.values():
        for draw in [d for d in sheet.draws.values() if d.promise in promises and d.feeds is None]:
            gives.append(sheet.draws.pop(draw.id))
    while gone := orphans(sheets, promises):
        names = {supply.id for supply in gone}
        for supply in gone:
            drops.append(sheets[supply.key].supplies.pop(supply.id))
        for sheet in sheets.values():
            for draw in [d for d in sheet.draws.values() if d.owner in names]:
                gives.append(sheet.draws.pop(draw.id))
    return tuple(sorted(gives, key=lambda d: (d.key, d.id))), tuple(
        sorted(drops, key=lambda s: (s.key, s.id))
    )
