"""What holds for every page?

A strict content security policy: nothing from elsewhere, no inline script, no framing. A form is taken only from a page
of ours: browsers say where a request comes from, and one that comes from elsewhere is refused. An open server, which
knows no keys, also answers only to the names of this machine, so that no foreign page can reach it under a name of its
own.
"""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import urlsplit

from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from accord.kit.errors import Denied, Unauthorized
from accord.kit.ids import new_id
from accord.kit.who import ANYBODY, Who
from accord.web.admission import is_public

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
    """What every page passes."""

    def __init__(self, *, is_open: bool) -> None:
        self._is_open = is_open

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        if scope["type"] != ScopeType.HTTP:
            await next_app(scope, receive, send)
            return
        state: dict[str, Any] = scope["state"]
        handler: Any = scope["route_handler"]
        state["request_id"] = new_id("req")
        state["headers"] = HEADERS
        state["actor"] = ANYBODY
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if self._is_open:
            check_host(headers.get("host", ""))
            state["who"] = Who(actor=ANYBODY, is_open=True)
        elif not is_public(handler):
            raise Unauthorized(
                "This server lets programs in by their keys. To look around on this machine, start it with: accord serve --open"
            )
        if scope["method"] not in ("GET", "HEAD", "OPTIONS") and not is_own(headers):
            raise FromElsewhere(
                "The form was not sent from a page of this server. Open the page anew and try again."
            )

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                out = MutableScopeHeaders.from_message(message)
                for name, value in HEADERS.items():
                    out[name] = value
            await send(message)

        await next_app(scope, receive, with_headers)


def check_host(host: str) -> None:
    """A page from elsewhere may give this machine a name of its own; an open server does not answer to it."""
    if not is_this_machine(host):
        raise FromElsewhere("This server is open to this machine only. Call it by localhost or 127.0.0.1.")


def is_own(headers: dict[str, str]) -> bool:
    """Whether a request that changes something was sent by a page of ours, or by no browser at all."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host", "")


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
