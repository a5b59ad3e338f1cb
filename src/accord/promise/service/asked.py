"""Which approval is a request about, and how does it stand after the decision?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from accord.db.tx import Tx
from accord.kit.days import Instant
from accord.policy.decide import person_of
from accord.policy.model import Book, Rights, Rules
from accord.promise import store
from accord.promise.decide.approval import act_of, asked_of, settled
from accord.promise.model import Approval, Decision, Promise, Request, Verb
from accord.promise.said import is_asking

_A_SECOND = 1_000_000


def approvals_of(tx: Tx, wanted: Sequence[Request]) -> dict[str, Approval]:
    """The approvals these requests give or decline, by id; unknown ones are left out."""
    ids = sorted({r.approval for r in wanted if r.approval is not None})
    return store.approvals(tx, ids) if ids else {}


def subject(request: Request, approvals: Mapping[str, Approval]) -> str | None:
    """The promise a request is about, itself or through its approval; None = none yet."""
    if request.approval is None:
        return request.promise
    approval = approvals.get(request.approval)
    return approval.promise if approval is not None else None


def acting(request: Request, approvals: Mapping[str, Approval]) -> Request:
    """The request whose keys must be locked: what an approval lets happen, else the request itself."""
    approval = approvals.get(request.approval or "")
    return request if approval is None else act_of(approval, request)


def acting_for(
    request: Request, approvals: Mapping[str, Approval], actor: str
) -> tuple[tuple[str, ...], str]:
    """Who acts, and who asked for it and in which role where he gives an approval."""
    approval = approvals.get(request.approval or "")
    return ((actor,), "") if approval is None else ((actor, approval.actor), approval.ruling.role)


def promise_named(request: Request, approval: Approval | None, decision: str) -> str:
    """The id of the promise that a decision makes or changes."""
    about = approval.promise if approval is not None else request.promise
    return about or "prm" + decision[3:]


def approval_after(
    decision: Decision, approval: Approval | None, before: Promise | None, *, actor: str, book: Book
) -> Approval | None:
    """The approval that a decision asked for, or how the one it is about stands now; None where it changed none."""
    if is_asking(decision):
        assert decision.ruling is not None
        assert decision.figures is not None
        keeps = decision.promise is not None
        customer = before.customer if before is not None else decision.request.customer
        return asked_of(
            decision,
            decision.ruling,
            decision.figures,
            before=before,
            keeps=keeps,
            customer=customer,
            actor=actor,
            person=person_of(book.rights or Rights(), actor),
            expires_at=_until(decision, before, book.rules),
        )
    if approval is None or (decision.refusals and decision.promise is None):
        return None
    return settled(approval, decision, actor=actor)


def _until(decision: Decision, before: Promise | None, rules: Rules) -> Instant:
    until = decision.now + rules.approval_seconds * _A_SECOND
    if before is not None and before.expires_at is not None:
        return min(until, before.expires_at)
    return until


def fact_of(decision: Decision, *, is_done: bool) -> str:
    """What the audit and the outbox call what happened."""
    if is_asking(decision):
        return "ApprovalAsked"
    return _PAST[decision.request.verb] if is_done else "PromiseRefused"


_PAST = {
    Verb.quote: "PriceQuoted",
    Verb.hold: "PromiseHeld",
    Verb.commit: "PromiseCommitted",
    Verb.amend: "PromiseAmended",
    Verb.release: "PromiseReleased",
    Verb.cancel: "PromiseCancelled",
    Verb.approve: "ApprovalGiven",
    Verb.decline: "ApprovalDeclined",
}
