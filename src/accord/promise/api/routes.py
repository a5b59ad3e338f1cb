"""How do systems ask, hold, commit and change a promise over HTTP?

Each route translates, makes one call of the service, and translates back. What changes the ledger carries an
`Idempotency-Key`, which is the id of the request: the same key again gets the same answer, also after a crash. A "no"
to a question is an answer (200); a "no" to a commit is a problem (409) with fresh options.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.datastructures import State
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.response import Response

from accord.kit.errors import AccordError, InputError, as_problem
from accord.ledger.model import State as PromiseState
from accord.promise import model, said, service
from accord.promise.api import wire
from accord.promise.api.answering import (
    PAGE,
    After,
    Asker,
    Key,
    Limit,
    actor_of,
    answered,
    catalogues_of,
    checked_id,
    database,
    doors_of,
    in_turns,
    known_now,
    mailbox_of,
    name_of,
    names_then,
    out_of_reach,
    refused,
    repeated_header,
    translated,
)
from accord.promise.api.asked import (
    ORDER_LINES_MAX,
    AmendIn,
    AskIn,
    BulkIn,
    HardenIn,
    PromiseIn,
    RenewIn,
    request_of,
)
from accord.promise.api.catalogue import units_of
from accord.promise.api.replayed import Replay, replay_out
from accord.promise.model import Verb
from accord.promise.named import Names


@post(
    "/promises/:ask",
    status_code=HTTPStatus.OK,
    opt={"operation": "promise.ask"},
    tags=["promises"],
    operation_id="ask",
)
async def ask(data: JSONBody[AskIn], state: State, request: Asker) -> Response[wire.Decision]:
    """Ask what can be promised; changes nothing, so that a "no" is an answer like any other."""
    known = await known_now(state)
    wanted = await translated(
        state, lambda names: request_of(data, names, id=name_of(request), verb=Verb.ask)
    )
    answer = await asyncio.to_thread(service.ask, database(state), wanted, actor=actor_of(request))
    return Response(wire.decision_out(answer, (await known_now(state, answer.graph_version, known)).units))


@post(
    "/promises",
    status_code=HTTPStatus.CREATED,
    opt={"operation": ("promise.hold", "promise.commit")},
    tags=["promises"],
    operation_id="promise",
)
async def promise(
    data: JSONBody[PromiseIn], key: Key, state: State, request: Asker
) -> Response[wire.Decision]:
    """Hold or commit something new: the first option that keeps the requested day in full, or the one you name."""
    wanted = await translated(
        state, lambda names: request_of(data, names, id=key, verb=Verb(data.verb)), key=key
    )
    return await answered(wanted, state, request, status=HTTPStatus.CREATED)


@post(
    "/promises/{id:str}/:commit",
    status_code=HTTPStatus.OK,
    opt={"operation": "promise.commit"},
    tags=["promises"],
    operation_id="commit",
)
async def commit(
    id: FromPath[str], key: Key, state: State, request: Asker, data: JSONBody[HardenIn | None] = None
) -> Response[wire.Decision]:
    """Harden a hold into a commitment."""
    return await answered(_about(Verb.commit, id, key, data), state, request)


@post(
    "/promises/{id:str}/:hold",
    status_code=HTTPStatus.OK,
    opt={"operation": "promise.hold"},
    tags=["promises"],
    operation_id="renew",
)
async def renew(
    id: FromPath[str], key: Key, state: State, request: Asker, data: JSONBody[RenewIn | None] = None
) -> Response[wire.Decision]:
    """Keep a hold longer."""
    seconds = data.hold_seconds if data is not None else None
    wanted = msgspec.structs.replace(_about(Verb.hold, id, key, data), hold_seconds=seconds)
    return await answered(wanted, state, request)


@post(
    "/promises/{id:str}/:amend",
    status_code=HTTPStatus.OK,
    opt={"operation": "promise.amend"},
    tags=["promises"],
    operation_id="amend",
)
async def amend(
    id: FromPath[str], data: JSONBody[AmendIn], key: Key, state: State, request: Asker
) -> Response[wire.Decision]:
    """Replace the lines of a promise; what it holds itself does not compete with it."""
    wanted = await translated(
        state, lambda names: request_of(data, names, id=key, verb=Verb.amend, promise=id), key=key
    )
    return await answered(wanted, state, request)


@post(
    "/promises/{id:str}/:release",
    status_code=HTTPStatus.OK,
    opt={"operation": "promise.release"},
    tags=["promises"],
    operation_id="release",
)
async def release(
    id: FromPath[str], key: Key, state: State, request: Asker, data: JSONBody[HardenIn | None] = None
) -> Response[wire.Decision]:
    """End a hold."""
    return await answered(_about(Verb.release, id, key, data), state, request)


@post(
    "/promises/{id:str}/:cancel",
    status_code=HTTPStatus.OK,
    opt={"operation": "promise.cancel"},
    tags=["promises"],
    operation_id="cancel",
)
async def cancel(
    id: FromPath[str], key: Key, state: State, request: Asker, data: JSONBody[HardenIn | None] = None
) -> Response[wire.Decision]:
    """End a commitment."""
    return await answered(_about(Verb.cancel, id, key, data), state, request)


def _about(verb: Verb, promise: str, key: str, data: HardenIn | None) -> model.Request:
    asks, note = (data.asks_approval, data.note) if data is not None else (False, "")
    return model.Request(id=key, verb=verb, promise=promise, asks_approval=asks, note=note)


class OrderAnswer(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What became of one order of a bulk call."""

    id: str
    status: int  # what the order alone would have been answered with
    decision: wire.Decision | None = None
    problem: dict[str, Any] | None = None


class BulkOut(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One answer for each order, in their order."""

    items: list[OrderAnswer]
    next: None = None


@post(
    "/promises/:bulk",
    status_code=HTTPStatus.OK,
    opt={"operation": ("promise.hold", "promise.commit")},
    tags=["promises"],
    operation_id="bulk",
)
async def bulk(data: JSONBody[BulkIn], key: Key, state: State, request: Asker) -> Response[BulkOut]:
    """Many independent orders of at most 500 lines together; each is answered as if it had come alone.

    Each order's id is its idempotency key; the header names the call as a whole.
    """
    lines = sum(len(order.lines) for order in data.orders)
    if lines > ORDER_LINES_MAX:
        detail = f"The orders have {lines} lines together, at most {ORDER_LINES_MAX} a call. Send them in several calls."
        raise InputError.at("/orders", "too_many_lines", detail)
    answers: list[model.Decision | AccordError | None] = [None] * len(data.orders)
    wanted: list[tuple[int, model.Request]] = []
    known = await known_now(state)

    def read(place: int, names: Names) -> None:
        order = data.orders[place]
        try:
            verb = Verb(order.verb)
            wanted.append((place, request_of(order, names, id=order.id, verb=verb, at=f"/orders/{place}")))
        except AccordError as error:
            answers[place] = error

    async for place, _order in in_turns(data.orders):
        read(place, known.names)
    unread = [place for place, answer in enumerate(answers) if answer is not None]
    then = await names_then(state, [data.orders[place].id for place in unread])
    for place in unread:
        if data.orders[place].id in then:
            answers[place] = None
            read(place, then[data.orders[place].id])
    refusals = await out_of_reach(state, request, [one for _place, one in wanted])
    for (place, _), refusal in zip(wanted, refusals, strict=True):
        answers[place] = refusal
    wanted = [(place, one) for place, one in wanted if answers[place] is None]
    if wanted:
        submitted = service.desk(database(state)).submit([one for _place, one in wanted], actor_of(request))
        decided = await mailbox_of(state).answer(submitted)
        for (place, _), answer in zip(wanted, decided, strict=True):
            answers[place] = answer
    made = {place: answer for place, answer in enumerate(answers) if isinstance(answer, model.Decision)}
    repeated = bool(made) and all(service.is_repeat(made[at], one) for at, one in wanted if at in made)
    items = [
        _order_out(
            order.id,
            answer,
            await catalogues_of(state).units_of(answer, known)
            if isinstance(answer, model.Decision)
            else known.units,
        )
        async for _place, (order, answer) in in_turns(list(zip(data.orders, answers, strict=True)))
    ]
    return Response(BulkOut(items=items), headers=repeated_header(repeated))


def _order_out(id: str, answer: model.Decision | AccordError | None, units: wire.Units) -> OrderAnswer:
    if isinstance(answer, model.Decision):
        if said.is_done(answer) or said.is_asking(answer):
            status = HTTPStatus.ACCEPTED if said.is_asking(answer) else HTTPStatus.CREATED
            return OrderAnswer(id=id, status=status, decision=wire.decision_out(answer, units))
        answer = refused(answer, units)
    assert answer is not None  # every order was decided or refused above
    return OrderAnswer(
        id=id, status=answer.status, problem=as_problem(answer, request_id=id, instance="/v1/promises:bulk")
    )


class Validated(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The request can be used; nothing was asked of the ledger."""

    is_valid: bool
    request: str
    lines: int
    padding: str  # as long as the answers to real requests of late: what a reply of that size costs


@post(
    "/promises/:validate",
    status_code=HTTPStatus.OK,
    opt={"operation": "promise.ask"},
    tags=["promises"],
    operation_id="validate",
)
async def validate(data: JSONBody[PromiseIn], state: State, request: Asker) -> Response[Validated]:
    """Everything a promise does but decide: the limit of what this server can answer."""
    wanted = await translated(
        state, lambda names: request_of(data, names, id=name_of(request), verb=Verb(data.verb))
    )
    padding = "." * catalogues_of(state).answer_size
    return Response(Validated(is_valid=True, request=wanted.id, lines=len(wanted.lines), padding=padding))


class PromisePage(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Some promises, the latest first."""

    items: list[wire.Promise]
    next: str | None


@get(
    "/promises",
    opt={"operation": "promise.read"},
    tags=["promises"],
    operation_id="promises",
    sync_to_thread=True,
)
def promises(
    state: State,
    request: Asker,
    after: After = None,
    limit: Limit = PAGE,
    customer: FromQuery[str | None] = None,
    of_state: Annotated[str | None, QueryParameter(name="state")] = None,
    ref: FromQuery[str | None] = None,
) -> PromisePage:
    """Promises, the latest first."""
    if of_state is not None and of_state not in PromiseState.__members__:
        known_states = ", ".join(PromiseState.__members__)
        raise InputError.at(
            "state", "unknown_state", f"There is no state {of_state[:40]!r}. Use one of: {known_states}."
        )
    found, following = service.promises(
        database(state),
        after=after,
        limit=limit,
        customer=customer,
        state=of_state,
        ref=ref,
        actors=doors_of(request).actors("promise.read"),
    )
    units = catalogues_of(state).read().units
    return PromisePage(items=[wire.promise_out(one, units) for one in found], next=following)


@get(
    "/promises/{id:str}",
    opt={"operation": "promise.read"},
    tags=["promises"],
    operation_id="show",
    sync_to_thread=True,
)
def show(id: FromPath[str], state: State) -> wire.Promise:
    """One promise with its lines and three dates."""
    return wire.promise_out(
        service.promise_of(database(state), checked_id(id, "prm")), catalogues_of(state).read().units
    )


@get(
    "/promises/{id:str}/why",
    opt={"operation": "promise.raw", "subject": "promise"},
    tags=["promises"],
    operation_id="why",
    sync_to_thread=True,
)
def why(id: FromPath[str], state: State) -> wire.Decision:
    """The latest decision about a promise: what was seen, offered and chosen."""
    return _as_it_was_made(state, service.why(database(state), checked_id(id, "prm")))


@get(
    "/decisions/{id:str}",
    opt={"operation": "promise.raw"},
    tags=["decisions"],
    operation_id="decision",
    sync_to_thread=True,
)
def decision(id: FromPath[str], state: State) -> wire.Decision:
    """A decision as it was made."""
    return _as_it_was_made(state, service.decision(database(state), checked_id(id, "dec")))


def _as_it_was_made(state: State, decision: model.Decision) -> wire.Decision:
    return wire.decision_out(decision, units_of(database(state), decision))


@post(
    "/decisions/{id:str}/:replay",
    status_code=HTTPStatus.OK,
    opt={"operation": "promise.raw"},
    tags=["decisions"],
    operation_id="replay",
    sync_to_thread=True,
)
def replay(id: FromPath[str], state: State) -> Replay:
    """Decide a stored decision again on what was seen then; changes nothing."""
    return replay_out(service.replay(database(state), checked_id(id, "dec")))


ROUTES = [
    ask,
    promise,
    commit,
    renew,
    amend,
    release,
    cancel,
    bulk,
    validate,
    promises,
    show,
    why,
    decision,
    replay,
]
