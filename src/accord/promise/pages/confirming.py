"""What does somebody see before a promise is made, and what where it could not be made?

Nothing is taken before a preview of what is taken. What is confirmed names the option and the answer it was part of; where that is
no longer there, the answer of now is shown with what became of the one that was looked at. The form has a key of its own: sent
again, by a second press or after a lost connection, it is done once.
"""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from litestar.response import Redirect, Template

from accord.db.engine import Database
from accord.kit.days import Instant
from accord.kit.errors import AccordError, InputError
from accord.kit.ids import new_id
from accord.ledger.model import node_key
from accord.promise import said, service
from accord.promise.model import Decision, Option, Refusal, Verb
from accord.promise.named import understand
from accord.promise.pages import asking, why
from accord.promise.pages.answered import Answered, standing_of, taken
from accord.promise.pages.asking import Changed, Inquiry
from accord.promise.pages.shown import Shown, moment
from accord.promise.pages.submitting import Visitor, doors_of, submit

VERBS = ("hold", "commit", "quote")
_NOTE_MAX = 200


class Confirmed(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody saw in the preview and said yes to."""

    q: str
    verb: str
    option: str
    digest: str
    key: str  # made with the preview: sent twice, it is done once
    ship: str = ""
    seen: str = ""  # when the answer was given
    known: str = ""  # the options it had, by id
    chosen: str = ""  # the one that was chosen, in words
    asks: str = ""  # "yes": somebody must agree, and is to be asked
    note: str = ""  # to whoever is asked


def verb_of(text: str) -> Verb:
    """The verb of a preview. Raises: InputError."""
    if text not in VERBS:
        raise InputError.at("verb", "unknown_verb", "A preview is of a hold, a commitment or a quote.")
    return Verb(text)


def preview(
    db: Database, request: Visitor, wanted: Confirmed, *, notice: str = "", status: HTTPStatus = HTTPStatus.OK
) -> Template:
    """What would be taken, what remains, which rule allows it, who is touched."""
    verb = verb_of(wanted.verb)
    inquiry = Inquiry(q=wanted.q, ship=wanted.ship)
    shown = Shown.read(db)
    try:
        asked = understand(wanted.q, shown.names)
    except InputError:
        return asking.page(db, request, inquiry, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    # The very request as it would be sent, decided on what stands now, and thrown away.
    trial = msgspec.structs.replace(
        asking.request_of(asked, inquiry, id="preview", verb=verb), option=wanted.option
    )
    decision = service.ask(db, trial, actor=request.state.actor)
    chosen = next((one for one in decision.options if one.id == wanted.option), None)
    if chosen is None:
        return _changed(db, request, wanted, inquiry, shown)
    is_free = decision.chosen is not None
    standing = "free" if is_free else standing_of(chosen)
    answered = Answered(decision, shown, doors_of(request))
    words = answered.option(chosen)
    context = {
        "wanted": wanted,
        "verb": verb.value,
        "standing": standing,
        "option": words,
        "customer": shown.customer(asked.customer),
        "chosen": _in_words(decision, chosen, shown),
        "taken": [] if verb is Verb.quote else taken(chosen, service.left_after(db, chosen), shown),
        "rule": _rule(decision, shown),
        "rules": words["rules"] if not is_free else [],
        "needs": [said.REFUSALS[one] for one in (decision.refusals or chosen.needs)] if not is_free else [],
        "role": words["role"],
        "usually": asking.usually(db, str(words["role"])) if words["role"] else "",
        "expires": moment(decision.expires_at, shown.names.today) if decision.expires_at else "",
        "price_until": moment(decision.price_until, shown.names.today) if decision.price_until else "",
        "approval_hours": shown.book.rules.approval_seconds // 3600,
        "hold_hours": shown.hold_hours,
        "whom_to_ask": shown.book.rights.change if shown.book.rights is not None else "",
        "is_changed": bool(wanted.digest) and decision.digest != wanted.digest,
        "digest": decision.digest,
        "seen": str(decision.now),
        "known": " ".join(one.id for one in decision.options),
        "key": wanted.key or new_id("req"),
        "notice": notice,
    }
    return Template(template_name="preview.html", context=context, status_code=status)


def confirm(db: Database, request: Visitor, wanted: Confirmed) -> Redirect | Template:
    """Do what was confirmed, and say so only when it is durable."""
    verb = verb_of(wanted.verb)
    inquiry = Inquiry(q=wanted.q, ship=wanted.ship)
    shown = Shown.read(db)
    try:
        asked = understand(wanted.q, shown.names)
    except InputError:
        return asking.page(db, request, inquiry, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    sent = msgspec.structs.replace(
        asking.request_of(asked, inquiry, id=wanted.key, verb=verb),
        option=wanted.option,
        digest=wanted.digest,
        asks_approval=wanted.asks == "yes" and verb is not Verb.quote,
        note=wanted.note.strip()[:_NOTE_MAX],
    )
    try:
        decision = submit(db, sent, request)
    except AccordError as error:
        if not error.retryable:
            raise
        # Nothing was done, or it is not known: the same form with the same key does it once.
        return preview(db, request, wanted, notice=error.detail, status=HTTPStatus(error.status))
    if said.is_asking(decision):
        return Redirect(f"/approvals/{decision.approval}", status_code=303)
    if not said.is_done(decision):
        return _not_done(db, request, wanted, inquiry, shown, decision)
    if verb is Verb.quote:
        return Redirect(f"/quotes?made={decision.id}", status_code=303)
    return Redirect(f"/promises/{decision.promise}", status_code=303)


def _not_done(
    db: Database, request: Visitor, wanted: Confirmed, inquiry: Inquiry, shown: Shown, decision: Decision
) -> Template:
    """The option is there but may not be taken any more, or it is gone."""
    if Refusal.option_is_gone in decision.refusals or not decision.options:
        return _changed(db, request, wanted, inquiry, shown)
    reasons = " ".join(said.REFUSALS[one][0] for one in decision.refusals)
    changed = Changed(
        notice=f"{reasons} Nothing was promised. New answer:", option=wanted.chosen, known=_known(wanted)
    )
    return asking.page(db, request, inquiry, changed=changed, status=HTTPStatus.CONFLICT)


def _changed(db: Database, request: Visitor, wanted: Confirmed, inquiry: Inquiry, shown: Shown) -> Template:
    """The answer of now, with what happened since the one that was looked at."""
    changed = Changed(
        notice=f"{_what_happened(db, wanted, shown, request.state.actor)} New answer:",
        option=wanted.chosen,
        known=_known(wanted),
    )
    return asking.page(db, request, inquiry, changed=changed, status=HTTPStatus.CONFLICT)


def _known(wanted: Confirmed) -> frozenset[str]:
    return frozenset(wanted.known.split())


def _what_happened(db: Database, wanted: Confirmed, shown: Shown, actor: str) -> str:
    """Why an option is gone: "80 were promised to someone else 4 s ago."."""
    seen = _instant(wanted.seen)
    if seen is None:
        return "The option that was chosen is no longer there."
    asked = understand(wanted.q, shown.names)
    nodes = why.Nodes(db)
    amounts: dict[str, int] = {}
    promises: set[str] = set()
    latest = 0
    for item in dict.fromkeys(line.item for line in asked.lines):
        for site in shown.names.sites:
            view = nodes.of(item, site)
            for one in view.commitments if view is not None else ():
                if one.made_at > seen and one.state.is_open and one.key == node_key(item, site):
                    amounts[item] = amounts.get(item, 0) + one.quantity
                    latest = max(latest, one.made_at)
                    promises.add(one.promise)
    if not amounts:
        return "Supply, prices or rules changed since you asked."
    is_single = len(asked.lines) == 1
    what = " and ".join(
        shown.quantity(n, item) + ("" if is_single else f" {item}") for item, n in amounts.items()
    )
    were = "was" if what == "1" else "were"
    whom = _to_whom(db, promises, asked.customer, actor, shown)
    return f"{what} {were} promised to {whom} {asking.since(latest, shown.now)}."


def _to_whom(db: Database, promises: set[str], customer: str | None, actor: str, shown: Shown) -> str:
    """To whom it was promised: the very customer that is asked for, perhaps in another window, or somebody else."""
    with db.read() as tx:
        found = service.promises_named(tx, sorted(promises)).values()
    if customer is None or any(one.customer != customer for one in found):
        return "someone else"
    return f"{shown.customer(customer)} by {'you' if all(one.actor == actor for one in found) else 'somebody else'}"


def _instant(text: str) -> Instant | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


def _in_words(decision: Decision, option: Option, shown: Shown) -> str:
    """An option in one line, to say later what was looked at."""
    return " and ".join(
        f"{shown.quantity(piece.quantity, piece.item)} {piece.item} on {said.day(piece.deliver_on, decision.today)}"
        f" from {shown.site(piece.site)}"
        for piece in option.pieces[:4]
    ) + (" …" if len(option.pieces) > 4 else "")


def _rule(decision: Decision, shown: Shown) -> str:
    """Which rule allows it."""
    if shown.book.rights is None:
        return "No decision rights are stated: what no rule of the policy holds back is allowed."
    return said.ruling(decision.ruling) if decision.ruling is not None else ""
