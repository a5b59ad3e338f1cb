"""How is one request answered over HTTP, whatever it asks: decided at the desk, or refused with what could be had instead?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

import msgspec
from litestar import Request
from litestar.datastructures import State
from litestar.params import HeaderParameter, QueryParameter
from litestar.response import Response

from accord.db.engine import Database
from accord.kit.doors import Doors
from accord.kit.errors import AccordError, Conflict, InputError, NotFound
from accord.kit.mailbox import Mailbox
from accord.promise import model, said, service
from accord.promise.api import wire
from accord.promise.api.catalogue import Catalogue, Catalogues, names_of
from accord.promise.api.rulings import Ruling
from accord.promise.model import Refusal
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
AT_ONCE = 20  # orders of a bulk call that are read or answered without letting others in: about a millisecond

T = TypeVar("T")


class CannotPromise(Conflict):
    """The business says no to a hold or commitment; the problem carries what could be had instead."""

    code = "cannot_promise"
    title = "This cannot be promised"
    exit_code = 3

    def __init__(self, decision: model.Decision, units: wire.Units) -> None:
        shown = wire.decision_out(decision, units)
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
                "ruling": msgspec.to_builtins(shown.ruling or _first_ruling(shown)),
            },
        )
        # The problem of a stored refusal is the same every time it is asked for: it names the caller's own id.
        self.request_id = decision.request.id


def _first_ruling(shown: wire.Decision) -> Ruling | None:
    """What the rights say of the best option, where no other decided."""
    return next((one.ruling for one in shown.options if one.ruling is not None), None)


class NotAllowed(CannotPromise):
    """No right of the actor covers it; the problem names the right or limit that says so."""

    code = "not_allowed"
    title = "No right of yours covers this"
    status = HTTPStatus.FORBIDDEN


class _NotThere(NotFound):
    """What a decision was to be about was not there."""

    def __init__(self, detail: str, decision: model.Decision) -> None:
        super().__init__(detail)
        self.request_id = decision.request.id  # the same every time, as in CannotPromise


_FORBIDDEN = (Refusal.not_allowed, Refusal.approver_is_requester)
_UNKNOWN = {Refusal.unknown_promise: "promise", Refusal.unknown_approval: "approval"}


def refused(decision: model.Decision, units: wire.Units) -> CannotPromise:
    """The problem that says why a decision did nothing."""
    is_forbidden = bool(decision.refusals) and decision.refusals[0] in _FORBIDDEN
    return (NotAllowed if is_forbidden else CannotPromise)(decision, units)


async def answered(
    wanted: model.Request, state: State, request: Asker, *, status: HTTPStatus = HTTPStatus.OK
) -> Response[wire.Decision]:
    """Decide one request at the desk; the decision, or the problem that says why not."""
    known = await known_now(state)
    (refusal,) = await out_of_reach(state, request, [wanted])
    if refusal is not None:
        raise refusal
    submitted = service.desk(database(state)).submit([wanted], actor_of(request))
    (answer,) = await mailbox_of(state).answer(submitted)
    if isinstance(answer, AccordError):
        raise answer
    units = await catalogues_of(state).units_of(answer, known)
    headers = repeated_header(service.is_repeat(answer, wanted))
    if not said.is_done(answer):
        request.scope["state"]["extra_headers"] = headers
        if said.is_asking(answer):
            status = HTTPStatus.ACCEPTED
            headers["Location"] = f"/v1/approvals/{answer.approval}"
        elif answer.refusals and answer.refusals[0] in _UNKNOWN:
            name = wanted.approval or wanted.promise or ""
            what = _UNKNOWN[answer.refusals[0]]
            detail = f"There is no {what} {name[:100]!r}. {said.REFUSALS[answer.refusals[0]][1]}"
            raise _NotThere(detail, answer)
        else:
            raise refused(answer, units)
    if status is HTTPStatus.CREATED and answer.promise is not None:
        headers["Location"] = f"/v1/promises/{answer.promise}"
    shown = wire.decision_out(answer, units)
    catalogues_of(state).answered(shown)
    return Response(shown, status_code=status, headers=headers)


async def out_of_reach(
    state: State, request: Asker, wanted: Sequence[model.Request]
) -> Sequence[AccordError | None]:
    """For each request why this caller may not ask for it, or None; a promise belongs to whoever made it."""
    doors = doors_of(request)
    if service.is_everybodys(wanted, doors):
        return [None] * len(wanted)
    return await asyncio.to_thread(service.out_of_reach, database(state), wanted, doors)


def repeated_header(repeated: bool) -> dict[str, str]:
    """What tells the caller that this is an answer of before: nothing was done now."""
    return {"Idempotent-Replayed": "true"} if repeated else {}


async def in_turns(things: Sequence[T]) -> AsyncIterator[tuple[int, T]]:
    """Each of many with its place; after every few of them other callers of this process have their turn."""
    for place, one in enumerate(things):
        if place and place % AT_ONCE == 0:
            await asyncio.sleep(0)
        yield place, one


async def translated(
    state: State, translate: Callable[[Names], model.Request], *, key: str | None = None
) -> model.Request:
    """Translate with what may be named; what is not found there is looked for once more, it may be new.

    A `key` that was used before means what it meant then, whatever was stated or ended since.
    """
    catalogues = catalogues_of(state)
    try:
        try:
            return translate((await catalogues.recent()).names)
        except InputError as error:
            if not any(one.code.startswith("unknown_") for one in error.errors):
                raise
            catalogues.forget()
            return translate((await catalogues.recent()).names)
    except InputError:
        then = await names_then(state, [key] if key is not None else [])
        if key is None or key not in then:
            raise
        return translate(then[key])


async def names_then(state: State, keys: Sequence[str]) -> dict[str, Names]:
    """What could be named when these keys were first used; those that are new are left out."""

    def read() -> dict[str, Names]:
        db = database(state)
        decided = service.decisions_of_requests(db, keys)
        return {key: names_of(db, decision) for key, decision in decided.items()}

    return await asyncio.to_thread(read) if keys else {}


async def known_now(state: State, graph_version: int = 0, found: Catalogue | None = None) -> Catalogue:
    if found is not None and found.graph_version >= graph_version:
        return found
    return await catalogues_of(state).recent(graph_version)


def database(state: State) -> Database:
    db: Database = state["db"]
    return db


def catalogues_of(state: State) -> Catalogues:
    found: Catalogues = state["catalogues"]
    return found


def mailbox_of(state: State) -> Mailbox:
    """Where the answers of the desk come in."""
    loop = asyncio.get_running_loop()
    found: Mailbox | None = state.get("mailbox")
    if found is None or found.loop is not loop:
        found = state["mailbox"] = Mailbox(loop)
    return found


# `request.state` makes an object that can be shared by threads, with a lock, each time it is looked at; what the gate
# found is in the scope.


def actor_of(request: Asker) -> str:
    actor: str = request.scope["state"]["actor"]
    return actor


def doors_of(request: Asker) -> Doors:
    """What this caller may do, and with whose things."""
    doors: Doors = request.scope["state"]["doors"]
    return doors


def name_of(request: Asker) -> str:
    """What a request is called that carries no id of its own: it is not kept."""
    name: str = request.scope["state"]["request_id"]
    return name


def checked_id(id: str, kind: str) -> str:
    if not id.startswith(f"{kind}_"):
        raise NotFound(f"There is nothing with the id {id[:100]!r}. The ids of this kind begin with {kind}_.")
    return id
