"""Which imports were there, and how does somebody put a file in?"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

from litestar import get, post
from litestar.datastructures import State, UploadFile
from litestar.params import FromQuery
from litestar.response import Redirect, Template

from accord.connect import service
from accord.connect.model import Run, RunState
from accord.connect.pages import said
from accord.connect.pages.shown import Visitor, doors_of, onward
from accord.connect.service import walking
from accord.connect.service.working import bench
from accord.db.engine import Database
from accord.kit.days import Instant
from accord.kit.errors import AccordError, InputError, Malformed
from accord.kit.ids import new_id

ROWS = 50
_PASTED = "pasted.csv"
_PARTS_MAX = 1_000


@get("/imports", opt={"operation": "import.read"}, include_in_schema=False, sync_to_thread=True)
def imports_page(
    state: State, request: Visitor, after: FromQuery[str | None] = None, like: FromQuery[str] = ""
) -> Template:
    """The imports, the latest first, and where to drop the next file."""
    return _page(state["db"], request, after=after, like=like)


@post(
    "/imports",
    opt={"operation": "import.put"},
    include_in_schema=False,
    status_code=HTTPStatus.OK,
    request_max_body_size=service.UPLOAD_MAX + 1_048_576,
)
async def put_in(state: State, request: Visitor) -> Redirect | Template:
    """Keep what was dropped, chosen or pasted, and begin to read it."""
    db: Database = state["db"]
    try:
        form = list((await request.form()).multi_items())
    except (ValueError, KeyError):
        raise Malformed("The form did not come whole. Put the file in again.") from None
    words = {name: value for name, value in form if isinstance(value, str)}
    like = words.get("like", "")[:60] or None
    if like is not None:
        # Its answers are taken over: whoever may not give them may not take them, either.
        doors_of(request).check("import.check", (await asyncio.to_thread(service.run, db, like)).actor)
    try:
        given = await _given(form, words.get("pasted", ""), words.get("name", ""))
        id = await asyncio.to_thread(
            walking.put_in,
            db,
            given,
            source=words.get("source", "").strip()[:100] or None,
            actor=request.state.actor,
            key=words.get("key", "")[:200] or new_id("req"),
            like=like,
        )
    except AccordError as error:
        if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise
        return await asyncio.to_thread(_page, db, request, words=words, error=error)
    return await asyncio.to_thread(onward, db, id)


async def _given(form: list[tuple[str, Any]], pasted: str, name: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for _, part in form:
        if not isinstance(part, UploadFile) or not part.filename:
            continue
        # Some browsers name the folder, too.
        called = part.filename.replace("\\", "/").rpartition("/")[2]
        if called in found:
            raise InputError.at(
                "files", "two_of_one_name", f"Two files are called {called[:60]}. Put them in one by one."
            )
        found[called] = await part.read()
    if pasted.strip():
        called = name.strip().replace("/", " ")[:100]
        found[f"{called}.csv" if called else _PASTED] = pasted.encode()
    if not found:
        raise InputError.at("files", "no_file", "Nothing was put in. Choose a file, or paste a table.")
    return found


def _page(
    db: Database,
    request: Visitor,
    *,
    after: str | None = None,
    like: str = "",
    words: dict[str, str] | None = None,
    error: AccordError | None = None,
) -> Template:
    doors = doors_of(request)
    found, following = service.runs(db, after=after, limit=ROWS, actors=doors.actors("import.read"))
    with db.read() as tx:
        now = tx.now()
    given = words or {}
    corrected = service.run(db, like) if like else None
    if corrected is not None:
        doors.check("import.check", corrected.actor)
    sources = dict.fromkeys(one.source.removeprefix("files/") for one in found)
    context = {
        "rows": [row(one, now, is_worked_on=_is_worked_on(db, one)) for one in found],
        "following": f"/imports?after={following}" if following else "",
        "is_later": after is not None,
        "may_put": doors.opens("import.put"),
        "put_rule": doors.rule("import.put"),
        "read_only": db.why_no_writes or "",
        "error": error.detail if error is not None else "",
        "key": new_id("req"),
        "pasted": given.get("pasted", ""),
        "name": given.get("name", ""),
        "source": given.get("source", "") or (corrected.source.removeprefix("files/") if corrected else ""),
        "sources": [one for one in sources if one != "plain"],
        "like": corrected.id if corrected is not None else given.get("like", ""),
        "like_files": said.files(corrected) if corrected is not None else "",
        "targets": said.targets(),
        "bytes_max": service.UPLOAD_MAX,
        "megabytes_max": service.UPLOAD_MAX // 1024**2,
        "waiting": sum(one.state in (RunState.needs_you, RunState.checked) for one in found),
    }
    status = HTTPStatus.OK if error is None else HTTPStatus(error.status)
    return Template(template_name="imports.html", context=context, status_code=status)


def _is_worked_on(db: Database, run: Run) -> bool:
    if run.state is RunState.undone:
        return False
    seen = bench(db).seen(run.id)
    return seen is not None and seen.error is None


def row(run: Run, now: Instant, *, is_worked_on: bool) -> dict[str, object]:
    """One import in the list."""
    word, tone = said.STATES[run.state]
    report, problem = run.report, run.problem or {}
    did = said.did(report)
    if is_worked_on:
        word, tone = "under way", "none"
    elif run.state is RunState.undone and run.undone_at is None:
        word, did = "forgotten", "never came in"
    elif run.state is RunState.checked:
        did = f"would be: {did}"
    elif run.state is RunState.needs_you:
        groups = problem.get("problems")
        if problem.get("code") == "came_in_before":
            word, did = "came in before", ""
        elif isinstance(groups, list) and groups:
            did = f"{said.plural(len(groups), 'thing')} to repair"
        else:
            did = "cannot be read as it is" if problem else "a question is open"
    return {
        "id": run.id,
        "files": said.files(run),
        "source": run.source.removeprefix("files/"),
        "state": word,
        "tone": tone,
        "actor": run.done_by or run.actor,
        "when": said.when(run.done_at or run.begun_at, now),
        "rows": f"{sum(report.read.values()):,}" if report is not None else "",
        "did": did,
        "undo_until": said.when(run.undo_until, now),
    }


PAGES = [imports_page, put_in]
