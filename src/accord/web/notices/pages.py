"""What does a person read of notices, and say about them?"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.params import FromPath, HeaderParameter, URLEncodedBody
from litestar.response import Redirect, Stream, Template

from accord.db.engine import Database, retrying
from accord.db.tx import Tx
from accord.kit.errors import InputError, NotFound
from accord.kit.who import Who
from accord.web.notices import kept, live
from accord.web.notices.kept import Notice, Reader
from accord.web.notices.live import Pulse, reader_of
from accord.web.notices.said import KINDS, said

ROWS = 100
OWN = {"operation": "notice.own"}

Visitor = Request[Any, Any, State]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody says about notices."""

    verb: str  # open, read; of all: read, mute, unmute
    kind: str = ""


@get("/notifications", opt=OWN, include_in_schema=False, sync_to_thread=True)
def notifications(state: State, request: Visitor) -> Template:
    """Everything one was told, the latest first, and who is not told of what."""
    db: Database = state["db"]
    with db.read() as tx:
        reader, now = reader_of(tx, who_of(request)), tx.now()
        found, mutes = kept.listed(tx, reader, ROWS), kept.mutes(tx)
    rows = [said(one, now) for one in found]
    own = {kind for person, kind in mutes if person == reader.person}
    context = {
        "rows": [msgspec.structs.asdict(one) for one in rows],
        "new": sum(one.is_new for one in rows),
        "kinds": [
            {
                "id": kind,
                "words": words,
                "is_muted": kind in own,
                "others": [person for person, muted in mutes if muted == kind and person != reader.person],
            }
            for kind, words in KINDS.items()
        ],
    }
    return Template(template_name="notifications.html", context=context)


@get("/notifications/{id:str}", opt=OWN, include_in_schema=False, sync_to_thread=True)
def notification(id: FromPath[str], state: State, request: Visitor) -> Template:
    """All that one notice is about."""
    db: Database = state["db"]
    with db.read() as tx:
        found, now = _found(tx, reader_of(tx, who_of(request)), id), tx.now()
    return Template(
        template_name="notification.html", context={"notice": msgspec.structs.asdict(said(found, now))}
    )


@get("/notifications/live", opt=OWN, include_in_schema=False)
async def listening(
    request: Visitor,
    last_event_id: Annotated[str, HeaderParameter(name="Last-Event-ID", max_length=40)] = "",
) -> Stream | Response[live.State]:
    """What is new, and then each time it changes; once, for who asks for JSON."""
    pulse: Pulse = request.app.state["pulse"]
    if "text/event-stream" not in request.headers.get("accept", ""):
        return Response(await pulse.once(who_of(request)))
    told = await pulse.listen(who_of(request), last_event_id)
    return Stream(told, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


@post("/notifications", opt=OWN, include_in_schema=False, status_code=HTTPStatus.OK, sync_to_thread=True)
def answer_all(state: State, request: Visitor, data: URLEncodedBody[Answer]) -> Redirect:
    """All are read, or a kind is told no more."""
    db: Database = state["db"]
    who = who_of(request)
    if data.verb in ("mute", "unmute"):
        if data.kind not in KINDS:
            raise InputError.at("kind", "unknown_kind", f"Notices are of {', '.join(KINDS)}.")
        retrying(db, lambda tx: kept.mute(tx, who.actor, data.kind, is_muted=data.verb == "mute"))
    elif data.verb == "read":

        def work(tx: Tx) -> None:
            reader = reader_of(tx, who)
            kept.read(tx, reader, [one.cause for one in kept.new(tx, reader)])

        retrying(db, work)
    else:
        raise InputError.at("verb", "unknown_verb", "Notices are read, or a kind of them muted or unmuted.")
    return Redirect("/notifications", status_code=303)


@post(
    "/notifications/{id:str}",
    opt=OWN,
    include_in_schema=False,
    status_code=HTTPStatus.OK,
    sync_to_thread=True,
)
def answer_one(id: FromPath[str], state: State, request: Visitor, data: URLEncodedBody[Answer]) -> Redirect:
    """One is read; opened, it leads to where something can be done about it."""
    db: Database = state["db"]

    def work(tx: Tx) -> str:
        reader = reader_of(tx, who_of(request))
        found = _found(tx, reader, id)
        kept.read(tx, reader, [found.cause])
        return said(found, tx.now()).href

    href = retrying(db, work)
    return Redirect(href if data.verb == "open" else "/notifications", status_code=303)


def who_of(request: Visitor) -> Who:
    """Who is at the other end."""
    who: Who = request.state.who
    return who


def _found(tx: Tx, reader: Reader, id: str) -> Notice:
    found = kept.one(tx, reader, id)
    if found is None:
        raise NotFound("There is no such notice for you. Those there are stand in your notifications.")
    return found


PAGES = [notifications, listening, notification, answer_all, answer_one]
