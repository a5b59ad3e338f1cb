"""What is swept up now and then? Nothing depends on it: holds expire by comparison, this only frees the rows.

Expired draws are given back, overdue days rolled, and proposed receipts of ended promises on which nobody draws any
more are taken away with what they draw themselves. Old replies are forgotten; the decisions still say what they said.
"""

from __future__ import annotations

from accord.db import requests
from accord.db.engine import Database, retrying
from accord.db.tx import Tx
from accord.kit.digest import canonical
from accord.kit.ids import new_id
from accord.ledger.decide.giveback import given_back
from accord.ledger.service import graphs, reads
from accord.ledger.service.books import Clock, Treatment
from accord.ledger.service.news import Sheets, again, change, record_cause
from accord.policy import service as policy
from accord.promise import store

REPLY_DAYS = 7  # for so long a repeat gets the very bytes of the first answer

_KEYS_MAX = 500
_A_DAY = 86_400_000_000


def tidy(db: Database, *, actor: str = "accord") -> int:
    """One round of sweeping. Returns how many keys and receipts it freed; call again while it is not 0."""
    return _expire(db) + _drop(db, actor)


def prune(db: Database) -> int:
    """Forget some bodies of replies that are older than a week. Returns how many; call again while it is not 0."""
    return retrying(db, lambda tx: requests.prune_replies(tx, tx.now() - REPLY_DAYS * _A_DAY))


def _treatment(tx: Tx) -> Treatment:
    rules = policy.book(tx).rules
    return Treatment(late_receipt_days=rules.late_receipt_days, fence_days=rules.fence_days)


def _expire(db: Database) -> int:
    def work(tx: Tx) -> int:
        keys = reads.keys_expiring(tx, tx.now(), _KEYS_MAX)
        if keys:
            cause = new_id("cau")
            told = change(tx, graphs.graph(tx), keys, _treatment(tx), lambda _s, _c: None, cause=cause)
            record_cause(tx, told, kind="HoldsExpired", body=canonical(keys), actor="accord", news_id=cause)
        return len(keys)

    return again(db, work)


def _drop(db: Database, actor: str) -> int:
    def work(tx: Tx) -> int:
        closed = frozenset(
            p.id for p in store.promises(tx, reads.promises_with_receipts(tx)).values() if not p.state.is_open
        )
        if not closed:
            return 0
        keys = {s.key for s in reads.supplies_proposed_by(tx, sorted(closed))} | {
            d.key for d in reads.draws_of(tx, sorted(closed)) if not d.key.startswith("limit:")
        }
        dropped: list[str] = []

        def apply(sheets: Sheets, clock: Clock) -> None:
            _gives, drops = given_back(sheets, closed, clock.today_of)
            dropped[:] = [s.id for s in drops]

        cause = new_id("cau")
        told = change(tx, graphs.graph(tx), keys, _treatment(tx), apply, cause=cause)
        if dropped:
            record_cause(
                tx, told, kind="ReceiptsDropped", body=canonical(dropped), actor=actor, news_id=cause
            )
        return len(dropped)

    return again(db, work)
