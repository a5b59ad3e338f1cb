"""How do systems read along with what happens, over HTTP, and miss nothing?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec
from litestar import get
from litestar.datastructures import State
from litestar.params import QueryParameter

from accord.db.engine import Database
from accord.db.events import Event
from accord.exceptions import service
from accord.exceptions.api.wire import ExceptionOut, exception_out
from accord.kit.days import instant_iso
from accord.ledger import service as ledger
from accord.ledger.model import Item, OpenException

Place = Annotated[
    int, QueryParameter(ge=0, le=2**62, description="The `next` of the page before; 0: from the start.")
]
Limit = Annotated[int, QueryParameter(ge=1, le=1_000, description="How many at most.")]


class EventOut(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened: to a promise, or to a commitment that supply does not cover, or covers again."""

    position: int  # 1, 2, 3 ... in the order of events
    id: str  # constant: drop what you have seen
    type: str  # PromiseHeld, PromiseCommitted, PromiseAmended, PromiseReleased, PromiseCancelled, PromiseRefused, ExceptionOpened, ExceptionClosed
    subject: str  # events about one subject are in their order
    at: str
    promise: str | None = None
    decision: str | None = None
    request: str | None = None  # the Idempotency-Key it was asked with
    exception: ExceptionOut | None = None


class EventPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some events in order. `next` is always there: keep it, and ask again after it."""

    items: list[EventOut]
    next: int


class _OfPromise(msgspec.Struct, frozen=True):
    """What a message about a promise says; what is only for the audit is left out."""

    promise: str | None = None
    decision: str | None = None
    request: str | None = None


@get("/events", opt={"operation": "events.read"}, tags=["events"], operation_id="events", sync_to_thread=True)
def events(state: State, after: Place = 0, limit: Limit = 100) -> EventPage:
    """What happened after a position, in an order in which nothing comes late. Ask again with `next`, every second or so."""
    db: Database = state["db"]
    found = service.events(db, after=after, limit=limit)
    with db.read() as tx:
        items = ledger.graph(tx).items
    return EventPage(
        items=[event_out(one, items) for one in found], next=found[-1].position if found else after
    )


def event_out(event: Event, items: Mapping[str, Item]) -> EventOut:
    """An event as systems read it."""
    at = instant_iso(event.at)
    if event.topic.startswith("Exception"):
        return EventOut(
            position=event.position,
            id=event.id,
            type=event.topic,
            subject=event.subject,
            at=at,
            exception=exception_out(msgspec.json.decode(event.body, type=OpenException), items),
        )
    about = msgspec.json.decode(event.body, type=_OfPromise)
    return EventOut(
        position=event.position,
        id=event.id,
        type=event.topic,
        subject=event.subject,
        at=at,
        promise=about.promise,
        decision=about.decision,
        request=about.request,
    )
