"""What is shown of one promise, and what is done with it?"""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlencode

import msgspec
from litestar import Response, get, post
from litestar.datastructures import State
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Redirect, Template

from accord.db.engine import Database
from accord.kit.errors import InputError, NotFound
from accord.ledger.said import moment
from accord.promise import said
from accord.promise.model import Decision, Verb
from accord.promise.model import Request as Wanted
from accord.promise.pages.amending import PAGES as AMENDING
from accord.promise.pages.facing import facing
from accord.promise.pages.shown import Shown
from accord.promise.pages.submitting import Visitor, doors_of, submit
from accord.promise.pages.visiting import visit_of
from accord.promise.service.course import course, stored

_VERBS = ("commit", "hold", "release", "cancel")


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody does with a promise that is there."""

    verb: str
    key: str


@get("/promises/{id:str}", opt={"operation": "promise.read"}, include_in_schema=False, sync_to_thread=True)
def promise_page(id: FromPath[str], state: State, request: Visitor) -> Template:
    """One promise: how it stands, why, what happened to it, and what proves it."""
    return _promise(state["db"], id, request)


@post(
    "/promises/{id:str}",
    opt={"operation": tuple(f"promise.{verb}" for verb in _VERBS)},
    include_in_schema=False,
    status_code=HTTPStatus.OK,
    sync_to_thread=True,
)
def act(
    id: FromPath[str],
    state: State,
    request: Visitor,
    data: URLEncodedBody[Act],
) -> Redirect | Template:
    """Harden, renew or release a hold, cancel a commitment."""
    db: Database = state["db"]
    if data.verb not in _VERBS:
        raise InputError.at(
            "verb", "unknown_verb", "A promise is committed, held longer, released or cancelled here."
        )
    decision = submit(db, Wanted(id=data.key, verb=Verb(data.verb), promise=id), request)
    if not said.is_done(decision):
        return _promise(db, id, request, refusal=decision, status=HTTPStatus.CONFLICT)
    return Redirect(f"/promises/{id}", status_code=303)


@get(
    "/promises/{id:str}/raw",
    opt={"operation": "promise.raw", "subject": "promise"},
    include_in_schema=False,
    sync_to_thread=True,
)
def raw(
    id: FromPath[str], state: State, decision: FromQuery[str] = "", form: FromQuery[str] = ""
) -> Template | Response[bytes]:
    """The decisions about a promise as they are kept; with `form=json` the very bytes of one. Raises: NotFound."""
    db: Database = state["db"]
    kept = stored(db, id)
    one = next((it for it in kept if it.id == decision), kept[-1] if kept and not decision else None)
    if one is None:
        raise NotFound(
            f"Promise {id[:60]} has no decision {decision[:60]}."
            if decision
            else f"Promise {id[:60]} was made elsewhere before Accord; nothing was decided about it here."
        )
    if form == "json":
        return Response(one.body, media_type="application/json")
    shown = Shown.read(db)
    decided = [(it, it.decision()) for it in kept]
    context = {
        "promise": id,
        "decision": one.id,
        "request": next(it for kept_one, it in decided if kept_one is one).request.id,
        "digest": one.digest,
        "json": msgspec.json.format(one.body, indent=2).decode(),
        "bytes": len(one.body),
        "all": [
            {
                "id": kept_one.id,
                "href": f"/promises/{id}/raw?{urlencode({'decision': kept_one.id})}",
                "is_now": kept_one is one,
                "verb": it.request.verb.value,
                "at": moment(it.now, shown.names.today),
                "actor": kept_one.actor,
            }
            for kept_one, it in decided
        ],
    }
    return Template(template_name="promise_raw.html", context=context)


def _promise(
    db: Database,
    id: str,
    request: Visitor,
    *,
    refusal: Decision | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> Template:
    shown = Shown.read(db)
    found = course(db, id)
    doors, owner = doors_of(request), found.seen.promise.actor
    may = frozenset(
        verb
        for verb in ("commit", "hold", "release", "cancel", "amend", "raw")
        if doors.covers(f"promise.{verb}", owner)
    )
    context = facing(found, shown, may, reads=doors.actors("approval.read"))
    context["why"] = shown.answer(found.why) if found.why is not None else None
    context["notice"] = "" if refusal is None else _refused(refusal)
    context["visitor"] = visit_of(request).actor
    return Template(template_name="promise.html", context=context, status_code=status)


def _refused(decision: Decision) -> str:
    return " ".join([decision.sentence, *(said.REFUSALS[one][1] for one in decision.refusals[:1])])


PAGES = [promise_page, act, raw, *AMENDING]
