"""How are the rights changed: as a table or as a file, looked at, stated, agreed to by another, or withdrawn?

Nothing is kept here between two pages: each form carries all that was typed, and what came into force meanwhile is told apart
by the edition it was made from. Every page works without scripts; nothing is stated, agreed to or withdrawn by a link.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.datastructures import State
from litestar.params import FromPath, QueryParameter, URLEncodedBody
from litestar.response import Redirect, Template

from accord.db.engine import Database
from accord.kit.days import date_of, day_of, local_day, midnight
from accord.kit.errors import AccordError, InputError, NotFound, RequestChanged
from accord.kit.ids import new_id
from accord.policy import said, service, words
from accord.policy.model import Book, Edition, Rights
from accord.policy.pages import shown
from accord.policy.pages.beginnings import beginning
from accord.policy.pages.form import RULES, Fields, changed, counts_of, fields_of, tree_from, wrong_fields
from accord.policy.pages.shown import Words
from accord.policy.pages.viewing import Visitor, show_edition, text_of
from accord.policy.words.written import Tree, as_toml, tree_of

STATE = {"operation": "rights.state"}
AGREE = {"operation": "rights.agree"}
_KEY = re.compile(r"edi_[0-9a-z]{26}")
TEXT_MAX = 500_000  # characters of a file; a form may be as long as a request


class Withdrawn(msgspec.Struct, frozen=True, kw_only=True):
    """Why somebody takes back what was stated."""

    why: str = ""


# --- the form ---


@get("/rights/change", opt=STATE, include_in_schema=False, sync_to_thread=True)
def change_page(
    state: State,
    request: Visitor,
    begin: Annotated[str, QueryParameter(name="from", max_length=200)] = "",
    shape: Annotated[str, QueryParameter(name="as", max_length=10)] = "table",
) -> Template:
    """The rights to be changed: those in force, an earlier edition, or something to begin with."""
    db: Database = state["db"]
    rules = _rules(db)
    tree = _began(db, rules, begin, request.state.actor)
    over = service.in_force(rules)
    if shape == "text":
        return _text(db, request, as_toml(tree), over)
    return _table(db, request, tree, over)


@post("/rights/change", opt=STATE, include_in_schema=False, status_code=HTTPStatus.OK, sync_to_thread=True)
def change(state: State, request: Visitor, data: URLEncodedBody[dict[str, str]]) -> Template:
    """A row added, moved or removed; the same as a file or as a table; or on to the check."""
    db: Database = state["db"]
    do, over = data.get("do", ""), data.get("over", "")
    if data.get("shape") == "text":
        text = _file(data)
        if do == "check":
            return _check(db, request, text, over, shape="text")
        if do == "table":
            return _as_table(db, request, text, over)
        return _text(db, request, text, over)
    tree = tree_from(data)
    if do == "check":
        return _check(db, request, as_toml(tree), over, shape="table")
    if do == "text":
        return _text(db, request, as_toml(tree), over)
    tree, focus = changed(tree, do)
    return _table(db, request, tree, over, focus=focus)


@post("/rights/state", opt=STATE, include_in_schema=False, status_code=HTTPStatus.OK, sync_to_thread=True)
def state_rights(state: State, request: Visitor, data: URLEncodedBody[dict[str, str]]) -> Redirect | Template:
    """State what was looked at."""
    db: Database = state["db"]
    text, over = _file(data), data.get("over", "")
    try:
        edition = _dated(_read(db, text), data.get("on", ""))
        doubts = service.doubts(db, edition)
        if doubts and data.get("anyway") != "yes":
            raise InputError.at(
                "anyway", "not_meant", "Something is likely not meant. Correct it, or say that it is."
            )
        key = data.get("key", "")
        if _KEY.fullmatch(key) is None:
            raise InputError.at("key", "not_a_key", "The form was not whole. Look at it and state it again.")
        made = service.state(db, edition, id=key, actor=request.state.actor, over=over)
    except AccordError as error:
        return _check(db, request, text, over, error=error, data=data)
    if made.applied_at is None:
        return Redirect(f"/rights/editions/{made.id}", status_code=303)
    return Redirect("/rights", status_code=303)


# --- another person ---


@post(
    "/rights/editions/{edition:str}/agree",
    opt=AGREE,
    include_in_schema=False,
    status_code=HTTPStatus.OK,
    sync_to_thread=True,
)
def agree(state: State, request: Visitor, edition: FromPath[str]) -> Redirect | Template:
    """Agree to an edition, as another person than who stated it."""
    db: Database = state["db"]
    try:
        service.agree(db, edition, actor=request.state.actor)
    except NotFound:
        raise
    except AccordError as error:
        return show_edition(db, edition, request, notice=error.detail, status=error.status)
    return Redirect(f"/rights/editions/{edition}", status_code=303)


@post(
    "/rights/editions/{edition:str}/withdraw",
    opt={"operation": ("rights.state", "rights.agree")},
    include_in_schema=False,
    status_code=HTTPStatus.OK,
    sync_to_thread=True,
)
def withdraw(
    state: State, request: Visitor, edition: FromPath[str], data: URLEncodedBody[Withdrawn]
) -> Redirect | Template:
    """Take back an edition that is not in force yet."""
    db: Database = state["db"]
    why = data.why.strip()[:300]
    try:
        service.withdraw(db, edition, actor=request.state.actor, why=why)
    except NotFound:
        raise
    except AccordError as error:
        return show_edition(db, edition, request, notice=error.detail, note=why, status=error.status)
    return Redirect(f"/rights/editions/{edition}", status_code=303)


PAGES = [change_page, change, state_rights, agree, withdraw]


# --- pages ---


def _table(
    db: Database,
    request: Visitor,
    tree: Tree,
    over: str,
    *,
    focus: str = "",
    errors: dict[str, str] | None = None,
    others: list[str] | None = None,
    notice: str = "",
    status: int = HTTPStatus.OK,
) -> Template:
    rules = _rules(db)
    known = rules.rights or Rights()
    fields, wrong = fields_of(tree), errors or {}
    context = {
        "f": fields,
        "n": counts_of(tree),
        "wrong": wrong,
        "others": others or [],
        "focus": focus or next(iter(wrong), ""),
        "notice": notice,
        "rules": [(name, value) for name, value in said.rules(rules.rules) if name in RULES],
        "currency": fields.get("rules-currency") or rules.rules.currency,
        "roles": sorted({*shown.roles(known), *_named(fields, "role"), *_named(fields, "ask")}),
        **_around(db, request, rules, over),
    }
    return Template("rights_table.html", context=context, status_code=status)


def _text(
    db: Database,
    request: Visitor,
    text: str,
    over: str,
    *,
    errors: list[str] | None = None,
    notice: str = "",
    status: int = HTTPStatus.OK,
) -> Template:
    context = {
        "text": text,
        "errors": errors or [],
        "notice": notice,
        "lines": min(60, max(18, text.count("\n") + 2)),
        **_around(db, request, _rules(db), over),
    }
    return Template("rights_text.html", context=context, status_code=status)


def _check(
    db: Database,
    request: Visitor,
    text: str,
    over: str,
    *,
    shape: str = "text",
    error: AccordError | None = None,
    data: Fields | None = None,
) -> Template:
    """What stating it would mean; where it cannot be read, the form it came from with what is wrong."""
    given = data or {}
    try:
        edition = _read(db, text)
    except InputError as wrong:
        return _wrong(db, request, text, over, wrong, given.get("shape") or shape)
    rules = _rules(db)
    current, words_of = service.in_force(rules), Words(rules.rules.currency, _now(db))
    is_overtaken = over != current and (not over or over in {one.id for one in service.editions(db)})
    tested = service.tested(edition, words_of.now, rules.accounts)
    on = given.get("on", _day(edition))
    context = {
        "text": text,
        "shape": given.get("shape") or shape,
        "name": edition.name,
        "changes": [words_of.change(one, edition.rights) for one in service.difference(db, edition)],
        "cases": [words_of.outcome(one) for one in tested.outcomes],
        "failed": len(tested.failed),
        "doubts": service.doubts(db, edition),
        "anyway": given.get("anyway") == "yes",
        "waiting": [
            words_of.edition(one, current)
            for one in service.editions(db)
            if one.applied_at is None and one.withdrawn_at is None and one.id != given.get("key")
        ],
        "meanwhile": [words_of.change(one, rules.stated or Rights()) for one in service.between(db, over, "")]
        if is_overtaken and over
        else [],
        "is_overtaken": is_overtaken,
        "on": on,
        "zone": edition.rights.zone,
        "second": (rules.rights or Rights()).second,
        "notice": error.detail if error is not None else "",
        "wrong": {one.pointer: one.detail for one in error.errors} if error is not None else {},
        # An id that was used for something else is never used again.
        "key": given["key"]
        if _KEY.fullmatch(given.get("key", "")) and not isinstance(error, RequestChanged)
        else new_id("edi"),
        **_around(db, request, rules, current),  # having seen what came between, one states over that
    }
    status = error.status if error is not None else HTTPStatus.OK
    return Template("rights_check.html", context=context, status_code=status)


def _wrong(db: Database, request: Visitor, text: str, over: str, error: InputError, shape: str) -> Template:
    details = [one.detail for one in error.errors]
    if shape == "table":
        try:
            tree = words.tree(text)
        except InputError:
            shape = "text"
        else:
            fields = wrong_fields(text, error.errors)
            others = [one for one in details if not any(one.endswith(known) for known in fields.values())]
            return _table(db, request, tree, over, errors=fields, others=others, status=error.status)
    return _text(db, request, text, over, errors=details, status=error.status)


def _as_table(db: Database, request: Visitor, text: str, over: str) -> Template:
    """A file as a table, where a table can hold all it says."""
    try:
        edition = _read(db, text)
    except InputError as error:
        return _text(
            db, request, text, over, errors=[one.detail for one in error.errors], status=error.status
        )
    tree = tree_of(edition, _rules(db).rules.currency)
    if _read(db, as_toml(tree_from(fields_of(tree)))) != _read(db, as_toml(tree)):
        notice = (
            "This file names things with commas or semicolons, which a table cannot hold. Change it here."
        )
        return _text(db, request, text, over, notice=notice)
    return _table(db, request, tree, over)


def _around(db: Database, request: Visitor, rules: Book, over: str) -> dict[str, object]:
    return {
        "over": over,
        "may_change": shown.is_changer(rules, request.state.actor),
        "changed_by": shown.changed_by(rules.rights or Rights()),
        "actor": request.state.actor,
    }


# --- what they share ---


def _rules(db: Database) -> Book:
    with db.read() as tx:
        return service.book(tx)


def _now(db: Database) -> int:
    with db.read() as tx:
        return tx.now()


def _read(db: Database, text: str) -> Edition:
    return words.read(text, currency=_rules(db).rules.currency)


def _file(data: Fields) -> str:
    """The file as it was typed; browsers send lines with two ends. Raises: InputError where it is too long."""
    text = data.get("text", "").replace("\r\n", "\n")
    if len(text) > TEXT_MAX:
        raise InputError.at("text", "too_long", f"The file is longer than {TEXT_MAX:,} characters.")
    return text


def _began(db: Database, rules: Book, begin: str, actor: str) -> Tree:
    currency = rules.rules.currency
    if not begin:
        return words.tree(text_of(db, rules))
    tree = beginning(begin, actor)
    if tree is not None:
        return tree
    made = next((one for one in service.editions(db) if one.id == begin), None)
    if made is None:
        raise NotFound(f"There is no edition {begin[:100]!r} of the rights. /rights lists them.")
    return tree_of(msgspec.structs.replace(made, effective_at=None), currency)


def _named(fields: Fields, name: str) -> list[str]:
    return [text for field, text in fields.items() if field.endswith(f"-{name}") and text not in ("", "*")]


def _day(edition: Edition) -> str:
    """The day from which on it counts; "" = at once."""
    if edition.effective_at is None:
        return ""
    return date_of(local_day(edition.effective_at, edition.rights.zone)).isoformat()


def _dated(edition: Edition, on: str) -> Edition:
    """From the beginning of a day on; a moment that the file itself states on that day stays. Raises: InputError."""
    if on == _day(edition):
        return edition
    at = midnight(day_of(on, pointer="on"), edition.rights.zone) if on else None
    return msgspec.structs.replace(edition, effective_at=at)
