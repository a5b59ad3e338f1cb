"""Is everything that was promised as it must be? The ledger, the promises beside it, and the record of what was done."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from accord.db import proof
from accord.db.audit_checkpoints import Checkpoint
from accord.db.engine import Database
from accord.db.tx import Tx
from accord.ledger.model import Commitment, State
from accord.ledger.service import reads
from accord.ledger.service.checks import Finding
from accord.ledger.service.checks import verify as verify_ledger
from accord.promise import store
from accord.promise.model import Promise

_PAGE = 500


# What reading a row raises that somebody changed by hand to what it can never be.
_UNREADABLE = (msgspec.MsgspecError, ValueError, TypeError, LookupError)


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """What `verify` found, and how much it looked at."""

    findings: tuple[Finding, ...]
    keys: int
    promises: int
    entries: int  # of the audit
    checkpoints: int  # of the audit
    unchecked: str  # why checkpoints could not be checked; empty when they were, or there are none


def verify(
    db: Database, on_progress: Callable[[int], None] | None = None, *, exported: Sequence[Checkpoint] = ()
) -> Findings:
    """Recompute everything from the rows, in one snapshot; `exported`: checkpoints that were kept elsewhere.

    Raises: InputError when the key of the checkpoints cannot be used.
    """
    keys = 0

    def count(more: int) -> None:
        nonlocal keys
        keys += more
        if on_progress is not None:
            on_progress(more)

    with db.read() as tx:
        found = _ledger(tx, count)
        looked, more = _promises(tx, on_progress)
        proven = proof.prove(tx, exported, on_progress)
    found += more
    found += [
        Finding(
            key=f"audit:{f.chain_id}" if f.chain_id else f"checkpoint:{f.seq}",
            what=f.what,
            detail=f"entry {f.seq}{': ' if f.detail else ''}{f.detail}" if f.chain_id else f.detail,
        )
        for f in proven.findings
    ]
    return Findings(
        findings=tuple(found),
        keys=keys,
        promises=looked,
        entries=proven.entries,
        checkpoints=proven.checkpoints,
        unchecked=proven.unchecked,
    )


def _ledger(tx: Tx, count: Callable[[int], None]) -> list[Finding]:
    """What is found in the ledger; a row that cannot even be read is a finding, too, and ends the search there."""
    try:
        return verify_ledger(tx, count)
    except _UNREADABLE as error:
        what = f"the ledger cannot be recomputed: {type(error).__name__}: {error}"
        return [Finding(key="ledger", what="row_unreadable", detail=what)]


def _promises(tx: Tx, on_progress: Callable[[int], None] | None) -> tuple[int, list[Finding]]:
    found: list[Finding] = []
    looked, after = 0, None
    now = tx.now()
    while True:
        try:
            page, after = store.promises_page(tx, after=after, limit=_PAGE)
        except _UNREADABLE as error:
            what = f"after {looked} promises: {type(error).__name__}: {error}"
            return looked, [*found, Finding(key="promises", what="row_unreadable", detail=what)]
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
