"""How does one practise on the same server, and nothing crosses?

Practice is the same application over a second database (`db/practice.py`). A browser carries which of the two it is in, in a
cookie, and every request of it goes there: pages, forms, the API. People are let in by the live database alone, and what is about
themselves, signing in and out, is always live.

A page may be older than the switch: it stays open in a second tab. So every form says in which of the two it was drawn, and is
refused in the other; a practice order does not become a live one because somebody switched meanwhile, nor the other way round.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import structlog
from jinja2.ext import Extension
from litestar import Request, post
from litestar.params import URLEncodedBody
from litestar.response import Redirect

from accord.db import practice as databases
from accord.db.engine import Database
from accord.db.tx import wall_clock
from accord.kit.days import Instant
from accord.kit.errors import Conflict, InputError, Unavailable
from accord.ledger.said import age
from accord.web.people import cookies, sessions

if TYPE_CHECKING:
    from accord.web.server.app import Accord

_LOG = structlog.get_logger("accord.web")

LIVE, PRACTICE = "live", "practice"
_WORLD = "world"  # the word in the address of a form that says where it was drawn
# About the person, not about the company: these are of the live database whatever one is in.
_ALWAYS_LIVE = re.compile(
    r"/(practice|demo|sign-in|sign-out|invite|kept|demo|account|people|teams|keys|static|v1/health)(/|$)"
)
_WAIT_SECONDS = 5  # for what is under way in the old copy when a new one takes its place


class OtherWorld(Conflict):
    """A form was drawn in practice and sent in live, or the other way round."""

    code = "other_world"
    title = "You have switched between practice and live"


class NoPractice(Unavailable):
    """This server has no practice database."""

    code = "no_practice"
    title = "There is no practice here"


class Practice:
    """The second application of a server, made when somebody first practises."""

    def __init__(
        self,
        live: Database,
        url: str,
        build: Callable[[Database, Practice], Accord],
        *,
        is_open: bool = False,
    ) -> None:
        self.url = url
        self._is_open = is_open
        self._live = live
        self._build = build
        self._lock = asyncio.Lock()
        self._running: _Running | None = None

    async def is_for(self, scope: Any) -> bool:
        """Whether a request is for practice; of a stranger only when it is there already.

        Anybody can send a cookie, and the first copy takes as long and as much room as the database.
        """
        if world_of(scope) != PRACTICE:
            return False
        if self._running is not None or self._is_open:
            return True
        sent = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        return await asyncio.to_thread(self._may_begin, cookies.token(scope, sent))

    def _may_begin(self, token: str) -> bool:
        with suppress(databases.NotForPractice):  # which is said where it is opened, to who is signed in
            if databases.is_there(self.url):
                return True
        session = sessions.find(self._live, token) if token else None
        return session is not None and session.is_open

    async def app(self) -> Accord:
        """The application over the practice database, which is made from live when it is not there.

        Raises: NotForPractice.
        """
        running = self._running
        if running is not None and await running.is_current():
            return running.app
        async with self._lock:
            if self._running is None or not await self._running.is_current():
                await self._start()
            assert self._running is not None
            return self._running.app

    async def refresh(self) -> None:
        """Make it anew from live, as live is now. Raises: NotForPractice."""
        async with self._lock:
            await self._end()
            await asyncio.to_thread(databases.make, self._live, self.url)
            await self._start()

    async def end(self) -> None:
        """The server ends."""
        async with self._lock:
            await self._end()

    @property
    def age(self) -> str:
        """How long ago the copy was taken, in words; "" while there is none."""
        made_at = None if self._running is None else self._running.made_at
        return "" if made_at is None else age(made_at, wall_clock())

    async def _start(self) -> None:
        await self._end()
        if not await asyncio.to_thread(databases.is_there, self.url):
            await asyncio.to_thread(databases.make, self._live, self.url)
        db = await asyncio.to_thread(databases.open_practice, self.url)
        self._running = await _Running.started(db, self._build(db, self))

    async def _end(self) -> None:
        if self._running is not None:
            running, self._running = self._running, None
            await running.end()


class _Running:
    """One copy and the application over it.

    Its life begins and ends in a task of its own: what the framework opens in one task it must close in the same.
    """

    def __init__(self, db: Database, app: Accord, made_at: Instant | None) -> None:
        self.app = app
        self.made_at = made_at
        self._db = db
        self._ends = asyncio.Event()
        self._began = asyncio.Event()
        self._task = asyncio.create_task(self._live())

    @classmethod
    async def started(cls, db: Database, app: Accord) -> _Running:
        running = cls(db, app, await asyncio.to_thread(_made_at, db))
        began = asyncio.create_task(running._began.wait())
        await asyncio.wait({began, running._task}, return_when=asyncio.FIRST_COMPLETED)
        began.cancel()
        if running._task.done():
            running._task.result()
        return running

    async def is_current(self) -> bool:
        """Whether it is still the copy that is there: another process may have made a newer one."""
        if self._db.path is not None:
            return True  # a file has one server
        try:
            return await asyncio.to_thread(_made_at, self._db) == self.made_at
        except Exception as error:  # noqa: BLE001 - its tables are just being made anew
            _LOG.info("practice_changed", error=str(error))
            return False

    async def end(self) -> None:
        self._ends.set()
        await self._task

    async def _live(self) -> None:
        try:
            async with self.app.lifespan():
                self._began.set()
                await self._ends.wait()
                self.app.state["pulse"].end()
                for _ in range(_WAIT_SECONDS * 20):
                    if not self.app.under_way:
                        break
                    await asyncio.sleep(0.05)
        finally:
            await asyncio.to_thread(self._db.close)


def _made_at(db: Database) -> Instant | None:
    with db.read() as tx:
        return databases.made_at(tx)


# --- which of the two a request is for ---


def world_of(scope: Any) -> str:
    """Which of the two a request is for."""
    return PRACTICE if chosen_world(scope) == PRACTICE and not _ALWAYS_LIVE.match(scope["path"]) else LIVE


def check_world(scope: Any, world: str) -> None:
    """Refuse a form that was drawn in the other one. Raises: OtherWorld."""
    if scope["method"] in ("GET", "HEAD", "OPTIONS") or _ALWAYS_LIVE.match(scope["path"]):
        return
    drawn = parse_qs(scope["query_string"].decode("latin-1")).get(_WORLD, [world])[-1]
    if drawn != world:
        raise OtherWorld(
            f"This form was opened in {drawn[:10]}, and this browser is in {world} now. Nothing was changed. "
            "Switch back, or open the page anew."
        )


def chosen_world(scope: Any) -> str:
    """Which of the two a browser is in. Programs send no cookies: they are always live."""
    sent = [value.decode("latin-1") for name, value in scope["headers"] if name == b"cookie"]
    if not sent:
        return LIVE
    host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
    return PRACTICE if cookies.value("; ".join(sent), cookie_name(scope, host)) == PRACTICE else LIVE


def cookie_name(scope: Any, host: str) -> str:
    """What the cookie is called on this server: beside that of the session."""
    return f"{cookies.name(scope, host)}_world"


def cookie(scope: Any, host: str, world: str) -> str:
    """The header that puts a browser into one of the two, until it is closed."""
    ends = "" if world == PRACTICE else "; Max-Age=0"
    secure = "; Secure" if scope["scheme"] == "https" else ""
    return f"{cookie_name(scope, host)}={world}; Path=/; HttpOnly; SameSite=Lax{ends}{secure}"


class SaysWorld(Extension):
    """Lets every form of every template that changes something say where it was drawn."""

    _FORM = re.compile(r"<form\b[^>]*>")
    _ACTION = re.compile(r'(\b(?:action|hx-post)="[^"]*?)(\?[^"]*)?"')

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """Add it to the address of each form that is posted."""
        # A form that was kept over a new sign-in goes where the browser is: its page is about the person.
        return source if name == "kept.html" else self._FORM.sub(self._said, source)

    def _said(self, found: re.Match[str]) -> str:
        form = found[0]
        if 'method="post"' not in form:
            return form
        return self._ACTION.sub(
            lambda action: f'{action[1]}{action[2] + "&" if action[2] else "?"}{_WORLD}={{{{ {_WORLD} }}}}"',
            form,
        )


class Switch(msgspec.Struct, frozen=True, kw_only=True):
    """Where somebody wants to be."""

    verb: str  # enter, leave, refresh


@post("/practice", opt={"operation": "practice.switch"}, include_in_schema=False, status_code=HTTPStatus.OK)
async def switch(request: Request[Any, Any, Any], data: URLEncodedBody[Switch]) -> Redirect:
    """Go to practice, or back to live; or make practice anew from live."""
    practice: Practice | None = request.app.state["practice"]
    if practice is None:
        raise NoPractice("This server has no practice database. Name one with: accord serve --practice URL")
    if data.verb == "refresh":
        await practice.refresh()
    elif data.verb == "enter":
        await practice.app()
    elif data.verb != "leave":
        raise InputError.at("verb", "unknown_verb", "Practice is entered, left or refreshed.")
    world = LIVE if data.verb == "leave" else PRACTICE
    host = request.headers.get("host", "")
    # The page one came from is there in the other one, too, or says that it is not.
    before = urlsplit(request.headers.get("referer", ""))
    back = before.path if before.netloc == host and not before.path.startswith("//") else "/"
    return Redirect(back or "/", status_code=303, headers={"Set-Cookie": cookie(request.scope, host, world)})


PAGES = [switch]
