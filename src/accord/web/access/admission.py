"""Is this caller let in to this route?

The one place where the table of authority is held against a request: after the gate or the shell has found out who it is, before
anything of the route runs. Whose it is, is looked up by the `id` in the address, and only where the caller does not reach
everybody's. What names things in its body, or lists them, asks `request.state.doors` itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import structlog
from jinja2 import Undefined
from litestar import Litestar, Request
from litestar.enums import ScopeType
from litestar.handlers import HTTPRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from accord.db.engine import Database
from accord.kit.doors import Doors, NotYourRole
from accord.kit.errors import Denied, Unauthorized
from accord.kit.who import Who
from accord.web.access import authority, owners
from accord.web.layout.navigation import PLACES
from accord.web.layout.problems import Forbidden

_LOG = structlog.get_logger("accord.web")


class Undeclared(Exception):
    """A route names no operation of the table, so that nobody has said who may use it."""


class Admission(ASGIMiddleware):
    """What every request of a route passes, once it is known who it is."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def __deepcopy__(self, memo: dict[int, Any]) -> Admission:
        # The framework copies routers with all they hold; the database among it is one.
        return self

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        handler: Any = scope.get("route_handler")
        if scope["type"] != ScopeType.HTTP:
            await next_app(scope, receive, send)
            return
        if is_options(handler):
            await _say_methods(scope, send)
            return
        state: dict[str, Any] = scope["state"]
        who: Who | None = state.get("who")
        doors = state["doors"] = authority.doors(who)
        operations = operations_of(handler)
        if scope["path"] == "/" and not any(doors.opens(one) for one in operations):
            home = next(
                (place.href for place in PLACES if opens_to(doors, scope["litestar_app"], place.href)), ""
            )
            if home:
                await _lead(send, home)
                return
        try:
            admit(doors, operations, who)
            if who is not None and not doors.who.is_open and not who.scopes:
                await asyncio.to_thread(self._reach, doors, operations, handler, scope)
        except Denied as error:
            words = {"actor": doors.who.actor, "operation": " ".join(operations), "why": error.code}
            _LOG.warning("refused", request_id=state.get("request_id"), path=scope["path"], **words)
            raise
        await next_app(scope, receive, send)

    def _reach(self, doors: Doors, operations: tuple[str, ...], handler: Any, scope: Scope) -> None:
        """Judge whose it is, for the widest of the operations that are open. Raises: NotYours."""
        wide = max(operations, key=doors.reach)
        kind = kind_of(handler, wide)
        id = scope["path_params"].get("id")
        if not kind or id is None or doors.actors(wide) is None:
            return
        owner = owners.owner(self._db, kind, str(id))
        if owner is not None:
            doors.check(wide, owner)


def admit(doors: Doors, operations: tuple[str, ...], who: Who | None) -> None:
    """Let in who may do at least one of what the route does. Raises: Unauthorized, Forbidden, NotYourRole."""
    if any(doors.opens(one) for one in operations):
        return
    if who is None:
        raise Unauthorized("Sign in first: nobody known is asking.")
    if not who.scopes:
        doors.pass_through(operations[0])
    needed = authority.TABLE[operations[0]].scope
    if not needed:
        raise NotYourRole(
            "No key may do this: it takes a person who has signed in.",
            extra={"operation": operations[0], "rule": authority.rule(operations[0])},
        )
    raise Forbidden(f"The key {who.actor} has the scopes {', '.join(who.scopes)}; this needs {needed}.")


# --- what routes say of themselves ---


def operations_of(handler: HTTPRouteHandler) -> tuple[str, ...]:
    """The operations a route names: one, or several where its form says which."""
    named = handler.opt.get("operation", ())
    return (named,) if isinstance(named, str) else tuple(named)


def kind_of(handler: HTTPRouteHandler, operation: str) -> str:
    """What the `id` in the address names: as the row says, unless the route says that it is something else."""
    kind: str = handler.opt.get("subject", authority.TABLE[operation].kind)
    return kind


def is_public(handler: HTTPRouteHandler) -> bool:
    """Whether a route is for anybody, also without signing in."""
    return any(authority.TABLE[one].is_public for one in operations_of(handler))


def is_options(handler: HTTPRouteHandler) -> bool:
    """Whether it is the framework's own answer to OPTIONS: which methods an address takes."""
    return handler.http_methods == {"OPTIONS"} and handler.fn.__module__ == "litestar.routes.http"


def handlers(app: Litestar) -> Iterator[tuple[str, HTTPRouteHandler]]:
    """Every route of the application but the answers to OPTIONS: (address, handler)."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if not is_options(handler):
                yield route.path, handler


def check(app: Litestar) -> None:
    """Refuse an application with a route that nobody has given to anybody. Raises: Undeclared, naming each."""
    wrong = [
        f"{'/'.join(sorted(handler.http_methods))} {path} ({handler.fn.__module__}.{_name(handler)}): {words}"
        for path, handler in handlers(app)
        for words in _wrong(path, handler)
    ]
    if wrong:
        raise Undeclared(
            'Each route says which row of web/access/authority.py it is: @get("/things", opt={"operation": "promise.read"}). Where one form '
            'does several, name all: {"operation": ("promise.commit", "promise.cancel")}. Where no row fits, add one with a reason, then '
            "run scripts/reference.py.\n" + "\n".join(wrong)
        )


def opens(request: Request[Any, Any, Any] | Undefined, href: str) -> bool:
    """Whether whoever looks at this page may open another one: what is shut is not offered."""
    doors = None if isinstance(request, Undefined) else request.scope.get("state", {}).get("doors")
    if doors is None:
        return True  # nobody has been judged: a page about something that is not there
    return opens_to(doors, request.app, href)


def opens_to(doors: Doors, app: Litestar, href: str) -> bool:
    """Whether a page is open to this caller; what is no page of ours is."""
    found = _pages(app).get(urlsplit(href).path)
    return found is None or any(doors.opens(one) for one in found)


async def _say_methods(scope: Scope, send: Send) -> None:
    """Answer OPTIONS: the framework's own answer leaves out methods of routes that share an address."""
    routes: list[Any] = scope["litestar_app"].routes
    methods = {
        one for route in routes if route.path_format == scope["path_template"] for one in route.methods
    }
    headers = [(b"allow", ", ".join(sorted(methods)).encode())]
    await send({"type": "http.response.start", "status": HTTPStatus.NO_CONTENT, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _lead(send: Send, href: str) -> None:
    """Lead who may not ask to the first place that is his: everybody comes in by the front door."""
    headers = [(b"Location", href.encode()), (b"content-length", b"0"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": HTTPStatus.SEE_OTHER, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _pages(app: Litestar) -> dict[str, tuple[str, ...]]:
    """The operations of each page by its address; read once."""
    found: dict[str, tuple[str, ...]] | None = app.state.get("pages")
    if found is None:
        found = app.state["pages"] = {
            path: operations_of(handler) for path, handler in handlers(app) if "GET" in handler.http_methods
        }
    return found


def _wrong(path: str, handler: HTTPRouteHandler) -> Iterator[str]:
    operations = operations_of(handler)
    if not operations:
        yield "names no operation"
    for one in operations:
        if one not in authority.TABLE:
            yield f"there is no operation {one!r}; there are {', '.join(sorted(authority.TABLE))}"
            continue
        kind = kind_of(handler, one)
        if kind and kind not in authority.KINDS:
            yield f"there is no subject {kind!r}; there are {', '.join(authority.KINDS)}"
        if kind and "{" in path and "{id:" not in path:
            yield f'the {kind} in the address must be called id, so that it is known whose it is; or say {{"subject": ""}}'


def _name(handler: HTTPRouteHandler) -> str:
    # Routes that run in a thread are wrapped; their own name is kept inside.
    return handler.handler_name.rpartition(".")[2]
