"""How do systems read the rules and who the customers are?"""

from __future__ import annotations

from bisect import bisect_right
from typing import Annotated

import msgspec
from litestar import get
from litestar.datastructures import State
from litestar.params import QueryParameter

from accord.db.engine import Database
from accord.policy import service

Limit = Annotated[int, QueryParameter(ge=1, le=200, description="How many at most.")]
After = Annotated[
    str | None, QueryParameter(name="after", max_length=500, description="The `next` of the page before.")
]


class CustomerOut(msgspec.Struct, frozen=True, kw_only=True):
    """A customer's terms, as far as a promise needs them."""

    id: str
    name: str
    tier: str
    channel: str
    region: str
    ship_to: str
    ship_complete: bool
    may_split: bool
    may_substitute: bool


class CustomerPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some customers, by id."""

    items: list[CustomerOut]
    next: str | None


@get(
    "/customers",
    opt={"operation": "master.read"},
    tags=["master data"],
    operation_id="customers",
    sync_to_thread=True,
)
def customers(state: State, after: After = None, limit: Limit = 100) -> CustomerPage:
    """The customers there are, by id."""
    db: Database = state["db"]
    with db.read() as tx:
        known = service.book(tx).customers
    ids = sorted(known)
    start = bisect_right(ids, after) if after is not None else 0
    shown = ids[start : start + limit]
    return CustomerPage(
        items=[
            CustomerOut(
                id=one.id,
                name=one.name,
                tier=one.tier,
                channel=one.channel,
                region=one.region,
                ship_to=one.ship_to,
                ship_complete=one.ship_complete,
                may_split=one.may_split,
                may_substitute=one.may_substitute,
            )
            for one in [known[id] for id in shown]
        ],
        next=shown[-1] if start + limit < len(ids) else None,
    )


ROUTES = [customers]
