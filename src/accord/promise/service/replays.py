"""Does a stored decision come out the same again, byte for byte? The book is rebuilt from the rows of its versions."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from accord.db.engine import Database
from accord.db.tx import Tx
from accord.kit.digest import canonical, digest
from accord.kit.errors import AccordError, NotFound
from accord.ledger.service import graphs, reads
from accord.ledger.service.books import Book, Clock
from accord.policy import service as policy
from accord.promise import store
from accord.promise.model import Decision
from accord.promise.service.asked import promise_named
from accord.promise.service.deciding import decided
from accord.promise.service.lives import Life, Rows

_PAGE = 500


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """How a decision came out the second time."""

    decision: str
    same: bool
    stored_digest: str
    digest: str  # "" when it could not be decided again
    difference: str = ""  # where the first difference is


def replay(db: Database, id: str) -> Replay:
    """Decide a stored decision again on what it saw. Raises: NotFound."""
    with db.read() as tx:
        kept = store.decision(tx, id)
        if kept is None:
            raise NotFound(f"There is no decision {id}.")
        return _replayed(tx, kept)


def replay_all(db: Database, on_progress: Callable[[int], None] | None = None) -> list[Replay]:
    """Every stored decision, oldest first."""
    done: list[Replay] = []
    after = ""
    while True:
        with db.read() as tx:
            page = store.decisions_page(tx, after, _PAGE)
            done += [_replayed(tx, kept) for kept in page]
        if on_progress is not None:
            on_progress(len(page))
        if len(page) < _PAGE:
            return done
        after = page[-1].id


def _replayed(tx: Tx, kept: store.StoredDecision) -> Replay:
    if digest(kept.body) != kept.digest:
        return Replay(
            decision=kept.id,
            same=False,
            stored_digest=kept.digest,
            digest=digest(kept.body),
            difference="the stored decision was changed after it was made",
        )
    was = kept.decision()
    try:
        body = canonical(_again(tx, kept, was))
    except AccordError as error:
        return Replay(
            decision=kept.id, same=False, stored_digest=kept.digest, digest="", difference=error.detail
        )
    same = body == kept.body
    return Replay(
        decision=kept.id,
        same=same,
        stored_digest=kept.digest,
        digest=digest(body),
        difference="" if same else _difference(kept.body, body),
    )


def _again(tx: Tx, kept: store.StoredDecision, was: Decision) -> Decision:
    graph = graphs.graph_at(tx, was.graph_version)
    rules = policy.book_at(tx, was.policy_version)
    book = Book(graph, reads.profiles_at(tx, was.reads), Clock(graph, was.now))
    life, approval = None, None
    if was.request.approval is not None and was.approval_version is not None:
        approval = store.approval_at(tx, was.request.approval, was.approval_version)
        if approval is None:
            raise NotFound(f"Version {was.approval_version} of approval {was.request.approval} is gone.")
    about = approval.promise if approval is not None else was.request.promise
    if kept.before is not None and about is not None:
        promise = store.promise_at(tx, about, kept.before)
        if promise is None:
            raise NotFound(f"Version {kept.before} of promise {about} is gone.")
        life = Life(
            promise,
            Rows(*reads.rows_at(tx, was.reads)).live(was.now),
            frozenset(key for key, _v in was.reads),
            book.clock,
        )
    return decided(
        book,
        rules,
        was.request,
        life,
        approval,
        actor=kept.actor,
        decision_id=was.id,
        promise_id=promise_named(was.request, approval, was.id),
    )[0]


def _difference(stored: bytes, again: bytes) -> str:
    at = next(
        (i for i, (a, b) in enumerate(zip(stored, again, strict=False)) if a != b),
        min(len(stored), len(again)),
    )
    start = max(0, at - 40)
    return (
        f"at byte {at}: stored …{stored[start : at + 40].decode(errors='replace')}…,"
        f" again …{again[start : at + 40].decode(errors='replace')}…"
    )
