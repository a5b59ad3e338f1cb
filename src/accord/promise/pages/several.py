"""What is done with several promises at once, and what does one see before and after?

Before: who is touched, what becomes free, and which of them would be left out and why. Then all of them go to the desk
together, each with an id of its own made from the page's key: sent twice, it is done once. After: one result a line, read
from what was decided and kept.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

import msgspec
from litestar import get, post
from litestar.datastructures import State
from litestar.params import FromQuery, QueryParameter, URLEncodedBody
from litestar.response import Redirect, Template

from accord.db.engine import Database
from accord.kit.errors import InputError
from accord.kit.ids import new_id
from accord.ledger.model import Kind, kind_of_key, node_of
from accord.ledger.said import day, moment, thing
from accord.promise import said, service
from accord.promise.model import Decision, Verb
from accord.promise.model import Request as Wanted
from accord.promise.pages.places import amount, supply_href
from accord.promise.pages.rows import row
from accord.promise.pages.shown import Shown
from accord.promise.pages.submitting import Visitor
from accord.promise.pages.visiting import refusals_of, visit_of
from accord.promise.service import foresight
from accord.promise.service.foresight import SEVERAL_MAX, Foreseen, Foresight

# For each verb: as a button, as a question about one and about many, and as a result.
WORDS = {
    Verb.commit: ("Commit", "Commit this hold?", "Commit {n} holds?", "committed"),
    Verb.hold: ("Hold longer", "Hold this longer?", "Hold these {n} longer?", "held longer"),
    Verb.release: ("Release", "Release this hold?", "Release {n} holds?", "released"),
    Verb.cancel: ("Cancel", "Cancel this promise?", "Cancel {n} promises?", "cancelled"),
}
_OPERATIONS = ("promise.commit", "promise.hold", "promise.release", "promise.cancel")


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody saw in the preview and said yes to."""

    verb: str
    key: str  # made with the preview
    ids: str  # of the promises, with blanks between


@get(
    "/promises/several",
    opt={"operation": _OPERATIONS, "subject": ""},
    include_in_schema=False,
    sync_to_thread=True,
)
def preview(
    state: State,
    request: Visitor,
    verb: FromQuery[str] = "",
    ids: Annotated[list[str] | None, QueryParameter(name="id")] = None,
) -> Template:
    """What would happen, before anything does."""
    db: Database = state["db"]
    wanted = _verb(verb)
    if not ids:
        raise InputError.at("id", "missing", "Choose at least one promise in the list.")
    # Named in the address by hand: the list offers nobody what he may not read.
    for no in refusals_of(db, request, [Wanted(id="page", verb=Verb.ask, promise=id) for id in ids]):
        if no is not None:
            raise no
    found = foresight.foresee(db, wanted, ids, actor=visit_of(request).actor)
    refused = refusals_of(db, request, [one.request for one in found.rows])
    shown = Shown.read(db)
    rows = [
        _row(one, shown, wanted)
        if no is None
        else {**_row(one, shown, wanted), "is_done": False, "then": no.detail}
        for one, no in zip(found.rows, refused, strict=True)
    ]
    done = [one for one in rows if one["is_done"]]
    word, one_question, many_question, past = WORDS[wanted]
    is_one = len(rows) == 1
    context = {
        "verb": wanted.value,
        "word": word,
        "question": one_question if is_one else many_question.format(n=len(rows)),
        "sentence": _sentence(len(done), len(rows), past, found, shown),
        "rows": rows,
        "is_one": is_one,
        "action": f"/promises/{rows[0]['id']}" if is_one else "/promises/several",
        "back": f"/promises/{rows[0]['id']}" if is_one else "/promises",
        "ids": " ".join([str(one["id"]) for one in done]),
        "count": len(done),
        "frees": [
            {
                "what": thing(one.key),
                "href": supply_href(one.key),
                "quantity": amount(one.key, one.quantity, shown),
                "on": day(one.on, shown.names.today),
            }
            for one in found.frees
        ],
        "drops": len(found.drops),
        "serves": [
            {
                "customer": shown.customer(one.promise.customer) or "no customer",
                "href": f"/promises/{one.promise.id}",
                "ref": one.promise.ref,
                "short": amount(one.exception.key, one.exception.short, shown),
                "what": thing(one.exception.key),
            }
            for one in found.serves
        ],
        "customers": sorted({str(one["customer"]) or "no customer" for one in done}),
        "key": new_id("req"),
    }
    return Template(template_name="several.html", context=context)


@post(
    "/promises/several",
    opt={"operation": _OPERATIONS, "subject": ""},
    include_in_schema=False,
    sync_to_thread=True,
)
def do(state: State, request: Visitor, data: URLEncodedBody[Chosen]) -> Redirect:
    """Do it with each of them; what becomes of each is read on the page that follows."""
    db: Database = state["db"]
    verb, ids = _verb(data.verb), _ids(data.ids)
    wanted = [Wanted(id=_request_id(data.key, id), verb=verb, promise=id) for id in ids]
    refused = refusals_of(db, request, wanted)
    let = [one for one, no in zip(wanted, refused, strict=True) if no is None]
    if let:
        service.desk(db).submit(let, visit_of(request).actor).result()
    query = urlencode({"verb": verb.value, "key": data.key, "ids": " ".join(ids)})
    return Redirect(f"/promises/several/done?{query}", status_code=303)


@get(
    "/promises/several/done",
    opt={"operation": "promise.read", "subject": ""},
    include_in_schema=False,
    sync_to_thread=True,
)
def done(
    state: State,
    request: Visitor,
    verb: FromQuery[str] = "",
    key: FromQuery[str] = "",
    ids: FromQuery[str] = "",
) -> Template:
    """What became of each of them, as it was decided and kept."""
    db: Database = state["db"]
    wanted, chosen = _verb(verb), _ids(ids)
    decided = service.decisions_of_requests(db, [_request_id(key, id) for id in chosen])
    found = foresight.known(db, chosen, reach=visit_of(request).reads)
    shown = Shown.read(db)
    rows = []
    for id in chosen:
        if id not in found:
            continue
        decision = decided.get(_request_id(key, id))
        rows.append(
            {
                **row(found[id], shown),
                "is_done": decision is not None and said.is_done(decision),
                "then": "It was not done, and nothing says why. Try it again."
                if decision is None
                else _words(decision, wanted, shown),
            }
        )
    good = sum(bool(one["is_done"]) for one in rows)
    past = WORDS[wanted][3]
    context = {
        "verb": wanted.value,
        "past": past,
        "sentence": f"{_all_of(good, len(rows))} {'is' if good == 1 else 'are'} {past}."
        if good
        else f"None of them is {past}.",
        "tone": "good" if good == len(rows) else "care" if good else "bad",
        "rows": rows,
        "key": key,
        "open_ids": " ".join([id for id in chosen if _request_id(key, id) not in decided and id in found]),
    }
    return Template(template_name="several_done.html", context=context)


PAGES = [preview, do, done]


def _verb(text: str) -> Verb:
    if text not in {verb.value for verb in WORDS}:
        raise InputError.at(
            "verb", "unknown_verb", "Promises are committed, held longer, released or cancelled here."
        )
    return Verb(text)


def _ids(text: str) -> list[str]:
    ids = list(dict.fromkeys(text.split()))
    if not ids:
        raise InputError.at("ids", "missing", "Choose at least one promise in the list.")
    if len(ids) > SEVERAL_MAX:
        raise InputError.at("ids", "too_many", f"Choose at most {SEVERAL_MAX} promises at a time.")
    return ids


def _request_id(key: str, promise: str) -> str:
    return f"{key}.{promise}"


def _row(one: Foreseen, shown: Shown, verb: Verb) -> dict[str, object]:
    if one.decision is not None:
        words = _words(one.decision, verb, shown)
    else:
        words = one.error.detail if one.error is not None else ""
    return {**row(one.seen, shown), "is_done": one.would_be_done, "then": words}


def _words(decision: Decision, verb: Verb, shown: Shown) -> str:
    """What an answer says of one promise in the list."""
    if decision.refusals:
        first = said.REFUSALS[decision.refusals[0]]
        return f"{first[0]} {first[1]}"
    if verb is Verb.hold and decision.expires_at is not None:
        return f"Held until {moment(decision.expires_at, shown.names.today)}."
    return f"{WORDS[verb][3].capitalize()}."


def _sentence(good: int, every: int, past: str, found: Foresight, shown: Shown) -> str:
    if not good:
        return "This cannot be done now." if every == 1 else f"None of them can be {past} now."
    words = "" if every == 1 else f"{_all_of(good, every)} can be {past}. "
    nodes = [one for one in found.frees if kind_of_key(one.key) is Kind.node]
    if not nodes:
        return words + (
            "Nobody else is moved." if not found.drops else "What was planned for it is given up."
        )
    parts = [f"{amount(one.key, one.quantity, shown)} {node_of(one.key)[0]}" for one in nodes[:3]]
    more = [f"{len(nodes) - 3} more"] if len(nodes) > 3 else []
    listed = [*parts, *more]
    named = listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} and {listed[-1]}"
    return f"{words}{named} {'becomes' if len(listed) == 1 else 'become'} free for others at once."


def _all_of(good: int, every: int) -> str:
    if good == every:
        return "It" if every == 1 else "Both" if every == 2 else f"All {every}"
    return f"{good} of {every}"
