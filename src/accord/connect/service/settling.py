"""What becomes of waiting lines that are asked together? Each gets its answer, and its row says which."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from accord.connect import store
from accord.connect.model import OpenLine
from accord.db.engine import Database, retrying
from accord.db.tx import Tx
from accord.kit.errors import AccordError
from accord.promise import service as promises
from accord.promise.model import Decision

TOGETHER = 200  # lines asked in one call
_PATIENCE = 10  # nobody waits for one of them; others wait for a tenth of a second at most for what one transaction locks


class Tally(msgspec.Struct, kw_only=True):
    """How many lines became what."""

    in_full: int = 0
    later: int = 0
    refused: dict[str, int] = {}  # reason: how many

    @property
    def lines(self) -> int:
        """All of them."""
        return self.in_full + self.later + sum(self.refused.values())

    def add(self, other: Tally) -> None:
        """Count what another has counted, too."""
        self.in_full += other.in_full
        self.later += other.later
        for reason, many in other.refused.items():
            self.refused[reason] = self.refused.get(reason, 0) + many


def promise_lines(db: Database, lines: Sequence[OpenLine], *, actor: str) -> Tally:
    """Promise these in their order and write down what became of each.

    Raises: Unavailable and the like, with the lines left open that have no answer yet.
    """
    answers = promises.promise(db, [line.request for line in lines], actor=actor, patience=_PATIENCE)
    settled = [_settled(line, answer) for line, answer in zip(lines, answers, strict=True)]
    _settle(db, settled)
    done = Tally()
    for one in settled:
        done.in_full += one.state == "in_full"
        done.later += one.state == "later"
        if one.state == "refused":
            reason = one.reason or "cannot_promise"
            done.refused[reason] = done.refused.get(reason, 0) + 1
    return done


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
