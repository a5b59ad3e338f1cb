"""How do systems see what waits for approval, and approve or decline it?

Both verbs carry an `Idempotency-Key` like every change. What cannot be approved is a problem: 403 where the caller may
not, 409 where it changed or is no longer there.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.datastructures import State
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.response import Response

from accord.kit.days import instant_iso
from accord.promise import model, service
from accord.promise.api import wire
from accord.promise.api.answering import (
    PAGE,
    After,
    Asker,
    Key,
    Limit,
    answered,
    catalogues_of,
    checked_id,
    database,
    doors_of,
)
from accord.promise.api.asked import SettleIn
from accord.promise.api.rulings import Ruling, ruling_out
from accord.promise.model import Verb


class Approval(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What one actor asked of another, bound to exactly this."""

    id: str
    state: str  # pending, approved, declined, expired, void (what it is about was changed since)
    verb: str  # what it lets happen
    role: str  # who must agree
    actor: str  # who asked
    customer: str | None
    sentence: str
    ruling: Ruling
    value: wire.Money
    price: wire.Money | None
    cost: wire.Money
    margin_bp: int | None
    quantity: int  # of one item, stated units
    days_late: int
    expediting: wire.Money
    promise: str | None  # that keeps the supply, or that it is about
    is_kept: bool  # the promise is a hold made for this
    decision: str
    asked_at: str
    expires_at: str
    decided_by: str | None
    decided_at: str | None
    note: str


class ApprovalPage(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Some approvals, the latest first."""

    items: list[Approval]
    next: str | None


def approval_out(approval: model.Approval, units: wire.Units) -> Approval:
    """An approval as systems read it."""
    figures, ruling = approval.figures, ruling_out(approval.ruling)
    assert ruling is not None
    return Approval(
        id=approval.id,
        state=approval.state.value,
        verb=approval.request.verb.value,
        role=approval.role,
        actor=approval.actor,
        customer=approval.customer,
        sentence=approval.sentence,
        ruling=ruling,
        value=units.money(figures.value_minor),
        price=units.money_or_none(figures.price_minor),
        cost=units.money(figures.cost_minor),
        margin_bp=figures.margin_bp,
        quantity=figures.quantity,
        days_late=figures.days_late,
        expediting=units.money(figures.expedite_minor),
        promise=approval.promise,
        is_kept=approval.keeps,
        decision=approval.decision,
        asked_at=instant_iso(approval.asked_at),
        expires_at=instant_iso(approval.expires_at),
        decided_by=approval.decided_by or None,
        decided_at=None if approval.decided_at is None else instant_iso(approval.decided_at),
        note=approval.note,
    )


@get(
    "/approvals",
    opt={"operation": "approval.read"},
    tags=["approvals"],
    operation_id="approvals",
    sync_to_thread=True,
)
def approvals(
    state: State,
    request: Asker,
    after: After = None,
    limit: Limit = PAGE,
    is_pending: Annotated[
        bool, QueryParameter(name="pending", description="Only what can still be approved.")
    ] = False,
) -> ApprovalPage:
    """What was asked of somebody else, the latest first."""
    actors = doors_of(request).actors("approval.read")
    found, following = service.approvals(
        database(state), after=after, limit=limit, pending_only=is_pending, actors=actors
    )
    units = catalogues_of(state).read().units
    return ApprovalPage(items=[approval_out(one, units) for one in found], next=following)


@get(
    "/approvals/{id:str}",
    opt={"operation": "approval.read"},
    tags=["approvals"],
    operation_id="approval",
    sync_to_thread=True,
)
def approval(id: FromPath[str], state: State) -> Approval:
    """One approval as it stands."""
    found = service.approval(database(state), checked_id(id, "apr"))
    return approval_out(found, catalogues_of(state).read().units)


@post(
    "/approvals/{id:str}/:approve",
    status_code=HTTPStatus.OK,
    opt={"operation": "approval.decide"},
    tags=["approvals"],
    operation_id="approve",
)
async def approve(
    id: FromPath[str], key: Key, state: State, request: Asker, data: JSONBody[SettleIn | None] = None
) -> Response[wire.Decision]:
    """Let it happen: it is decided again as of now, on exactly what was asked, and done."""
    return await answered(_settling(Verb.approve, id, key, data), state, request)


@post(
    "/approvals/{id:str}/:decline",
    status_code=HTTPStatus.OK,
    opt={"operation": "approval.decide"},
    tags=["approvals"],
    operation_id="decline",
)
async def decline(
    id: FromPath[str], key: Key, state: State, request: Asker, data: JSONBody[SettleIn | None] = None
) -> Response[wire.Decision]:
    """Say no; what was kept for it is released."""
    return await answered(_settling(Verb.decline, id, key, data), state, request)


def _settling(verb: Verb, id: str, key: str, data: SettleIn | None) -> model.Request:
    return model.Request(id=key, verb=verb, approval=id, note=data.because if data is not None else "")


ROUTES = [approvals, approval, approve, decline]
