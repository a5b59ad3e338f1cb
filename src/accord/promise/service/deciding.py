"""How is one request decided on a book? The same way when it is asked, done and replayed."""

from __future__ import annotations

import msgspec

from accord.kit.digest import digest
from accord.kit.ids import new_id
from accord.ledger.decide.trial import Trial
from accord.ledger.model import Effects
from accord.ledger.service.books import Book
from accord.policy.model import Book as Policy
from accord.promise.decide import decide
from accord.promise.decide.effects import effects_of
from accord.promise.model import Approval, Decision, Request, Verb
from accord.promise.service.asked import promise_named
from accord.promise.service.lives import Life


def decided(
    book: Book,
    rules: Policy,
    request: Request,
    life: Life | None,
    approval: Approval | None = None,
    *,
    actor: str = "",
    decision_id: str,
    promise_id: str,
) -> tuple[Decision, Effects | None]:
    """Decide one request on a book: the decision, and what it changes; pure, so that it can be replayed."""
    profiles = book.profiles if life is None else life.profiles(book)
    trial = Trial(book.graph, profiles, book.clock.today, book.clock.default_today)
    if life is not None:
        trial.look(life.keys)
    decision = decide(
        request,
        trial,
        book.graph,
        rules,
        book.now,
        id=decision_id,
        promise_id=promise_id,
        before=life.promise if life is not None else None,
        standing=life.state if life is not None else None,
        actor=actor,
        approval=approval,
    )
    decision = msgspec.structs.replace(decision, snapshot=_snapshot(book, decision))
    return decision, effects_of(
        decision,
        book.graph,
        rules,
        life.state if life is not None else None,
        life.promise if life is not None else None,
    )


def as_if(
    book: Book, rules: Policy, request: Request, life: Life | None, approval: Approval | None, *, actor: str
) -> Decision:
    """What would be decided now. What would be done needs ids for what it would make; here they are given to nothing."""
    id = "" if request.verb is Verb.ask else new_id("dec", book.now)
    promise_id = promise_named(request, approval, id) if id else ""
    decision, _effects = decided(
        book, rules, request, life, approval, actor=actor, decision_id=id, promise_id=promise_id
    )
    return msgspec.structs.replace(decision, id="") if id else decision


_pack = msgspec.msgpack.Encoder().encode


def _snapshot(book: Book, decision: Decision) -> str:
    """The digest of what stood on the keys that were read: a replay on other rows differs, whatever is answered."""
    seen = [(key, book.profiles[key].supply, book.profiles[key].draws) for key, _version in decision.reads]
    return digest(_pack(seen))
