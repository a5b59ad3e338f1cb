"""How are waiting order lines promised? One request each, in the order of priority, due day and name."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from accord.connect import store
from accord.connect.model import OpenLine, Promised
from accord.db.engine import Database, retrying
from accord.db.tx import Tx
from accord.kit.errors import AccordError
from accord.promise import service as promises
from accord.promise.model import Decision

_BATCH = 200  # lines asked in one call
_PATIENCE = 10  # nobody waits for one of them; others wait for a tenth of a second at most for what one transaction locks


def promise_open(db: Database, *, actor: str, on_progress: Callable[[int], None] | None = None) -> Promised:
    """Promise every open line, one request each, taking the best answer; lines that are decided stay decided.

    Killed in the middle, the next run goes on: a line whose promise was made and not yet written down gets the same
    answer again, because its request has the same id.
    """
    began = time.monotonic()
    in_full = later = 0
    refused: dict[str, int] = {}
    with db.read() as tx:
        _, before = store.count_lines(tx)
    while True:
        with db.read() as tx:
            lines = store.open_lines(tx, _BATCH)
        if not lines:
            break
        answers = promises.promise(db, [line.request for line in lines], actor=actor, patience=_PATIENCE)
        settled = [_settled(line, answer) for line, answer in zip(lines, answers, strict=True)]
        _settle(db, settled)
        for one in settled:
            in_full += one.state == "in_full"
            later += one.state == "later"
            if one.state == "refused":
                reason = one.reason or "cannot_promise"
                refused[reason] = refused.get(reason, 0) + 1
        if on_progress is not None:
            on_progress(len(lines))
    return Promised(
        lines=in_full + later + sum(refused.values()),
        in_full=in_full,
        later=later,
        refused=dict(sorted(refused.items())),
        seconds=round(time.monotonic() - began, 3),
        promised_before=before,
    )


def open_lines(db: Database) -> int:
    """How many order lines wait to be promised."""
    with db.read() as tx:
        return store.count_lines(tx)[0]


# --- promising -------------------------------------------------------------------------------------


def _settled(line: OpenLine, answer: Decision | AccordError) -> store.Settled:
    if isinstance(answer, AccordError):
        if answer.retryable:
            raise answer
        return store.Settled(
            source=line.source, id=line.id, state="refused", reason=answer.code, decision=None
        )
    if answer.chosen is None or answer.promise is None:
        reason = answer.refusals[0].value if answer.refusals else answer.verdict.value
        return store.Settled(
            source=line.source, id=line.id, state="refused", reason=reason, decision=answer.id
        )
    kept = answer.options[answer.chosen].in_full_on_time
    return store.Settled(
        source=line.source, id=line.id, state="in_full" if kept else "later", reason=None, decision=answer.id
    )


def _settle(db: Database, settled: Sequence[store.Settled]) -> None:
    def work(tx: Tx) -> None:
        store.settle(tx, settled, tx.now())

    retrying(db, work)
