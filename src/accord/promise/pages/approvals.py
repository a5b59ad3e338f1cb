"""What waits for approval, and what does one who approves see before he says yes?

What waits for the visitor stands first, the first to end first. Each is decided on one screen, by one press: what is asked for,
which rule it exceeds and by how much, what it means for others, what it earns, and how promises to this customer were kept.
Nothing is approved by opening a link: every answer is a form.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.datastructures import State
from litestar.params import FromPath, FromQuery, QueryParameter, URLEncodedBody
from litestar.response import Redirect, Template

from accord.db.engine import Database
from accord.kit.days import day_of
from accord.kit.errors import InputError
from accord.kit.ids import new_id
from accord.kit.money import parse_money
from accord.promise import said, service
from accord.promise.model import Approval, ApprovalState, Verb
from accord.promise.model import Request as Wanted
from accord.promise.pages.considered import asked_lines, card, considered, counter_words
from accord.promise.pages.shown import Shown
from accord.promise.pages.submitting import Visitor, doors_of, submit
from accord.promise.service import considering

ROWS = 50
NOTE_MAX = 200  # of a request's note


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody says to what was asked of him."""

    verb: str  # approve, decline, counter
    key: str  # made with the page: sent twice, it is done once
    note: str = ""
    price: str | list[str] = ""  # of a counter: a price and a day a line
    on: str | list[str] = ""


@get("/approvals", opt={"operation": "approval.read"}, include_in_schema=False, sync_to_thread=True)
def approvals_page(
    state: State,
    request: Visitor,
    shows: Annotated[str, QueryParameter(name="show", max_length=20)] = "",
    after: FromQuery[str | None] = None,
) -> Template:
    """What waits, first what waits for the visitor; with `show=all` all of them, the latest first."""
    db: Database = state["db"]
    doors = doors_of(request)
    actors, sees = doors.actors("approval.read"), doors.covers
    shown = Shown.read(db)

    def cards(found: tuple[Approval, ...] | list[Approval]) -> list[dict[str, object]]:
        return [card(one, shown, sees_margin=sees("promise.raw", one.actor)) for one in found]

    if shows == "all":
        every, following = service.approvals(db, after=after, limit=ROWS, actors=actors)
        parts = [("", "", cards(every))] if every else []
        sentence, more = (
            "Everything that was asked, the latest first.",
            f"/approvals?show=all&after={following}" if following else "",
        )
    else:
        found = considering.waiting(db, actor=doors.who.actor, actors=actors)
        named = (
            ("mine", "Waits for you", found.mine),
            ("asked", "You asked", found.asked),
            ("others", "Waits for others", found.others),
        )
        parts = [(id, heading, cards(these)) for id, heading, these in named if these]
        sentence = _sentence(found, shown)
        more = "/approvals?show=all" if found.is_more else ""
    context = {
        "parts": parts,
        "sentence": sentence,
        "shows_all": shows == "all",
        "following": more,
        "first_page": "/approvals?show=all" if shows == "all" and after else "",
    }
    return Template(template_name="approvals.html", context=context)


@get("/approvals/{id:str}", opt={"operation": "approval.read"}, include_in_schema=False, sync_to_thread=True)
def approval_page(id: FromPath[str], state: State, request: Visitor) -> Template:
    """One of them, with everything that is needed to decide it."""
    return _page(state["db"], id, request)


@post(
    "/approvals/{id:str}",
    opt={"operation": "approval.decide"},
    include_in_schema=False,
    status_code=HTTPStatus.OK,
    sync_to_thread=True,
)
def answer(
    id: FromPath[str], state: State, request: Visitor, data: URLEncodedBody[Answer]
) -> Redirect | Template:
    """Approve, decline, or decline with what would be agreed to instead."""
    db: Database = state["db"]
    if data.verb not in ("approve", "decline", "counter"):
        raise InputError.at("verb", "unknown_verb", "An approval is given, countered or declined here.")
    note = data.note.strip()
    if data.verb == "counter":
        try:
            note = _counter(db, id, data, note)
        except InputError as error:
            return _page(
                db, id, request, typed=data, problem=error.detail, status=HTTPStatus.UNPROCESSABLE_ENTITY
            )
    verb = Verb.approve if data.verb == "approve" else Verb.decline
    decision = submit(db, Wanted(id=data.key, verb=verb, approval=id, note=note), request)
    if service.approval(db, id).state is ApprovalState.pending:
        notice = " ".join([decision.sentence, *(said.REFUSALS[one][1] for one in decision.refusals)])
        return _page(db, id, request, notice=notice, typed=data, status=HTTPStatus.CONFLICT)
    return Redirect(f"/approvals/{id}", status_code=303)


PAGES = [approvals_page, approval_page, answer]


def _page(
    db: Database,
    id: str,
    request: Visitor,
    *,
    notice: str = "",
    problem: str = "",
    typed: Answer | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> Template:
    doors = doors_of(request)
    found = considering.consider(db, id, actor=doors.who.actor, reach=doors.actors("promise.read"))
    shown = Shown.read(db)
    owner = found.approval.actor
    view = considered(
        found,
        shown,
        sees_margin=doors.covers("promise.raw", owner) or found.has_role,
        may_answer=doors.covers("approval.decide", owner),
    )
    if typed is not None and isinstance(view["fields"], list):
        for place, field in enumerate(view["fields"]):
            field["price"] = _each(typed.price, place) or field["price"]
            field["on"] = _each(typed.on, place) or field["on"]
    context = {
        "approval": view,
        "notice": notice,
        "problem": problem,
        "typed_note": typed.note if typed is not None else "",
        "is_countering": bool(problem),
        "currency": shown.names.currency,
        "key": new_id("req"),
    }
    return Template(template_name="approval.html", context=context, status_code=status)


def _counter(db: Database, id: str, data: Answer, reason: str) -> str:
    """The note of a decline that proposes something else. Raises: InputError for what cannot be meant."""
    shown = Shown.read(db)
    one = service.approval(db, id)
    promise = service.promise_of(db, one.promise).promise if one.promise else None
    lines = []
    for place, line in enumerate(asked_lines(one, promise)):
        on, price = _each(data.on, place), _each(data.price, place)
        if on:
            day_of(on, pointer="on")
        if price:
            parse_money(price, shown.names.currency, "price")
        lines.append((line, on, price))
    words = counter_words(lines, shown, reason)
    if len(words) > NOTE_MAX:
        raise InputError.at(
            "note",
            "too_long",
            "That is too much for one note. Decline it, and say in your own words what you would agree to.",
        )
    return words


def _each(values: str | list[str], place: int) -> str:
    every = [values] if isinstance(values, str) else values
    return every[place].strip() if place < len(every) else ""


def _sentence(found: considering.Waiting, shown: Shown) -> str:
    n = len(found.mine)
    if not n:
        rest = len(found.asked) + len(found.others)
        return "Nothing waits for you." if rest else ""
    first = card(found.mine[0], shown, sees_margin=False)
    ends = f"the first has {first['left']}".removesuffix(" left")
    return (
        f"{n} {'waits' if n == 1 else 'wait'} for you; {ends}."
        if n > 1
        else f"1 waits for you; it has {first['left']}.".replace(" left.", " left.")
    )
