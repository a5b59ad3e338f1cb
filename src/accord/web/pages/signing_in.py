"""How does somebody come in, and go?

Name and password, by a form that password managers know; or a link that an administrator handed over, by which
somebody sets a password. What was being sent when a session ended is shown again.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.datastructures import State
from litestar.params import FromPath, QueryParameter, URLEncodedBody
from litestar.response import Redirect, Template

from accord.db.engine import Database
from accord.kit.errors import AccordError, InputError, TooMany, Unavailable
from accord.web.entrance import forms
from accord.web.entrance.shell import own_path
from accord.web.pages.devices import device_of
from accord.web.pages.visiting import Visitor, signed_in
from accord.web.people import accounts, cookies, guesses, invites, sessions
from accord.web.people.accounts import Account
from accord.web.people.guesses import NotSignedIn
from accord.web.people.sessions import Session
from accord.web.people.turns import TURNS

Next = Annotated[str, QueryParameter(name="next", max_length=2_000)]


class Guess(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody typed to sign in."""

    name: str = ""
    password: str = ""
    next: str = "/"


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """A password that somebody chose."""

    password: str = ""


@get("/sign-in", include_in_schema=False, sync_to_thread=True, opt={"operation": "account.enter"})
def sign_in_page(state: State, request: Visitor, after: Next = "/") -> Template | Redirect:
    """Name and password."""
    if request.state.session is not None:
        return Redirect(own_path(after), status_code=303)
    return _form(state["db"], where=own_path(after))


@post("/sign-in", include_in_schema=False, status_code=HTTPStatus.OK,
      opt={"operation": "account.enter", "has_secrets": True})  # fmt: skip
async def sign_in(state: State, request: Visitor, data: URLEncodedBody[Guess]) -> Template | Redirect:
    """Come in, where name and password fit."""
    db: Database = state["db"]
    where = own_path(data.next)

    def work() -> Template | Redirect:
        try:
            account = guesses.who_is(
                db, data.name, data.password, address=address_of(request), browser=browser_of(db, request)
            )
        except (NotSignedIn, TooMany) as wrong:
            return _form(db, where=where, name=data.name, error=wrong)
        come_in(db, request, account)
        return Redirect(where, status_code=303)

    try:
        return await TURNS.take(work)
    except Unavailable as full:
        return await asyncio.to_thread(_form, db, where=where, name=data.name, notice=full)


@post(
    "/sign-out",
    include_in_schema=False,
    status_code=HTTPStatus.OK,
    sync_to_thread=True,
    opt={"operation": "account.own"},
)
def sign_out(state: State, request: Visitor) -> Redirect:
    """Go: the session is over on the server."""
    headers = dict(request.headers)
    token = cookies.token(request.scope, headers)
    if token:
        sessions.end(state["db"], token)
        request.scope["state"]["cookie"] = cookies.dropped(request.scope, headers.get("host", ""))
    return Redirect("/sign-in", status_code=303)


@get("/invite/{secret:str}", include_in_schema=False, sync_to_thread=True, opt={"operation": "account.enter"})
def invite_page(secret: FromPath[str], state: State) -> Template:
    """Choose a password, by a link that serves once."""
    account = invites.invited(state["db"], secret)
    return _invite(account, secret)


@post("/invite/{secret:str}", include_in_schema=False, status_code=HTTPStatus.OK,
      opt={"operation": "account.enter", "has_secrets": True})  # fmt: skip
async def accept(
    secret: FromPath[str], state: State, request: Visitor, data: URLEncodedBody[Chosen]
) -> Template | Redirect:
    """Set the password and come in."""
    db: Database = state["db"]

    def work() -> Template | Redirect:
        try:
            account = invites.accept(db, secret, data.password)
        except InputError as wrong:
            return _invite(invites.invited(db, secret), secret, error=wrong)
        come_in(db, request, account)
        return Redirect("/", status_code=303)

    return await TURNS.take(work)


@get("/kept", include_in_schema=False, sync_to_thread=True, opt={"operation": "account.own"})
def kept_page(state: State, request: Visitor) -> Template | Redirect:
    """What was being sent when the session ended."""
    kept = forms.of(state["db"], signed_in(request).account_id)
    if kept is None:
        return Redirect("/", status_code=303)
    return Template(template_name="kept.html", context={"kept": kept})


@post(
    "/kept",
    include_in_schema=False,
    status_code=HTTPStatus.OK,
    sync_to_thread=True,
    opt={"operation": "account.own"},
)
def leave_kept(state: State, request: Visitor) -> Redirect:
    """Leave it unsent."""
    forms.leave(state["db"], signed_in(request).account_id)
    return Redirect("/", status_code=303)


PAGES = [sign_in_page, sign_in, sign_out, invite_page, accept, kept_page, leave_kept]


def come_in(db: Database, request: Visitor, account: Account, *, place: str = "") -> None:
    """Begin a session that did not exist before, under a token that nobody knew before."""
    headers = dict(request.headers)
    before = cookies.token(request.scope, headers)
    device = device_of(headers.get("user-agent", ""))
    token = sessions.begin(db, account.id, device=device, instead_of=before, place=place)
    request.scope["state"]["cookie"] = cookies.kept(request.scope, headers.get("host", ""), token)


def address_of(request: Visitor) -> str:
    """From which address of the network somebody comes; "" where that is not known."""
    return request.client.host if request.client is not None else ""


def browser_of(db: Database, request: Visitor) -> Session | None:
    """The session that this browser brings along, over or not."""
    token = cookies.token(request.scope, dict(request.headers))
    return sessions.find(db, token) if token else None


def refused(db: Database, error: AccordError, where: str) -> Template:
    """The form again, with what went wrong elsewhere."""
    return _form(db, where=where, notice=error)


def _form(
    db: Database,
    *,
    where: str,
    name: str = "",
    error: AccordError | None = None,
    notice: AccordError | None = None,
) -> Template:
    context = {
        "next": where,
        "name": name,
        "error": error.detail if error is not None else "",
        "notice": notice.detail if notice is not None else "",
        "is_new": not accounts.exist(db),
    }
    wrong = error or notice
    status = wrong.status if wrong is not None else HTTPStatus.OK
    later = getattr(wrong, "retry_after_seconds", None)
    headers = {"Retry-After": str(later)} if later is not None else {}
    return Template(template_name="sign_in.html", context=context, status_code=status, headers=headers)


def _invite(account: Account | None, secret: str, *, error: InputError | None = None) -> Template:
    context = {
        "account": account,
        "secret": secret,
        "error": error.detail if error is not None else "",
    }
    status = HTTPStatus.NOT_FOUND if account is None else error.status if error is not None else HTTPStatus.OK
    return Template(template_name="invite.html", context=context, status_code=status)
