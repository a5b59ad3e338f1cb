"""What does the page of one promise say: its head, its dates, what covers it, what happened, what proves it?"""

from __future__ import annotations

from urllib.parse import urlencode

from accord.kit.days import iso
from accord.ledger.model import Kind, State, SupplyKind, kind_of_key, node_of
from accord.ledger.pages import links
from accord.ledger.said import age, day, moment, number, thing
from accord.promise.model import Approval, ApprovalState, Promise
from accord.promise.pages.places import amount, supply_href
from accord.promise.pages.rows import TONES, WORDS, owner, short_words
from accord.promise.pages.shown import Shown
from accord.promise.pages.told import because, cause, quantity, short, told
from accord.promise.service.course import Course, Covered, Proved
from accord.promise.service.reads import Seen

# What may be done with a promise in a state: the verb, its word, how it looks, its key.
_ACTIONS = {
    State.held: (
        ("commit", "Commit …", "primary", "c"),
        ("hold", "Hold longer …", "", "h"),
        ("amend", "Amend …", "", "e"),
        ("release", "Release …", "", ""),
    ),
    State.committed: (("amend", "Amend …", "", "e"), ("cancel", "Cancel …", "danger", "")),
}
_APPROVAL_TONES = {
    ApprovalState.pending: "care",
    ApprovalState.approved: "good",
    ApprovalState.declined: "bad",
}
_APPROVAL_WORDS = {ApprovalState.pending: "waits", ApprovalState.void: "no longer holds"}


def facing(
    found: Course, shown: Shown, may: frozenset[str], *, reads: frozenset[str] | None = None
) -> dict[str, object]:
    """Everything but why; `may`: which verbs are the visitor's to use on it; `reads`: whose approvals, None = everybody's."""
    unread = {one.id for one in found.approvals if reads is not None and one.actor not in reads}
    seen, promise, today = found.seen, found.seen.promise, shown.names.today
    actions = _ACTIONS.get(seen.state, ())
    return {
        "promise": {
            **shown.promise(seen),
            "state": WORDS.get(seen.state, seen.state.value),
            "tone": "bad" if found.uncovered else TONES.get(seen.state, "none"),
            "version": promise.version,
        },
        "sentence": sentence(found, shown),
        "uncovered": [
            {
                "what": short(one, shown),
                "href": supply_href(one.key),
                "because": cause(found.news.get(one.cause)),
                "owner": one.owner,
                "since": moment(one.opened_at, today),
                "age": age(one.opened_at, shown.now),
            }
            for one in found.uncovered
        ],
        "facts": _facts(seen, shown, sees_margin="raw" in may),
        "actions": [
            {
                "href": f"/promises/{promise.id}/amend"
                if verb == "amend"
                else f"/promises/several?{urlencode({'verb': verb, 'id': promise.id})}",
                "word": word,
                "kind": kind,
                "key": key,
            }
            for verb, word, kind, key in actions
            if verb in may
        ],
        "is_readable_only": bool(actions) and not any(verb in may for verb, *_ in actions),
        "again": ""
        if seen.state.is_open or seen.state is State.fulfilled
        else f"/?{urlencode({'q': asked_again(promise, shown)})}",
        "draws": _draws(found, shown),
        "happened": [_without(unread, told(one, shown)) for one in found.happened],
        "approvals": [_without(unread, _approval(one, shown)) for one in found.approvals],
        "proofs": [_proof(one, shown) for one in found.proofs],
        "proof_sentence": _proof_sentence(found.proofs),
        "sees_raw": "raw" in may,
    }


def sentence(found: Course, shown: Shown) -> str:
    """How it stands, in one sentence."""
    seen, promise, today = found.seen, found.seen.promise, shown.names.today
    what = _what(promise, shown)
    last = max(line.promised_on for line in promise.lines)
    moved = last - max(line.first_promised_on for line in promise.lines)
    if found.uncovered:
        return f"Supply does not cover {short_words(found.uncovered, shown).removesuffix(' not covered')} of {what}, promised for {day(last, today)}."
    match seen.state:
        case State.held:
            until = moment(promise.expires_at, today) if promise.expires_at is not None else "it is released"
            return f"{what} for {day(last, today)} {_is(promise)} kept for {shown.customer(promise.customer) or 'this request'} until {until}."
        case State.committed:
            if last < today:
                return f"{what} {_was(promise)} promised for {day(last, today)} and {_has(promise)} not all left yet."
            when = (
                "as first promised"
                if not moved
                else f"{abs(moved)} {'day' if abs(moved) == 1 else 'days'} {'later' if moved > 0 else 'sooner'} than first promised"
            )
            return f"{what} will be there by {day(last, today)}, {when}, and supply covers it."
        case State.fulfilled:
            return f"{what}: all of it has left."
        case State.expired:
            return f"The hold of {what} ended; it is free for others."
        case _:
            return (
                f"{what}: {seen.state.value} on {moment(promise.changed_at, today)}; it is free for others."
            )


def asked_again(promise: Promise, shown: Shown) -> str:
    """The same once more, as a line to ask with."""
    customer = shown.customer(promise.customer)
    lines = []
    for line in promise.lines:
        known = shown.names.items.get(line.item)
        n = number(line.quantity, known.scale if known is not None else 1).replace(
            "\N{NARROW NO-BREAK SPACE}", ""
        )
        on = max(line.requested_on, shown.names.today)
        lines.append(f"{n} {line.item} by {iso(on)}" + (f" for {customer}" if customer else ""))
    return "\n".join(lines)


def _what(promise: Promise, shown: Shown) -> str:
    first = promise.lines[0]
    if len(promise.lines) > 1:
        return f"The {len(promise.lines)} lines"
    return f"{quantity(shown, first.quantity, first.item)} {first.item}"


def _is(promise: Promise) -> str:
    return "is" if _is_one(promise) else "are"


def _was(promise: Promise) -> str:
    return "was" if _is_one(promise) else "were"


def _has(promise: Promise) -> str:
    return "has" if _is_one(promise) else "have"


def _is_one(promise: Promise) -> bool:
    return len(promise.lines) == 1 and promise.lines[0].quantity == 1


def _facts(seen: Seen, shown: Shown, *, sees_margin: bool) -> list[tuple[str, str]]:
    promise, today = seen.promise, shown.names.today
    margin = ""
    if sees_margin and promise.value_minor is not None and promise.decision:
        cost = (
            promise.figures.cost_minor
            if promise.figures is not None
            else sum(line.cost_minor for line in promise.lines)
        )
        earned = promise.value_minor - cost
        percent = f" · {round(100 * earned / promise.value_minor)} %" if promise.value_minor else ""
        margin = f"{shown.money(earned)}{percent}"
    until = promise.price_until
    return [
        ("Value", shown.money(promise.value_minor)),
        ("Margin when promised", margin),
        ("Owner", owner(seen, shown)),
        ("Made by", promise.actor),
        ("Approved by", promise.approved_by),
        ("Changed by", ", ".join(promise.changed_by)),
        ("Price holds until", moment(until, today) if until is not None and seen.state.is_open else ""),
        ("Renewed", f"{promise.renewals} ×" if promise.renewals else ""),
    ]


def _draws(found: Course, shown: Shown) -> list[dict[str, object]]:
    """What it takes, by thing and day, and what covers that now; shares and limits are counted elsewhere."""
    amounts: dict[tuple[str, int], int] = {}
    for draw in found.draws:
        if kind_of_key(draw.key) not in (Kind.allocation, Kind.limit):
            amounts[draw.key, draw.on] = amounts.get((draw.key, draw.on), 0) + draw.quantity
    order = sorted(amounts, key=lambda place: (not place[0].startswith("node:"), place[1], place[0]))
    return [
        {
            "what": thing(key),
            "href": supply_href(key),
            "quantity": amount(key, amounts[key, on], shown),
            "on": day(on, shown.names.today),
            "covers": [
                {
                    "words": _covering(one, shown),
                    "href": links.peg_rows(*node_of(key), one.supply.id),
                }
                for one in found.covers
                if (one.draw.key, one.draw.on) == (key, on)
            ],
        }
        for key, on in order
    ]


def _covering(one: Covered, shown: Shown) -> str:
    """So much by what, from when: "80 with PO 4711, Tue 16 Mar"."""
    supply = one.supply
    source = (
        "on hand"
        if supply.kind is SupplyKind.on_hand
        else f"with {supply.ref or supply.kind.value}, {day(supply.on, shown.names.today)}"
    )
    return f"{amount(one.draw.key, one.quantity, shown)} {source}"


def _without(unread: set[str], told: dict[str, str]) -> dict[str, str]:
    """What is said of an approval that the visitor may not read: that there is one, and no more."""
    if told["href"].removeprefix("/approvals/") not in unread:
        return told
    return {**told, "href": "", **{name: "" for name in ("because", "note") if name in told}}


def _approval(one: Approval, shown: Shown) -> dict[str, str]:
    today = shown.names.today
    decided = f"{one.decided_by}, {moment(one.decided_at, today)}" if one.decided_at is not None else ""
    return {
        "href": f"/approvals/{one.id}",
        "tone": _APPROVAL_TONES.get(one.state, "none"),
        "state": _APPROVAL_WORDS.get(one.state, one.state.value),
        "words": f"{one.actor} asked the {one.role}",
        "decided": decided or f"until {moment(one.expires_at, today)}",
        "because": " ".join(because(words) for words in one.ruling.because[:2]),
    }


def _proof(one: Proved, shown: Shown) -> dict[str, object]:
    return {
        "verb": one.verb.value,
        "at": moment(one.at, shown.names.today),
        "request": one.request,
        "decision": one.decision,
        "digest": one.digest,
        "chain": one.chain,
        "sequence": one.sequence,
        "hash": one.hash,
        "before": one.before,
        "holds": one.holds,
        "is_signed": one.is_signed,
        "words": _verdict(one),
    }


def _verdict(one: Proved) -> str:
    if not one.chain:
        return "No entry of it is in the record."
    if not one.is_same:
        return "The decision that is kept is not the one that was recorded."
    if not one.is_intact:
        return "The entry, or the one before it, was changed."
    return (
        "Unchanged, and in the last signed checkpoint."
        if one.is_signed
        else "Unchanged; no checkpoint has signed it yet."
    )


def _proof_sentence(proofs: tuple[Proved, ...]) -> str:
    if not proofs:
        return "It was promised elsewhere; nothing was decided about it here."
    wrong = sum(not one.holds for one in proofs)
    count = "The decision" if len(proofs) == 1 else f"All {len(proofs)} decisions"
    if wrong:
        return f"{wrong} of {len(proofs)} {'decision does' if wrong == 1 else 'decisions do'} not fit the record. Tell whoever answers for the audit."
    return f"{count} about it {'fits' if len(proofs) == 1 else 'fit'} the record; each hash was computed anew when this page was opened."
