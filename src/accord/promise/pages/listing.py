"""Where does somebody look through promises, save a list, or take it along as a file?"""

from __future__ import annotations

import csv
import io
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.datastructures import State
from litestar.params import FromQuery, QueryParameter, URLEncodedBody
from litestar.response import Redirect, Template

from accord.db.engine import Database
from accord.kit.errors import InputError
from accord.promise.pages.filters import Asked, look_of, meant, read_query
from accord.promise.pages.listed import listed
from accord.promise.pages.rows import file_rows
from accord.promise.pages.several import PAGES as SEVERAL
from accord.promise.pages.shown import Shown
from accord.promise.pages.submitting import Visitor
from accord.promise.pages.visiting import visit_of
from accord.promise.service import listing

FILE_PROMISES_MAX = 50_000  # of one file; more than that is read from the API

Words = Annotated[str, QueryParameter(name="q", max_length=400)]
Named = Annotated[str, QueryParameter(name="view", max_length=40)]
OfState = Annotated[str, QueryParameter(name="state", max_length=40)]
Order = Annotated[str, QueryParameter(name="sort", max_length=40)]


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """A list under a name: to be kept, or kept no longer."""

    name: str
    query: str = ""
    verb: str = "save"


@get("/promises", opt={"operation": "promise.read"}, include_in_schema=False, sync_to_thread=True)
def promises_page(
    state: State,
    request: Visitor,
    q: Words = "",
    view: Named = "",
    of_state: OfState = "",
    sort: Order = "",
    after: FromQuery[str | None] = None,
) -> Template:
    """Promises of one list, in one order."""
    db: Database = state["db"]
    asked = Asked(q=q.strip(), view=view, state=of_state, sort=sort)
    return Template(template_name="promises.html", context=listed(db, asked, visit_of(request), after=after))


@get("/promises.csv", opt={"operation": "promise.read"}, include_in_schema=False, sync_to_thread=True)
def promises_file(
    state: State,
    request: Visitor,
    q: Words = "",
    view: Named = "",
    of_state: OfState = "",
    sort: Order = "",
) -> Response[bytes]:
    """The same list as a file, all of it. Raises: InputError where it is too long for one."""
    db: Database = state["db"]
    asked = Asked(q=q.strip(), view=view, state=of_state, sort=sort)
    shown = Shown.read(db)
    look = look_of(asked, shown.names, shown.now, visit_of(request), meant(asked.q, shown.names))
    order, is_down = asked.order
    pieces, count = [], 0
    for piece in listing.look_through(db, look, sort=order, is_down=is_down):
        count += len(piece)
        if count > FILE_PROMISES_MAX:
            detail = f"The list has more than {FILE_PROMISES_MAX:,} promises, too many for one file. Narrow it first."
            raise InputError.at("q", "too_many", detail)
        pieces.append(piece)
    out = io.StringIO()
    csv.writer(out).writerows(file_rows(pieces, shown))
    # The mark in front tells spreadsheets that the text is UTF-8.
    return Response(
        out.getvalue().encode("utf-8-sig"),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="promises.csv"'},
    )


@post("/promises/views", opt={"operation": "promise.read"}, include_in_schema=False, sync_to_thread=True)
def save(state: State, request: Visitor, data: URLEncodedBody[Saved]) -> Redirect:
    """Keep a list under a name, or keep it no longer; only whoever saved it sees it."""
    db: Database = state["db"]
    actor, name = visit_of(request).actor, data.name.strip()
    asked = read_query(data.query)
    if data.verb == "forget":
        listing.forget_view(db, actor, name)
    else:
        listing.save_view(db, actor, name, asked.query())
    return Redirect(asked.href(), status_code=303)


PAGES = [promises_page, promises_file, save, *SEVERAL]
