"""What does one who is asked to agree see: what is asked, which rule it exceeds, what it earns, and what is advised?

The advice is computed from price, cost and supply, and says what it was computed from. What it does not know is why the
customer may be worth more than that.
"""

from __future__ import annotations

from urllib.parse import urlencode

import msgspec

from accord.kit.days import iso
from accord.kit.errors import AccordError
from accord.kit.quantity import format_quantity
from accord.ledger.model import node_key
from accord.ledger.said import age, day, moment, thing
from accord.promise import said
from accord.promise.model import Approval, ApprovalState, Line, Promise, Refusal, Verb
from accord.promise.named import Names, understand
from accord.promise.pages.rows import row
from accord.promise.pages.shown import Shown
from accord.promise.pages.told import because, quantity
from accord.promise.service.considering import Considered

COUNTER = "Counter: "
_TONES = {ApprovalState.pending: "care", ApprovalState.approved: "good", ApprovalState.declined: "bad"}
_WORDS = {ApprovalState.pending: "Waits", ApprovalState.void: "No longer holds"}
_MINUTE = 60_000_000


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """What the figures speak for, and from what that follows."""

    tone: str
    verb: str  # approve, counter, decline; "" = nothing
    words: str
    because: tuple[str, ...] = ()


def card(one: Approval, shown: Shown, *, sees_margin: bool) -> dict[str, object]:
    """One approval in a worklist."""
    figures, today = one.figures, shown.names.today
    return {
        "id": one.id,
        "state": _WORDS.get(one.state, one.state.value.capitalize()),
        "tone": _TONES.get(one.state, "none"),
        "customer": shown.customer(one.customer) or "No customer",
        "lines": _lines_of(one, None, shown),
        "because": [because(words) for words in one.ruling.because],
        "price": shown.money(figures.price_minor),
        "margin": _percent(figures.margin_bp) if sees_margin else "",
        "actor": one.actor,
        "role": one.role,
        "is_pending": one.state is ApprovalState.pending,
        "asked": age(one.asked_at, shown.now),
        "left": left(one.expires_at - shown.now),
        "until": moment(one.expires_at, today),
        "decided": f"{one.decided_by}, {moment(one.decided_at, today)}" if one.decided_at is not None else "",
    }


def left(micros: int) -> str:
    """How long there is still: "5 h left", "12 min left"."""
    minutes = max(0, micros) // _MINUTE
    if minutes < 90:
        return f"{minutes} min left"
    hours = minutes // 60
    return f"{hours} h left" if hours < 48 else f"{hours // 24} days left"


def considered(found: Considered, shown: Shown, *, sees_margin: bool, may_answer: bool) -> dict[str, object]:
    """Everything about one."""
    one, today = found.approval, shown.names.today
    figures = one.figures
    advice = _advice(found, shown) if one.state is ApprovalState.pending else None
    return {
        **card(one, shown, sees_margin=sees_margin),
        "verb": _VERBS.get(one.request.verb, one.request.verb.value),
        "request": request_sentence(found, shown),
        "sentence": one.sentence,
        "rule": one.ruling.by,
        "facts": _facts(found, shown, sees_margin=sees_margin),
        "prices": _prices(found, shown),
        "others": _others(found, shown),
        "advice": advice if sees_margin else None,
        "history": _history(found, shown),
        "latest": [row(it, shown) for it in found.history.latest],
        "promise": one.promise,
        "note": _note(one.note),
        "counter": _counter_offer(one, found.promise, shown),
        "why_not": _why_not(found) if one.state is ApprovalState.pending else "",
        "may_approve": may_answer and found.may_decide,
        "may_decline": may_answer
        and one.state is ApprovalState.pending
        and (found.has_role or found.is_requester),
        "is_requester": found.is_requester,
        "fields": [
            {
                "item": line.item,
                "quantity": quantity(shown, line.quantity, line.item),
                "on": iso(line.requested_on),
                "price": said.money(line.price_minor, shown.names.currency).partition(" ")[0]
                if line.price_minor is not None
                else "",
            }
            for line in asked_lines(one, found.promise)
        ],
        "days_late": figures.days_late,
        "asked_at": moment(one.asked_at, today),
    }


_VERBS = {
    Verb.commit: "commit",
    Verb.hold: "hold",
    Verb.amend: "amend",
    Verb.cancel: "cancel",
    Verb.release: "release",
}


def request_sentence(found: Considered, shown: Shown) -> str:
    """What is asked, in one sentence."""
    one = found.approval
    verb = _VERBS.get(one.request.verb, one.request.verb.value)
    whom = f" for {shown.customer(one.customer)}" if one.customer else ""
    what = ", ".join(_lines_of(one, found.promise, shown))
    change = "amend it to " if one.request.verb is Verb.amend else f"{verb} "
    return f"{one.actor} wants to {change}{what}{whom}."


def asked_lines(one: Approval, promise: Promise | None) -> tuple[Line, ...]:
    """The lines that are asked for; where only how firmly they stand is asked for, those of the promise."""
    if one.request.lines or promise is None:
        return one.request.lines
    return tuple(
        Line(
            item=line.item,
            quantity=line.quantity,
            requested_on=line.requested_on,
            price_minor=line.price_minor,
        )
        for line in promise.lines
    )


def _lines_of(one: Approval, promise: Promise | None, shown: Shown) -> list[str]:
    return [
        f"{quantity(shown, line.quantity, line.item)} {line.item} by {day(line.requested_on, shown.names.today)}"
        + (f" at {shown.money(line.price_minor)}" if line.price_minor is not None else "")
        for line in asked_lines(one, promise)
    ]


def _facts(found: Considered, shown: Shown, *, sees_margin: bool) -> list[tuple[str, str]]:
    figures = found.approval.figures
    earned = None if figures.price_minor is None else figures.price_minor - figures.cost_minor
    facts = [("Price", shown.money(figures.price_minor))]
    if sees_margin:
        percent = f" · {_percent(figures.margin_bp)}" if figures.margin_bp is not None else ""
        facts += [
            ("Cost at today's supply", shown.money(figures.cost_minor)),
            ("Margin", f"{shown.money(earned)}{percent}"),
        ]
    facts.append(
        (
            "Late",
            ""
            if not figures.days_late
            else f"{figures.days_late} {'day' if figures.days_late == 1 else 'days'}",
        )
    )
    facts.append(("Expediting", shown.money(figures.expedite_minor) if figures.expedite_minor else ""))
    return facts


def _prices(found: Considered, shown: Shown) -> list[dict[str, str]]:
    """Each line's price beside its list price and floor, and by how much it is above or below the floor."""
    rows = []
    for line in asked_lines(found.approval, found.promise):
        price = found.prices.get(line.item)
        if price is None:
            continue
        asked = line.price_minor if line.price_minor is not None else price.list_minor
        gap = asked - price.floor_minor
        percent = f" ({abs(gap) * 100 / price.floor_minor:.1f} %)" if price.floor_minor else ""
        rows.append(
            {
                "item": line.item,
                "asked": shown.money(asked),
                "list": shown.money(price.list_minor),
                "floor": shown.money(price.floor_minor) if price.floor_minor else "none",
                "gap": ""
                if not price.floor_minor
                else f"{shown.money(abs(gap))}{percent} {'below' if gap < 0 else 'above'}",
                "tone": "bad" if gap < 0 else "good",
            }
        )
    return rows


def _others(found: Considered, shown: Shown) -> list[str]:
    """What it means for others, a sentence each."""
    one = found.approval
    words = [
        "It takes from the share of a lower tier, which is then smaller for them."
        if one.figures.borrow
        else "Nobody else is moved."
    ]
    for it in found.left:
        words.append(
            f"{quantity(shown, it.available, it.item)} {it.item} can still be promised at {thing(node_key(it.item, it.site)).partition(' at ')[2]} for {day(it.on, shown.names.today)}."
        )
    if one.figures.inside_fence:
        words.append("Work that is planned already would be moved: it starts inside the fence.")
    if one.keeps:
        words.append("What it takes is kept meanwhile; declined, it is free at once.")
    elif one.request.verb is not Verb.amend:
        words.append("Nothing is kept meanwhile: it may be promised to somebody else before you answer.")
    return words


def _history(found: Considered, shown: Shown) -> str:
    kept = found.history
    name = shown.customer(found.approval.customer)
    if not name:
        return ""
    if not kept.over:
        return f"Nothing promised to {name} has been due yet."
    return f"{kept.kept} of the last {kept.over} promises to {name} were kept ({kept.kept * 100 // kept.over} %), worth {shown.money(kept.value_minor)} together with what is open."


def _why_not(found: Considered) -> str:
    """Why the visitor cannot agree, in words; "" = he can."""
    one = found.approval
    if found.is_requester:
        return f"You asked for this, or had a hand in it. Somebody else who is a {one.role} decides."
    if not found.has_role:
        return f"A {one.role} decides this; you are none."
    if found.then is None:
        return "It cannot be looked at just now. Open it again in a moment."
    if found.then.refusals:
        first = said.REFUSALS[found.then.refusals[0]]
        return f"It can no longer be done as it was asked. {first[0]} Decline it, and have it asked anew."
    return ""


# --- what is advised ---


def _advice(found: Considered, shown: Shown) -> Advice:
    one = found.approval
    figures = one.figures
    if found.then is not None and found.then.refusals and found.then.refusals[0] not in _ABOUT_THE_VISITOR:
        return Advice(
            tone="bad",
            verb="decline",
            words="Decline: it can no longer be done as it was asked.",
            because=(said.REFUSALS[found.then.refusals[0]][0],),
        )
    reasons: list[str] = []
    below = [it for it in _gaps(found) if it[1] < 0]
    earned = None if figures.price_minor is None else figures.price_minor - figures.cost_minor
    if earned is None:
        return Advice(
            tone="care",
            verb="",
            words="The figures speak neither for nor against it: no price is known.",
            because=tuple(reasons),
        )
    reasons.append(
        f"It {'earns' if earned >= 0 else 'loses'} {shown.money(abs(earned))} at what supply costs today{_of(figures.margin_bp)}."
    )
    if below:
        floors = ", ".join(f"{item} at {shown.money(found.prices[item].floor_minor)}" for item, _gap in below)
        reasons.append(f"At the floor it would be {floors}.")
    if figures.borrow:
        reasons.append("It takes from what is set aside for a lower tier.")
    kept = found.history
    if kept.over:
        reasons.append(f"Promises to this customer are kept {kept.kept * 100 // kept.over} % of the time.")
    if earned < 0:
        return Advice(
            tone="bad",
            verb="counter" if below else "decline",
            words="Counter or decline: it is sold below what it costs."
            if below
            else "Decline: it costs more than it brings.",
            because=tuple(reasons),
        )
    if below:
        return Advice(
            tone="care",
            verb="counter",
            words="Counter: a price at the floor is the smaller step.",
            because=tuple(reasons),
        )
    if figures.borrow:
        return Advice(
            tone="care",
            verb="",
            words="Weigh it: it pays, and a lower tier gives up supply for it.",
            because=tuple(reasons),
        )
    return Advice(
        tone="good",
        verb="approve",
        words="Approve: it pays, and nobody else is moved.",
        because=tuple(reasons),
    )


_ABOUT_THE_VISITOR = (Refusal.approver_is_requester, Refusal.not_allowed)


def _gaps(found: Considered) -> list[tuple[str, int]]:
    return [
        (line.item, line.price_minor - found.prices[line.item].floor_minor)
        for line in asked_lines(found.approval, found.promise)
        if line.price_minor is not None and line.item in found.prices
    ]


def _of(margin_bp: int | None) -> str:
    return f", {_percent(margin_bp)} of the price" if margin_bp is not None else ""


def _percent(bp: int | None) -> str:
    return "" if bp is None else f"{bp / 100:.1f} %".replace("-", "−")


# --- a counter ---


def counter_words(lines: list[tuple[Line, str, str]], shown: Shown, reason: str) -> str:
    """What is proposed instead, in words that can be asked: (line, day, price) each; and why."""
    said_lines = []
    for line, on, price in lines:
        known = shown.names.items.get(line.item)
        n = format_quantity(line.quantity, known.scale if known is not None else 1)
        at = f" at {price}" if price else ""
        said_lines.append(f"{n} {line.item} by {on}{at}")
    return f"{COUNTER}{'; '.join(said_lines)}" + (f"\n{reason}" if reason else "")


def _note(note: str) -> str:
    return note.partition("\n")[2] if note.startswith(COUNTER) else note


def _counter_offer(one: Approval, promise: Promise | None, shown: Shown) -> dict[str, str] | None:
    """What was proposed when it was declined, and where it is asked so."""
    if one.state is not ApprovalState.declined or not one.note.startswith(COUNTER):
        return None
    words = one.note.partition("\n")[0].removeprefix(COUNTER)
    customer = shown.customer(one.customer)
    asked = "\n".join(f"{line} for {customer}" if customer else line for line in words.split("; "))
    href = f"/?{urlencode({'q': asked})}"
    if one.request.verb is Verb.amend and promise is not None and promise.state.is_open:
        href = _amend_href(promise, words, shown.names)
    return {"words": words, "href": href}


def _amend_href(promise: Promise, words: str, names: Names) -> str:
    try:
        lines = understand(words, names).lines
    except AccordError:
        return f"/promises/{promise.id}/amend"
    pairs: list[tuple[str, str]] = []
    for line in lines:
        scale = names.items[line.item].scale
        price = (
            said.money(line.price_minor, names.currency).partition(" ")[0]
            if line.price_minor is not None
            else ""
        )
        pairs += [
            ("item", line.item),
            ("quantity", format_quantity(line.quantity, scale)),
            ("on", iso(line.requested_on)),
            ("price", price),
        ]
    return f"/promises/{promise.id}/amend?{urlencode(pairs)}"
