"""Where does an import stand, what did it do, and how is it taken back?"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec
from litestar import get, post
from litestar.datastructures import State
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect, Response, Template

from accord.connect import service
from accord.connect.files.rejected import as_csv
from accord.connect.model import RunState
from accord.connect.pages import said
from accord.connect.pages.shown import Visitor, base, onward
from accord.connect.pages.trying import effects
from accord.connect.service import undoing, walking
from accord.connect.service.reading import Judged
from accord.connect.service.walking import Standing
from accord.connect.service.working import bench
from accord.db.engine import Database
from accord.kit.errors import AccordError

_STEPS = frozenset(["recognise", "map", "check", "try"])


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants of a run."""

    verb: str  # stop, go_on, again, dismiss, drop


@get("/imports/{id:str}", opt={"operation": "import.read"}, include_in_schema=False, sync_to_thread=True)
def run_page(id: FromPath[str], state: State, request: Visitor) -> Template | Redirect:
    """Where it stands: the step that is due, the work that is under way, or what it did."""
    db: Database = state["db"]
    standing = walking.standing(db, id)
    if standing.step in _STEPS:
        return Redirect(f"/imports/{id}/{standing.step}", status_code=303)
    context = base(standing, request, "done" if _is_ending(standing) else "check")
    if standing.step == "working" and standing.working is not None:
        return Template("import_working.html", context={**context, "working": said.working(standing.working)})
    if standing.step == "before":
        return Template("import_before.html", context={**context, **_before(db, standing)})
    if standing.step in ("stopped", "elsewhere"):
        return Template(
            "import_stopped.html", context={**context, "is_elsewhere": standing.step == "elsewhere"}
        )
    return Template("import_done.html", context={**context, **_done(db, standing, request)})


def _is_ending(standing: Standing) -> bool:
    what = standing.working.what if standing.working is not None else ""
    return standing.step in ("done", "undone") or what in ("commit", "undo")


@get("/imports/{id:str}/now", opt={"operation": "import.read"}, include_in_schema=False, sync_to_thread=True)
def now_page(id: FromPath[str], state: State, request: Visitor) -> Template | Response[str]:
    """How far it is, for the page that shows it; where it has ended, the way to what is due."""
    db: Database = state["db"]
    standing = walking.standing(db, id)
    if standing.step == "working" and standing.working is not None:
        return Template(
            "_import_working.html",
            context={"id": id, "working": said.working(standing.working), **_may(standing, request)},
        )
    return Response(
        "", status_code=HTTPStatus.OK, media_type="text/html", headers={"HX-Redirect": f"/imports/{id}"}
    )


def _may(standing: Standing, request: Visitor) -> dict[str, Any]:
    context = base(standing, request, "check")
    return {"may_check": context["may_check"]}


def _before(db: Database, standing: Standing) -> dict[str, Any]:
    problem = standing.run.problem or {}
    earlier = service.run(db, str(problem.get("import", "")))
    return {
        "earlier": earlier.id,
        "earlier_files": said.files(earlier),
        "earlier_when": said.when(earlier.done_at, standing.now),
        "earlier_who": earlier.done_by or earlier.actor,
        "would_change": problem.get("would_change", 0),
    }


def _done(db: Database, standing: Standing, request: Visitor) -> dict[str, Any]:
    run, report = standing.run, standing.run.report
    context: dict[str, Any] = {
        "state": run.state.value,
        "is_done": run.state is RunState.done,
        "brought_at": said.when(run.done_at, standing.now),
        "brought_by": run.done_by or run.actor,
        "undone": said.when(run.undone_at, standing.now),
        "undo_until": said.when(run.undo_until, standing.now),
        "has_report": report is not None and run.done_at is not None,
    }
    if report is None:
        return context
    if standing.judged is not None:
        context |= effects(db, standing.judged, request)
    return context | {
        "did": said.did(report),
        "read": f"{sum(report.read.values()):,}",
        "made": said.made(report, run.id, is_listed=standing.is_listed),
        "left_out": f"{report.rejected:,}" if report.rejected else "",
        "opened": report.opened,
        "closed": report.closed,
        "lines": f"{report.lines:,}" if report.lines else "",
        "notes": report.notes,
        "not_applied": report.ignored,
        "findings": [
            {"where": f"{one.file}{f', {one.column}' if one.column else ''}", "what": said.WHATS.get(one.what, one.what),
             "reading": "tab" if one.reading == "\t" else one.reading, "evidence": one.evidence}
            for one in report.findings
        ],
    }  # fmt: skip


@get(
    "/imports/{id:str}/rejected.csv",
    opt={"operation": "import.read"},
    include_in_schema=False,
    sync_to_thread=True,
)
def rejected_file(id: FromPath[str], state: State) -> Response[str]:
    """The rows that cannot come in or were left out, to correct and put in again; nothing in it is a formula."""
    return Response(
        as_csv(service.rejected_rows(state["db"], id)),
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="rejected_{id[:40]}.csv"'},
    )


@post(
    "/imports/{id:str}/work",
    opt={"operation": "import.check"},
    include_in_schema=False,
    status_code=HTTPStatus.OK,
    sync_to_thread=True,
)
def work(id: FromPath[str], state: State, request: Visitor, data: URLEncodedBody[Said]) -> Redirect:
    """Stop it, go on with it, bring it in anew, or forget it."""
    db: Database = state["db"]
    actor = request.state.actor
    match data.verb:
        case "stop":
            bench(db).stop(id)
        case "again":
            walking.say(db, id, {}, actor=actor, again=True)
        case "drop":
            walking.drop(db, id)
            return Redirect("/imports", status_code=303)
        case "dismiss":
            walking.dismiss(db, id)
        case _:
            walking.start(db, id, actor=actor)
    return onward(db, id)


# --- to take back --------------------------------------------------------------------------------------


@get("/imports/{id:str}/undo", opt={"operation": "import.undo"}, include_in_schema=False, sync_to_thread=True)
def undo_page(id: FromPath[str], state: State, request: Visitor) -> Template | Redirect:
    """What is taken back, and which promises that touches."""
    db: Database = state["db"]
    standing = walking.standing(db, id)
    if standing.run.state is not RunState.done:
        return Redirect(f"/imports/{id}", status_code=303)
    return _undo(db, standing, request)


@post(
    "/imports/{id:str}/undo",
    opt={"operation": "import.undo"},
    include_in_schema=False,
    status_code=HTTPStatus.OK,
    sync_to_thread=True,
)
def undo(id: FromPath[str], state: State, request: Visitor) -> Template | Redirect:
    """Take it back."""
    db: Database = state["db"]
    actor = request.state.actor
    try:
        bench(db).start(id, "undo", actor, lambda _on_progress: _taken_back(db, id, actor))
    except AccordError as error:
        if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise
        return _undo(db, walking.standing(db, id), request, notice=error.detail)
    return onward(db, id)


def _taken_back(db: Database, id: str, actor: str) -> None:
    undoing.undo(db, id, actor=actor)


def _undo(db: Database, standing: Standing, request: Visitor, *, notice: str = "") -> Template:
    seen = undoing.foresee(db, standing.run.id)
    context = {**base(standing, request, "done"), **_done(db, standing, request), "notice": notice}
    context |= {
        "why_not": seen.why_not,
        "orders_gone": seen.orders_gone,
        "lines_gone": seen.lines_gone,
    }
    if seen.effects is not None:
        judged = Judged(effects=seen.effects, at=standing.now, digest="")
        context |= effects(db, judged, request)
    status = HTTPStatus.CONFLICT if notice else HTTPStatus.OK
    return Template("import_undo.html", context=context, status_code=status)


PAGES = [run_page, now_page, rejected_file, work, undo_page, undo]
