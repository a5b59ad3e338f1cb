"""Is everything that was promised as it must be? The ledger, the audit chains, and the promises beside them."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from accord.db import audit
from accord.db.engine import Database
from accord.db.tx import Tx
from accord.ledger.model import Commitment, State
from accord.ledger.service import reads
from accord.ledger.service.checks import Finding
from accord.ledger.service.checks import verify as verify_ledger
from accord.promise import store
from accord.promise.model import Promise

_PAGE = 500


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """What `verify` found, and how much it looked at."""

    findings: tuple[Finding, ...]
    keys: int
    promises: int


def verify(db: Database, on_progress: Callable[[int], None] | None = None) -> Findings:
    """Recompute everything from the rows, in one snapshot."""
    keys = 0

    def count(more: int) -> None:
        nonlocal keys
        keys += more
        if on_progress is not None:
            on_progress(more)

    with db.read() as tx:
        found = verify_ledger(tx, count)
        looked, more = _promises(tx, on_progress)
        found += more
        found += [
            Finding(key=f"audit:{f.chain_id}", what=f.what, detail=f"entry {f.seq}: {f.detail}")
            for f in audit.verify_chains(tx)
        ]
    return Findings(findings=tuple(found), keys=keys, promises=looked)


def _promises(tx: Tx, on_progress: Callable[[int], None] | None) -> tuple[int, list[Finding]]:
    found: list[Finding] = []
    looked, after = 0, None
    now = tx.now()
    while True:
        page, after = store.promises_page(tx, after=after, limit=_PAGE)
        commitments: dict[str, list[Commitment]] = {}
        for c in reads.commitments_of(tx, [p.id for p in page]):
            commitments.setdefault(c.promise, []).append(c)
        for promise in page:
            found += _of_promise(promise, commitments.get(promise.id, []), now)
        looked += len(page)
        if on_progress is not None:
            on_progress(len(page))
        if after is None:
            return looked, found


def _of_promise(promise: Promise, commitments: list[Commitment], now: int) -> list[Finding]:
    named = {id for line in promise.lines for id in line.commitments}
    current = {c.id: c for c in commitments if c.id in named}
    found = []
    if promise.state.is_open:
        for id in sorted(named - current.keys()):
            found.append(
                Finding(
                    key=promise.id,
                    what="commitment_missing",
                    detail=f"{id} is promised and not in the ledger",
                )
            )
        for line in promise.lines:
            total = sum(current[id].quantity for id in line.commitments if id in current)
            if total != line.quantity:
                found.append(
                    Finding(
                        key=promise.id,
                        what="quantity_differs",
                        detail=f"line {line.line} promises {line.quantity}, its commitments {total}",
                    )
                )
    for c in commitments:
        is_stray = c.id not in named and c.state.is_open
        expired = promise.state is State.held and promise.expires_at is not None and promise.expires_at <= now
        if is_stray or (c.state.is_open and not promise.state.is_open and not expired):
            found.append(
                Finding(
                    key=promise.id,
                    what="commitment_stray",
                    detail=f"{c.id} is {c.state.value}, its promise {promise.state.value}",
                )
            )
    return found
