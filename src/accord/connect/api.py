"""How do systems bring in files over HTTP, step by step?"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.datastructures import State, UploadFile
from litestar.params import FromPath, HeaderParameter, JSONBody, QueryParameter
from litestar.response import Response

from accord.connect import service
from accord.connect.files.rejected import as_csv
from accord.connect.model import Effects, Report, Run, RunState, Setup, Uncovered
from accord.db.engine import Database
from accord.kit.days import instant_iso, iso
from accord.kit.doors import Doors
from accord.kit.errors import InputError, Malformed
from accord.kit.quantity import format_quantity

Key = Annotated[str, HeaderParameter(name="Idempotency-Key", min_length=1, max_length=200)]
Limit = Annotated[int, QueryParameter(ge=1, le=200, description="How many at most.")]
After = Annotated[
    str | None, QueryParameter(name="after", max_length=500, description="The `next` of the page before.")
]
Name = Annotated[
    str | None,
    QueryParameter(name="name", max_length=200, description="The file's name, where the body is the file."),
]
Source = Annotated[
    str | None,
    QueryParameter(name="source", max_length=100, description="Who sends it; how it is read is remembered."),
]
Caller = Request[Any, Any, State]
_MULTIPART = "multipart/form-data"


class ChangeOut(msgspec.Struct, frozen=True, kw_only=True):
    """How much of one kind is new, changed, or the same as what is there."""

    new: int
    changed: int
    same: int


class FindingOut(msgspec.Struct, frozen=True, kw_only=True):
    """How something of a file is read, and by what that was told."""

    file: str
    column: str
    what: str
    reading: str
    evidence: str


class NoteOut(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to know, however often it occurred; nothing to repair."""

    kind: str
    what: str
    count: int
    examples: list[str]


class ImportReport(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did, or will do once it is committed."""

    read: dict[str, int]
    made: dict[str, ChangeOut]
    findings: list[FindingOut]
    notes: list[NoteOut]
    ignored: list[str]
    vanished: list[str]
    open_lines: int
    rejected: int
    opened: int
    closed: int


class ImportOut(msgspec.Struct, frozen=True, kw_only=True):
    """One import: needs_you, staging, checked, done or undone."""

    id: str
    source: str
    state: str
    actor: str
    files: list[str]
    begun_at: str
    done_at: str | None
    undone_at: str | None
    undo_until: str | None
    report: ImportReport | None
    problem: dict[str, Any] | None  # why it cannot come in yet: questions, problems with their choices


class ImportPage(msgspec.Struct, frozen=True, kw_only=True):
    """Imports, newest first."""

    items: list[ImportOut]
    next: str | None


class CheckIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said now, on top of what was said before."""

    say: dict[str, str] = {}
    mapping: str | None = None
    full: bool | None = None
    again: bool | None = None  # bring in anew what came in before and was changed since


class UncoveredOut(msgspec.Struct, frozen=True, kw_only=True):
    """A promise that supply would no longer cover, or would cover again."""

    promise: str | None
    ref: str
    customer: str | None
    line: int
    item: str
    site: str
    quantity: str
    short: str
    unit: str
    ship_on: str
    days: int


class EffectsOut(msgspec.Struct, frozen=True, kw_only=True):
    """What an import would do to promises; judging it locks nothing."""

    sentence: str
    uncovered: list[UncoveredOut]
    covered: list[UncoveredOut]
    ignored: list[str]


class UndoneOut(msgspec.Struct, frozen=True, kw_only=True):
    """What taking an import back did."""

    id: str
    state: str
    opened: int
    closed: int


@post(
    "/imports",
    status_code=HTTPStatus.CREATED,
    opt={"operation": "import.put", "takes_files": True},
    tags=["imports"],
    operation_id="import_files",
    request_max_body_size=service.UPLOAD_MAX + 1_048_576,
)
async def put_in(
    request: Caller, key: Key, state: State, name: Name = None, source: Source = None
) -> Response[ImportOut]:
    """Put files in and check them: one as the body with its name, or several as multipart/form-data. Nothing comes in yet."""
    given = await _files(request, name)
    db: Database = state["db"]
    found, is_repeat = await asyncio.to_thread(
        service.put_files, db, given, Setup(), source=source, actor=request.state.actor, key=key
    )
    return _answered(import_out(found), is_repeat=is_repeat, status=HTTPStatus.CREATED)


async def _files(request: Caller, name: str | None) -> dict[str, bytes]:
    kind = (request.headers.get("content-type") or "").partition(";")[0].strip().lower()
    if kind != _MULTIPART:
        if not name:
            detail = "Say what the file is called: POST /v1/imports?name=orders.csv."
            raise InputError.at("name", "missing", detail)
        return {name: await request.body()}
    try:
        parts = (await request.form()).multi_items()
    except (ValueError, KeyError):
        raise Malformed(
            "The body is not multipart/form-data. Send each file as a part with a file name."
        ) from None
    found: dict[str, bytes] = {}
    for _field, part in parts:
        if not isinstance(part, UploadFile) or not part.filename:
            raise InputError.at("files", "no_file", "Each part of the body is a file with a file name.")
        if part.filename in found:
            raise InputError.at("files", "two_of_one_name", f"Two files are called {part.filename[:60]}.")
        found[part.filename] = await part.read()
    return found


@get(
    "/imports",
    opt={"operation": "import.read"},
    tags=["imports"],
    operation_id="imports",
    sync_to_thread=True,
)
def imports(state: State, request: Caller, after: After = None, limit: Limit = 50) -> ImportPage:
    """Imports, newest first."""
    doors: Doors = request.state.doors
    actors = doors.actors("import.read")
    found, following = service.runs(state["db"], after=after, limit=limit, actors=actors)
    return ImportPage(items=[import_out(one) for one in found], next=following)


@get(
    "/imports/{id:str}",
    opt={"operation": "import.read"},
    tags=["imports"],
    operation_id="import",
    sync_to_thread=True,
)
def one_import(id: FromPath[str], state: State) -> ImportOut:
    """One import with its report, or with what it needs."""
    return import_out(service.run(state["db"], id))


@get(
    "/imports/{id:str}/rejected",
    opt={"operation": "import.read"},
    tags=["imports"],
    operation_id="rejected_rows",
    sync_to_thread=True,
    media_type="text/csv",
)
def rejected(id: FromPath[str], state: State) -> Response[str]:
    """The rows that cannot come in or were skipped, as CSV with the reason; nothing in it is a formula."""
    return Response(
        as_csv(service.rejected_rows(state["db"], id)),
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="rejected_{id[:40]}.csv"'},
    )


@post(
    "/imports/{id:str}/:check",
    status_code=HTTPStatus.OK,
    opt={"operation": "import.check"},
    tags=["imports"],
    operation_id="check_import",
)
async def check(id: FromPath[str], data: JSONBody[CheckIn], state: State) -> ImportOut:
    """Read the files again with choices: how dates and numbers are read, what to create, map or skip, a mapping."""
    found = await asyncio.to_thread(
        service.check, state["db"], id, say=data.say, mapping=data.mapping, full=data.full, again=data.again
    )
    return import_out(found)


@post(
    "/imports/{id:str}/:dry_run",
    status_code=HTTPStatus.OK,
    opt={"operation": "import.check"},
    tags=["imports"],
    operation_id="dry_run_import",
)
async def dry_run(id: FromPath[str], state: State) -> EffectsOut:
    """Which promises would become uncovered, and which would be covered again; changes nothing."""
    return await asyncio.to_thread(_dry_run, state["db"], id)


def _dry_run(db: Database, id: str) -> EffectsOut:
    return effects_out(service.dry_run(db, id))


@post(
    "/imports/{id:str}/:commit",
    status_code=HTTPStatus.OK,
    opt={"operation": "import.commit"},
    tags=["imports"],
    operation_id="commit_import",
)
async def commit(id: FromPath[str], key: Key, request: Caller, state: State) -> Response[ImportOut]:
    """Let a checked import in, all of it at once; one that is done is answered again."""
    db: Database = state["db"]
    is_repeat = (await asyncio.to_thread(service.run, db, id)).state is RunState.done
    found = await asyncio.to_thread(service.commit, db, id, actor=request.state.actor)
    return _answered(import_out(found), is_repeat=is_repeat)


@post(
    "/imports/{id:str}/:undo",
    status_code=HTTPStatus.OK,
    opt={"operation": "import.undo"},
    tags=["imports"],
    operation_id="undo_import",
)
async def undo(id: FromPath[str], key: Key, request: Caller, state: State) -> Response[UndoneOut]:
    """Take an import of the last 24 hours back, unless later facts build on it: they are named in `facts`."""
    done = await asyncio.to_thread(service.undo, state["db"], id, actor=request.state.actor)
    out = UndoneOut(id=id, state=done.run.state.value, opened=done.opened, closed=done.closed)
    return _answered(out, is_repeat=not done.changed)


def _answered(body: Any, *, is_repeat: bool, status: int = HTTPStatus.OK) -> Response[Any]:
    headers = {"Idempotent-Replayed": "true"} if is_repeat else {}
    return Response(body, status_code=status, headers=headers)


# --- out -------------------------------------------------------------------------------------------


def import_out(run: Run) -> ImportOut:
    """A run in JSON."""
    return ImportOut(
        id=run.id,
        source=run.source,
        state=run.state.value,
        actor=run.actor,
        files=list(run.setup.files),
        begun_at=instant_iso(run.begun_at),
        done_at=None if run.done_at is None else instant_iso(run.done_at),
        undone_at=None if run.undone_at is None else instant_iso(run.undone_at),
        undo_until=None if run.undo_until is None else instant_iso(run.undo_until),
        report=None if run.report is None else _report_out(run.report),
        problem=run.problem,
    )


def _report_out(report: Report) -> ImportReport:
    return ImportReport(
        read=report.read,
        made={
            kind: ChangeOut(new=one.new, changed=one.changed, same=one.same)
            for kind, one in report.made.items()
        },
        findings=[
            FindingOut(file=f.file, column=f.column, what=f.what, reading=f.reading, evidence=f.evidence)
            for f in report.findings
        ],
        notes=[
            NoteOut(kind=one.kind.value, what=one.what, count=one.count, examples=list(one.examples))
            for one in report.notes
        ],
        ignored=list(report.ignored),
        vanished=list(report.vanished),
        open_lines=report.lines,
        rejected=report.rejected,
        opened=report.opened,
        closed=report.closed,
    )


def effects_out(effects: Effects) -> EffectsOut:
    """Effects in JSON, quantities in the items' units."""

    def told(one: Uncovered) -> UncoveredOut:
        return UncoveredOut(
            promise=one.promise or None,
            ref=one.ref,
            customer=one.customer,
            line=one.line,
            item=one.item,
            site=one.site,
            quantity=format_quantity(one.quantity, one.scale),
            short=format_quantity(one.short, one.scale),
            unit=one.unit,
            ship_on=iso(one.ship_on),
            days=one.days,
        )

    return EffectsOut(
        sentence=effects.sentence,
        uncovered=[told(one) for one in effects.uncovered],
        covered=[told(one) for one in effects.covered],
        ignored=list(effects.ignored),
    )


ROUTES = [put_in, imports, one_import, rejected, check, dry_run, commit, undo]
