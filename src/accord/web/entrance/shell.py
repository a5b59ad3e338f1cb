"""What holds for every page?

A strict content security policy: nothing from elsewhere, no inline script, no framing. Who comes without a session is
asked to sign in first, and what was being sent is kept. A form is taken only from a page of ours: browsers say where a
request comes from, and one that comes from elsewhere, or brings cookies and does not say, is refused. An open server,
which knows no keys, also answers only to the names of this machine, so that no foreign page can reach it under a name
of its own.
"""

from __future__ import annotations

import asyncio
import ipaddress
from typing import Any
from urllib.parse import quote, urlsplit

from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from accord.db.engine import Database
from accord.kit.errors import Denied, Unauthorized
from accord.kit.ids import new_id
from accord.kit.who import ANYBODY, Who
from accord.web.access.admission import is_public
from accord.web.entrance import forms
from accord.web.entrance.extras import Extras
from accord.web.entrance.practice import LIVE, check_world
from accord.web.people import cookies, sessions
from accord.web.people.sessions import Session

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}


class FromElsewhere(Denied):
    """A page that is not ours tried to act here."""

    code = "from_elsewhere"
    title = "This came from a page that is not Accord's"


class Shell(ASGIMiddleware):
    """What every page passes. What is sent to a route that says `has_secrets` of itself is never kept."""

    def __init__(
        self, db: Database, *, is_open: bool, world: str = LIVE, extras: Extras | None = None
    ) -> None:
        self._db = db  # of the people; pages may be over another one
        self._world = world
        self._is_open = is_open
        self._extras = extras

    def __deepcopy__(self, memo: dict[int, Any]) -> Shell:
        # The framework copies routers with all they hold; a database is not copied.
        return self

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        if scope["type"] != ScopeType.HTTP:
            await next_app(scope, receive, send)
            return
        state: dict[str, Any] = scope["state"]
        handler: Any = scope["route_handler"]
        state["request_id"] = new_id("req")
        state["headers"] = HEADERS
        state["who"] = state["session"] = None
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get("host", "")
        if self._is_open:
            check_host(host)
            state["who"] = Who(actor=ANYBODY, is_open=True)
        if scope["method"] not in ("GET", "HEAD", "OPTIONS") and not is_own(headers):
            raise FromElsewhere(
                "The form was not sent from a page of this server. Open the page anew and try again."
            )
        check_world(scope, self._world)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                out = MutableScopeHeaders.from_message(message)
                for name, value in HEADERS.items():
                    out[name] = value
                if "cookie" in state:
                    out.add("Set-Cookie", state["cookie"])
            await send(message)

        token = cookies.token(scope, headers)
        session = await asyncio.to_thread(sessions.find, self._db, token) if token else None
        if session is not None and session.is_open:
            state["who"], state["session"] = session.who, session
            await self._rotate(session, token, scope, host)
        elif not self._is_open and not is_public(handler):
            where = await self._kept(session, scope, receive, headers)
            await _ask_to_sign_in(scope, with_headers, headers, where)
            return
        elif self._extras is not None and self._extras.front and _is_front(scope):
            await _lead(with_headers, self._extras.front, is_step="hx-request" in headers)
            return
        state["actor"] = state["who"].actor if state["who"] is not None else ANYBODY
        if self._extras is not None and self._extras.shown is not None:
            state["added"] = await asyncio.to_thread(self._extras.shown, self._db, state["session"])
        await next_app(scope, receive, with_headers)

    async def _rotate(self, session: Session, token: str, scope: Scope, host: str) -> None:
        """After a change of rights or password a session goes on under another token."""
        if not session.is_outdated or session.is_previous or self._db.why_no_writes is not None:
            return
        fresh = await asyncio.to_thread(sessions.rotate, self._db, token)
        if fresh is not None:
            scope["state"]["cookie"] = cookies.kept(scope, host, fresh)

    async def _kept(
        self, session: Session | None, scope: HTTPScope, receive: Receive, headers: dict[str, str]
    ) -> str:
        """Where to go after signing in; what was sent is kept first, for whose session it was."""
        query = scope["query_string"].decode("latin-1")
        path = scope["path"] + (f"?{query}" if query else "")
        if scope["method"] in ("GET", "HEAD"):
            is_part = headers.get("hx-request") == "true" and "hx-boosted" not in headers
            return _page_of(headers.get("hx-current-url", "")) if is_part else path
        is_form = headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        if session is not None and is_form and not scope["route_handler"].opt.get("has_secrets", False):
            body = await _body(receive)
            if body is not None:
                await asyncio.to_thread(forms.keep, self._db, session.account_id, path, body)
                return "/kept"
        return own_path(urlsplit(headers.get("referer", "")).path)


def _page_of(address: str) -> str:
    """The page on which a part was asked for."""
    parts = urlsplit(address)
    return own_path(parts.path + (f"?{parts.query}" if parts.query else ""))


async def _body(receive: Receive) -> bytes | None:
    """All of it; None when it is more than is kept."""
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message["body"]
        if len(body) > forms.BYTES_MAX:
            return None
        if not message["more_body"]:
            return body


async def _ask_to_sign_in(scope: Scope, send: Any, headers: dict[str, str], where: str) -> None:
    is_step = headers.get("hx-request") == "true"
    if "text/html" not in headers.get("accept", "") and not is_step:
        raise Unauthorized(
            "You are not signed in, or the session is over. Sign in at /sign-in and try again."
        )
    then = f"?next={quote(where, safe='/')}" if where != "/" else ""
    await _lead(send, f"/sign-in{then}", is_step=is_step)


def _is_front(scope: HTTPScope) -> bool:
    return scope["method"] == "GET" and scope["path"] == "/" and not scope["query_string"]


async def _lead(send: Any, href: str, *, is_step: bool = False) -> None:
    """Lead a browser elsewhere; a script that takes a step for it is told to leave the page, or it would put the other one in."""
    raw = {"HX-Redirect" if is_step else "Location": href, "Content-Length": "0"}
    headers_out = [(name.lower().encode(), value.encode()) for name, value in raw.items()]
    await send({"type": "http.response.start", "status": 200 if is_step else 303, "headers": headers_out})
    await send({"type": "http.response.body", "body": b""})


def own_path(path: str) -> str:
    """A place on this server that somebody may be sent to, "/" where what was named is none."""
    is_own = (
        path.startswith("/")
        and not path.startswith("//")
        and "\\" not in path
        and path.isprintable()
        and len(path) <= 2_000
        and not path.startswith(("/sign-in", "/sign-out", "/v1/"))
    )
    return path if is_own else "/"


def check_host(host: str) -> None:
    """A page from elsewhere may give this machine a name of its own; an open server does not answer to it."""
    if not is_this_machine(host):
        raise FromElsewhere("This server is open to this machine only. Call it by localhost or 127.0.0.1.")


def is_own(headers: dict[str, str]) -> bool:
    """Whether a request that changes something was sent by a page of ours, or by no browser at all.

    Browsers say where it comes from. What brings cookies and does not say so is not believed.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    if origin is None:
        return "cookie" not in headers
    return urlsplit(origin).netloc == headers.get("host", "")


def is_this_machine(host: str) -> bool:
    """Whether a Host header names this machine itself."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
