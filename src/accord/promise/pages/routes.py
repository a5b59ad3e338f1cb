"""What do people see who ask for a promise?

One line of plain words in, one answer out: the verdict, the sentence, the options with their differences, and what
covers it. Nothing is held or committed without a preview of what is taken. Pages work without scripts: they are forms.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.datastructures import State
from litestar.params import FromQuery, QueryParameter, URLEncodedBody
from litestar.response import Redirect, Template

from accord.db.engine import Database
from accord.kit.errors import InputError
from accord.kit.ids import new_id
from accord.promise import said, service
from accord.promise.model import Decision, Verb
from accord.promise.model import Request as Wanted
from accord.promise.named import understand
from accord.promise.pages.listing import PAGES as LIST_PAGES
from accord.promise.pages.shown import Shown, latest
from accord.promise.pages.single import PAGES as PROMISE_PAGES
from accord.promise.pages.submitting import Visitor, doors_of, submit

Line = Annotated[str, QueryParameter(name="q", max_length=4_000)]
LATEST = 12


class Confirmed(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody saw in the preview and said yes to."""

    q: str
    verb: str
    option: str
    digest: str
    key: str  # made with the preview: sent twice, it is done once


@get("/", opt={"operation": "promise.ask"}, include_in_schema=False, sync_to_thread=True)
def ask_page(state: State, request: Visitor, q: Line = "") -> Template:
    """Ask in one line."""
    return _asked(state["db"], request, q.strip())


@get("/preview", opt={"operation": "promise.ask"}, include_in_schema=False, sync_to_thread=True)
def preview(
    state: State,
    request: Visitor,
    q: Line = "",
    option: FromQuery[str] = "",
    digest: FromQuery[str] = "",
    verb: FromQuery[str] = "commit",
) -> Template:
    """What a hold or commitment would take, before it is taken."""
    db: Database = state["db"]
    shown = Shown.read(db)
    decision = _decide(db, request, shown, q)
    chosen = next((one for one in decision.options if one.id == option), None)
    if chosen is None:
        return _asked(
            db, request, q, notice="This option is no longer there. Here is what can be promised now."
        )
    context = {
        "q": q,
        "verb": _verb(verb),
        "option": shown.option(decision, chosen),
        "taken": shown.taken(chosen),
        "answer": shown.answer(decision),
        "digest": decision.digest,
        "is_changed": decision.digest != digest,
        "key": new_id("req"),
    }
    return Template(template_name="preview.html", context=context)


@post(
    "/promise",
    opt={"operation": ("promise.hold", "promise.commit")},
    include_in_schema=False,
    status_code=HTTPStatus.OK,
    sync_to_thread=True,
)
def confirm(
    state: State,
    request: Visitor,
    data: URLEncodedBody[Confirmed],
) -> Redirect | Template:
    """Hold or commit what was confirmed."""
    db: Database = state["db"]
    asked = understand(data.q, Shown.read(db).names)
    wanted = Wanted(
        id=data.key,
        verb=Verb(_verb(data.verb)),
        customer=asked.customer,
        lines=asked.lines,
        option=data.option,
        digest=data.digest,
    )
    decision = submit(db, wanted, request)
    if decision.promise is None or not said.is_done(decision):
        return _asked(
            db,
            request,
            data.q,
            notice="It changed while you looked: " + decision.sentence,
            status=HTTPStatus.CONFLICT,
        )
    return Redirect(f"/promises/{decision.promise}", status_code=303)


PAGES = [ask_page, preview, confirm, *LIST_PAGES, *PROMISE_PAGES]


# --- what the pages share ---


def _asked(
    db: Database, request: Visitor, q: str, *, notice: str = "", status: HTTPStatus = HTTPStatus.OK
) -> Template:
    shown = Shown.read(db)
    context: dict[str, object] = {
        "q": q,
        "notice": notice,
        "examples": shown.examples(),
        "is_empty": not shown.names.items,
        "answer": None,
        "error": None,
    }
    if q:
        try:
            decision = _decide(db, request, shown, q)
            context["answer"] = shown.answer(decision)
            context["chart"] = shown.chart(db, decision)
        except InputError as error:
            # The page itself is as it should be: what is not understood is part of what it says.
            context["error"] = shown.error(error, q)
    actors = doors_of(request).actors("promise.read")
    found, _following = service.promises(db, limit=LATEST, actors=actors)
    context["latest"] = latest(found, shown)
    return Template(template_name="ask.html", context=context, status_code=status)


def _decide(db: Database, request: Visitor, shown: Shown, q: str) -> Decision:
    asked = understand(q, shown.names)
    wanted = Wanted(id="page", verb=Verb.ask, customer=asked.customer, lines=asked.lines)
    return service.ask(db, wanted, actor=request.state.actor)


def _verb(text: str) -> str:
    if text not in ("hold", "commit"):
        raise InputError.at("verb", "unknown_verb", "A preview is of a hold or of a commitment.")
    return text
