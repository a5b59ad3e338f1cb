"""What does the server say about itself?"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, get
from litestar.datastructures import State
from litestar.params import FromPath
from litestar.response import Response, Template

from accord.db.engine import Database
from accord.kit.errors import NotFound, Unavailable
from accord.promise import service as promise
from accord.web import openapi, problems


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the server can promise."""

    status: str
    database: str  # which engine
    waiting: int  # requests at the desk
    batches: int


@get("/health", tags=["server"], operation_id="health", sync_to_thread=True)
def health(state: State) -> Health:
    """Whether the database answers and the desk takes requests. Needs no key."""
    db: Database = state["db"]
    with db.read() as tx:
        # Nothing but the way to the database and back.
        if tx.rows("SELECT 1") != [(1,)]:
            raise Unavailable("The database gives no sensible answer.")
    counters = promise.desk(db).counters()[0]
    return Health(status="ok", database=db.dialect, waiting=counters.queue_depth, batches=counters.batches)


@get("/openapi.json", include_in_schema=False)
async def description(request: Request[Any, Any, State]) -> Response[bytes]:
    """The description of this API, OpenAPI 3.1. Needs no key."""
    found = await asyncio.to_thread(openapi.of, request.app)
    return Response(
        found, status_code=HTTPStatus.OK, media_type="application/vnd.oai.openapi+json;version=3.1"
    )


ROUTES = [health, description]


@get("/problems", include_in_schema=False)
async def problem_list() -> Template:
    """Every problem there is."""
    found = sorted(problems.pages().values(), key=lambda one: (one.status, one.code))
    return Template(
        template_name="problems.html", context={"problems": [msgspec.to_builtins(one) for one in found]}
    )


@get("/problems/{code:str}", include_in_schema=False)
async def problem(code: FromPath[str]) -> Template:
    """What one problem means, and what to do."""
    found = problems.pages().get(code)
    if found is None:
        raise NotFound(f"There is no problem {code[:60]!r}. /problems lists them.")
    return Template(template_name="problem.html", context={"problem": msgspec.to_builtins(found)})


PAGES = [problem_list, problem]
