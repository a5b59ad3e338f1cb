"""How do systems tell that supply changed, over HTTP?"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Annotated, Any

from litestar import Request, get, post
from litestar.datastructures import State
from litestar.params import FromPath, HeaderParameter, JSONBody, QueryParameter
from litestar.response import Response

from accord.db.engine import Database
from accord.exceptions import model, service
from accord.exceptions.api.events import events
from accord.exceptions.api.wire import (
    ExceptionPage,
    FulfilIn,
    OutcomeOut,
    SupplyIn,
    exception_out,
    news_of,
    outcome_out,
)
from accord.kit.days import parse_instant
from accord.kit.errors import InputError, NotFound
from accord.kit.quantity import parse_quantity
from accord.ledger import service as ledger
from accord.ledger.model import node_of
from accord.ledger.service import reads

Key = Annotated[str, HeaderParameter(name="Idempotency-Key", min_length=1, max_length=200)]
Limit = Annotated[int, QueryParameter(ge=1, le=200, description="How many at most.")]
After = Annotated[
    str | None, QueryParameter(name="after", max_length=500, description="The `next` of the page before.")
]
Teller = Request[Any, Any, State]


@post(
    "/supply",
    status_code=HTTPStatus.OK,
    opt={"operation": "supply.tell"},
    tags=["supply"],
    operation_id="supply_changed",
)
async def supply_changed(
    data: JSONBody[SupplyIn], key: Key, state: State, request: Teller
) -> Response[OutcomeOut]:
    """Tell supply news: counts, receipts, shipments, master data. All of it is recorded and judged, or none."""
    return await asyncio.to_thread(_tell, state["db"], data, key, request.state.actor)


def _tell(db: Database, data: SupplyIn, key: str, actor: str) -> Response[OutcomeOut]:
    with db.read() as tx:
        items = ledger.graph(tx).items
    return _answered(service.told(db, news_of(data, items), actor=actor, id=key))


def _answered(told: service.Answered) -> Response[OutcomeOut]:
    headers = {"Idempotent-Replayed": "true"} if told.is_repeat else {}
    return Response(outcome_out(told.outcome), headers=headers)


@post(
    "/commitments/{id:str}/:fulfil",
    status_code=HTTPStatus.OK,
    opt={"operation": "supply.tell"},
    tags=["supply"],
    operation_id="fulfil",
)
async def fulfil(
    id: FromPath[str], key: Key, state: State, request: Teller, data: JSONBody[FulfilIn]
) -> Response[OutcomeOut]:
    """Tell that a commitment left for the customer, wholly or in part."""
    return await asyncio.to_thread(_fulfil, state["db"], id, data, key, request.state.actor)


def _fulfil(db: Database, id: str, data: FulfilIn, key: str, actor: str) -> Response[OutcomeOut]:
    with db.read() as tx:
        key_of = reads.nodes_of_commitments(tx, [id]).get(id)
        items = ledger.graph(tx).items
    if key_of is None:
        raise NotFound(
            f"There is no commitment {id[:100]!r}. A promise names its commitments: they begin with com_."
        )
    commitment = next(one for one in ledger.node(db, *node_of(key_of)).commitments if one.id == id)
    item = items.get(commitment.item)
    left = commitment.quantity - commitment.fulfilled
    quantity = parse_quantity(data.quantity, item.scale if item is not None else 1, "/quantity")
    # What was told before has left already: it is not measured by what is open now. Looked up after what is open, so that
    # one who tells the same at this very moment is not missed.
    if quantity > left and commitment.state.is_open and not _is_told(db, key):
        raise InputError.at(
            "/quantity", "more_than_is_open", "More left than is still to be delivered. Check the quantity."
        )
    at = parse_instant(data.at, pointer="/at")
    news = model.Shipped(commitment=id, quantity=quantity, at=at, lot=data.lot)
    return _answered(service.told(db, [news], actor=actor, id=key))


def _is_told(db: Database, key: str) -> bool:
    with db.read() as tx:
        return bool(reads.news_told(tx, [key]))


@get(
    "/exceptions",
    opt={"operation": "exception.read"},
    tags=["supply"],
    operation_id="exceptions",
    sync_to_thread=True,
)
def exceptions(state: State, after: After = None, limit: Limit = 50) -> ExceptionPage:
    """The commitments that supply no longer covers, oldest first."""
    db: Database = state["db"]
    found, following = service.open_exceptions(db, after=after, limit=limit)
    with db.read() as tx:
        items = ledger.graph(tx).items
    return ExceptionPage(items=[exception_out(one, items) for one in found], next=following)


ROUTES = [supply_changed, fulfil, exceptions, events]
