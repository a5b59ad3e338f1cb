"""How is a promise amended: what would come of it, beside what is promised now, before anything changes?

The lines are a form. Looked at, they are answered like any question, only that what the promise holds itself does not
compete with it; beside each line stands what is promised now. What was changed by somebody else meanwhile is never changed
unseen: the form names the version it was made from.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated
from urllib.parse import parse_qsl

import msgspec
from litestar import get, post
from litestar.datastructures import State
from litestar.params import FromPath, FromQuery, QueryParameter, URLEncodedBody
from litestar.response import Redirect, Template

from accord.db.engine import Database
from accord.kit.errors import AccordError
from accord.kit.ids import new_id
from accord.ledger.said import day, moment, thing
from accord.policy.model import Answer
from accord.promise import said, service
from accord.promise.model import Decision, Option, Promise, Verb
from accord.promise.model import Request as Wanted
from accord.promise.pages.drafts import Draft, draft_of, read_draft
from accord.promise.pages.places import amount, supply_href
from accord.promise.pages.shown import Shown
from accord.promise.pages.submitting import Visitor, doors_of, submit
from accord.promise.pages.told import quantity
from accord.promise.service.foresight import net_change

Texts = list[str] | None


class Amended(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody saw and said yes to; the lines come as text, one after the other."""

    query: str  # the lines, as the address of the answer names them
    option: str
    digest: str
    key: str
    version: str
    asks: str = ""  # "yes": somebody else must agree, and is asked
    note: str = ""


@get(
    "/promises/{id:str}/amend",
    opt={"operation": "promise.amend"},
    include_in_schema=False,
    sync_to_thread=True,
)
def amend_page(
    id: FromPath[str],
    state: State,
    request: Visitor,
    items: Annotated[Texts, QueryParameter(name="item")] = None,
    quantities: Annotated[Texts, QueryParameter(name="quantity")] = None,
    days: Annotated[Texts, QueryParameter(name="on")] = None,
    prices: Annotated[Texts, QueryParameter(name="price")] = None,
    option: FromQuery[str] = "",
) -> Template:
    """The lines as they are, or as they would be, with what would come of it."""
    db: Database = state["db"]
    promise = service.promise_of(db, id).promise
    shown = Shown.read(db)
    if items is None and quantities is None:
        return _page(db, request, promise, shown, draft_of(promise, shown))
    draft = read_draft(items or [], quantities or [], days or [], prices or [], promise, shown)
    return _page(db, request, promise, shown, draft, option=option)


@post(
    "/promises/{id:str}/amend",
    opt={"operation": "promise.amend"},
    include_in_schema=False,
    status_code=HTTPStatus.OK,
    sync_to_thread=True,
)
def amend(
    id: FromPath[str], state: State, request: Visitor, data: URLEncodedBody[Amended]
) -> Redirect | Template:
    """Amend it, or ask whoever must agree; what changed meanwhile is answered anew."""
    db: Database = state["db"]
    promise = service.promise_of(db, id).promise
    shown = Shown.read(db)
    draft = _of_query(data.query, promise, shown)
    if not draft.lines:
        return _page(db, request, promise, shown, draft, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    wanted = Wanted(
        id=data.key,
        verb=Verb.amend,
        promise=promise.id,
        lines=draft.lines,
        option=data.option,
        digest=data.digest,
        promise_version=int(data.version) if data.version.isdecimal() and len(data.version) < 10 else None,
        asks_approval=data.asks == "yes",
        note=data.note.strip(),
    )
    decision = submit(db, wanted, request)
    if said.is_asking(decision):
        return Redirect(f"/approvals/{decision.approval}", status_code=303)
    if said.is_done(decision):
        return Redirect(f"/promises/{promise.id}", status_code=303)
    now = service.promise_of(db, id).promise
    notice = " ".join([decision.sentence, *(said.REFUSALS[one][1] for one in decision.refusals[:1])])
    return _page(db, request, now, shown, draft, notice=notice, status=HTTPStatus.CONFLICT)


PAGES = [amend_page, amend]


def _of_query(query: str, promise: Promise, shown: Shown) -> Draft:
    given: dict[str, list[str]] = {name: [] for name in ("item", "quantity", "on", "price")}
    for name, text in parse_qsl(query, keep_blank_values=True):
        if name in given:
            given[name].append(text)
    return read_draft(given["item"], given["quantity"], given["on"], given["price"], promise, shown)


def _page(
    db: Database,
    request: Visitor,
    promise: Promise,
    shown: Shown,
    draft: Draft,
    *,
    option: str = "",
    notice: str = "",
    status: HTTPStatus = HTTPStatus.OK,
) -> Template:
    context: dict[str, object] = {
        "promise": promise.id,
        "customer": shown.customer(promise.customer),
        "ref": promise.ref,
        "state": promise.state.value,
        "version": promise.version,
        "fields": draft.fields,
        "errors": draft.errors,
        "currency": shown.names.currency,
        "notice": notice,
        "answer": None,
        "query": draft.query(),
        "key": new_id("req"),
        "until": moment(promise.expires_at, shown.names.today) if promise.expires_at is not None else "",
    }
    if draft.lines:
        wanted = Wanted(
            id="page", verb=Verb.amend, promise=promise.id, lines=draft.lines, promise_version=promise.version
        )
        try:
            decision = service.ask(db, wanted, actor=request.state.actor)
        except AccordError as error:
            context["errors"] = [("", error.detail)]
        else:
            sees_margin = doors_of(request).covers("promise.raw", promise.actor)
            context["answer"] = _answer(db, promise, shown, draft, decision, option, sees_margin=sees_margin)
    return Template(template_name="amend.html", context=context, status_code=status)


def _answer(
    db: Database,
    promise: Promise,
    shown: Shown,
    draft: Draft,
    decision: Decision,
    option: str,
    *,
    sees_margin: bool,
) -> dict[str, object]:
    chosen = next((one for one in decision.options if one.id == option), None) or (
        decision.options[decision.chosen or 0] if decision.options else None
    )
    return {
        **shown.answer(decision),
        "is_gone": bool(option) and chosen is not None and chosen.id != option,
        "ways": [
            {
                **shown.option(decision, one),
                "is_now": one is chosen,
                "href": f"/promises/{promise.id}/amend?{draft.query(option=one.id)}",
            }
            for one in decision.options
        ],
        "chosen_option": chosen.id if chosen is not None else "",
        "difference": _difference(db, promise, shown, decision, chosen, sees_margin=sees_margin)
        if chosen is not None
        else None,
        "asks": chosen.ruling.ask
        if chosen is not None and chosen.ruling is not None and chosen.ruling.answer is Answer.ask
        else "",
        "is_denied": chosen is not None and chosen.ruling is not None and chosen.ruling.answer is Answer.deny,
    }


def _difference(
    db: Database, promise: Promise, shown: Shown, decision: Decision, option: Option, *, sees_margin: bool
) -> dict[str, object]:
    """What is promised now beside what would be, and what that takes and frees."""
    takes, frees = net_change(db, promise.id, option)
    value = option.price_minor
    was_cost = (
        promise.figures.cost_minor
        if promise.figures is not None
        else sum(line.cost_minor for line in promise.lines)
    )
    margins = None
    if sees_margin and value is not None and promise.value_minor is not None:
        margins = (shown.money(promise.value_minor - was_cost), shown.money(option.margin_minor))
    return {
        "lines": _lines(promise, shown, decision, option),
        "value": (shown.money(promise.value_minor), shown.money(value)),
        "is_other_value": promise.value_minor != value,
        "margins": margins,
        "takes": _rows(takes, shown),
        "frees": _rows(frees, shown),
    }


def _lines(promise: Promise, shown: Shown, decision: Decision, option: Option) -> list[dict[str, object]]:
    today, rows = shown.names.today, []
    old = {line.line: line for line in promise.lines}
    for place, line in enumerate(decision.asked):
        was = old.pop(place, None)
        then = max((piece.deliver_on for piece in option.pieces if piece.line == place), default=None)
        price = decision.prices[place] if len(decision.prices) > place else line.price_minor
        rows.append(
            {
                "item": line.item,
                "was": quantity(shown, was.quantity, was.item) if was is not None else "–",
                "quantity": quantity(shown, line.quantity, line.item),
                "is_other_quantity": was is None or was.quantity != line.quantity or was.item != line.item,
                "was_on": day(was.promised_on, today) if was is not None else "–",
                "on": day(then, today) if then is not None else "–",
                "is_other_day": was is None or was.promised_on != then,
                "requested": day(line.requested_on, today),
                "first": day(was.first_promised_on, today)
                if was is not None and was.item == line.item
                else "–",
                "was_price": shown.money(was.price_minor) if was is not None else "–",
                "price": "list price" if price is None else shown.money(price),
                "is_other_price": was is None
                or (was.price_minor != price if price is not None else not was.is_listed),
            }
        )
    for was in old.values():
        rows.append(
            {
                "item": was.item,
                "was": quantity(shown, was.quantity, was.item),
                "quantity": "left out",
                "is_other_quantity": True,
                "was_on": day(was.promised_on, today),
                "on": "–",
                "is_other_day": True,
                "requested": "–",
                "first": day(was.first_promised_on, today),
                "was_price": shown.money(was.price_minor),
                "price": "–",
                "is_other_price": True,
            }
        )
    return rows


def _rows(changes: Sequence[tuple[str, int]], shown: Shown) -> list[dict[str, str]]:
    return [
        {"what": thing(key), "href": supply_href(key), "quantity": amount(key, n, shown)}
        for key, n in changes
    ]
