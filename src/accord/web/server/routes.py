"""What does the server say about itself?"""

from __future__ import annotations

import msgspec
from litestar import get
from litestar.datastructures import State
from litestar.params import FromPath
from litestar.response import Template

from accord.db.engine import Database
from accord.kit.errors import NotFound, Unavailable
from accord.promise import service as promise
from accord.web.layout import problems


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the server can promise."""

    status: str  # ok, or read_only: it answers questions and promises nothing
    detail: str  # why it is read only
    database: str  # which engine
    waiting: int  # requests at the desk
    batches: int


@get(
    "/health", opt={"operation": "server.health"}, tags=["server"], operation_id="health", sync_to_thread=True
)
def health(state: State) -> Health:
    """Whether the database answers and the desk takes requests. Needs no key."""
    db: Database = state["db"]
    with db.read() as tx:
        # Nothing but the way to the database and back.
        if tx.rows("SELECT 1") != [(1,)]:
            raise Unavailable("The database gives no sensible answer.")
    counters = promise.desk(db).counters()[0]
    why = db.why_no_writes
    return Health(
        status="ok" if why is None else "read_only",
        detail=why or "",
        database=db.dialect,
        waiting=counters.queue_depth,
        batches=counters.batches,
    )


ROUTES = [health]


@get("/problems", opt={"operation": "server.problems"}, include_in_schema=False)
async def problem_list() -> Template:
    """Every problem there is."""
    found = sorted(problems.pages().values(), key=lambda one: (one.status, one.code))
    return Template(
        template_name="problems.html", context={"problems": [msgspec.to_builtins(one) for one in found]}
    )


@get("/problems/{code:str}", opt={"operation": "server.problems"}, include_in_schema=False)
async def problem(code: FromPath[str]) -> Template:
    """What one problem means, and what to do."""
    found = problems.pages().get(code)
    if found is None:
        raise NotFound(f"There is no problem {code[:60]!r}. /problems lists them.")
    return Template(template_name="problem.html", context={"problem": msgspec.to_builtins(found)})


PAGES = [problem_list, problem]
