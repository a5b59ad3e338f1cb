"""What may be asked of somebody else, who may let it happen, and what happens then? Pure.

An approval is bound to exactly what was asked: the request, the option, and the version of the promise it is about.
Whoever gives it must be another person, have the role that was asked and the right himself, at what it costs now.
Expiry and a change of the promise are judged by comparison, so that nothing has to be running for them to count.
"""

from __future__ import annotations

import msgspec

from accord.kit.days import Instant
from accord.kit.derived_ids import derive
from accord.policy.decide import actor_of, person_of
from accord.policy.model import Answer, Figures, Rights, Ruling
from accord.promise.model import (
    Approval,
    ApprovalState,
    Decision,
    Promise,
    Refusal,
    Request,
    Verb,
)


def state_of(approval: Approval, promise: Promise | None, now: Instant) -> ApprovalState:
    """Where an approval stands at a moment; `promise` is the one it is about, as it is then."""
    if approval.state is not ApprovalState.pending:
        return approval.state
    if approval.expires_at <= now:
        return ApprovalState.expired
    if approval.promise is not None and (
        promise is None or promise.version != approval.promise_version or not promise.state.is_open
    ):
        return ApprovalState.void
    return ApprovalState.pending


def refusals_of_approval(
    request: Request,
    approval: Approval | None,
    promise: Promise | None,
    rights: Rights | None,
    actor: str,
    now: Instant,
) -> list[Refusal]:
    """What stands against giving or declining an approval, before anything is decided anew."""
    if approval is None:
        return [Refusal.unknown_approval]
    state = state_of(approval, promise, now)
    if state in (ApprovalState.approved, ApprovalState.declined):
        return [Refusal.approval_is_not_open]
    if state is ApprovalState.expired:
        return [Refusal.approval_expired]
    if state is ApprovalState.void:
        return [Refusal.changed_since_asked]
    own = rights or Rights()
    if request.verb is Verb.approve:
        # Neither who asks nor who made or amended the promise: else two could lend each other a hand for their own. Who asked
        # stays who he was, whatever the rights say of him by now.
        hands = {approval.actor}
        if promise is not None:
            hands |= {promise.actor, *promise.changed_by}
        theirs = {person_of(own, hand) for hand in hands} | {approval.person}
        if person_of(own, actor) in theirs:
            return [Refusal.approver_is_requester]
    if approval.role not in actor_of(own, actor).roles and not (
        request.verb is Verb.decline and person_of(own, actor) == person_of(own, approval.actor)
    ):
        return [Refusal.not_allowed]
    return []


def act_of(approval: Approval, request: Request) -> Request:
    """The request that an approval lets happen, under the id of the one that gives it.

    What keeps the supply is hardened or held on; else it is decided anew, and the option must still be the very same.
    """
    asked = approval.request
    if request.verb is Verb.decline:
        # Only what was kept for it is let go; what it would have changed stands as it is.
        return Request(id=request.id, verb=Verb.release, promise=approval.promise if approval.keeps else None)
    if approval.keeps:
        return Request(
            id=request.id,
            verb=asked.verb,
            promise=approval.promise,
            customer=asked.customer,
            hold_seconds=asked.hold_seconds,
        )
    return msgspec.structs.replace(asked, id=request.id, asks_approval=False, note="", digest=None)


def asked_of(
    decision: Decision,
    ruling: Ruling,
    figures: Figures,
    *,
    before: Promise | None,
    keeps: bool,
    customer: str | None,
    actor: str,
    person: str,
    expires_at: Instant,
) -> Approval:
    """The approval that a decision asks for."""
    assert ruling.answer is Answer.ask
    request = decision.act or decision.request
    promise = decision.promise if keeps else request.promise
    return Approval(
        id=derive("apr", decision.id, 0),
        state=ApprovalState.pending,
        request=request,
        customer=customer,
        actor=actor,
        person=person,
        role=ruling.ask,
        ruling=ruling,
        figures=figures,
        sentence=decision.sentence,
        decision=decision.id,
        promise=promise,
        promise_version=1 if keeps else before.version if before is not None else None,
        keeps=keeps,
        asked_at=decision.now,
        expires_at=expires_at,
        note=request.note,
    )


def settled(approval: Approval, decision: Decision, *, actor: str) -> Approval:
    """The approval after a decision gave or declined it."""
    gives = decision.request.verb is Verb.approve
    return msgspec.structs.replace(
        approval,
        state=ApprovalState.approved if gives else ApprovalState.declined,
        promise=decision.promise or approval.promise,
        decided_by=actor,
        decided_at=decision.now,
        note=decision.request.note,
        version=approval.version + 1,
    )
