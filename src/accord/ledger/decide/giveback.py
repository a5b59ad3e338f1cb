"""What goes when a promise ends or is replaced? Its draws, and the receipts it proposed that nobody else draws on."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from accord.kit.days import Day
from accord.ledger.decide.sheet import Sheet, orphans
from accord.ledger.model import Draw, Supply


def given_back(
    sheets: Mapping[str, Sheet], promises: frozenset[str], today: Callable[[str], Day]
) -> tuple[tuple[Draw, ...], tuple[Supply, ...]]:
    """The draws that end with these promises and the proposed receipts that go with them; the sheets are changed. `today`: of a key.

    A proposed receipt stays, with what it draws itself, as long as its node cannot do without it. What was delivered, if
    only in part, stays counted in cumulative limits: else a delivery and a cancel would make room for the next.
    """
    delivered = {c.id for sheet in sheets.values() for c in sheet.commitments.values() if c.fulfilled}
    gives: list[Draw] = []
    drops: list[Supply] = []
    for sheet in sheets.values():
        for draw in [d for d in sheet.draws.values() if d.promise in promises and d.feeds is None]:
            if draw.owner in delivered and draw.key.startswith("limit:"):
                continue
            gives.append(sheet.draws.pop(draw.id))
    while gone := orphans(sheets, promises, today):
        names = {supply.id for supply in gone}
        for supply in gone:
            drops.append(sheets[supply.key].supplies.pop(supply.id))
        for sheet in sheets.values():
            for draw in [d for d in sheet.draws.values() if d.owner in names]:
                gives.append(sheet.draws.pop(draw.id))
    return tuple(sorted(gives, key=lambda d: (d.key, d.id))), tuple(
        sorted(drops, key=lambda s: (s.key, s.id))
    )
