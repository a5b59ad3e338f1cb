"""How do systems ask, hold, commit and change a promise over HTTP?

Each route translates, makes one call of the service, and translates back. What changes the ledger carries an
`Idempotency-Key`, which is the id of the request: the same key again gets the same answer, also after a crash. A "no"
to a question is an answer (200); a "no" to a commit is a problem (409) with fresh options.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.datastructures import State
from litestar.params import FromPath, FromQuery, HeaderParameter, JSONBody, QueryParameter
from litestar.response import Response

from accord.db.engine import Database
from accord.kit.errors import AccordError, Conflict, InputError, NotFound, as_problem
from accord.ledger.model import State as PromiseState
from accord.promise import model, said, service
from accord.promise.api import wire
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
from accord.promise.api.catalogue import Catalogue, Catalogues
from accord.promise.model import Refusal, Verb
from accord.promise.named import Names

Key = Annotated[
    str,
    HeaderParameter(
        name="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="Your id of this request. Repeated with the same body: the same answer. With another body: 422.",
    ),
]
Limit = Annotated[int, QueryParameter(ge=1, le=200, description="How many at most.")]
After = Annotated[
    str | None, QueryParameter(name="after", max_length=500, description="The `next` of the page before.")
]
Asker = Request[Any, Any, State]

PAGE = 50


class CannotPromise(Conflict):
    """The business says no to a hold or commitment; the problem carries what could be had instead."""

    code = "cannot_promise"
    title = "This cannot be promised"
    exit_code = 3

    def __init__(self, decision: model.Decision, known: Catalogue) -> None:
        shown = wire.decision_out(decision, known.units)
        code = "cannot_promise"
        if decision.refusals:
            # That the option went is why nothing was done, whatever else stands in the way of others.
            gone = Refusal.option_is_gone
            code = (gone if gone in decision.refusals else decision.refusals[0]).value
        super().__init__(
            decision.sentence,
            code=code,
            extra={
                "verdict": shown.verdict,
                "refusals": msgspec.to_builtins(shown.refusals),
                "options": msgspec.to_builtins(shown.options),
                "digest": shown.digest,
                "decision": shown.id,
            },
        )
        # The problem of a stored refusal is the same every time it is asked for: it names the caller's own id.
        self.request_id = decision.request.id


@post(
    "/promises/:ask", status_code=HTTPStatus.OK, opt={"scope": "ask"}, tags=["promises"], operation_id="ask"
)
async def ask(data: JSONBody[AskIn], state: State, request: Asker) -> Response[wire.Decision]:
    """Ask what can be promised; changes nothing, so that a "no" is an answer like any other."""
    known = await _known(state)
    wanted = await _translated(state, lambda names: request_of(data, names, id=_name(request), verb=Verb.ask))
    answer = await asyncio.to_thread(service.ask, _db(state), wanted)
    return Response(wire.decision_out(answer, (await _known(state, answer.graph_version, known)).units))


@post(
    "/promises",
    status_code=HTTPStatus.CREATED,
    opt={"scope": "promise"},
    tags=["promises"],
    operation_id="promise",
)
async def promise(
    data: JSONBody[PromiseIn], key: Key, state: State, request: Asker
) -> Response[wire.Decision]:
    """Hold or commit something new: the first option that keeps the requested day in full, or the one you name."""
    wanted = await _translated(state, lambda names: request_of(data, names, id=key, verb=Verb(data.verb)))
    return await _answered(wanted, state, request, status=HTTPStatus.CREATED)


@post(
    "/promises/{id:str}/:commit",
    status_code=HTTPStatus.OK,
    opt={"scope": "promise"},
    tags=["promises"],
    operation_id="commit",
)
async def commit(
    id: FromPath[str], key: Key, state: State, request: Asker, data: JSONBody[HardenIn | None] = None
) -> Response[wire.Decision]:
    """Harden a hold into a commitment."""
    return await _answered(model.Request(id=key, verb=Verb.commit, promise=id), state, request)


@post(
    "/promises/{id:str}/:hold",
    status_code=HTTPStatus.OK,
    opt={"scope": "promise"},
    tags=["promises"],
    operation_id="renew",
)
async def renew(
    id: FromPath[str], key: Key, state: State, request: Asker, data: JSONBody[RenewIn | None] = None
) -> Response[wire.Decision]:
    """Keep a hold longer."""
    seconds = data.hold_seconds if data is not None else None
    return await _answered(
        model.Request(id=key, verb=Verb.hold, promise=id, hold_seconds=seconds), state, request
    )


@post(
    "/promises/{id:str}/:amend",
    status_code=HTTPStatus.OK,
    opt={"scope": "promise"},
    tags=["promises"],
    operation_id="amend",
)
async def amend(
    id: FromPath[str], data: JSONBody[AmendIn], key: Key, state: State, request: Asker
) -> Response[wire.Decision]:
    """Replace the lines of a promise; what it holds itself does not compete with it."""
    wanted = await _translated(
        state, lambda names: request_of(data, names, id=key, verb=Verb.amend, promise=id)
    )
    return await _answered(wanted, state, request)


@post(
    "/promises/{id:str}/:release",
    status_code=HTTPStatus.OK,
    opt={"scope": "promise"},
    tags=["promises"],
    operation_id="release",
)
async def release(
    id: FromPath[str], key: Key, state: State, request: Asker, data: JSONBody[HardenIn | None] = None
) -> Response[wire.Decision]:
    """End a hold."""
    return await _answered(model.Request(id=key, verb=Verb.release, promise=id), state, request)


@post(
    "/promises/{id:str}/:cancel",
    status_code=HTTPStatus.OK,
    opt={"scope": "promise"},
    tags=["promises"],
    operation_id="cancel",
)
async def cancel(
    id: FromPath[str], key: Key, state: State, request: Asker, data: JSONBody[HardenIn | None] = None
) -> Response[wire.Decision]:
    """End a commitment."""
    return await _answered(model.Request(id=key, verb=Verb.cancel, promise=id), state, request)


class OrderAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one order of a bulk call."""

    id: str
    status: int  # what the order alone would have been answered with
    decision: wire.Decision | None = None
    problem: dict[str, Any] | None = None


class BulkOut(msgspec.Struct, frozen=True, kw_only=True):
    """One answer for each order, in their order."""

    items: list[OrderAnswer]
    next: None = None


@post(
    "/promises/:bulk",
    status_code=HTTPStatus.OK,
    opt={"scope": "promise"},
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
    known = await _known(state)
    received_at = known.now()
    for place, order in enumerate(data.orders):
        try:
            verb = Verb(order.verb)
            wanted.append(
                (place, request_of(order, known.names, id=order.id, verb=verb, at=f"/orders/{place}"))
            )
        except AccordError as error:
            answers[place] = error
    if wanted:
        submitted = service.desk(_db(state)).submit([one for _place, one in wanted], _actor(request))
        made = await asyncio.wrap_future(submitted)
        for (place, _), answer in zip(wanted, made, strict=True):
            answers[place] = answer
    decided = [one for one in answers if isinstance(one, model.Decision)]
    known = await _known(state, max([one.graph_version for one in decided], default=0), known)
    items = [_order_out(order.id, answer, known) for order, answer in zip(data.orders, answers, strict=True)]
    repeated = bool(decided) and all(one.now < received_at for one in decided)
    return Response(BulkOut(items=items), headers=_repeated_header(repeated))


def _order_out(id: str, answer: model.Decision | AccordError | None, known: Catalogue) -> OrderAnswer:
    if isinstance(answer, model.Decision):
        if said.is_done(answer):
            return OrderAnswer(
                id=id, status=HTTPStatus.CREATED, decision=wire.decision_out(answer, known.units)
            )
        answer = CannotPromise(answer, known)
    assert answer is not None  # every order was decided or refused above
    return OrderAnswer(
        id=id, status=answer.status, problem=as_problem(answer, request_id=id, instance="/v1/promises:bulk")
    )


class Validated(msgspec.Struct, frozen=True, kw_only=True):
    """The request can be used; nothing was asked of the ledger."""

    is_valid: bool
    request: str
    lines: int
    padding: str  # as long as the answers to real requests of late: what a reply of that size costs


@post(
    "/promises/:validate",
    status_code=HTTPStatus.OK,
    opt={"scope": "ask"},
    tags=["promises"],
    operation_id="validate",
)
async def validate(data: JSONBody[PromiseIn], state: State, request: Asker) -> Response[Validated]:
    """Everything a promise does but decide: the limit of what this server can answer."""
    wanted = await _translated(
        state, lambda names: request_of(data, names, id=_name(request), verb=Verb(data.verb))
    )
    padding = "." * _catalogues(state).answer_size
    return Response(Validated(is_valid=True, request=wanted.id, lines=len(wanted.lines), padding=padding))


class PromisePage(msgspec.Struct, frozen=True, kw_only=True):
    """Some promises, the latest first."""

    items: list[wire.Promise]
    next: str | None


@get("/promises", opt={"scope": "ask"}, tags=["promises"], operation_id="promises", sync_to_thread=True)
def promises(
    state: State,
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
        _db(state), after=after, limit=limit, customer=customer, state=of_state, ref=ref
    )
    units = _catalogues(state).read().units
    return PromisePage(items=[wire.promise_out(one, units) for one in found], next=following)


@get("/promises/{id:str}", opt={"scope": "ask"}, tags=["promises"], operation_id="show", sync_to_thread=True)
def show(id: FromPath[str], state: State) -> wire.Promise:
    """One promise with its lines and three dates."""
    return wire.promise_out(service.promise_of(_db(state), _id(id, "prm")), _catalogues(state).read().units)


@get(
    "/promises/{id:str}/why", opt={"scope": "ask"}, tags=["promises"], operation_id="why", sync_to_thread=True
)
def why(id: FromPath[str], state: State) -> wire.Decision:
    """The latest decision about a promise: what was seen, offered and chosen."""
    return wire.decision_out(service.why(_db(state), _id(id, "prm")), _catalogues(state).read().units)


@get(
    "/decisions/{id:str}",
    opt={"scope": "ask"},
    tags=["decisions"],
    operation_id="decision",
    sync_to_thread=True,
)
def decision(id: FromPath[str], state: State) -> wire.Decision:
    """A decision as it was made."""
    return wire.decision_out(service.decision(_db(state), _id(id, "dec")), _catalogues(state).read().units)


@post(
    "/decisions/{id:str}/:replay",
    status_code=HTTPStatus.OK,
    opt={"scope": "ask"},
    tags=["decisions"],
    operation_id="replay",
    sync_to_thread=True,
)
def replay(id: FromPath[str], state: State) -> wire.Replay:
    """Decide a stored decision again on what was seen then; changes nothing."""
    return wire.replay_out(service.replay(_db(state), _id(id, "dec")))


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


# --- shared by the routes ---


async def _answered(
    wanted: model.Request, state: State, request: Asker, *, status: HTTPStatus = HTTPStatus.OK
) -> Response[wire.Decision]:
    """Decide one request at the desk; the decision, or the problem that says why not."""
    known = await _known(state)
    received_at = known.now()
    submitted = service.desk(_db(state)).submit([wanted], _actor(request))
    (answer,) = await asyncio.wrap_future(submitted)
    if isinstance(answer, AccordError):
        raise answer
    known = await _known(state, answer.graph_version, known)
    headers = _repeated_header(answer.now < received_at)
    if not said.is_done(answer):
        request.state.extra_headers = headers
        if answer.refusals and answer.refusals[0] is Refusal.unknown_promise:
            raise NotFound(
                f"There is no promise {(wanted.promise or '')[:100]!r}. {said.REFUSALS[Refusal.unknown_promise][1]}"
            )
        raise CannotPromise(answer, known)
    if status is HTTPStatus.CREATED and answer.promise is not None:
        headers["Location"] = f"/v1/promises/{answer.promise}"
    shown = wire.decision_out(answer, known.units)
    _catalogues(state).answered(shown)
    return Response(shown, status_code=status, headers=headers)


def _repeated_header(repeated: bool) -> dict[str, str]:
    """Decided before this request came in, by the store's own clock: it is the stored answer."""
    return {"Idempotent-Replayed": "true"} if repeated else {}


async def _translated(state: State, translate: Callable[[Names], model.Request]) -> model.Request:
    """Translate with what may be named; what is not found there is looked for once more, it may be new."""
    catalogues = _catalogues(state)
    try:
        wanted = translate((await catalogues.recent()).names)
    except InputError as error:
        if not any(one.code.startswith("unknown_") for one in error.errors):
            raise
        catalogues.forget()
        wanted = translate((await catalogues.recent()).names)
    return wanted


async def _known(state: State, graph_version: int = 0, found: Catalogue | None = None) -> Catalogue:
    if found is not None and found.graph_version >= graph_version:
        return found
    return await _catalogues(state).recent(graph_version)


def _db(state: State) -> Database:
    db: Database = state["db"]
    return db


def _catalogues(state: State) -> Catalogues:
    found: Catalogues = state["catalogues"]
    return found


def _actor(request: Asker) -> str:
    actor: str = request.state.actor
    return actor


def _name(request: Asker) -> str:
    """What a request is called that carries no id of its own: it is not kept."""
    name: str = request.state.request_id
    return name


def _id(id: str, kind: str) -> str:
    if not id.startswith(f"{kind}_"):
        raise NotFound(f"There is nothing with the id {id[:100]!r}. The ids of this kind begin with {kind}_.")
    return id
