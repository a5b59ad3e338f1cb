"""What does somebody need to know who is asked to agree, and what waits for whom?

Nothing is kept. What would happen is decided as it would be when he agreed now; how promises to the customer were kept is
read from the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from accord.db.engine import Database
from accord.db.tx import Tx
from accord.kit.days import Instant
from accord.kit.errors import AccordError
from accord.ledger.model import State
from accord.ledger.service import reads as ledger
from accord.policy import service as policy
from accord.policy.decide import actor_of, person_of
from accord.policy.model import Price, Rights
from accord.promise import store
from accord.promise.model import Approval, ApprovalState, Decision, Promise, Request, Verb
from accord.promise.service.batch import ask
from accord.promise.service.reads import Seen, approval, seen, standing

WAITING_MAX = 200  # that are gone through for one worklist
_LOOKED_BACK = 200  # promises to a customer
_SHOWN = 5


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """How promises to one customer were kept, of the last so many that are over."""

    over: int = 0  # delivered, or overdue
    kept: int = 0  # delivered in full, no later than first promised
    value_minor: int = 0  # of all that were looked at and neither released, cancelled nor expired
    latest: tuple[Seen, ...] = ()  # a few of them, the last first


class Left(msgspec.Struct, frozen=True):
    """What can still be promised where a delivery leaves."""

    item: str
    site: str
    on: int
    available: int


class Considered(msgspec.Struct, frozen=True, kw_only=True):
    """An approval, and everything that is needed to decide it."""

    approval: Approval
    promise: Promise | None  # that it is about, as it stands
    then: Decision | None  # what agreeing would be answered now; None = it is decided or over
    prices: dict[str, Price]  # of the items, for the customer's tier
    history: Kept
    left: tuple[Left, ...]
    is_requester: bool
    has_role: bool  # the visitor has the role that is asked

    @property
    def may_decide(self) -> bool:
        """Whether agreeing would do what was asked."""
        return self.then is not None and not self.then.refusals


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """What waits, parted by whom it waits for."""

    mine: tuple[Approval, ...] = ()  # for the visitor: the first to end first
    asked: tuple[Approval, ...] = ()  # by the visitor himself
    others: tuple[Approval, ...] = ()
    is_more: bool = False  # there are more than were gone through


def waiting(db: Database, *, actor: str, actors: Iterable[str] | None = None) -> Waiting:
    """What waits for approval; `actors`: only what these asked, None = anybody."""
    with db.read() as tx:
        now, rights = tx.now(), policy.book(tx).rights or Rights()
        page, following = store.approvals_page(tx, limit=WAITING_MAX, pending_at=now, actors=actors)
        found = [one for one in standing(tx, page, now) if one.state is ApprovalState.pending]
    found.sort(key=lambda one: (one.expires_at, one.id))
    roles, me = actor_of(rights, actor).roles, person_of(rights, actor)
    asked = [one for one in found if me in (person_of(rights, one.actor), one.person)]
    mine = [one for one in found if one not in asked and one.role in roles]
    return Waiting(
        mine=tuple(mine),
        asked=tuple(asked),
        others=tuple(one for one in found if one not in asked and one not in mine),
        is_more=following is not None,
    )


def consider(db: Database, id: str, *, actor: str, reach: frozenset[str] | None = None) -> Considered:
    """One approval as somebody looks at it who may be the one to agree. Raises: NotFound."""
    found = approval(db, id)
    then = _then(db, found, actor) if found.state is ApprovalState.pending else None
    with db.read() as tx:
        book = policy.book(tx)
        rights = book.rights or Rights()
        promise = store.promises(tx, [found.promise]).get(found.promise) if found.promise else None
        tier = book.customers[found.customer].tier if found.customer in book.customers else ""
        items = {line.item for line in found.request.lines}
        items |= {line.item for line in promise.lines} if promise is not None else set()
        prices = {
            item: price
            for item in sorted(items)
            if (price := book.prices.get(f"{item}|{tier}") or book.prices.get(item)) is not None
        }
        me = person_of(rights, actor)
        hands = {found.actor, *((promise.actor, *promise.changed_by) if promise is not None else ())}
        return Considered(
            approval=found,
            promise=promise,
            then=then,
            prices=prices,
            history=_kept(tx, found, reach, tx.now()),
            left=_left(tx, found, promise),
            is_requester=me in {*(person_of(rights, hand) for hand in hands), found.person},
            has_role=found.role in actor_of(rights, actor).roles,
        )


def _then(db: Database, found: Approval, actor: str) -> Decision | None:
    try:
        return ask(db, Request(id="considered", verb=Verb.approve, approval=found.id), actor=actor)
    except AccordError:
        return None


def _kept(tx: Tx, found: Approval, reach: frozenset[str] | None, now: Instant) -> Kept:
    if found.customer is None:
        return Kept()
    page, _more = store.promises_page(tx, customer=found.customer, limit=_LOOKED_BACK, actors=reach)
    rows = [one for one in seen(tx, page) if one.promise.id != found.promise]
    live = [one for one in rows if one.state in (State.held, State.committed, State.fulfilled)]
    broken = ledger.late_or_uncovered(tx, [c for one in live for c in one.commitments])
    over = [
        one
        for one in live
        if one.state is State.fulfilled or any(broken.get(c.id) == "it is overdue" for c in one.commitments)
    ]
    kept = [one for one in over if one.state is State.fulfilled and not _is_late(one, broken)]
    return Kept(
        over=len(over),
        kept=len(kept),
        value_minor=sum(one.promise.value_minor or 0 for one in live),
        latest=tuple(rows[:_SHOWN]),
    )


def _is_late(one: Seen, broken: dict[str, str]) -> bool:
    moved = any(line.promised_on > line.first_promised_on for line in one.promise.lines)
    return moved or any(broken.get(c.id) == "it left late" for c in one.commitments)


def _left(tx: Tx, found: Approval, promise: Promise | None) -> tuple[Left, ...]:
    """What is left beside what is kept for it; where nothing is kept, nothing is taken yet."""
    if promise is None or not found.keeps:
        return ()
    places = {
        (one.item, one.site, one.ship_on): None
        for one in seen(tx, [promise])[0].commitments
        if one.state.is_open
    }
    return tuple(
        Left(item, site, on, ledger.available(tx, item, site, on)) for item, site, on in list(places)[:3]
    )
