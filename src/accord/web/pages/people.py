"""Who may sign in, in which roles and teams, and how does an administrator change that?

No password is shown or typed for somebody else: a link is handed over, by which they set their own.
"""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from litestar import get, post
from litestar.datastructures import State
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Redirect, Template

from accord.db.engine import Database
from accord.kit.errors import AccordError, Conflict, InputError, NotFound
from accord.ledger.said import moment
from accord.web.access.authority import ROLES
from accord.web.pages.visiting import Visitor
from accord.web.people import accounts, invites, sessions, teams
from accord.web.people.accounts import Account
from accord.web.people.invites import Invited

_READ, _STATE = {"operation": "people.read"}, {"operation": "people.state"}


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """What an administrator says of somebody."""

    name: str = ""
    email: str = ""
    roles: tuple[str, ...] | str = ()
    team: str = ""

    @property
    def chosen(self) -> tuple[str, ...]:
        """The roles; a form with one of them sends it alone."""
        return (self.roles,) if isinstance(self.roles, str) else self.roles


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done with an account."""

    verb: str


class TeamForm(msgspec.Struct, frozen=True, kw_only=True):
    """A team and who manages it."""

    team: str = ""
    manager: str = ""


@get("/people", include_in_schema=False, sync_to_thread=True, opt=_READ)
def people_page(state: State) -> Template:
    """Everybody who may sign in, and the teams."""
    return _list(state["db"])


@get("/people/new", include_in_schema=False, sync_to_thread=True, opt=_STATE)
def new_page(state: State) -> Template:
    """Somebody who is to sign in."""
    return _form(state["db"], Person())


@post("/people/new", include_in_schema=False, status_code=HTTPStatus.OK, sync_to_thread=True, opt=_STATE)
def add(state: State, request: Visitor, data: URLEncodedBody[Person]) -> Template:
    """Make the account, and the link that sets its password."""
    db: Database = state["db"]
    try:
        made = accounts.add(
            db, data.name, data.chosen, by=request.state.actor, email=data.email, team=data.team
        )
    except (InputError, Conflict, NotFound) as error:
        return _form(db, data, error=error)
    return _link(request, invites.invite(db, made.id, by=request.state.actor))


@get("/people/{person:str}", include_in_schema=False, sync_to_thread=True, opt=_READ)
def person_page(person: FromPath[str], state: State, done: FromQuery[str] = "") -> Template:
    """One account."""
    return _person(state["db"], accounts.find(state["db"], person), done=done)


@post(
    "/people/{person:str}",
    include_in_schema=False,
    status_code=HTTPStatus.OK,
    sync_to_thread=True,
    opt=_STATE,
)
def change(
    person: FromPath[str], state: State, request: Visitor, data: URLEncodedBody[Person]
) -> Redirect | Template:
    """Other roles, another team."""
    db: Database = state["db"]
    account = accounts.find(db, person)
    try:
        accounts.change(db, account.id, by=request.state.actor, roles=data.chosen, team=data.team)
    except (InputError, Conflict) as error:
        return _person(db, account, error=error)
    return Redirect(f"/people/{account.id}?done=changed", status_code=303)


@post(
    "/people/{person:str}/act",
    include_in_schema=False,
    status_code=HTTPStatus.OK,
    sync_to_thread=True,
    opt=_STATE,
)
def act(
    person: FromPath[str], state: State, request: Visitor, data: URLEncodedBody[Act]
) -> Redirect | Template:
    """Disable, enable, or hand over a link."""
    db: Database = state["db"]
    account = accounts.find(db, person)
    if data.verb not in ("disable", "enable", "invite"):
        raise InputError.at("verb", "unknown_verb", "An account is disabled, enabled or invited here.")
    try:
        if data.verb == "invite":
            return _link(request, invites.invite(db, account.id, by=request.state.actor))
        accounts.change(db, account.id, by=request.state.actor, disabled=data.verb == "disable")
    except Conflict as error:
        return _person(db, account, error=error)
    return Redirect(f"/people/{account.id}?done={data.verb}d", status_code=303)


@post("/people/teams", include_in_schema=False, status_code=HTTPStatus.OK, sync_to_thread=True, opt=_STATE)
def arrange(state: State, request: Visitor, data: URLEncodedBody[TeamForm]) -> Redirect | Template:
    """Make a team, or say who manages it."""
    db: Database = state["db"]
    try:
        teams.arrange(db, data.team, by=request.state.actor, manager=data.manager)
    except InputError as error:
        return _list(db, team=data, error=error)
    return Redirect("/people#teams", status_code=303)


PAGES = [people_page, new_page, add, person_page, change, act, arrange]

_DONE = {
    "changed": "Changed. It counts from the next thing they do.",
    "disabled": "Disabled, and signed out everywhere.",
    "enabled": "May sign in again.",
}


def _list(db: Database, *, team: TeamForm | None = None, error: AccordError | None = None) -> Template:
    found, seen = accounts.listed(db), sessions.last_seen(db)
    rows = [
        {"account": one, **_state(one), "seen": moment(seen[one.id]) if one.id in seen else ""}
        for one in found
    ]
    context = {
        "rows": rows,
        "teams": teams.listed(db),
        "names": [one.name for one in found if one.disabled_at is None],
        "team": team or TeamForm(),
        "error": error.detail if error is not None else "",
        "may": sum(row["tone"] == "good" for row in rows),
        "waiting": sum(row["tone"] == "care" for row in rows),
    }
    return Template(template_name="people.html", context=context, status_code=_status(error))


def _form(db: Database, data: Person, *, error: AccordError | None = None) -> Template:
    context = {"data": data, "roles": ROLES, "teams": teams.listed(db), "wrong": _wrong(error)}
    return Template(template_name="person_new.html", context=context, status_code=_status(error))


def _person(db: Database, account: Account, *, done: str = "", error: AccordError | None = None) -> Template:
    open_now = sessions.of_account(db, account.id)
    context = {
        "account": account,
        **_state(account),
        "roles": ROLES,
        "teams": teams.listed(db),
        "sessions": len(open_now),
        "seen": moment(open_now[0].seen_at) if open_now else "",
        "made": moment(account.created_at),
        "done": _DONE.get(done, ""),
        "error": error.detail if error is not None else "",
    }
    return Template(template_name="person.html", context=context, status_code=_status(error))


def _link(request: Visitor, made: Invited) -> Template:
    """The link, on the one page that ever shows it."""
    host = request.headers.get("host", "")
    context = {
        "account": made.account,
        "link": f"{request.scope['scheme']}://{host}/invite/{made.secret}",
        "until": moment(made.until),
    }
    return Template(template_name="person_link.html", context=context)


def _state(account: Account) -> dict[str, str]:
    if account.disabled_at is not None:
        return {"state": "Disabled", "tone": "none"}
    if account.has_password:
        return {"state": "May sign in", "tone": "good"}
    if account.invite_until is not None:
        return {"state": "Invited", "tone": "care"}
    return {"state": "No password yet", "tone": "care"}


def _wrong(error: AccordError | None) -> dict[str, str]:
    """Which field the error is about."""
    if error is None:
        return {}
    return {
        error.errors[0].pointer
        if error.errors
        else "team"
        if isinstance(error, NotFound)
        else "name": error.detail
    }


def _status(error: AccordError | None) -> int:
    return HTTPStatus.OK if error is None else error.status
