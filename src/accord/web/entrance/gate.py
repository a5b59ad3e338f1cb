"""Who comes in, and with which rights?

Before a route of the API runs: the request gets an id, the caller is known by its key, or by the session of the page
that asks (or is anybody, on a server that was opened to this machine), and has tokens left. A body must say that it is
JSON. Cookies go along with whatever page makes a browser ask, so what they come with must be of a page of ours. What the
caller may do is judged after this, by the admission.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import threading
import time
from typing import Any, cast

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from accord.db.engine import Database
from accord.kit.errors import TooMany, Unauthorized
from accord.kit.who import ANYBODY, Who
from accord.web.access import admission
from accord.web.access.admission import is_options
from accord.web.access.limits import RateLimit
from accord.web.entrance.shell import FromElsewhere, check_host, is_own
from accord.web.layout.problems import NotJson
from accord.web.people import cookies, keys, sessions
from accord.web.people.keys import Key

_KEPT_SECONDS = 2  # for so long a revoked key may still come in through a process that has just seen it
_KEPT_MAX = 10_000


_PROCESS = secrets.token_hex(
    8
)  # drawn once: a draw for every request lets go of the interpreter, and waits to get it back
_NUMBERS = itertools.count(1)


def new_request_id() -> str:
    """What this request is called in logs and problems; no secret, and no two alike."""
    return f"req_{_PROCESS}{next(_NUMBERS):08x}"


class Known:
    """The keys this process has seen lately, so that not every request reads the database."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, Key | None]] = {}  # hash of the secret -> (when read, key)
        self._reading: dict[str, asyncio.Task[Key | None]] = {}  # one read for all who wait for it

    async def key(self, secret: str) -> Key | None:
        """The key of a secret, good or not."""
        name = keys.hashed(secret)
        kept = self._kept.get(name)
        if kept is not None and time.monotonic() - kept[0] < _KEPT_SECONDS:
            return kept[1]
        reading = self._reading.get(name)
        if reading is None or reading.get_loop() is not asyncio.get_running_loop():
            reading = self._reading[name] = asyncio.create_task(self._read(name, secret))
        return await asyncio.shield(reading)

    async def _read(self, name: str, secret: str) -> Key | None:
        try:
            found = await asyncio.to_thread(keys.of_secret, self._db, secret)
        finally:
            self._reading.pop(name, None)
        with self._lock:
            if len(self._kept) >= _KEPT_MAX:
                self._kept.clear()
            self._kept[name] = (time.monotonic(), found)
        return found


class Gate(ASGIMiddleware):
    """What every request of the API passes."""

    def __init__(self, db: Database, limit: RateLimit, *, is_open: bool) -> None:
        self._db = db
        self._known = Known(db)
        self._limit = limit
        self._is_open = is_open

    def __deepcopy__(self, memo: dict[int, Any]) -> Gate:
        # The framework copies routers with all they hold; there is one gate, and one count of each caller's tokens.
        return self

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        if scope["type"] != ScopeType.HTTP:
            await next_app(scope, receive, send)
            return
        state: dict[str, Any] = scope["state"]
        headers: dict[bytes, bytes] = dict(scope["headers"])
        state["request_id"] = new_request_id()
        state["headers"] = {"X-Request-Id": state["request_id"], "Cache-Control": "no-store"}
        handler: Any = scope["route_handler"]
        is_public = is_options(handler) or admission.is_public(handler)
        who, key = (None, None) if is_public else await self._caller(scope, headers)
        state["who"], state["actor"] = who, who.actor if who is not None else ANYBODY
        allowed = self._limit.take(key.id if key is not None else state["actor"])

        added = {"X-Request-Id": state["request_id"], "Cache-Control": "no-store"}
        if allowed.limit:
            added["RateLimit-Policy"] = f'"key";q={allowed.limit};w=1'
            added["RateLimit"] = f'"key";r={allowed.remaining};t={allowed.retry_after_seconds or 1}'
        state["headers"] = added  # what is refused here is answered outside of `with_headers`

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = [(name.lower().encode(), value.encode()) for name, value in added.items()]
                names = [name for name, _ in own]
                # What a problem has brought along itself is replaced.
                message["headers"] = [*(one for one in message["headers"] if one[0] not in names), *own]
            await send(message)

        if allowed.retry_after_seconds:
            detail = f"This key may ask {allowed.limit} times a second. Try again in {allowed.retry_after_seconds} s."
            raise TooMany(detail, retry_after_seconds=allowed.retry_after_seconds)
        takes_files = handler.opt.get("takes_files", False)
        is_change = scope["method"] in ("POST", "PUT", "PATCH")
        if is_change and not takes_files and _has_body(headers) and not _is_json(headers):
            raise NotJson("The body is not said to be JSON. Send Content-Type: application/json.")
        await next_app(scope, receive, with_headers)

    async def _caller(self, scope: Scope, headers: dict[bytes, bytes]) -> tuple[Who, Key | None]:
        given = headers.get(b"authorization", b"").decode("latin-1")
        scheme, _, secret = given.partition(" ")
        if not given:
            if self._is_open:
                check_host(headers.get(b"host", b"").decode("latin-1"))
            if b"cookie" in headers and (who := await self._signed_in(scope, headers)) is not None:
                return who, None
            if self._is_open:
                return Who(actor=ANYBODY, is_open=True), None
            raise Unauthorized("Send a key: Authorization: Bearer KEY. Keys are made with accord key add.")
        if scheme.lower() != "bearer" or not secret.strip():
            raise Unauthorized("The header Authorization is not of the form: Bearer KEY.")
        key = await self._known.key(secret.strip())
        if key is None:
            raise Unauthorized("This key is not known. Check that it was copied whole.")
        if key.state != "good":
            raise Unauthorized(f"The key {key.name} is {key.state}. Make a new one with accord key add.")
        return Who(actor=key.name, scopes=key.scopes), key

    async def _signed_in(self, scope: Scope, raw: dict[bytes, bytes]) -> Who | None:
        """Whose page asks; None when nobody is signed in there."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in raw.items()}
        is_change = cast("HTTPScope", scope)["method"] not in ("GET", "HEAD", "OPTIONS")
        if (is_change and not is_own(headers)) or headers.get("sec-fetch-site") == "cross-site":
            raise FromElsewhere(
                "This was not sent by a page of this server. Open the page anew and try again."
            )
        token = cookies.token(scope, headers)
        session = await asyncio.to_thread(sessions.find, self._db, token) if token else None
        return session.who if session is not None and session.is_open else None


def _has_body(headers: dict[bytes, bytes]) -> bool:
    return headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers


def _is_json(headers: dict[bytes, bytes]) -> bool:
    kind = headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))
