"""What stands on the page where one asks, in each of its states?

Empty: what was asked last, and examples. Then the line as it is understood, and the answer: a verdict, what changed meanwhile, what
is held already or waits for approval, or what is not understood. Nothing here changes anything.
"""

from __future__ import annotations

from http import HTTPStatus
from statistics import median

import msgspec
from litestar.response import Template

from accord.db.engine import Database
from accord.kit.days import Instant
from accord.kit.errors import InputError
from accord.ledger.said import age
from accord.promise import said, service
from accord.promise.model import Approval, Decision, Verb
from accord.promise.model import Request as Wanted
from accord.promise.named import Asked, understand
from accord.promise.pages import recent, why
from accord.promise.pages.answered import Answered
from accord.promise.pages.reading import Fields, Reading, fields_of, reading
from accord.promise.pages.shown import Shown, latest, moment
from accord.promise.pages.submitting import Visitor, doors_of

LATEST = 5
VIEWS = ("line", "fields", "lines")
_HELD_MAX = 20
_ASKED_MAX = 50
_DECIDED_MIN = 5  # answers from which it can be said how long a role usually takes
_EXAMPLES = 3
_AHEAD_DAYS = 21
_A_MINUTE = 60 * 1_000_000


class Inquiry(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody typed, and how he wants to look at it."""

    q: str = ""
    view: str = "line"
    ship: str = ""  # of several lines: "complete", "lines", or "" as the customer's terms say
    is_only_looking: bool = False  # ask although what is known is too old; nothing can be promised then
    quote: str = ""  # the decision that quoted the price, where one asks on it

    @property
    def ship_complete(self) -> bool | None:
        """Whether all lines must come together."""
        return {"complete": True, "lines": False}.get(self.ship)


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody had looked at when it changed."""

    notice: str
    option: str = ""  # what he chose, in words
    known: frozenset[str] = frozenset()  # all that was offered then, by id


def request_of(asked: Asked, inquiry: Inquiry, *, id: str = "page", verb: Verb = Verb.ask) -> Wanted:
    """What is asked of the desk."""
    return Wanted(
        id=id, verb=verb, customer=asked.customer, lines=asked.lines, ship_complete=inquiry.ship_complete
    )


def page(
    db: Database,
    request: Visitor,
    inquiry: Inquiry,
    *,
    fields: Fields | None = None,
    changed: Changed | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> Template:
    """The page for what was asked."""
    shown, doors = Shown.read(db), doors_of(request)
    q = inquiry.q
    context: dict[str, object] = {
        "q": q,
        "inquiry": inquiry,
        "fields": fields or (fields_of(q, shown) if inquiry.view == "fields" else Fields()),
        "reading": read_so_far(q, shown, inquiry.view),
        "changed": changed,
        "answer": None,
        "error": None,
        "is_empty": not shown.names.items,
        "examples": examples(shown),
        "recents": [],
        "latest": [],
        "pending": [],
        "held": [],
    }
    if not q:
        context["recents"] = recent.read(request)
        found, _following = service.promises(db, limit=LATEST, actors=doors.actors("promise.read"))
        context["latest"] = latest(found, shown)
        context["pending"] = _pending(db, request, shown, None)
        return Template(template_name="ask.html", context=context, status_code=status)
    cookies = []
    try:
        asked = understand(q, shown.names)
        decision = service.ask(db, request_of(asked, inquiry), actor=request.state.actor)
    except InputError as error:
        # The page itself is as it should be: what is not understood is part of what it says.
        context["error"] = {"detail": error.detail, "field": _field(error)}
    else:
        context |= _answer(db, request, shown, inquiry, decision, changed)
        pending = _pending(db, request, shown, decision)
        kept = {one["promise"] for one in pending}
        context["held"] = [one for one in _held(db, request, shown, decision) if one["id"] not in kept]
        context["pending"] = pending
        cookies = [recent.with_one(request, q)]
    return Template(template_name="ask.html", context=context, status_code=status, cookies=cookies)


def _answer(
    db: Database,
    request: Visitor,
    shown: Shown,
    inquiry: Inquiry,
    decision: Decision,
    changed: Changed | None,
) -> dict[str, object]:
    known = changed.known if changed is not None else frozenset[str]()
    answered = Answered(decision, shown, doors_of(request))
    first = decision.options[0] if decision.options else None
    nodes = why.Nodes(db)
    roles = {one.ruling.ask for one in decision.options if one.ruling is not None and one.ruling.ask}
    return {
        "answer": answered.context(is_only_looking=inquiry.is_only_looking, known=known),
        "chart": why.drawing(decision, first, nodes, shown),
        "evidence": why.evidence(first, decision.today, nodes, shown),
        "usually": {role: usually(db, role) for role in roles},
        "whom_to_ask": _who_changes_rights(shown),
        "quote": _quote(db, inquiry.quote, shown, answered) if inquiry.quote else None,
    }


def read_so_far(q: str, shown: Shown, view: str) -> Reading:
    """What is understood of a text; nothing of one that has too many lines, where the answer says so."""
    try:
        return reading(q, shown, view="" if view == "line" else view)
    except InputError:
        return Reading(rows=())


def _field(error: InputError) -> str:
    return error.errors[0].pointer.strip("/") if error.errors else ""


# --- what is there already ---


def _held(db: Database, request: Visitor, shown: Shown, decision: Decision) -> list[dict[str, str]]:
    """Holds of the same customer on the same items: what is asked for may be kept already."""
    customer = decision.request.customer
    if customer is None:
        return []
    items = {line.item for line in decision.asked}
    found, _following = service.promises(
        db, customer=customer, state="held", limit=_HELD_MAX, actors=doors_of(request).actors("promise.read")
    )
    rows: list[tuple[int, dict[str, str]]] = []
    wanted = {line.item: line.quantity for line in decision.asked}
    for seen in found:
        lines = [line for line in seen.promise.lines if line.item in items]
        if seen.state.value == "held" and lines:
            # The one that is most like what is asked for comes first.
            apart = sum(abs(one.quantity - wanted[one.item]) for one in lines)
            until = seen.promise.expires_at
            row = {
                "id": seen.promise.id,
                "customer": shown.customer(customer),
                "what": " and ".join(f"{shown.quantity(one.quantity, one.item)} {one.item}" for one in lines),
                "on": " and ".join(sorted({said.day(one.promised_on, shown.names.today) for one in lines})),
                "until": moment(until, shown.names.today) if until is not None else "",
            }
            rows.append((apart, row))
    return [row for _apart, row in sorted(rows, key=lambda one: one[0])]


def _pending(db: Database, request: Visitor, shown: Shown, decision: Decision | None) -> list[dict[str, str]]:
    """What this person asked somebody else to approve and that is still open: of the same customer and items, or all of it."""
    found, _following = service.approvals(
        db, limit=_ASKED_MAX, pending_only=True, actors=frozenset((request.state.actor,))
    )
    rows = []
    for one in found:
        if decision is not None and not _is_alike(one, decision):
            continue
        rows.append(
            {
                "id": one.id,
                "promise": one.promise or "",
                "role": one.role,
                "what": " and ".join(
                    f"{shown.quantity(line.quantity, line.item)} {line.item}" for line in one.request.lines
                ),
                "customer": shown.customer(one.customer),
                "asked": age(one.asked_at, shown.now),
                "until": moment(one.expires_at, shown.names.today),
                "after": "What is kept for it is free for others then."
                if one.keeps
                else "Nothing is kept for it meanwhile.",
                "usually": usually(db, one.role),
            }
        )
    return rows


def _is_alike(approval: Approval, decision: Decision) -> bool:
    items = {line.item for line in decision.asked}
    return approval.customer == decision.request.customer and any(
        line.item in items for line in approval.request.lines
    )


def usually(db: Database, role: str) -> str:
    """How long this role takes to answer, as a rule: "12 min"; "" where too few answers are known."""
    found, _following = service.approvals(db, limit=_ASKED_MAX)
    taken = [
        one.decided_at - one.asked_at for one in found if one.role == role and one.decided_at is not None
    ]
    if len(taken) < _DECIDED_MIN:
        return ""
    minutes = max(1, round(median(taken) / _A_MINUTE))
    return f"{minutes} min" if minutes < 90 else f"{round(minutes / 60)} h"


def _who_changes_rights(shown: Shown) -> str:
    rights = shown.book.rights
    return rights.change if rights is not None and rights.change else ""


def _quote(db: Database, id: str, shown: Shown, answered: Answered) -> dict[str, object] | None:
    """The quote that is asked on: whether its price still holds, and what it would be by now."""
    found = service.quote(db, id)
    if not doors_of_quote(answered, found.actor):
        return None
    until = found.decision.price_until
    return {
        "is_valid": found.is_valid,
        "until": moment(until, shown.names.today) if until is not None else "",
        "given": moment(found.decision.now, shown.names.today),
        "risen": _risen(found.decision, answered.decision, shown) if answered.sees_costs else "",
    }


def doors_of_quote(answered: Answered, actor: str) -> bool:
    """Whether the visitor may read a quote that this actor gave."""
    return answered.doors.covers("promise.read", actor)


def _risen(then: Decision, now: Decision, shown: Shown) -> str:
    """By how much the first way costs more now than what was quoted; "" = it does not, or it is another thing."""
    if then.chosen is None or not now.options:
        return ""
    more = now.options[0].cost_minor - then.options[then.chosen].cost_minor
    same = [(a.item, a.quantity) for a in then.asked] == [(b.item, b.quantity) for b in now.asked]
    return shown.money(more) if same and more > 0 else ""


def examples(shown: Shown) -> list[str]:
    """Lines that can be asked here: about items that are sold, for customers that are known."""
    customers = sorted(shown.names.customers.values(), key=lambda one: one.id)
    items = sorted(shown.names.items)
    on = said.day(shown.names.today + _AHEAD_DAYS, shown.names.today).split(" ", 1)[1].lower()
    found = []
    for number, item in enumerate(items[-_EXAMPLES:]):
        whom = f" for {customers[number % len(customers)].name}" if customers else ""
        found.append(f"{(number + 1) * 20} {item} by {on}{whom}")
    return found


def since(at: Instant, now: Instant) -> str:
    """How long ago, to the second where it was just now: "4 s ago"."""
    seconds = max(0, now - at) // 1_000_000
    return f"{max(1, seconds)} s ago" if seconds < 90 else age(at, now)
