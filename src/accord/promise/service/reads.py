"""What is said of promises and decisions to those who only look?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from accord.db.engine import Database
from accord.db.tx import Tx
from accord.kit.days import Instant
from accord.kit.errors import InputError, NotFound
from accord.ledger.model import Commitment, State
from accord.ledger.service import reads as ledger
from accord.promise import store
from accord.promise.decide.approval import state_of
from accord.promise.model import Approval, ApprovalState, Decision, Promise, Verb
from accord.promise.store import named

_OF_ONE_REF = 20  # promises of one number and state that are looked through


class Seen(msgspec.Struct, frozen=True):
    """A promise as it stands at this moment, with its commitments."""

    promise: Promise
    state: State  # expired and fulfilled show here, although nobody wrote them into the promise
    commitments: tuple[Commitment, ...]


def state_now(promise: Promise, commitments: list[Commitment], now: Instant) -> State:
    """The state of a promise: a hold expires by comparison, a commitment is fulfilled when all of it has left."""
    if promise.state is State.held and promise.expires_at is not None and promise.expires_at <= now:
        return State.expired
    counted = [c for c in commitments if c.state.is_open or c.state is State.fulfilled]
    if promise.state is State.committed and commitments and all(c.state is State.fulfilled for c in counted):
        return State.fulfilled
    return promise.state


def promises(
    db: Database,
    *,
    after: str | None = None,
    limit: int = 50,
    customer: str | None = None,
    state: str | None = None,
    ref: str | None = None,
    item: str | None = None,
    actors: Iterable[str] | None = None,
) -> tuple[list[Seen], str | None]:
    """A page of promises, newest first, and the cursor of the next page; `actors`: only what these made, None = anybody."""
    with db.read() as tx:
        page, following = store.promises_page(
            tx, after=after, limit=limit, customer=customer, state=state, ref=ref, item=item, actors=actors
        )
        return seen(tx, page), following


def promises_numbered(
    db: Database, beginnings: Sequence[str], *, limit: int, actors: Iterable[str] | None = None
) -> list[Seen]:
    """Promises whose order or quote number begins in one of these ways, at most so many; `actors`: only what these made."""
    with db.read() as tx:
        found: dict[str, Promise] = {}
        for beginning in beginnings:
            found |= {one.id: one for one in named.promises_numbered(tx, beginning, limit, actors)}
        return seen(tx, list(found.values())[:limit])


def seen(tx: Tx, page: Sequence[Promise]) -> list[Seen]:
    """These promises as they stand at this moment."""
    by_promise: dict[str, list[Commitment]] = {}
    for commitment in ledger.commitments_of(tx, [p.id for p in page]):
        by_promise.setdefault(commitment.promise, []).append(commitment)
    now = tx.now()
    return [
        Seen(p, state_now(p, by_promise.get(p.id, []), now), tuple(by_promise.get(p.id, []))) for p in page
    ]


def promises_named(tx: Tx, ids: Sequence[str]) -> dict[str, Promise]:
    """These promises, by id; unknown ones are left out."""
    return store.promises(tx, sorted(set(ids)))


def customers_in_use(tx: Tx) -> frozenset[str]:
    """Customers to whom something is promised now."""
    return store.customers_in_use(tx)


def promise_of(db: Database, text: str) -> Seen:
    """One promise by its id or its order number. Raises: NotFound."""
    with db.read() as tx:
        return seen(tx, [promise_found(tx, text)])[0]


def promise_with(db: Database, ref: str) -> str | None:
    """The id of the one open promise with this order or quote number; None when there is none. Raises: InputError when
    there are several."""
    with db.read() as tx:
        # By the state that is written: however many of the number are over, they hide none that is open.
        found = [
            one.promise.id
            for state in (State.held, State.committed)
            for one in seen(tx, store.promises_page(tx, ref=ref, state=state, limit=_OF_ONE_REF)[0])
            if one.state.is_open
        ]
    if len(found) > 1:
        raise InputError(
            f"{len(found)} open promises have the number {ref}: {', '.join(found)}. Name the one you mean by its id."
        )
    return found[0] if found else None


def promise_found(tx: Tx, text: str) -> Promise:
    """The promise with this id or order number. Raises: NotFound."""
    promise = store.find_promise(tx, text)
    if promise is None:
        raise NotFound(f"There is no promise {text}. List them to find its id.")
    return promise


def decisions_of_requests(db: Database, ids: Sequence[str]) -> dict[str, Decision]:
    """The decisions that answered these requests, by request id; a request that was never decided is left out."""
    with db.read() as tx:
        return {id: kept.decision() for id, kept in store.decisions_of_requests(tx, ids).items()}


def decision(db: Database, id: str) -> Decision:
    """One decision by its id. Raises: NotFound."""
    with db.read() as tx:
        kept = store.decision(tx, id)
    if kept is None:
        raise NotFound(f"There is no decision {id}.")
    return kept.decision()


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """A price that was given, without anything being kept for it."""

    decision: Decision
    actor: str
    is_valid: bool  # its price still holds


def quotes(
    db: Database, *, after: str | None = None, limit: int = 50, actors: Iterable[str] | None = None
) -> tuple[list[Quote], str | None]:
    """A page of prices that were quoted, newest first, and where the next page starts; `actors`: only what these quoted."""
    with db.read() as tx:
        page, following = store.quotes_page(tx, after, limit, actors)
        now = tx.now()
    found = [_quote(kept, now) for kept in page]
    return [one for one in found if one is not None], following


def quote(db: Database, id: str) -> Quote:
    """One quote by the id of its decision. Raises: NotFound."""
    with db.read() as tx:
        kept, now = store.decision(tx, id), tx.now()
    found = _quote(kept, now) if kept is not None else None
    if found is None:
        raise NotFound(f"There is no quote {id}. List them to find its id.")
    return found


def _quote(kept: store.StoredDecision, now: Instant) -> Quote | None:
    decision = kept.decision()
    if decision.request.verb is not Verb.quote or decision.chosen is None:
        return None
    until = decision.price_until
    return Quote(decision=decision, actor=kept.actor, is_valid=until is None or now < until)


def approvals(
    db: Database,
    *,
    after: str | None = None,
    limit: int = 50,
    pending_only: bool = False,
    actors: Iterable[str] | None = None,
) -> tuple[list[Approval], str | None]:
    """A page of approvals as they stand now, newest first, and where the next page starts; `actors`: only what these asked."""
    with db.read() as tx:
        now = tx.now()
        page, following = store.approvals_page(
            tx, after=after, limit=limit, pending_at=now if pending_only else 0, actors=actors
        )
        stand = standing(tx, page, now)
    if pending_only:
        stand = [one for one in stand if one.state is ApprovalState.pending]
    return stand, following


def approval(db: Database, id: str) -> Approval:
    """One approval as it stands now. Raises: NotFound."""
    with db.read() as tx:
        found = store.approvals(tx, [id])
        if id not in found:
            raise NotFound(f"There is no approval {id}. List them to find its id.")
        return standing(tx, [found[id]], tx.now())[0]


def standing(tx: Tx, found: list[Approval], now: Instant) -> list[Approval]:
    """These approvals as they stand at a moment."""
    about = store.promises(tx, sorted({one.promise for one in found if one.promise is not None}))
    return [
        msgspec.structs.replace(one, state=state_of(one, about.get(one.promise or ""), now)) for one in found
    ]


def why(db: Database, promise: str) -> Decision:
    """The decision that a promise stands on now. Raises: NotFound."""
    with db.read() as tx:
        found = promise_found(tx, promise)
        kept = store.decision(tx, found.decision) if found.decision else None
    if kept is None:
        raise NotFound(
            f"Promise {found.id} was made elsewhere before Accord; there is no decision to explain it."
        )
    return kept.decision()
