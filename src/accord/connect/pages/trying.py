"""What would an import do, to which promises; and how is it let in?"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.datastructures import State
from litestar.params import FromPath, QueryParameter, URLEncodedBody
from litestar.response import Redirect, Template

from accord.connect.listing import WHICH
from accord.connect.model import Uncovered
from accord.connect.pages import said
from accord.connect.pages.shown import Visitor, base, doors_of, elsewhere, onward
from accord.connect.service import bringing, letting, walking
from accord.connect.service.reading import PAGE_ROWS, Judged
from accord.connect.service.walking import Standing
from accord.db.engine import Database
from accord.kit.days import local_day
from accord.kit.errors import Conflict, NotFound
from accord.ledger.said import age
from accord.policy import service as policy

_SHOWN = 100  # promises on the page
_OLD_MICROSECONDS = 5 * 60_000_000  # judged so long ago, promises may have been made since
_LEFT_OUT = "left-out"

Which = Annotated[str, QueryParameter(name="which", max_length=20)]
Kind = Annotated[str, QueryParameter(name="of", max_length=60)]
Choice = Annotated[str, QueryParameter(name="choice", max_length=2_000)]
Page = Annotated[int, QueryParameter(name="page", ge=0, le=100_000)]


class LetIn(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody saw, and says yes to."""

    seen: str  # the digest of the effects


class Full(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the files are all that their source has."""

    full: str = ""


@get("/imports/{id:str}/try", opt={"operation": "import.read"}, include_in_schema=False, sync_to_thread=True)
def try_page(id: FromPath[str], state: State, request: Visitor) -> Template | Redirect:
    """What it would create and change, and which promises it would uncover."""
    standing = walking.standing(state["db"], id)
    return elsewhere(standing, "try") or _try(state["db"], standing, request)


@post(
    "/imports/{id:str}/commit",
    opt={"operation": "import.commit"},
    include_in_schema=False,
    status_code=HTTPStatus.OK,
    sync_to_thread=True,
)
def commit(
    id: FromPath[str], state: State, request: Visitor, data: URLEncodedBody[LetIn]
) -> Template | Redirect:
    """Let it in, if it still does what was seen."""
    db: Database = state["db"]
    try:
        letting.begin(db, id, seen=data.seen, actor=request.state.actor)
    except Conflict as error:
        standing = walking.standing(db, id)
        return elsewhere(standing, "try") or _try(db, standing, request, notice=error.detail)
    return onward(db, id)


@post(
    "/imports/{id:str}/judge",
    opt={"operation": "import.check"},
    include_in_schema=False,
    status_code=HTTPStatus.OK,
    sync_to_thread=True,
)
def judge(id: FromPath[str], state: State, request: Visitor) -> Redirect:
    """Judge it on what is there now; it is read again where names may have changed."""
    db: Database = state["db"]
    walking.start(db, id, actor=request.state.actor)
    return onward(db, id)


@post(
    "/imports/{id:str}/full",
    opt={"operation": "import.check"},
    include_in_schema=False,
    status_code=HTTPStatus.OK,
    sync_to_thread=True,
)
def full(id: FromPath[str], state: State, request: Visitor, data: URLEncodedBody[Full]) -> Redirect:
    """Say whether these files are all that the source has."""
    db: Database = state["db"]
    walking.say(db, id, {}, actor=request.state.actor, full=bool(data.full))
    return onward(db, id)


def _try(db: Database, standing: Standing, request: Visitor, *, notice: str = "") -> Template:
    run, report, judged = standing.run, standing.run.report, standing.judged
    if report is None or judged is None:
        raise NotFound(f"{run.id} was not tried. Read it again.")
    new, changed, same = (sum(getattr(one, which) for one in report.made.values()) for which in WHICH)
    with db.read() as tx:
        is_other = bringing.basis(db) != letting.basis_of(tx, run.id)
    context = {
        **base(standing, request, "try"),
        "notice": notice,
        "new": f"{new:,}" if new else "",
        "changed": f"{changed:,}" if changed else "",
        "same": f"{same:,}" if same else "",
        "left_out": f"{report.rejected:,}" if report.rejected else "",
        "is_nothing": not new and not changed,
        "made": said.made(report, run.id, is_listed=standing.is_listed),
        "read": f"{sum(report.read.values()):,}",
        "notes": report.notes,
        "tallies": list(report.tallies.items()),
        "lines": f"{report.lines:,}" if report.lines else "",
        "vanished": report.vanished,
        "is_full": run.setup.full,
        "is_old": is_other or standing.now - judged.at > _OLD_MICROSECONDS,
        "is_other": is_other,
        "judged": age(judged.at, standing.now),
        "seen": judged.digest,
        **effects(db, judged, request),
    }
    return Template(
        template_name="import_try.html",
        context=context,
        status_code=HTTPStatus.CONFLICT if notice else HTTPStatus.OK,
    )


def effects(db: Database, judged: Judged, request: Visitor) -> dict[str, Any]:
    """The promises that are touched, as rows with links."""
    doors = doors_of(request)
    with db.read() as tx:
        book, now = policy.book(tx), tx.now()
    today, found = local_day(now, "UTC"), judged.effects

    # Who looks may not read every promise that is touched; how many there are is said all the same.
    def readable(of: Sequence[Uncovered]) -> list[Uncovered]:
        return [one for one in of if not one.promise or doors.covers("promise.read", one.owner)]

    uncovered, covered = readable(found.uncovered), readable(found.covered)
    return {
        "sentence": found.sentence,
        "uncovered": [said.uncovered(one, book, today) for one in uncovered[:_SHOWN]],
        "covered": [said.uncovered(one, book, today) for one in covered[:_SHOWN]],
        "uncovered_count": len(found.uncovered),
        "covered_count": len(found.covered),
        "ignored": found.ignored,
        "uncovered_hidden": len(found.uncovered) - len(uncovered),
        "covered_hidden": len(found.covered) - len(covered),
    }


# --- the rows behind a number --------------------------------------------------------------------------


@get("/imports/{id:str}/rows", opt={"operation": "import.read"}, include_in_schema=False, sync_to_thread=True)
def rows_page(
    id: FromPath[str],
    state: State,
    request: Visitor,
    of: Kind,
    which: Which = "",
    choice: Choice = "",
    page: Page = 0,
) -> Template:
    """The list that a number adds up to: what is made, changed, the same, or left out."""
    db: Database = state["db"]
    standing = walking.standing(db, id)
    step = "done" if standing.step in ("done", "undone") else "check" if of == _LEFT_OUT else "try"
    context = {**base(standing, request, step), "of": of, "which": which, "choice": choice, "page": page}
    if of == _LEFT_OUT:
        context |= _rejected(db, id, choice, page)
    else:
        context |= _changes(db, standing, of, which, page)
    return Template(template_name="import_rows.html", context=context)


def _changes(db: Database, standing: Standing, of: str, which: str, page: int) -> dict[str, Any]:
    report = standing.run.report
    if which not in WHICH or report is None or of not in report.made:
        raise NotFound("There is no such list. Open it from the number it adds up to.")
    count = getattr(report.made[of], which)
    found = letting.changes(db, standing.run.id, of, which, page)
    words = {"new": "created", "changed": "changed", "same": "the same as before"}
    return {
        "title": said.KINDS.get(of, of.capitalize()),
        "says": f"{count:,} {words[which]}",
        "is_kept": standing.is_listed,
        "rows": found,
        "following": (page + 1) * PAGE_ROWS < count,
        "has_was": which == "changed",
    }


def _rejected(db: Database, id: str, choice: str, page: int) -> dict[str, Any]:
    found, count = letting.left_out(db, id, choice=choice, start=page * PAGE_ROWS, limit=PAGE_ROWS)
    columns = list(dict.fromkeys(name for one in found for name in one.cells))
    return {
        "title": "Rows that cannot come in",
        "says": said.plural(count, "row"),
        "is_kept": True,
        "columns": columns,
        "rejected": found,
        "following": (page + 1) * PAGE_ROWS < count,
    }


PAGES = [try_page, commit, judge, full, rows_page]
