"""What would an import do to promises? Judged by what judges it when it comes in, on one snapshot that locks nothing."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from accord.connect.model import Effects, Uncovered
from accord.db.tx import Tx
from accord.exceptions import service as exceptions
from accord.exceptions.model import News, OpeningLine
from accord.ledger.decide.graph import Graph
from accord.ledger.model import Commitment
from accord.ledger.service.news import Foreseen
from accord.promise import service as promises
from accord.promise.model import Promise


def foreseen(tx: Tx, news: Sequence[News]) -> Effects:
    """The promises that supply would no longer cover, and those it would cover again. Raises: InputError."""
    began = time.monotonic()
    if not news:
        return Effects(uncovered=(), covered=(), ignored=(), sentence=_sentence(0, 0), seconds=0.0)
    found = exceptions.foresee(tx, news)
    return effects_of(tx, found.foreseen, found.graph, found.openings, ignored=found.ignored, began=began)


def effects_of(
    tx: Tx,
    found: Foreseen,
    graph: Graph,
    openings: Mapping[str, OpeningLine],
    *,
    ignored: tuple[str, ...] = (),
    began: float,
) -> Effects:
    """What the ledger foresees, by promise and in words; `openings` are orders that come in themselves."""
    named = [*(c for c, _ in found.short), *found.covered]
    known = promises.promises_named(tx, [c.promise for c in named])
    now = found.now

    def told(commitment: Commitment, short: int) -> Uncovered:
        promise: Promise | None = known.get(commitment.promise)
        opening = openings.get(commitment.id)
        today = (
            graph.today(commitment.site, now)
            if commitment.site in graph.sites
            else now // 86_400_000_000 + 719_163
        )
        item = graph.items.get(commitment.item)
        return Uncovered(
            promise="" if promise is None else promise.id,
            commitment="" if promise is None else commitment.id,
            ref=promise.ref if promise is not None else opening.ref if opening is not None else "",
            customer=promise.customer
            if promise is not None
            else opening.customer
            if opening is not None
            else None,
            line=commitment.line,
            item=commitment.item,
            site=commitment.site,
            quantity=commitment.quantity - commitment.fulfilled,
            short=short,
            scale=1 if item is None else item.scale,
            unit="piece" if item is None else item.unit,
            ship_on=commitment.ship_on,
            days=commitment.ship_on - today,
            owner="" if promise is None else promise.actor,
        )

    uncovered = sorted((told(c, short) for c, short in found.short), key=_order)
    covered = sorted((told(c, 0) for c in found.covered), key=_order)
    return Effects(
        uncovered=tuple(uncovered),
        covered=tuple(covered),
        ignored=ignored,
        sentence=_sentence(
            len({_promise(one) for one in uncovered}), len({_promise(one) for one in covered})
        ),
        seconds=round(time.monotonic() - began, 3),
    )


def _order(one: Uncovered) -> tuple[int, str, str, int]:
    return one.ship_on, one.ref, one.promise, one.line


def _promise(one: Uncovered) -> str:
    return one.promise or f"opening {one.ref}"


def _sentence(uncovered: int, covered: int) -> str:
    """ "6 promises would become uncovered, 2 would be covered again." """
    if not uncovered and not covered:
        return "No promise would be touched."
    parts = []
    if uncovered:
        parts.append(f"{uncovered:,} {'promise' if uncovered == 1 else 'promises'} would become uncovered")
    if covered:
        noun = "" if uncovered else f" {'promise' if covered == 1 else 'promises'}"
        parts.append(f"{covered:,}{noun} would be covered again")
    return f"{', '.join(parts)}."
