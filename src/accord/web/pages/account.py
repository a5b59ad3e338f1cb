"""What can somebody change of their own: the password, the browsers they are signed in with, their keys?"""

from __future__ import annotations

import asyncio
from functools import partial
from http import HTTPStatus

import msgspec
from litestar import get, post
from litestar.datastructures import State
from litestar.params import FromQuery, URLEncodedBody
from litestar.response import Redirect, Template

from accord.db.engine import Database
from accord.kit.errors import AccordError, InputError, TooMany, Unavailable
from accord.ledger.said import moment
from accord.web.pages.visiting import Visitor, signed_in
from accord.web.people import accounts, cookies, guesses, sessions
from accord.web.people.guesses import NotSignedIn
from accord.web.people.turns import TURNS


class Passwords(msgspec.Struct, frozen=True, kw_only=True):
    """The one somebody has, and the one to be."""

    current: str = ""
    password: str = ""


class Ends(msgspec.Struct, frozen=True, kw_only=True):
    """Which sessions to end."""

    id: str = ""  # "" = all others


_OWN = {"operation": "account.own"}


@get("/account", include_in_schema=False, sync_to_thread=True, opt=_OWN)
def account_page(state: State, request: Visitor, done: FromQuery[str] = "") -> Template:
    """One's own account."""
    return _page(state["db"], request, done=done)


@post("/account/password", include_in_schema=False, status_code=HTTPStatus.OK,
      opt={**_OWN, "has_secrets": True})  # fmt: skip
async def change_password(
    state: State, request: Visitor, data: URLEncodedBody[Passwords]
) -> Redirect | Template:
    """Another password; every other session ends, this one goes on under another token."""
    db: Database = state["db"]
    try:
        return await TURNS.take(partial(_change_password, db, request, data))
    except Unavailable as full:
        return await asyncio.to_thread(_page, db, request, wrong={"current": full.detail}, status=full)


def _change_password(db: Database, request: Visitor, data: Passwords) -> Redirect | Template:
    session = signed_in(request)
    try:
        guesses.who_is(db, session.who.actor, data.current, browser=session)
    except NotSignedIn:
        return _page(db, request, wrong={"current": "This is not your password now. Type the one you have."})
    except TooMany as error:
        return _page(db, request, wrong={"current": error.detail}, status=error)
    try:
        accounts.set_password(db, session.account_id, data.password, keeps=session.id, by=session.who.actor)
    except InputError as error:
        return _page(db, request, wrong={"password": error.detail}, status=error)
    headers = dict(request.headers)
    fresh = sessions.rotate(db, cookies.token(request.scope, headers))
    if fresh is not None:
        request.scope["state"]["cookie"] = cookies.kept(request.scope, headers.get("host", ""), fresh)
    return Redirect("/account?done=password", status_code=303)


@post("/account/sessions", include_in_schema=False, status_code=HTTPStatus.OK, sync_to_thread=True, opt=_OWN)
def end_sessions(state: State, request: Visitor, data: URLEncodedBody[Ends]) -> Redirect:
    """End one of one's own sessions, or all but this one."""
    session = signed_in(request)
    if data.id:
        sessions.end_one(state["db"], session, data.id)
    else:
        sessions.end_others(state["db"], session)
    return Redirect("/account?done=sessions", status_code=303)


PAGES = [account_page, change_password, end_sessions]

_DONE = {
    "password": "Your password is changed. You are signed out everywhere else.",
    "sessions": "Ended. Whoever was signed in there has to sign in again.",
}


def _page(
    db: Database,
    request: Visitor,
    *,
    done: str = "",
    wrong: dict[str, str] | None = None,
    status: AccordError | None = None,
) -> Template:
    session = signed_in(request)
    account = accounts.find(db, session.account_id)
    rows = [
        {
            "id": one.id,
            "device": one.device,
            "is_this": one.id == session.id,
            "since": moment(one.created_at),
            "seen": moment(one.seen_at),
        }
        for one in sessions.of_account(db, session.account_id)
    ]
    context = {
        "account": account,
        "rows": sorted(rows, key=lambda row: not row["is_this"]),
        "done": _DONE.get(done, ""),
        "wrong": wrong or {},
    }
    code = (
        HTTPStatus.OK
        if not wrong
        else status.status
        if status is not None
        else HTTPStatus.UNPROCESSABLE_ENTITY
    )
    return Template(template_name="account.html", context=context, status_code=code)
