"""What would other rights have changed in a time that is over? Shown beside the check of a change, while it is worked out.

It may take long, so it goes on by itself while its page looks at it: begun once for the same file, time and rights in force.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from litestar import post
from litestar.datastructures import State
from litestar.params import URLEncodedBody
from litestar.response import Template

from accord.db.engine import Database
from accord.kit.days import Instant, date_of, local_day
from accord.kit.digest import digest
from accord.kit.errands import Seen, Tell, errands_of
from accord.kit.errors import InputError, Unavailable
from accord.ledger.said import short_day
from accord.policy import service as policy
from accord.policy import words
from accord.policy.model import Answer, Period
from accord.promise import service
from accord.promise.pages.shown import Shown
from accord.promise.pages.submitting import Visitor
from accord.promise.service import Compared

ROWS = 50
WAIT_SECONDS = 0.8
SPANS = {"last-week": Period.week, "last-month": Period.month, "last-quarter": Period.quarter, "last-year": Period.year}  # fmt: skip


@post(
    "/rights/try",
    opt={"operation": "rights.try"},
    include_in_schema=False,
    status_code=HTTPStatus.OK,
    sync_to_thread=True,
)
def try_rights(state: State, request: Visitor, data: URLEncodedBody[dict[str, str]]) -> Template:
    """Judge the decisions of a span again by the rights of a file. Nothing is written."""
    db: Database = state["db"]
    text, span = data.get("text", "").replace("\r\n", "\n"), data.get("span", "last-quarter")
    context: dict[str, object] = {"text": text, "span": span, "over": data.get("over", "")}
    is_part = request.headers.get("HX-Target") == "tried"
    template = "_rights_tried.html" if is_part else "rights_tried.html"
    try:
        context |= _looked(db, text, span)
    except (InputError, Unavailable) as error:
        context |= {"is_over": True, "error": error.detail}
    # A part of a page is no place of its own to come back to.
    headers = {"HX-Push-Url": "false"} if is_part else {}
    return Template(template, context=context, headers=headers)


PAGES = [try_rights]


def _looked(db: Database, text: str, span: str) -> dict[str, object]:
    """How far it is, or what came out. Raises: InputError; Unavailable where too much is worked out at once."""
    if span not in SPANS:
        raise InputError.at("span", "unknown_word", "Choose last week, month, quarter or year.")
    with db.read() as tx:
        rules, now = policy.book(tx), tx.now()
    from_at, until_at = service.last_period(SPANS[span], now)
    edition = words.read(text, currency=rules.rules.currency)

    def work(tell: Tell) -> Compared:
        return service.compare_policies(db, edition, from_at, until_at, on_progress=tell)

    key = digest(f"{rules.version} {from_at} {until_at} {text}".encode())
    seen = errands_of(db).look(f"rights {key}", work, wait_seconds=WAIT_SECONDS)
    said = f"{_day(from_at)} to {_day(until_at - 1)}"
    return {"when": said, **_said(db, seen)}


def _day(at: Instant) -> str:
    day = local_day(at, "UTC")
    return f"{short_day(day)} {date_of(day).year}"


def _said(db: Database, seen: Seen[Compared]) -> dict[str, object]:
    if not seen.is_over:
        of = max(1, service.how_much(db))
        return {"is_over": False, "done": min(seen.done, of), "of": of}
    if seen.error is not None or seen.result is None:
        return {"is_over": True, "error": seen.error.detail if seen.error is not None else ""}
    found, shown = seen.result, Shown.read(db)
    then = found.then
    asked, allowed = then.count(Answer.ask), then.count(Answer.allow)
    return {
        "is_over": True,
        "error": "",
        "judged": len(then.rows),
        "more_asked": asked - found.asked_now,
        "less_allowed": found.allowed_now - allowed,
        "more_denied": then.count(Answer.deny) - found.denied_now,
        "prevented": found.prevented(Answer.deny),
        "prevented_alone": found.prevented(Answer.ask),
        "has_rights": found.now is not None,
        "figures": [
            ("Allowed", len(then.rows) - then.asked_before, found.allowed_now, allowed),
            ("Sent to approval", then.asked_before, found.asked_now, asked),
            ("Denied", 0, found.denied_now, then.count(Answer.deny)),
        ],
        "broken": then.broken,
        "broken_figures": (
            then.count(Answer.allow, broken_only=True),
            then.count(Answer.ask, broken_only=True),
            then.count(Answer.deny, broken_only=True),
        ),
        **_rows(found, shown),
    }


def _rows(found: Compared, shown: Shown) -> dict[str, object]:
    """What would be answered otherwise than by the rights in force; what it would have prevented comes first."""
    now = found.now.rows if found.now is not None else (None,) * len(found.then.rows)
    changed = [
        (was, one)
        for was, one in zip(now, found.then.rows, strict=True)
        if one.tried.ruling.answer is not (was.tried.ruling.answer if was is not None else Answer.allow)
    ]
    changed.sort(key=lambda pair: not pair[1].broken)
    rows: list[dict[str, Any]] = []
    for was, one in changed[:ROWS]:
        past, ruling = one.tried.past, one.tried.ruling
        before = was.tried.ruling if was is not None else None
        rows.append(
            {
                "promise": past.promise,
                "ref": past.ref,
                "customer": shown.customer(past.customer or None) or "no customer",
                "actor": past.actor,
                "verb": past.verb.value,
                "before": _answer(before.answer, before.ask) if before is not None else "allowed",
                "after": _answer(ruling.answer, ruling.ask),
                "because": ruling.because[0] if ruling.because else ruling.by,
                "broken": one.broken,
            }
        )
    broken = sum(bool(one.broken) for _, one in changed)
    return {
        "rows": rows,
        "changed": len(changed),
        "broken_changed": broken,
        "more": max(0, len(changed) - ROWS),
    }


def _answer(answer: Answer, ask: str) -> str:
    return f"ask {ask}" if answer is Answer.ask else {"allow": "allowed", "deny": "denied"}[answer.value]
