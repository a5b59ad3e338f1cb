"""What waits for approval, and what does one who approves see before he says yes?

One screen: what is asked for, which rule it exceeds and by how much, what it earns, and what was promised to this customer
before. Nothing is approved by opening a link: both answers are forms.
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
from accord.kit.errors import InputError
from accord.kit.ids import new_id
from accord.promise import said, service
from accord.promise.model import Approval, ApprovalState, Verb
from accord.promise.model import Request as Wanted
from accord.promise.pages.shown import Shown, moment
from accord.promise.pages.submitting import Visitor, doors_of, submit

ROWS = 50
HISTORY = 5

_TONES = {"pending": "care", "approved": "good", "declined": "bad"}
_WORDS = {"pending": "waits", "void": "no longer holds"}


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody says to what was asked of him."""

    verb: str
    key: str  # made with the page: sent twice, it is done once
    note: str = ""


@get("/approvals", opt={"operation": "approval.read"}, include_in_schema=False, sync_to_thread=True)
def approvals_page(
    state: State,
    request: Visitor,
    shows: Annotated[str, QueryParameter(name="show", max_length=20)] = "",
    after: FromQuery[str | None] = None,
) -> Template:
    """What waits, the latest first; with `show=all` also what was decided or is over."""
    db: Database = state["db"]
    shows_all = shows == "all"
    actors = doors_of(request).actors("approval.read")
    found, following = service.approvals(
        db, after=after, limit=ROWS, pending_only=not shows_all, actors=actors
    )
    shown = Shown.read(db)
    context = {
        "rows": [_row(one, shown) for one in found],
        "shows_all": shows_all,
        "following": f"/approvals?{'show=all&' if shows_all else ''}after={following}" if following else "",
    }
    return Template(template_name="approvals.html", context=context)


@get("/approvals/{id:str}", opt={"operation": "approval.read"}, include_in_schema=False, sync_to_thread=True)
def approval_page(id: FromPath[str], state: State, request: Visitor) -> Template:
    """One of them, with everything that is needed to decide it."""
    return _page(state["db"], service.approval(state["db"], id), request)


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
    """Approve or decline."""
    db: Database = state["db"]
    if data.verb not in ("approve", "decline"):
        raise InputError.at("verb", "unknown_verb", "An approval is given or declined here.")
    wanted = Wanted(id=data.key, verb=Verb(data.verb), approval=id, note=data.note.strip())
    decision = submit(db, wanted, request)
    after = service.approval(db, id)
    if after.state is ApprovalState.pending:
        notice = " ".join([decision.sentence, *(said.REFUSALS[one][1] for one in decision.refusals)])
        return _page(db, after, request, notice=notice, status=HTTPStatus.CONFLICT)
    return Redirect(f"/approvals/{id}", status_code=303)


PAGES = [approvals_page, approval_page, answer]


def _page(
    db: Database,
    approval: Approval,
    request: Visitor,
    *,
    notice: str = "",
    status: HTTPStatus = HTTPStatus.OK,
) -> Template:
    shown = Shown.read(db)
    actors = doors_of(request).actors("promise.read")
    history = (
        service.promises(db, customer=approval.customer, limit=HISTORY, actors=actors)[0]
        if approval.customer
        else []
    )
    context = {
        "approval": _row(approval, shown),
        "rows": [shown.promise(one) for one in history if one.promise.id != approval.promise],
        "notice": notice,
        "key": new_id("req"),
    }
    return Template(template_name="approval.html", context=context, status_code=status)


def _row(approval: Approval, shown: Shown) -> dict[str, object]:
    figures = approval.figures
    state = approval.state.value
    return {
        "id": approval.id,
        "state": _WORDS.get(state, state),
        "is_pending": approval.state is ApprovalState.pending,
        "tone": _TONES.get(state, "none"),
        "verb": approval.request.verb.value,
        "actor": approval.actor,
        "role": approval.role,
        "customer": shown.customer(approval.customer),
        "sentence": approval.sentence,
        "because": [_because(words) for words in approval.ruling.because],
        "rule": approval.ruling.by,
        "lines": [shown.asked(line) for line in approval.request.lines],
        "price": shown.money(figures.price_minor),
        "cost": shown.money(figures.cost_minor),
        "margin": shown.money(
            None if figures.price_minor is None else figures.price_minor - figures.cost_minor
        ),
        "margin_percent": "" if figures.margin_bp is None else f"{figures.margin_bp / 100:.0f} %",
        "days_late": figures.days_late,
        "expediting": shown.money(figures.expedite_minor) if figures.expedite_minor else "",
        "borrows": figures.borrow,
        "promise": approval.promise,
        "keeps": approval.keeps,
        "asked": moment(approval.asked_at, shown.names.today),
        "until": moment(approval.expires_at, shown.names.today),
        "decided_by": approval.decided_by,
        "decided": moment(approval.decided_at, shown.names.today) if approval.decided_at else "",
        "note": approval.note,
    }


def _because(words: str) -> str:
    """A reason without the name of its rule, as a sentence of its own."""
    plain = words.partition(": ")[2] or words
    return plain[:1].upper() + plain[1:]
