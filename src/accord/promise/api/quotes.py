"""How does a system quote a price, and see what was quoted?

A quote is a decision that takes nothing: it says a price and until when it holds. What is ordered on it is asked for anew.
"""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from litestar import get, post
from litestar.datastructures import State
from litestar.params import JSONBody
from litestar.response import Response

from accord.kit.days import instant_iso
from accord.promise import service
from accord.promise.api import wire
from accord.promise.api.answering import (
    PAGE,
    After,
    Asker,
    Key,
    Limit,
    answered,
    catalogues_of,
    database,
    doors_of,
    translated,
)
from accord.promise.api.asked import AskIn, Text, request_of
from accord.promise.model import Verb


class QuoteIn(AskIn, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a price is wanted for."""

    option: Text | None = None  # its number or its id; null = the first
    digest: Text | None = None  # of the answer the caller looked at


class Quote(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A price that was given."""

    id: str  # of the decision that gave it
    actor: str
    given_at: str
    price_until: str | None  # null = it has no end
    is_valid: bool  # the price still holds
    decision: wire.Decision


class QuotePage(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Some quotes, the latest first."""

    items: list[Quote]
    next: str | None


@post(
    "/quotes",
    status_code=HTTPStatus.CREATED,
    opt={"operation": "promise.quote"},
    tags=["quotes"],
    operation_id="quote",
)
async def quote(data: JSONBody[QuoteIn], key: Key, state: State, request: Asker) -> Response[wire.Decision]:
    """State a price and until when it holds, for the first option that keeps the requested day or the one you name. It takes nothing."""
    wanted = await translated(
        state,
        lambda names: msgspec.structs.replace(
            request_of(data, names, id=key, verb=Verb.quote), option=data.option, digest=data.digest
        ),
        key=key,
    )
    return await answered(wanted, state, request, status=HTTPStatus.CREATED)


@get(
    "/quotes", opt={"operation": "promise.read"}, tags=["quotes"], operation_id="quotes", sync_to_thread=True
)
def quotes(state: State, request: Asker, after: After = None, limit: Limit = PAGE) -> QuotePage:
    """Prices that were quoted, the latest first."""
    found, following = service.quotes(
        database(state),
        after=after,
        limit=limit,
        actors=doors_of(request).actors("promise.read"),
    )
    units = catalogues_of(state).read().units
    return QuotePage(
        items=[
            Quote(
                id=one.decision.id,
                actor=one.actor,
                given_at=instant_iso(one.decision.now),
                price_until=instant_iso(one.decision.price_until) if one.decision.price_until else None,
                is_valid=one.is_valid,
                decision=wire.decision_out(one.decision, units),
            )
            for one in found
        ],
        next=following,
    )


ROUTES = [quote, quotes]
