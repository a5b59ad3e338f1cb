"""What is shown of one promise, and what is done with it?"""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from litestar import get, post
from litestar.datastructures import State
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect, Template

from accord.db.engine import Database
from accord.kit.errors import InputError, NotFound
from accord.kit.ids import new_id
from accord.promise import said, service
from accord.promise.model import Request as Wanted
from accord.promise.model import Verb
from accord.promise.pages.shown import Shown
from accord.promise.pages.submitting import Visitor, submit
from accord.promise.service.reads import Seen


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody does with a promise that is there."""

    verb: str
    key: str


@get("/promises/{id:str}", opt={"operation": "promise.read"}, include_in_schema=False, sync_to_thread=True)
def promise_page(id: FromPath[str], state: State) -> Template:
    """One promise: its three dates, its deliveries, and why."""
    db: Database = state["db"]
    return _promise(db, service.promise_of(db, id))


@post(
    "/promises/{id:str}",
    opt={"operation": ("promise.commit", "promise.release", "promise.cancel")},
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
    """Harden or release a hold, cancel a commitment."""
    db: Database = state["db"]
    if data.verb not in ("commit", "release", "cancel"):
        raise InputError.at("verb", "unknown_verb", "A promise is committed, released or cancelled here.")
    decision = submit(db, Wanted(id=data.key, verb=Verb(data.verb), promise=id), request)
    if not said.is_done(decision):
        return _promise(db, service.promise_of(db, id), notice=decision.sentence, status=HTTPStatus.CONFLICT)
    return Redirect(f"/promises/{id}", status_code=303)


def _promise(db: Database, seen: Seen, *, notice: str = "", status: HTTPStatus = HTTPStatus.OK) -> Template:
    shown = Shown.read(db)
    try:
        why: dict[str, object] | None = shown.answer(service.why(db, seen.promise.id))
    except NotFound:  # promised elsewhere, before Accord
        why = None
    context = {"promise": shown.promise(seen), "why": why, "notice": notice, "key": new_id("req")}
    return Template(template_name="promise.html", context=context, status_code=status)


PAGES = [promise_page, act]
