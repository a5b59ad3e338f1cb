"""How do the parts' routes and pages become one application?

The parts bring their routes; this puts them together with what all of them share: the gate, the problems, the headers
that keep a browser from doing what no page of ours asks for. It holds no rule.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from litestar import Litestar, Router
from litestar.config.compression import CompressionConfig
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.template import TemplateConfig
from litestar.types import Receive, Scope, Send

from accord.connect.api import ROUTES as IMPORT_ROUTES
from accord.connect.pages.routes import PAGES as IMPORT_PAGES
from accord.connect.service.working import close as close_imports
from accord.db import doctor
from accord.db.engine import Database, open_database
from accord.db.practice import beside
from accord.exceptions.api.routes import ROUTES as EXCEPTION_ROUTES
from accord.kit.errands import close_errands
from accord.kit.errors import AccordError, Unavailable, as_problem
from accord.ledger.api import ROUTES as LEDGER_ROUTES
from accord.ledger.pages.routes import PAGES as SUPPLY_PAGES
from accord.policy.api import ROUTES as POLICY_ROUTES
from accord.policy.pages.routes import PAGES as RIGHTS_PAGES
from accord.promise import service as promise
from accord.promise.api.approvals import ROUTES as APPROVAL_ROUTES
from accord.promise.api.catalogue import Catalogues
from accord.promise.api.quotes import ROUTES as QUOTE_ROUTES
from accord.promise.api.routes import ROUTES as PROMISE_ROUTES
from accord.promise.pages.approvals import PAGES as APPROVAL_PAGES
from accord.promise.pages.rights_tried import PAGES as TRIED_PAGES
from accord.promise.pages.routes import PAGES as PROMISE_PAGES
from accord.web.access import authority
from accord.web.access.admission import Admission, check, opens
from accord.web.access.limits import RateLimit
from accord.web.entrance.extras import Extras
from accord.web.entrance.gate import Gate, new_request_id
from accord.web.entrance.practice import LIVE, PRACTICE, Practice, SaysWorld, cookie
from accord.web.entrance.practice import PAGES as PRACTICE_PAGES
from accord.web.entrance.shell import Shell
from accord.web.layout.assets import assets, static
from accord.web.layout.compiled import COMPILED
from accord.web.layout.design import PAGES as DESIGN_PAGES
from accord.web.layout.navigation import PLACES
from accord.web.layout.problems import BODY_BYTES_MAX, PROBLEM_JSON, response_of
from accord.web.notices.live import Pulse
from accord.web.notices.pages import PAGES as NOTICE_PAGES
from accord.web.pages.finding import Finder
from accord.web.pages.routes import PAGES as SERVER_PAGES
from accord.web.pages.sources import Ages
from accord.web.people import oidc
from accord.web.server import logs, openapi
from accord.web.server.interpreter import collect_seldom, take_turns
from accord.web.server.jobs import JOBS, PRACTICE_JOBS, Job, Runner
from accord.web.server.routes import PAGES as PROBLEM_PAGES
from accord.web.server.routes import ROUTES as OWN_ROUTES

RATE = 1_000  # requests a second of one key

_PARTS = Path(__file__).parents[2]
_HEALTH = "/v1/health"  # whoever watches over the server must get an answer


IN_FLIGHT_MAX = 4_096  # requests of the API that a process works on at once; beyond it 503 with Retry-After


class Accord(Litestar):
    """The application; addresses may end in a verb, `/v1/promises:ask`, which the router knows as `/v1/promises/:ask`.

    Who comes while it has too much to do is sent away before anything is looked at: under load, reading a request and finding
    out who sent it is what there is no time for.
    """

    _in_flight = 0
    under_way = 0  # requests of any kind
    world = LIVE
    practice: Practice | None = None  # the same application over another database

    async def __call__(self, scope: Scope | Any, receive: Receive | Any, send: Send | Any) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        if self.practice is not None and self.world == LIVE and await self.practice.is_for(scope):
            try:
                app = await self.practice.app()
            except AccordError as error:
                await send_problem(error, scope, send, {"set-cookie": cookie(scope, _host(scope), LIVE)})
                return
            await app(scope, receive, send)
            return
        self.under_way += 1
        try:
            await self._answer(scope, receive, send)
        finally:
            self.under_way -= 1

    async def _answer(self, scope: Scope | Any, receive: Receive | Any, send: Send | Any) -> None:
        if not scope["path"].startswith("/v1/") or scope["path"] == _HEALTH:
            await super().__call__(scope, receive, send)
            return
        if self._in_flight >= IN_FLIGHT_MAX:
            await send_away(scope, send)
            return
        scope["path"] = routed_path(scope["path"])
        self._in_flight += 1
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._in_flight -= 1


async def send_away(scope: Scope | Any, send: Any) -> None:
    """Say that there is too much to do and when to come back, in as few steps as can be."""
    full = Unavailable("There are more requests than can be answered now. Try again in a second.")
    await send_problem(full, scope, send, {"retry-after": str(full.retry_after_seconds)})


async def send_problem(error: AccordError, scope: Scope | Any, send: Any, more: dict[str, str]) -> None:
    """Say what is wrong without the framework."""
    id = new_request_id()
    body = msgspec.json.encode(as_problem(error, request_id=id, instance=scope["path"]))
    headers = {
        "content-type": PROBLEM_JSON,
        "content-length": str(len(body)),
        "x-request-id": id,
        "cache-control": "no-store",
        **more,
    }
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": error.status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


def _host(scope: Scope | Any) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")


def routed_path(path: str) -> str:
    """The address as the router knows it: the verb at its end is a part of its own."""
    head, colon, verb = path.rpartition(":")
    if not colon or not head.startswith("/v1/") or "/" in verb or head.endswith("/"):
        return path
    return f"{head}/:{verb}"


def create_app(
    db_url: str,
    *,
    is_open: bool = False,
    rate: int = RATE,
    closes: bool = True,
    found: Sequence[doctor.Check] | None = None,
    practice_url: str | None = None,
    extras: Extras | None = None,
) -> Accord:
    """The application on a database that is up to date, with what runs by itself; `found`: what its check found.

    `is_open`: without a key anybody may ask and promise. A database that fails the check is only read: nothing is
    promised on a guess. `practice_url`: the second database; a file has one beside it when none is named.
    """
    db = open_database(db_url, create=False)
    why = doctor.why_read_only(doctor.check(db) if found is None else found)
    if why is not None:
        db.forbid_writes(why)
    if practice_url is None and db.path is not None:
        practice_url = f"sqlite:///{beside(db.path)}"
    return on(
        db,
        is_open=is_open,
        rate=rate,
        closes=closes,
        runs_jobs=why is None,
        practice_url=practice_url,
        extras=extras,
        provider=None if is_open else oidc.provider(),
    )


def on(
    db: Database,
    *,
    is_open: bool = False,
    rate: int = RATE,
    closes: bool = False,
    runs_jobs: bool = False,
    practice_url: str | None = None,
    extras: Extras | None = None,
    provider: oidc.Provider | None = None,
) -> Accord:
    """The application on a database that is open already."""

    def practising(copy: Database, practice: Practice) -> Accord:
        return _over(
            copy,
            people=db,
            is_open=is_open,
            rate=rate,
            jobs=PRACTICE_JOBS,
            world=PRACTICE,
            practice=practice,
            extras=extras,
            provider=provider,
        )

    practice = Practice(db, practice_url, practising, is_open=is_open) if practice_url is not None else None
    jobs = JOBS if runs_jobs else ()
    return _over(
        db,
        people=db,
        is_open=is_open,
        rate=rate,
        jobs=jobs,
        closes=closes,
        practice=practice,
        extras=extras,
        provider=provider,
    )


def _over(
    db: Database,
    *,
    people: Database,
    is_open: bool,
    rate: int,
    jobs: Sequence[Job],
    practice: Practice | None,
    extras: Extras | None = None,
    provider: oidc.Provider | None = None,
    closes: bool = False,
    world: str = LIVE,
) -> Accord:
    """The application over one database; people and keys are known by another, which may be the same."""
    pulse = Pulse(db)

    @asynccontextmanager
    async def life(app: Litestar) -> AsyncIterator[None]:
        runner = Runner(db, jobs) if jobs else None
        if runner is not None:
            runner.start()
        try:
            yield
        finally:
            pulse.end()
            if practice is not None and world == LIVE:
                await practice.end()
            if runner is not None:
                await asyncio.to_thread(runner.stop)
            # What is queued at the desk is answered before the database goes.
            promise.desk(db).close()
            await asyncio.to_thread(close_errands, db)
            await asyncio.to_thread(close_imports, db)
            if closes:
                db.close()

    admission = Admission(db)
    api = Router(
        path="/v1",
        route_handlers=[
            *PROMISE_ROUTES,
            *QUOTE_ROUTES,
            *APPROVAL_ROUTES,
            *LEDGER_ROUTES,
            *POLICY_ROUTES,
            *EXCEPTION_ROUTES,
            *IMPORT_ROUTES,
            *OWN_ROUTES,
        ],
        middleware=[Gate(people, RateLimit(rate), is_open=is_open), admission],
    )
    app = Accord(
        route_handlers=[
            api,
            Router(
                path="/",
                route_handlers=[
                    *PROMISE_PAGES,
                    *APPROVAL_PAGES,
                    *SUPPLY_PAGES,
                    *RIGHTS_PAGES,
                    *TRIED_PAGES,
                    *IMPORT_PAGES,
                    *PROBLEM_PAGES,
                    *DESIGN_PAGES,
                    *SERVER_PAGES,
                    *(extras.pages if extras is not None else ()),
                    *NOTICE_PAGES,
                    *PRACTICE_PAGES,
                ],
                middleware=[Shell(people, is_open=is_open, world=world, extras=extras), admission],
            ),
            Router(path="/static", route_handlers=[static]),
        ],
        state=State(
            {
                "db": db,
                "catalogues": Catalogues(db),
                "is_open": is_open,
                "provider": provider,
                "pulse": pulse,
                "practice": practice,
                "finder": Finder(db),
            }
        ),
        exception_handlers={HTTPException: response_of, Exception: response_of},
        lifespan=[life],
        request_max_body_size=BODY_BYTES_MAX,
        template_config=TemplateConfig(
            directory=[*sorted(_PARTS.glob("*/templates"))],
            engine=JinjaTemplateEngine,
            engine_callback=partial(_with_globals, world=world, practice=practice, ages=Ages(db)),
        ),
        compression_config=CompressionConfig(
            backend="gzip", minimum_size=1_000, exclude=["^/v1/promises", "^/static/", "^/notifications/live"]
        ),
        openapi_config=OpenAPIConfig(
            title=openapi.TITLE,
            version=openapi.VERSION,
            render_plugins=[openapi.Description()],
            use_handler_docstrings=True,
            openapi_router=Router(
                include_in_schema=False,
                path=openapi.PATH,
                route_handlers=[],
                opt={"operation": "server.description"},
            ),
        ),
        logging_config=None,
        debug=False,
    )
    check(app)
    app.world, app.practice = world, practice
    return app


def _with_globals(engine: JinjaTemplateEngine, *, world: str, practice: Practice | None, ages: Ages) -> None:
    """What every template may name."""
    engine.engine.add_extension(SaysWorld)
    engine.engine.bytecode_cache = COMPILED
    engine.engine.globals.update(world=world, practice=practice, ages=ages)
    engine.engine.globals.update(
        places=PLACES,
        opens=opens,
        who_may=authority.who_may,
        does=authority.does,
        asset=assets().address,
        modules=assets().modules,
    )
    engine.engine.filters["initials"] = initials


def initials(name: str) -> str:
    """Two letters for a name."""
    words = name.split()
    return "".join(word[0] for word in [*words[:1], *words[1:][-1:]]).upper()


def factory() -> Accord:
    """The application as its surroundings describe it: for servers that start several processes."""
    logs.set_up()
    take_turns()
    app = create_app(
        os.environ["ACCORD_DB"],
        is_open=os.environ.get("ACCORD_SERVE_OPEN") == "1",
        rate=int(os.environ.get("ACCORD_SERVE_RATE", RATE)),
        practice_url=os.environ.get("ACCORD_SERVE_PRACTICE") or None,
    )
    collect_seldom()
    return app
