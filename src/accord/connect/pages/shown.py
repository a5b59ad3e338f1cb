"""What do all pages of one import show: whose it is, where it stands, which step is due, who may go on?"""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.datastructures import State
from litestar.response import Redirect

from accord.connect.pages import said
from accord.connect.service.walking import Standing
from accord.connect.service.working import bench
from accord.db.engine import Database
from accord.kit.days import local_day
from accord.kit.doors import Doors

Visitor = Request[Any, Any, State]

SOON_SECONDS = 0.8  # who waits so long hardly notices it; longer work is shown
_STEPS = tuple(step for step, _ in said.STEPS)


def doors_of(request: Visitor) -> Doors:
    """What this visitor may do, and with whose things."""
    doors: Doors = request.state.doors
    return doors


def base(standing: Standing, request: Visitor, step: str) -> dict[str, Any]:
    """What every page of a run needs; `step` is the one that is shown."""
    run, doors = standing.run, doors_of(request)
    due = _STEPS.index(standing.step) if standing.step in _STEPS and standing.step != "done" else -1
    at = _STEPS.index(step)
    error = standing.working.error if standing.working is not None else None
    db: Database = request.app.state["db"]
    return {
        "id": run.id,
        "files": said.files(run),
        "names": run.setup.files,
        "source": run.source.removeprefix("files/"),
        "actor": run.actor,
        "begun": said.when(run.begun_at, standing.now),
        # One may go back to every step that has been taken, and forward as far as no question is open.
        "steps": [
            (word, f"/imports/{run.id}/{name}" if index <= due and index != at and name != "done" else "")
            for index, (name, word) in enumerate(said.STEPS)
        ],
        "step": at + 1,
        "step_name": step,
        "is_in": standing.step in ("done", "undone"),
        "is_due": standing.step == step,
        "due": standing.step,
        "error": None if error is None else str(error.get("detail", "")),
        "may_check": doors.covers("import.check", run.actor),
        "may_commit": doors.covers("import.commit", run.actor),
        "may_undo": doors.covers("import.undo", run.actor),
        "check_rule": doors.rule("import.check"),
        "commit_rule": doors.rule("import.commit"),
        "undo_rule": doors.rule("import.undo"),
        "read_only": db.why_no_writes or "",
        "today": local_day(standing.now, "UTC"),
    }


def elsewhere(standing: Standing, step: str) -> Redirect | None:
    """Where a step cannot be shown: while it is worked on, before its turn, or when it is all over."""
    if standing.step in _STEPS and standing.step != "done":
        if _STEPS.index(step) <= _STEPS.index(standing.step):
            return None
        return Redirect(f"/imports/{standing.run.id}/{standing.step}", status_code=303)
    return Redirect(f"/imports/{standing.run.id}", status_code=303)


def onward(db: Database, id: str) -> Redirect:
    """To what is due after something was said; most files are read before anybody has looked up."""
    bench(db).wait(id, SOON_SECONDS)
    return Redirect(f"/imports/{id}", status_code=303)
