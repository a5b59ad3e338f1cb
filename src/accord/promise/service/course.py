"""What happened to one promise, in order, and what proves it?

Told by what was decided about it, by the exceptions that were opened on it, and by what left for it. Each decision has one
entry in the audit, written with it: it is found by its moment, and its hash is computed anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from accord.db import audit_search
from accord.db.engine import Database
from accord.db.tx import Tx
from accord.kit.days import Instant
from accord.kit.digest import digest
from accord.ledger.decide.coverage import pegs_at_node
from accord.ledger.model import Draw, Movement, OpenException, State, Supply, node_of
from accord.ledger.service import graphs, promised
from accord.ledger.service import reads as ledger
from accord.ledger.service.promised import Told
from accord.promise import store
from accord.promise.model import Approval, Decision, Promise, Verb
from accord.promise.said import is_asking
from accord.promise.service.reads import Seen, promise_found, seen, standing

_ENTRIES_MAX = 10  # of one decision there is one


class Kind(StrEnum):
    """What happened."""

    opened = "opened"  # promised elsewhere, before Accord
    held = "held"
    committed = "committed"  # at once
    hardened = "hardened"  # what was held
    extended = "extended"
    amended = "amended"
    released = "released"
    cancelled = "cancelled"
    asked = "asked"  # for approval
    approved = "approved"
    declined = "declined"
    uncovered = "uncovered"
    covered = "covered"  # again, or the exception is over for another reason
    left = "left"
    expired = "expired"


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened, with what it is told by."""

    at: Instant
    kind: Kind
    actor: str
    decision: Decision | None = None
    before: Promise | None = None
    after: Promise | None = None
    exception: OpenException | None = None
    told: Told | None = None  # the news that opened the exception
    movement: Movement | None = None


class Proved(msgspec.Struct, frozen=True, kw_only=True):
    """A decision and its entry in the audit."""

    decision: str
    request: str
    verb: Verb
    at: Instant
    digest: str  # of the decision as it is kept
    chain: str = ""  # "" = there is no entry
    sequence: int = 0
    hash: str = ""
    before: str = ""  # the hash of the entry before it
    is_intact: bool = False  # the entry's hash is that of what it says and of the entry before it
    is_same: bool = False  # the decision that is kept is the one that the entry names
    is_signed: bool = False  # the last checkpoint has seen the entry

    @property
    def holds(self) -> bool:
        """Whether it proves that the decision is the one that was made."""
        return self.is_intact and self.is_same


class Covered(msgspec.Struct, frozen=True):
    """So much of one draw is covered by one supply."""

    draw: Draw
    supply: Supply
    quantity: int


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one promise."""

    seen: Seen
    happened: tuple[Happened, ...]  # the first first
    approvals: tuple[Approval, ...]
    uncovered: tuple[OpenException, ...]  # open now
    news: dict[str, Told]  # that opened an exception, by its cause
    draws: tuple[Draw, ...]
    covers: tuple[Covered, ...]  # what covers its firm deliveries, as things are
    proofs: tuple[Proved, ...]
    why: Decision | None  # that it stands on; None = it was promised elsewhere


def course(db: Database, text: str) -> Course:
    """One promise by its id or its order number, with all that happened to it. Raises: NotFound."""
    with db.read() as tx:
        promise = promise_found(tx, text)
        now = tx.now()
        (one,) = seen(tx, [promise])
        kept = store.decisions_of_promise(tx, promise.id)
        versions = {version.version: version for version in store.promise_history(tx, promise.id)}
        exceptions = promised.exceptions_of(tx, one.commitments, open_only=False)
        news = promised.news_of(tx, sorted({exception.cause for exception in exceptions}))
        happened = [
            *_decided(kept, versions),
            *_uncovered(exceptions, news),
            *(
                Happened(at=moved.at, kind=Kind.left, actor="", movement=moved)
                for moved in promised.movements_of(tx, one.commitments)
            ),
        ]
        if promise.decision == "" or (min(versions) == 1 and versions[1].decision == ""):
            first = versions[1]
            happened.append(Happened(at=first.made_at, kind=Kind.opened, actor=first.actor, after=first))
        if one.state is State.expired and promise.expires_at is not None:
            happened.append(Happened(at=promise.expires_at, kind=Kind.expired, actor=""))
        draws = tuple(ledger.draws_of(tx, [promise.id]))
        return Course(
            seen=one,
            # What stands at one moment keeps the order in which it is told.
            happened=tuple(sorted(happened, key=lambda it: it.at)),
            approvals=tuple(standing(tx, store.approvals_of_promise(tx, promise.id), now)),
            uncovered=tuple(exception for exception in exceptions if exception.closed_at is None),
            news=news,
            draws=draws,
            covers=_covered(tx, one, draws, now),
            proofs=tuple(_proved(tx, stored) for stored in kept),
            why=next((stored.decision() for stored in kept if stored.id == promise.decision), None),
        )


def stored(db: Database, promise: str) -> list[store.StoredDecision]:
    """The decisions about a promise as they are kept, the first first. Raises: NotFound."""
    with db.read() as tx:
        return store.decisions_of_promise(tx, promise_found(tx, promise).id)


def _covered(tx: Tx, one: Seen, draws: Sequence[Draw], now: Instant) -> tuple[Covered, ...]:
    """Which supply covers the deliveries, by the rule that says whether they are covered at all. It binds nothing."""
    owners = {commitment.id for commitment in one.commitments}
    own = {draw.id: draw for draw in draws if draw.owner in owners and draw.key.startswith("node:")}
    keys = sorted({draw.key for draw in own.values()})
    if not keys:
        return ()
    graph = graphs.graph(tx)
    supplies, every, _commitments = ledger.rows_of(tx, keys)
    found = []
    for key in keys:
        there = {supply.id: supply for supply in supplies if supply.key == key}
        pegs, _short = pegs_at_node(
            there.values(), [draw for draw in every if draw.key == key], graph.today(node_of(key)[1], now)
        )
        found += [Covered(own[peg.draw], there[peg.supply], peg.quantity) for peg in pegs if peg.draw in own]
    return tuple(found)


# --- what happened ---


def _decided(kept: list[store.StoredDecision], versions: dict[int, Promise]) -> list[Happened]:
    found = []
    for stored in kept:
        decision = stored.decision()
        after = versions.get((stored.before or 0) + 1)
        found.append(
            Happened(
                at=decision.now,
                kind=_kind(decision, is_first=stored.before is None),
                actor=stored.actor,
                decision=decision,
                before=versions.get(stored.before) if stored.before is not None else None,
                after=after if after is not None and after.decision == decision.id else None,
            )
        )
    return found


def _kind(decision: Decision, *, is_first: bool) -> Kind:
    if is_asking(decision):
        return Kind.asked
    verb = decision.request.verb
    if verb is Verb.hold:
        return Kind.held if is_first else Kind.extended
    if verb is Verb.commit:
        return Kind.committed if is_first else Kind.hardened
    return _KINDS[verb]


_KINDS = {
    Verb.amend: Kind.amended,
    Verb.release: Kind.released,
    Verb.cancel: Kind.cancelled,
    Verb.approve: Kind.approved,
    Verb.decline: Kind.declined,
}


def _uncovered(exceptions: list[OpenException], news: dict[str, Told]) -> list[Happened]:
    found = []
    for one in exceptions:
        told = news.get(one.cause)
        found.append(
            Happened(
                at=one.opened_at,
                kind=Kind.uncovered,
                actor=told.actor if told is not None else "",
                exception=one,
                told=told,
            )
        )
        if one.closed_at is not None:
            found.append(Happened(at=one.closed_at, kind=Kind.covered, actor="", exception=one))
    return found


# --- what proves it ---


def _proved(tx: Tx, stored: store.StoredDecision) -> Proved:
    decision = stored.decision()
    proof = Proved(
        decision=stored.id,
        request=decision.request.id,
        verb=decision.request.verb,
        at=decision.now,
        digest=digest(stored.body),
    )
    wanted = audit_search.Wanted(value=stored.id, from_at=decision.now, until_at=decision.now + 1)
    entries = audit_search.search(tx, wanted, limit=_ENTRIES_MAX).entries
    if not entries:
        return proof
    shown = audit_search.one(tx, entries[0].chain_id, entries[0].seq)
    return msgspec.structs.replace(
        proof,
        chain=shown.entry.chain_id,
        sequence=shown.entry.seq,
        hash=shown.entry.hash,
        before=shown.before,
        is_intact=shown.fits,
        is_same=proof.digest == stored.digest == shown.entry.members.get("digest"),
        is_signed=shown.is_signed,
    )
