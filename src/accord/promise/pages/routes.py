"""Which addresses are there for asking, and what comes with each?

One line of plain words in, one answer out; the same as fields, or as many lines. Nothing is held, committed or quoted without a
preview of what is taken. Pages work without scripts: they are forms.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from litestar import get, post
from litestar.datastructures import State
from litestar.params import FromQuery, QueryParameter, URLEncodedBody
from litestar.response import Redirect, Template

from accord.db.engine import Database
from accord.promise.pages import asking, confirming
from accord.promise.pages.asking import VIEWS, Inquiry
from accord.promise.pages.confirming import Confirmed
from accord.promise.pages.listing import PAGES as LIST_PAGES
from accord.promise.pages.quotes import PAGES as QUOTE_PAGES
from accord.promise.pages.reading import Fields
from accord.promise.pages.shown import Shown
from accord.promise.pages.single import PAGES as PROMISE_PAGES
from accord.promise.pages.submitting import Visitor

TEXT_MAX = 12_000  # a hundred lines

Line = Annotated[str, QueryParameter(name="q", max_length=TEXT_MAX)]
Field = Annotated[str, QueryParameter(max_length=400)]


@get("/", opt={"operation": "promise.ask"}, include_in_schema=False, sync_to_thread=True)
def ask_page(
    state: State,
    request: Visitor,
    q: Line = "",
    view: FromQuery[str] = "",
    ship: FromQuery[str] = "",
    anyway: FromQuery[str] = "",
    quote: FromQuery[str] = "",
    quantity: Field = "",
    item: Field = "",
    on: Field = "",
    customer: Field = "",
    price: Field = "",
) -> Template:
    """Ask in one line, field by field, or many lines at once."""
    text = q.strip()
    fields = None
    if view == "fields" and not text:
        fields = Fields(quantity=quantity, item=item, on=on, customer=customer, price=price)
        text = "" if fields.is_empty else fields.line()
    is_many = "\n" in text or "\t" in text
    inquiry = Inquiry(
        q=text,
        view="lines" if is_many else view if view in VIEWS else "line",
        ship=ship,
        is_only_looking=anyway == "1",
        quote=quote,
    )
    return asking.page(state["db"], request, inquiry, fields=fields)


@get("/ask/chips", opt={"operation": "promise.ask"}, include_in_schema=False, sync_to_thread=True)
def chips(state: State, q: Line = "", view: FromQuery[str] = "") -> Template:
    """What is understood of a line while it is typed. Asks nothing of the desk."""
    shown = Shown.read(state["db"])
    context = {"reading": asking.read_so_far(q, shown, view), "is_typing": True}
    return Template(template_name="_chips.html", context=context)


@get("/preview", opt={"operation": "promise.ask"}, include_in_schema=False, sync_to_thread=True)
def preview(
    state: State,
    request: Visitor,
    q: Line = "",
    option: FromQuery[str] = "",
    digest: FromQuery[str] = "",
    verb: FromQuery[str] = "commit",
    ship: FromQuery[str] = "",
    seen: FromQuery[str] = "",
    known: FromQuery[str] = "",
) -> Template:
    """What a hold, a commitment or a quote would take, before it is taken."""
    wanted = Confirmed(
        q=q, verb=verb, option=option, digest=digest, key="", ship=ship, seen=seen, known=known
    )
    return confirming.preview(state["db"], request, wanted)


@post(
    "/promise",
    opt={"operation": ("promise.hold", "promise.commit", "promise.quote")},
    include_in_schema=False,
    status_code=HTTPStatus.OK,
    sync_to_thread=True,
)
def confirm(state: State, request: Visitor, data: URLEncodedBody[Confirmed]) -> Redirect | Template:
    """Hold, commit or quote what was confirmed, or ask whoever must agree."""
    db: Database = state["db"]
    return confirming.confirm(db, request, data)


PAGES = [ask_page, chips, preview, confirm, *QUOTE_PAGES, *LIST_PAGES, *PROMISE_PAGES]
